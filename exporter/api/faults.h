// The entries of the `detail` list of a 422 answer, and query parameters that are read into it: all
// that is wrong is listed, not the first alone. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "exporter/api/alerting_json.h"
#include "exporter/http/http.h"

namespace tocsin::api {

// `context` where there is something to say.
Json Fault(Json where, const std::string& message, const std::string& type, Json context = {});
Json NoMemberFault(const char* parameter, const std::vector<std::string>& permitted);

// {"detail": faults}
http::Response Unprocessable(const Json& faults);

inline constexpr std::size_t kLongestParameter = 255;  // of ReadWord

// Each of these leaves its target alone where the parameter is absent or wrong.

void ReadCount(const http::Request& request, const char* name, std::uint64_t least,
               std::uint64_t most, std::uint64_t* value, Json* faults);
// Neither too short nor too long: 1 to 255 characters.
void ReadWord(const http::Request& request, const char* name, std::string* value, Json* faults);
// As ParseTimeWord has it.
void ReadTime(const http::Request& request, const char* name, std::optional<Timestamp>* value,
              Json* faults);

// RFC 3339, or a number of seconds since 1970; milliseconds above 2 x 10^10.
std::optional<Timestamp> ParseTimeWord(const std::string& text);

// What a body is, which must be JSON of no great depth; null, and a fault, where it is none.
nlohmann::json ReadAnyJson(const std::string& text, Json* faults);
// The object that a body is; empty, and a fault, where it is none.
nlohmann::json ReadObject(const std::string& text, Json* faults);

}  // namespace tocsin::api
