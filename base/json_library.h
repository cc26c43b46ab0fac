// nlohmann's JSON, read and written. Both are templates that cost seconds in each file which asks
// for them, so they are compiled once, here. What is only written needs less: json_value.h,
// json_row.h.
//
// Pure functions; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

// is_discarded() where the text is not JSON.
nlohmann::json ParseJson(std::string_view text);
// Throws nlohmann::json::parse_error there.
nlohmann::json ParseJsonOrThrow(std::string_view text);

// What a word of JSON was read as. Throws nlohmann::json::other_error where it was nothing known.
template <typename T>
T KnownOrThrow(const std::optional<T>& parsed, const nlohmann::json& word) {
  if (!parsed) throw nlohmann::json::other_error::create(501, "unknown word", &word);
  return *parsed;
}

// On one line. Bytes that are not UTF-8 become U+FFFD.
std::string WriteJson(const nlohmann::json& value);
std::string WriteJson(const nlohmann::ordered_json& value);

}  // namespace tocsin
