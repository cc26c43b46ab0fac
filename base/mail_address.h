// Mail addresses as people write them in headers and settings. A pure function.
// https://www.rfc-editor.org/rfc/rfc5322#section-3.4
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin {

struct MailAddress {
  std::string name;     // what stands in front of <...>; may be empty
  std::string address;  // user@example.org, as SMTP has it; UTF-8 where it was written so
  friend bool operator==(const MailAddress&, const MailAddress&) = default;
};

// `a@example.org, "B, C" <b@example.org>`. Comments in parentheses are left out, empty items too.
// No groups, no routes, no encoded words. Fails on a list without an address.
Result<std::vector<MailAddress>> ParseMailAddresses(std::string_view text);

}  // namespace tocsin
