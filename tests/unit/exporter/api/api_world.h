// The alerting API over a real book, state machine and series store, without a server: requests go
// in as the router hands them to a web worker.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "exporter/api/alerting_api.h"
#include "exporter/http/http.h"
#include "receivers/alerts/alert_store.h"
#include "receivers/mute/posted_acknowledgements.h"
#include "tests/support/evaluator_builders.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_state_store.h"

namespace tocsin::api {

using nlohmann::json;
using Rules = std::vector<std::shared_ptr<const ThresholdRule>>;

// 2100-01-01T00:00:00Z. In the future, since the engine waits for its timers on the real calendar:
// nothing becomes due by itself.
inline const Timestamp kStart = FromUnixMillis(4'102'444'800'000);

class ApiWorld {
 public:
  explicit ApiWorld(const Rules& rules, bool commit_at_once = true);
  ~ApiWorld();
  ApiWorld(const ApiWorld&) = delete;
  ApiWorld& operator=(const ApiWorld&) = delete;

  // A sample of the metric "cpu", evaluated when this returns.
  void Submit(const std::string& host, double value);
  // What is due by now has happened when this returns.
  void Advance(Duration by);

  http::Response Get(const std::string& path, const std::string& query = "");
  http::Response Post(const std::string& path, const std::string& body = "");
  http::Response Send(const std::string& method, const std::string& path, const std::string& body,
                      const std::string& query = "");

  // The alert of a host, from the list of all states.
  json AlertOf(const std::string& host);
  std::string IdOf(const std::string& host);

  // As the Alertmanager API shows them.
  std::vector<receivers::SilencePtr> Acknowledged() const;

  receivers::Silences& silences();
  receivers::AlertComments& comments();
  receivers::PostedAcknowledgements& posted_acknowledgements();

  AlertingSources Sources();

  testing::FakeClock clock{kStart};
  testing::MemoryStateStore store;
  evaluator::AlertBook book;
  std::shared_ptr<const evaluator::RuleIndex> index;
  DaemonStatus status;
  std::map<std::string, receivers::AnnouncementView> announced;
  MetricRegistry registry;
  // That senders have posted; recorded in the history once it is restored from the store.
  receivers::AlertStore alerts{registry, {.record_events = true}};
  http::Actor actor;  // of requests, as the guard finds it
  bool stranger = false;
  std::string creation_id;     // of requests
  std::string inhibited_host;  // alerts that have it are held back by another
  std::string muted_host;      // alerts that have it go nowhere at night

 private:
  struct Parts;

  // Whatever was handed to the engine before is dealt with when this returns.
  void Settle();

  std::unique_ptr<Parts> parts_;
};

json Parsed(const http::Response& response);

}  // namespace tocsin::api
