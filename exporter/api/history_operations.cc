// Of the routes of history_api.cc.
#include <cstdint>
#include <utility>
#include <vector>

#include "exporter/api/event_query.h"
#include "exporter/api/faults.h"
#include "exporter/api/operation.h"

namespace tocsin::api {
namespace {

using namespace schema;  // NOLINT(google-build-using-namespace): the words of this file

constexpr const char* kHistory = "history";

Json InstantParameter(const char* name, const char* what) {
  return Query(name, what, OneOf({Time(), {{"type", "number"}, {"minimum", 0}}}));
}

std::vector<Json> WindowParameters() {
  return {InstantParameter("since", "From then on"),
          InstantParameter("until", "Before; now where nothing is said"),
          Query("window", "How far back from there; 7d where nothing is said", Text())};
}

std::vector<Json> EventParameters() {
  const Json number = Integer(0, INT64_MAX);
  std::vector<Json> all = EventChoiceParameters();
  for (Json& more : std::vector<Json>{
           InstantParameter("since", "From then on"), InstantParameter("until", "Before"),
           Query("after", "With a greater sequence number", number),
           Query("before", "With a smaller one", number),
           Query("limit", "So many at most",
                 Integer(1, static_cast<std::int64_t>(EventRequest::kMostEvents))),
           Query("order", "Newest first, or as they happened", Word({"asc", "desc"})),
           Query("format", "JSON, or a table", Word({"json", "csv"}))}) {
    all.push_back(std::move(more));
  }
  return all;
}

Json Numbers() {
  return {{"episodes", Count()},
          {"acknowledged", Count()},
          {"resolved", Count()},
          {"mean_time_to_acknowledge_seconds", OrNull(Number())},
          {"mean_time_to_resolve_seconds", OrNull(Number())}};
}

Json OfRule() {
  Json rule = {{"rule_id", Text()}, {"rule_name", OrNull(Text())}};
  rule.update(Numbers());
  return rule;
}

Json OfWindow(const Json& more) {
  Json window = {{"since", Time()}, {"until", Time()}};
  window.update(more);
  return window;
}

}  // namespace

std::vector<Json> EventChoiceParameters() {
  const Json word = Text(1, kLongestParameter);
  return {Query("type", "A type, or the beginning of some that ends with a dot",
                ListOf(Pattern(EventRequest::kTypePattern))),
          Query("rule_id", "Of this rule", word),
          Query("alert_id", "Of this alert", word),
          Query("receiver", "Of this receiver", word),
          Query("filter", "A matcher; each must hold", ListOf(Text())),
          Query("match[]", "A selector; one of them must hold", ListOf(Text()))};
}

Operations HistoryOperations() {
  Json all_rules = Numbers();
  all_rules["rules"] = ListOf(Object(OfRule()));
  Operations all;
  all.list = {
      {"GET",
       "/events",
       "listEvents",
       kHistory,
       "What happened",
       {{"200", Ref("EventPage")}},
       EventParameters()},
      {"GET",
       "/statistics",
       "getStatistics",
       kHistory,
       "How long alerts took to be acknowledged and resolved, by rule",
       {{"200", Object(OfWindow(all_rules))}},
       WindowParameters()},
      {"GET",
       "/rules/{id}/statistics",
       "getRuleStatistics",
       kHistory,
       "The same of one rule",
       {{"200", Object(OfWindow(OfRule()))}, {"404", Ref("Error")}},
       WindowParameters()},
  };
  all.schemas = {{"Event", Object({{"sequence", Count()},
                                   {"at", Time()},
                                   {"type", Pattern(EventRequest::kTypePattern)},
                                   {"alert_id", OrNull(Text())},
                                   {"rule_id", OrNull(Text())},
                                   {"receiver", OrNull(Text())},
                                   {"labels", MapOf(Text())},
                                   {"body", AnyObject()}})},
                 {"EventPage", Object({{"events", ListOf(Ref("Event"))},
                                       {"last_sequence", Count()},
                                       {"examined_to", OrNull(Count())}})}};
  return all;
}

}  // namespace tocsin::api
