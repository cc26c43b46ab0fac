#include "exporter/api/event_query.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/matcher_text.h"
#include "exporter/api/faults.h"

namespace tocsin::api {
namespace {

using http::Request;

constexpr std::uint64_t kMostEvents = EventRequest::kMostEvents;
constexpr std::uint64_t kLastNumber = std::numeric_limits<std::int64_t>::max();
constexpr const char* kTypePattern = EventRequest::kTypePattern;

bool IsWord(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

// "alert.active", "alert."
bool IsType(std::string_view text) {
  const std::size_t dot = text.find('.');
  return dot != std::string_view::npos && dot > 0 && IsWord(text.substr(0, dot)) &&
         IsWord(text.substr(dot + 1));
}

void ReadTypes(const Request& request, std::vector<std::string>* types, Json* faults) {
  for (std::string& type : request.QueryParameters("type")) {
    if (IsType(type)) {
      types->push_back(std::move(type));
    } else {
      faults->push_back(Fault({"query", "type"},
                              std::string("string does not match regex \"") + kTypePattern + "\"",
                              "value_error.str.regex", {{"pattern", kTypePattern}}));
    }
  }
}

void ReadNumbers(const Request& request, EventQuery* query, Json* faults) {
  ReadCount(request, "after", 0, kLastNumber, &query->after, faults);
  std::uint64_t before = 0;
  const std::size_t faults_so_far = faults->size();
  ReadCount(request, "before", 0, kLastNumber, &before, faults);
  const bool is_given = request.QueryParameter("before").has_value();
  if (is_given && faults->size() == faults_so_far) query->before = before;
  std::uint64_t limit = query->limit;
  ReadCount(request, "limit", 1, kMostEvents, &limit, faults);
  query->limit = static_cast<std::size_t>(limit);
}

void AddMatcherFault(const char* parameter, const std::string& why, Json* faults) {
  faults->push_back(Fault({"query", parameter}, why, "value_error.matcher"));
}

void ReadOrder(const Request& request, EventQuery* query, Json* faults) {
  query->newest_first = !request.QueryParameter("after").has_value();
  const std::optional<std::string> order = request.QueryParameter("order");
  if (!order) return;
  if (*order == "asc" || *order == "desc") {
    query->newest_first = *order == "desc";
  } else {
    faults->push_back(NoMemberFault("order", {"asc", "desc"}));
  }
}

void ReadFormat(const Request& request, EventFormat* format, Json* faults) {
  const std::optional<std::string> word = request.QueryParameter("format");
  if (!word) {
    const bool wants_csv = request.Header("Accept").find("text/csv") != std::string_view::npos;
    if (wants_csv) *format = EventFormat::kCsv;
  } else if (*word == "csv") {
    *format = EventFormat::kCsv;
  } else if (*word != "json") {
    faults->push_back(NoMemberFault("format", {"json", "csv"}));
  }
}

}  // namespace

bool LabelConditions::Select(LabelsView labels) const {
  if (!MatchesAll(filter, labels)) return false;
  return selectors.empty() ||
         std::any_of(selectors.begin(), selectors.end(),
                     [&](const auto& matchers) { return MatchesAll(matchers, labels); });
}

LabelConditions ReadLabelConditions(const Request& request, Json* faults) {
  LabelConditions read;
  for (const std::string& text : request.QueryParameters("match[]")) {
    Result<ParsedMatchers> parsed = ParseMatcherList(text, MatcherDialect::kFallback);
    if (parsed) {
      read.selectors.push_back(std::move(parsed->matchers));
    } else {
      AddMatcherFault("match[]", parsed.message(), faults);
    }
  }
  for (const std::string& text : request.QueryParameters("filter")) {
    Result<ParsedMatchers> parsed = ParseSingleMatcher(text, MatcherDialect::kFallback);
    if (parsed) {
      read.filter.push_back(std::move(parsed->matchers.front()));
    } else {
      AddMatcherFault("filter", parsed.message(), faults);
    }
  }
  return read;
}

EventRequest ReadEventRequest(const Request& request, Json* faults) {
  EventRequest read;
  EventQuery& query = read.query;
  ReadTime(request, "since", &query.from, faults);
  ReadTime(request, "until", &query.until, faults);
  ReadNumbers(request, &query, faults);
  ReadTypes(request, &query.types, faults);
  ReadWord(request, "rule_id", &query.rule_id, faults);
  ReadWord(request, "alert_id", &query.alert_id, faults);
  ReadWord(request, "receiver", &query.receiver, faults);
  read.labels = ReadLabelConditions(request, faults);
  ReadOrder(request, &query, faults);
  ReadFormat(request, &read.format, faults);
  return read;
}

}  // namespace tocsin::api
