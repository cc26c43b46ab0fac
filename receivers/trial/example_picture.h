// The picture of a test message: nobody's data, drawn as a real one is.
#pragma once

#include <string>

#include "base/alert.h"
#include "base/result.h"

namespace tocsin::receivers {

Result<std::string> DrawExamplePicture(const Alert& alert, Timestamp now);

}  // namespace tocsin::receivers
