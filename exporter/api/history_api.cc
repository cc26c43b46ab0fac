#include "exporter/api/history_api.h"

#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "exporter/api/event_text.h"
#include "exporter/api/faults.h"

namespace tocsin::api {
namespace {

using http::Request;
using http::Response;

// Of events that are read to be looked at.
constexpr std::size_t kPage = 1'000;
constexpr Duration kWindow = std::chrono::hours(24 * 7);

// The store's texts name files; they are in the log and the health.
Response Unreadable() { return Detail(503, "The history cannot be read at the moment"); }

void ContinueAfter(const Event& last, EventQuery* query) {
  if (query->newest_first) {
    query->before = last.sequence;
  } else {
    query->after = last.sequence;
  }
}

Json RoundedOrNull(const std::optional<double>& seconds) {
  if (!seconds) return {};
  return static_cast<double>(std::llround(*seconds * 1000.0)) / 1000.0;
}

Json StatisticsJson(const RuleStatistics& statistics) {
  return {
      {"episodes", statistics.episodes},
      {"acknowledged", statistics.acknowledged},
      {"resolved", statistics.resolved},
      {"mean_time_to_acknowledge_seconds", RoundedOrNull(statistics.mean_seconds_to_acknowledge())},
      {"mean_time_to_resolve_seconds", RoundedOrNull(statistics.mean_seconds_to_resolve())}};
}

Json StatisticsOfRuleJson(const std::string& id, const ThresholdRule* rule,
                          const RuleStatistics& statistics) {
  Json body = {{"rule_id", id}, {"rule_name", rule != nullptr ? Json(rule->name) : Json()}};
  body.update(StatisticsJson(statistics));
  return body;
}

}  // namespace

// What was found, and whether everything was looked at.
struct HistoryApi::Page {
  std::vector<Event> events;
  std::optional<std::uint64_t> examined_to;  // the search ended there, with more behind
};

std::vector<http::Route> HistoryApi::Routes() {
  std::vector<http::Route> routes;
  for (const char* mount : {"/api/v1/alerting", "/alerting"}) {
    const auto add = [&](const std::string& path, http::Handler handler) {
      routes.push_back(JsonRoute("GET", mount + path, std::move(handler)));
    };
    add("/events", [this](const Request& r) { return ListEvents(r); });
    add("/statistics", [this](const Request& r) { return AllStatistics(r); });
    add("/rules/{id}/statistics", [this](const Request& r) { return StatisticsOf(r); });
  }
  return routes;
}

Result<HistoryApi::Page> HistoryApi::Find(const EventRequest& wanted) const {
  Page page;
  if (!wanted.has_matchers()) {
    Result<std::vector<Event>> events = sources_.store.Events(wanted.query);
    if (!events) return events.error();
    page.events = *std::move(events);
    return page;
  }
  EventQuery query = wanted.query;
  query.limit = kPage;
  for (std::size_t examined = 0; examined < kMostExamined; examined += kPage) {
    Result<std::vector<Event>> events = sources_.store.Events(query);
    if (!events) return events.error();
    for (Event& event : *events) {
      ContinueAfter(event, &query);
      if (!wanted.Selects(event)) continue;
      page.events.push_back(std::move(event));
      if (page.events.size() == wanted.query.limit) return page;
    }
    if (events->size() < kPage) return page;
  }
  page.examined_to = query.newest_first ? query.before : query.after;
  return page;
}

Response HistoryApi::ListEvents(const Request& request) const {
  Json faults = Json::array();
  const EventRequest wanted = ReadEventRequest(request, &faults);
  if (!faults.empty()) return Unprocessable(faults);
  // First: what comes in between is seen by whoever asks for what follows.
  const std::uint64_t last = sources_.store.LastEvent();
  const Result<Page> page = Find(wanted);
  if (!page) return Unreadable();
  Response response;
  response.headers.emplace_back("X-Last-Sequence", std::to_string(last));
  if (page->examined_to) {
    response.headers.emplace_back("X-Examined-To", std::to_string(*page->examined_to));
  }
  if (wanted.format == EventFormat::kCsv) {
    response.content_type = "text/csv; charset=utf-8; header=present";
    response.headers.emplace_back("Content-Disposition", "attachment; filename=\"events.csv\"");
    response.body = EventsCsv(page->events);
    return response;
  }
  response.content_type = "application/json";
  response.body = "{\"events\":[";
  for (const Event& event : page->events) {
    if (response.body.back() != '[') response.body.push_back(',');
    response.body += EventJson(event);
  }
  response.body += "],\"last_sequence\":" + std::to_string(last) + ",\"examined_to\":" +
                   (page->examined_to ? std::to_string(*page->examined_to) : "null") + "}";
  return response;
}

HistoryApi::Window HistoryApi::ReadWindow(const Request& request, Json* faults) const {
  std::optional<Timestamp> since;
  std::optional<Timestamp> until;
  Duration window = kWindow;
  ReadTime(request, "since", &since, faults);
  ReadTime(request, "until", &until, faults);
  if (const std::optional<std::string> text = request.QueryParameter("window")) {
    const std::optional<Duration> read = ParseDuration(*text);
    if (read && *read > Duration(0)) {
      window = *read;
    } else {
      faults->push_back(Fault({"query", "window"},
                              "ensure this value is a duration greater than 0, such as 7d",
                              "value_error.duration"));
    }
  }
  const Timestamp end = until.value_or(sources_.clock.Now());
  return {since.value_or(end - window), end};
}

Result<StatisticsOfRules> HistoryApi::Count(const Window& window,
                                            const std::string& rule_id) const {
  EventQuery query;
  query.from = window.since;
  query.until = window.until;
  query.types = StatisticsOfRules::EventTypes();
  query.rule_id = rule_id;
  query.without_body = true;
  query.limit = kPage;
  StatisticsOfRules statistics;
  while (true) {
    const Result<std::vector<Event>> events = sources_.store.Events(query);
    if (!events) return events.error();
    for (const Event& event : *events) statistics.Add(event);
    if (events->size() < kPage) return statistics;
    ContinueAfter(events->back(), &query);
  }
}

Response HistoryApi::AllStatistics(const Request& request) const {
  Json faults = Json::array();
  const Window window = ReadWindow(request, &faults);
  if (!faults.empty()) return Unprocessable(faults);
  const Result<StatisticsOfRules> counted = Count(window, "");
  if (!counted) return Unreadable();
  const LoadedRules loaded = sources_.rules();
  std::map<std::string, RuleStatistics> by_rule = counted->by_rule();
  for (const auto& rule : loaded.index->rules()) by_rule[rule->id];
  RuleStatistics total;
  Json rules = Json::array();
  for (const auto& [id, statistics] : by_rule) {
    total.Add(statistics);
    rules.push_back(StatisticsOfRuleJson(id, loaded.index->Find(id).get(), statistics));
  }
  Json body = {{"since", FormatRfc3339(window.since)}, {"until", FormatRfc3339(window.until)}};
  body.update(StatisticsJson(total));
  body["rules"] = std::move(rules);
  return JsonResponse(200, body);
}

Response HistoryApi::StatisticsOf(const Request& request) const {
  Json faults = Json::array();
  const Window window = ReadWindow(request, &faults);
  if (!faults.empty()) return Unprocessable(faults);
  const std::string& id = request.captures[0];
  const Result<StatisticsOfRules> counted = Count(window, id);
  if (!counted) return Unreadable();
  const std::shared_ptr<const ThresholdRule> rule = sources_.rules().index->Find(id);
  const auto found = counted->by_rule().find(id);
  const bool is_known = found != counted->by_rule().end();
  // One that is gone has a history all the same.
  if (rule == nullptr && !is_known) return Detail(404, "Alert rule not found");
  Json body = {{"since", FormatRfc3339(window.since)}, {"until", FormatRfc3339(window.until)}};
  body.update(StatisticsOfRuleJson(id, rule.get(), is_known ? found->second : RuleStatistics()));
  return JsonResponse(200, body);
}

}  // namespace tocsin::api
