// The Alertmanager API over a real alert store, silences and dispatcher, without a server: requests
// go in through the router, as a web worker hands them over. Nothing is sent anywhere.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/matcher_text.h"
#include "exporter/http/http.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_state_store.h"

namespace tocsin::receivers {
class AlertStore;
class Dispatcher;
class Silences;
}  // namespace tocsin::receivers

namespace tocsin::api {

// Its configuration has three receivers: ops for everything, db and web for their services. Alerts
// of web are muted, warnings are inhibited by critical alerts of the same cluster.
class AlertmanagerWorld {
 public:
  using Json = nlohmann::json;

  explicit AlertmanagerWorld(const std::string& prefix = "",
                             MatcherDialect dialect = MatcherDialect::kFallback,
                             bool clustered = true);
  ~AlertmanagerWorld();
  AlertmanagerWorld(const AlertmanagerWorld&) = delete;
  AlertmanagerWorld& operator=(const AlertmanagerWorld&) = delete;

  http::Response Send(const std::string& method, const std::string& path,
                      const std::string& body = "",
                      const std::string& content_type = "application/json",
                      const std::string& preflight_for = "");
  http::Response Get(const std::string& path);
  http::Response Post(const std::string& path, const std::string& body);
  http::Response Delete(const std::string& path);
  // The body of a good answer.
  Json GetJson(const std::string& path);

  // Stored and in its groups when this returns.
  void PostAlerts(const std::string& alerts);
  std::string PostSilence(const Json& silence);
  // What is due by now has happened when this returns.
  void Advance(Duration by);

  // The values of `label` in the list at `path`, in its order.
  std::vector<std::string> Listed(const std::string& path, const std::string& label = "n");

  const receivers::AlertStore& alerts() const;
  const receivers::Silences& silences() const;
  const receivers::Dispatcher& dispatcher() const;

  // 2100-01-01T00:00:00Z. In the future, since the dispatcher waits for its timers on the real
  // calendar: nothing becomes due by itself.
  testing::FakeClock clock{FromUnixMillis(4'102'444'800'000)};
  std::optional<std::string> store_trouble;  // as the page shows it
  testing::MemoryStateStore store;

 private:
  struct Parts;

  void Settle();

  const std::string prefix_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace tocsin::api
