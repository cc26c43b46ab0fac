// What a vendor says to a message that it refuses, for the reason that people read. A pure
// function.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace tocsin::receivers {

// In quotes and not at length. Nothing of it where one of the secrets that the request carried
// comes back in it: some servers repeat what they were asked.
std::string AnswerExcerpt(std::string_view text, std::initializer_list<std::string_view> secrets);

}  // namespace tocsin::receivers
