// What became of alerts on their way to people: GET alerts/{id}/explain, GET dead-letters and POST
// dead-letters/{id}/resend. Served under /api/v1/alerting and /alerting alike.
//
// Handlers run on web workers and wait for the dispatcher's thread, which never waits itself.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "evaluator/lifecycle/alert_book.h"
#include "exporter/http/http.h"
#include "receivers/alerts/alert_store.h"
#include "receivers/dispatcher.h"
#include "receivers/mute/silences.h"

namespace tocsin::api {

class DeliveryApi {
 public:
  // Everything outlives the object, which must outlive the routes.
  DeliveryApi(const evaluator::AlertBook& book, const receivers::AlertStore& alerts,
              const receivers::Silences& silences, receivers::Dispatcher& dispatcher,
              const Clock& clock)
      : book_(book), alerts_(alerts), silences_(silences), dispatcher_(dispatcher), clock_(clock) {}

  std::vector<http::Route> Routes();

 private:
  // By the id of an episode, or by fingerprint, as the Alertmanager API shows it.
  http::Response Explain(const std::string& id) const;
  http::Response ListDeadLetters() const;
  http::Response Resend(const std::string& id) const;

  const evaluator::AlertBook& book_;
  const receivers::AlertStore& alerts_;
  const receivers::Silences& silences_;
  receivers::Dispatcher& dispatcher_;
  const Clock& clock_;
};

}  // namespace tocsin::api
