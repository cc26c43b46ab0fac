// The default definitions, in the template language. Constants.
#pragma once

#include <string_view>

namespace tocsin::receivers {

// What every message is put together from, and what the receivers name.
extern const std::string_view kDefaultTexts;
// The page of mail.
extern const std::string_view kDefaultMail;

}  // namespace tocsin::receivers
