// What people say and do about one alert beside acknowledging and resolving it: GET and POST
// alerts/{id}/comments, POST alerts/{id}/silence. Served under /api/v1/alerting and /alerting
// alike; an alert is named by the id of its episode, or by its fingerprint.
//
// Handlers run on web workers; changes are answered when they are durable.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "exporter/api/known_alerts.h"
#include "exporter/http/http.h"
#include "receivers/alerts/alert_comments.h"
#include "receivers/mute/silences.h"

namespace tocsin::api {

struct AlertTalkSources {
  const KnownAlerts& alerts;
  receivers::AlertComments& comments;
  receivers::Silences& silences;
  const Clock& clock;
  std::function<std::string()> make_id;  // UUIDs; any thread
};

class AlertTalkApi {
 public:
  static constexpr std::size_t kLongestText = 4'000;  // characters, of a comment
  static constexpr std::size_t kLongestActor = 255;   // characters

  // What `sources` refers to outlives the object, which must outlive the routes.
  explicit AlertTalkApi(AlertTalkSources sources) : sources_(std::move(sources)) {}

  std::vector<http::Route> Routes();

 private:
  http::Response ListComments(const http::Request& request) const;
  http::Response Comment(const http::Request& request) const;
  http::Response Silence(const http::Request& request) const;

  http::Response SilenceMade(const KnownAlert& alert, const std::string& id, bool is_durable) const;

  const AlertTalkSources sources_;
};

}  // namespace tocsin::api
