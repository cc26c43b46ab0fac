// What a server says to a message that it refuses, in words for people. A pure function.
#pragma once

#include <string>

#include "base/http_client.h"

namespace tocsin::receivers {

// Of JSON the texts under the names that errors commonly have ("message", "error", "errors",
// "detail", ...); of other texts all of it; of a page nothing. Not at length, and as it came: what
// is quoted has to be made fit for that.
std::string AnswerWords(const HttpClientResponse& response);

}  // namespace tocsin::receivers
