#include "exporter/api/alertmanager_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "exporter/api/alertmanager_errors.h"

namespace tocsin::api {
namespace {

// https://github.com/go-openapi/swag/blob/master/convert.go
constexpr std::array<std::string_view, 10> kTrueWords = {
    "true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"};

std::variant<std::optional<Matcher>, http::Response> ReceiverParameter(
    const http::Request& request) {
  std::optional<std::string> receiver = request.QueryParameter("receiver");
  if (!receiver || receiver->empty()) return std::optional<Matcher>();
  Result<Matcher> matcher = Matcher::Make("receiver", Matcher::Op::kRegex, *std::move(receiver),
                                          Matcher::Dot::kAnyButNewline);
  if (!matcher) {
    return PlainJsonError(400,
                          fmt::format("failed to parse receiver param: {}", matcher.message()));
  }
  return std::optional<Matcher>(*std::move(matcher));
}

}  // namespace

bool BoolParameter(const http::Request& request, std::string_view name) {
  const std::optional<std::string> value = request.QueryParameter(name);
  if (!value) return true;
  return std::any_of(kTrueWords.begin(), kTrueWords.end(),
                     [&](std::string_view word) { return EqualsIgnoreCase(*value, word); });
}

std::variant<std::vector<Matcher>, http::Response> MatchersParameter(const http::Request& request,
                                                                     std::string_view name,
                                                                     MatcherDialect dialect) {
  std::vector<Matcher> matchers;
  for (const std::string& text : request.QueryParameters(name)) {
    Result<ParsedMatchers> parsed = ParseSingleMatcher(text, dialect);
    if (!parsed) return PlainJsonError(400, parsed.message());
    for (Matcher& matcher : parsed->matchers) matchers.push_back(std::move(matcher));
  }
  return matchers;
}

bool AlertFilter::TakesStatus(const AlertStatus& status) const {
  if (!active && !status.suppressed()) return false;
  if (!silenced && !status.silenced_by.empty()) return false;
  if (!muted && !status.muted_by.empty()) return false;
  return inhibited || status.inhibited_by.empty();
}

std::variant<AlertFilter, http::Response> ReadAlertFilter(const http::Request& request,
                                                          MatcherDialect dialect) {
  AlertFilter filter;
  filter.active = BoolParameter(request, "active");
  filter.silenced = BoolParameter(request, "silenced");
  filter.inhibited = BoolParameter(request, "inhibited");
  filter.muted = BoolParameter(request, "muted");
  auto matchers = MatchersParameter(request, "filter", dialect);
  if (auto* refusal = std::get_if<http::Response>(&matchers)) return std::move(*refusal);
  filter.matchers = std::get<std::vector<Matcher>>(std::move(matchers));
  auto receiver = ReceiverParameter(request);
  if (auto* refusal = std::get_if<http::Response>(&receiver)) return std::move(*refusal);
  filter.receiver = std::get<std::optional<Matcher>>(std::move(receiver));
  auto of_receivers = MatchersParameter(request, "receiver_matchers", dialect);
  if (auto* refusal = std::get_if<http::Response>(&of_receivers)) return std::move(*refusal);
  filter.receiver_matchers = std::get<std::vector<Matcher>>(std::move(of_receivers));
  return filter;
}

std::vector<Labels> LabelsOfReceivers(const receivers::PipelineGraph& graph) {
  std::vector<Labels> all;
  std::set<std::string> names;
  for (const config::AlertmanagerReceiver& receiver : graph.settings->receivers) {
    names.insert(receiver.name);
    all.push_back(LabelsBuilder(receiver.labels).Set("name", receiver.name).Build());
  }
  for (const config::ReceiverSettings& receiver : graph.native_targets.receivers) {
    if (names.insert(receiver.name).second) all.push_back(Labels{{"name", receiver.name}});
  }
  return all;
}

TakenReceivers::TakenReceivers(const AlertFilter& filter, const receivers::PipelineGraph& graph)
    : all_(!filter.receiver && filter.receiver_matchers.empty()) {
  if (all_) return;
  for (const Labels& labels : LabelsOfReceivers(graph)) {
    const std::string_view name = labels.Get("name");
    if (filter.receiver && !filter.receiver->Matches(name)) continue;
    if (MatchesAll(filter.receiver_matchers, labels)) names_.insert(std::string(name));
  }
}

}  // namespace tocsin::api
