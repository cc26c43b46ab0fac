// The query parameters of GET alerts, groups and silences.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/labels.h"
#include "base/matcher.h"
#include "base/matcher_text.h"
#include "exporter/api/alertmanager_json.h"
#include "exporter/http/http.h"
#include "receivers/pipeline/graph.h"

namespace tocsin::api {

// true, 1, yes, ok, y, on, selected, checked, t, enabled in any case; all else is false. Absent:
// true.
bool BoolParameter(const http::Request& request, std::string_view name);

// The matchers of a parameter that may be repeated and holds one each time (`filter`,
// `receiver_matchers`); all must match.
std::variant<std::vector<Matcher>, http::Response> MatchersParameter(const http::Request& request,
                                                                     std::string_view name,
                                                                     MatcherDialect dialect);

struct AlertFilter {
  bool active = true;
  bool silenced = true;
  bool inhibited = true;
  bool muted = true;
  std::vector<Matcher> matchers;
  std::optional<Matcher> receiver;         // of a receiver's name
  std::vector<Matcher> receiver_matchers;  // of a receiver's labels

  bool TakesStatus(const AlertStatus& status) const;
};
std::variant<AlertFilter, http::Response> ReadAlertFilter(const http::Request& request,
                                                          MatcherDialect dialect);

// The labels of all receivers as the API shows and matches them: `name` is always among them. Those
// of alertmanager.yml first.
std::vector<Labels> LabelsOfReceivers(const receivers::PipelineGraph& graph);

// Which of a configuration's receivers a filter takes; all where it names none.
class TakenReceivers {
 public:
  TakenReceivers(const AlertFilter& filter, const receivers::PipelineGraph& graph);
  bool Has(std::string_view name) const { return all_ || names_.find(name) != names_.end(); }

 private:
  bool all_;
  std::set<std::string, std::less<>> names_;
};

}  // namespace tocsin::api
