// What lists of alerts are asked for, over both APIs, and what people say of an alert: whatever is
// asked for stays within its limits or is refused with a place and a reason. The first line is the
// query, the rest the body.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/json_library.h"
#include "base/template/utf8.h"
#include "base/text.h"
#include "exporter/api/alert_query.h"
#include "exporter/api/alertmanager_filter.h"
#include "exporter/api/command_body.h"
#include "exporter/api/faults.h"

namespace tocsin::api {
namespace {

constexpr std::chrono::seconds kTenYears(10LL * 365 * 24 * 3600);

void CheckFaults(const Json& faults, std::string_view place) {
  for (const Json& fault : faults) {
    CHECK(fault.at("loc").is_array() && fault.at("loc").at(0) == place);
    CHECK(!fault.at("msg").get<std::string>().empty());
  }
  CHECK(ParseJson(Unprocessable(faults).body).is_object());
}

bool IsWritable(const std::optional<Timestamp>& time) {
  return !time || (*time >= FromUnixMillis(0) && *time <= kLatestTime) ||
         ParseRfc3339(FormatRfc3339(*time)) == time;
}

// What is accepted is read back from how it is written.
void CheckMatchers(const std::vector<Matcher>& matchers, MatcherDialect dialect) {
  for (const Matcher& matcher : matchers) {
    const auto again = ParseSingleMatcher(FormatMatcher(matcher), dialect);
    CHECK(again.ok() && again->matchers.size() == 1 && again->matchers[0] == matcher);
  }
}

void CheckAlertQuery(const http::Request& request) {
  Json faults = Json::array();
  const AlertQuery query = ReadAlertQuery(request, &faults);
  CheckFaults(faults, "query");
  CHECK(IsWritable(query.since) && IsWritable(query.until));
  CHECK(std::count(query.states.begin(), query.states.end(), AlertState::kInactive) == 0);
  CheckMatchers(query.labels.filter, MatcherDialect::kFallback);
  for (const auto& selector : query.labels.selectors) {
    CheckMatchers(selector, MatcherDialect::kFallback);
  }
  (void)query.labels.Select(LabelsView());
  if (!faults.empty()) return;
  CHECK(!query.states.empty());
  const auto filters = request.QueryParameters("filter");
  CHECK(query.labels.filter.size() == filters.size());
  CHECK(query.labels.selectors.size() == request.QueryParameters("match[]").size());
}

void CheckRefusal(const http::Response& refusal) {
  CHECK(refusal.status == 400 && refusal.body.ends_with('\n'));
  CHECK(ParseJson(refusal.body).is_string());
}

void CheckFilter(const http::Request& request, MatcherDialect dialect) {
  const auto read = ReadAlertFilter(request, dialect);
  if (const auto* refusal = std::get_if<http::Response>(&read)) return CheckRefusal(*refusal);
  const auto& filter = std::get<AlertFilter>(read);
  CheckMatchers(filter.matchers, dialect);
  CheckMatchers(filter.receiver_matchers, dialect);
  CHECK(filter.matchers.size() == request.QueryParameters("filter").size());
  CHECK(filter.receiver.has_value() == !request.QueryParameter("receiver").value_or("").empty());
  if (filter.receiver) (void)filter.receiver->Matches("ops");
  for (const char* name : {"active", "silenced", "inhibited", "muted"}) {
    CHECK(BoolParameter(request, name) || request.QueryParameter(name));
  }
  CHECK(filter.TakesStatus(AlertStatus()) == filter.active);
}

void CheckSpan(const std::optional<Duration>& span) {
  CHECK(!span || (span->count() >= 0 && *span <= kTenYears));
}

void CheckCommand(const http::Request& request) {
  Json faults = Json::array();
  const CommandBody command = ReadCommandBody(request, &faults);
  CheckFaults(faults, "body");
  CHECK(gotemplate::CountCharacters(command.actor) <= CommandBody::kLongestActor);
  CHECK(gotemplate::CountCharacters(command.note) <= CommandBody::kLongestNote);
  CHECK(IsValidUtf8(command.actor) && IsValidUtf8(command.note));
  CheckSpan(command.expires_in);
  CheckSpan(command.sticky);
  CHECK(!command.expires_in || command.expires_in->count() > 0);
  const http::Change change = ChangeOf("alert.acknowledge", "id", nullptr, command);
  CHECK(ParseJson(change.after).is_object());
}

void CheckMembers(const std::string& text) {
  Json faults = Json::array();
  const nlohmann::json body = ReadObject(text, &faults);
  std::optional<Timestamp> until;
  ReadMemberTime(body, "until", &until, &faults);
  std::string said;
  ReadRequiredText(body, "text", 10, &said, &faults);
  CheckFaults(faults, "body");
  CHECK(IsWritable(until) && gotemplate::CountCharacters(said) <= 10);
  CHECK(!faults.empty() || !TrimSpace(said).empty());
}

void CheckRequest(std::string_view text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  http::Request request;
  request.query = text.substr(0, end);
  request.body = text.substr(std::min(end + 1, text.size()));
  CheckAlertQuery(request);
  CheckFilter(request, MatcherDialect::kFallback);
  CheckFilter(request, MatcherDialect::kClassic);
  CheckCommand(request);
  CheckMembers(request.body);
}

}  // namespace
}  // namespace tocsin::api

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tocsin::api::CheckRequest({reinterpret_cast<const char*>(data), size});
  return 0;
}
