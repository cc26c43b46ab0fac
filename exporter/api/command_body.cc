#include "exporter/api/command_body.h"

#include <fmt/format.h>

#include <cmath>

#include "base/number.h"
#include "base/template/utf8.h"
#include "base/text.h"
#include "exporter/api/faults.h"

namespace tocsin::api {
namespace {

// How long a sticky acknowledgement outlives its alert where nobody says so.
constexpr Duration kStickyFor = std::chrono::minutes(10);

constexpr std::int64_t kLongestSeconds = 10LL * 365 * 24 * 3600;
constexpr Duration kLongest = std::chrono::seconds(kLongestSeconds);

// Null where the member is absent or null.
const nlohmann::json* MemberOf(const nlohmann::json& body, const char* key) {
  const auto found = body.find(key);
  return found == body.end() || found->is_null() ? nullptr : &*found;
}

Json TooLong(const char* key, std::size_t most) {
  return Fault({"body", key}, fmt::format("ensure this value has at most {} characters", most),
               "value_error.any_str.max_length", {{"limit_value", most}});
}

// True, or for how long.
void ReadSticky(const nlohmann::json& body, std::optional<Duration>* value, Json* faults) {
  const nlohmann::json* const said = MemberOf(body, "sticky");
  if (said != nullptr && said->is_boolean()) {
    *value = said->get<bool>() ? kStickyFor : Duration(0);
  } else {
    ReadLasting(body, "sticky", value, faults);
  }
}

}  // namespace

void ReadMemberText(const nlohmann::json& body, const char* key, std::size_t most,
                    std::string* value, Json* faults) {
  const nlohmann::json* const said = MemberOf(body, key);
  if (said == nullptr) return;
  if (!said->is_string()) {
    faults->push_back(Fault({"body", key}, "str type expected", "type_error.str"));
  } else if (gotemplate::CountCharacters(said->get_ref<const std::string&>()) > most) {
    faults->push_back(TooLong(key, most));
  } else {
    *value = said->get<std::string>();
  }
}

void ReadRequiredText(const nlohmann::json& body, const char* key, std::size_t most,
                      std::string* value, Json* faults) {
  const auto found = body.find(key);
  if (found == body.end()) {
    faults->push_back(Fault({"body", key}, "field required", "value_error.missing"));
  } else if (found->is_null()) {
    faults->push_back(
        Fault({"body", key}, "none is not an allowed value", "type_error.none.not_allowed"));
  } else if (!found->is_string()) {
    faults->push_back(Fault({"body", key}, "str type expected", "type_error.str"));
  } else {
    const std::string text = found->get<std::string>();
    if (TrimSpace(text).empty()) {
      faults->push_back(Fault({"body", key}, "ensure this value has at least 1 characters",
                              "value_error.any_str.min_length", {{"limit_value", 1}}));
    } else if (gotemplate::CountCharacters(text) > most) {
      faults->push_back(TooLong(key, most));
    } else {
      *value = text;
    }
  }
}

void ReadLasting(const nlohmann::json& body, const char* key, std::optional<Duration>* value,
                 Json* faults) {
  const nlohmann::json* const said = MemberOf(body, key);
  if (said == nullptr) return;
  std::optional<Duration> read;
  if (said->is_string()) {
    read = ParseDuration(said->get<std::string>());
  } else if (said->is_number() && std::abs(said->get<double>()) <= kLongestSeconds) {
    read = Duration(static_cast<std::int64_t>(said->get<double>() * 1000));
  }
  if (read && *read > Duration(0) && *read <= kLongest) {
    *value = read;
  } else {
    faults->push_back(Fault({"body", key},
                            "ensure this value is a number of seconds greater than 0, or a "
                            "duration, of at most 10 years",
                            "value_error.duration"));
  }
}

void ReadMemberTime(const nlohmann::json& body, const char* key, std::optional<Timestamp>* value,
                    Json* faults) {
  const nlohmann::json* const said = MemberOf(body, key);
  if (said == nullptr) return;
  std::optional<Timestamp> read;
  if (said->is_string()) {
    read = ParseTimeWord(said->get<std::string>());
  } else if (said->is_number()) {
    read = ParseTimeWord(FormatFloatPython(said->get<double>()));
  }
  if (read) {
    *value = read;
  } else {
    faults->push_back(Fault({"body", key}, "invalid datetime format", "value_error.datetime"));
  }
}

CommandBody ReadCommandBody(const http::Request& request, Json* faults) {
  CommandBody command;
  command.actor = ActorOf(request);
  if (TrimSpace(request.body).empty()) return command;
  const nlohmann::json body = ReadObject(request.body, faults);
  ReadMemberText(body, "actor", CommandBody::kLongestActor, &command.actor, faults);
  ReadMemberText(body, "note", CommandBody::kLongestNote, &command.note, faults);
  ReadLasting(body, "expires_in", &command.expires_in, faults);
  ReadSticky(body, &command.sticky, faults);
  return command;
}

}  // namespace tocsin::api
