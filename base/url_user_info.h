// User name and password in front of the host of a URL. The HttpClient takes no such URL: whoever
// accepts one from a user takes them out first.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace tocsin {

struct UrlUserInfo {
  std::string user;  // percent-decoded, both
  Secret password;
};

// Removes them from `url`; empty where there are none.
std::optional<UrlUserInfo> TakeUserInfo(std::string* url);

// The value of an Authorization header: "Basic ...".
std::string BasicAuthorization(std::string_view user, std::string_view password);

// As CheckUrl, but user name and password may stand in the URL.
Status CheckUrlWithUserInfo(std::string_view url);

}  // namespace tocsin
