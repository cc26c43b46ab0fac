// The history: GET /events, and what is computed from it, GET /statistics and
// /rules/{id}/statistics. Served under /api/v1/alerting and /alerting alike.
//
// Handlers run on web workers. They read the store beside its writer, a page at a time, so that
// neither a write nor another question waits long.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/state_store.h"
#include "exporter/api/alerting_api.h"
#include "exporter/api/event_query.h"
#include "exporter/api/rule_statistics.h"
#include "exporter/http/http.h"

namespace tocsin::api {

struct HistorySources {
  const StateStore& store;
  std::function<LoadedRules()> rules;  // any thread
  const Clock& clock;
};

class HistoryApi {
 public:
  // Events that are looked at for one answer where label matchers pick among them.
  static constexpr std::size_t kMostExamined = 100'000;

  // `sources` outlives the object, which outlives the routes.
  explicit HistoryApi(HistorySources sources) : sources_(std::move(sources)) {}

  std::vector<http::Route> Routes();

 private:
  struct Page;
  struct Window {
    Timestamp since;
    Timestamp until;
  };

  http::Response ListEvents(const http::Request& request) const;
  http::Response AllStatistics(const http::Request& request) const;
  http::Response StatisticsOf(const http::Request& request) const;

  Result<Page> Find(const EventRequest& wanted) const;
  Window ReadWindow(const http::Request& request, Json* faults) const;
  // Of one rule; empty: of all.
  Result<StatisticsOfRules> Count(const Window& window, const std::string& rule_id) const;

  HistorySources sources_;
};

}  // namespace tocsin::api
