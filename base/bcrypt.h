// Passwords as `htpasswd -B` hashes them: "$2y$10$", then 22 characters of salt and 31 of hash.
// Made to cost time: about 50 ms at a cost of 10, twice as much for each one more. Pure functions;
// any thread. https://en.wikipedia.org/wiki/Bcrypt
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

// 4 to 31; nothing where the text is no such hash.
std::optional<int> BcryptCost(std::string_view hash);

// Whether this password was hashed so. As everywhere, only its first 72 bytes count; false for what
// is no hash. A password with a NUL never matches, at the same cost.
bool BcryptMatches(std::string_view password, std::string_view hash);

// A hash of that cost that no password is known for: to compare with where there is none, so that
// it takes as long. REQUIRES: 4 <= cost <= 31.
std::string UnmatchableBcrypt(int cost);

}  // namespace tocsin
