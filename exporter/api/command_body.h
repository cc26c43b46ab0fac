// Members of the bodies that commands carry, read into values: what is wrong goes to `faults`, and
// the value stays as it is; so it does where the member is absent or null. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/time.h"
#include "exporter/api/alert_command.h"
#include "exporter/api/alerting_json.h"
#include "exporter/http/http.h"

namespace tocsin::api {

// Of at most `most` characters.
void ReadMemberText(const nlohmann::json& body, const char* key, std::size_t most,
                    std::string* value, Json* faults);
// One that must be there, of 1 to `most` characters.
void ReadRequiredText(const nlohmann::json& body, const char* key, std::size_t most,
                      std::string* value, Json* faults);
// Seconds, or a duration as Prometheus writes it; more than 0, at most 10 years.
void ReadLasting(const nlohmann::json& body, const char* key, std::optional<Duration>* value,
                 Json* faults);
// As ReadTime has it: RFC 3339, or a number of seconds since 1970.
void ReadMemberTime(const nlohmann::json& body, const char* key, std::optional<Timestamp>* value,
                    Json* faults);

// Who does something to an alert, and how: acknowledge, resolve. Where the body names nobody, it
// was the holder of the key. No body is an empty one.
CommandBody ReadCommandBody(const http::Request& request, Json* faults);

}  // namespace tocsin::api
