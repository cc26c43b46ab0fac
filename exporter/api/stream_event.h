// One event on its way to stream clients: written once in each form, however many take it.
//
// One thread at a time: whoever reads a page of the history, then the stream thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/event.h"
#include "exporter/api/known_alerts.h"
#include "exporter/http/stream.h"

namespace tocsin::api {

// An alert as the alerting API shows it now: a JSON object. Any thread.
using AlertRenderer = std::function<std::string(const KnownAlert&)>;

class StreamEvent {
 public:
  explicit StreamEvent(Event event) : event_(std::move(event)) {}

  const Event& event() const { return event_; }
  std::size_t bytes() const { return sizeof(*this) + event_.body.size(); }

  // Whether there is an alert message of it.
  bool is_of_active_alert() const;
  // new_alert, alert_acknowledged or alert_resolved, with the alert; null for every other event.
  const http::StreamText& AsAlertMessage(const KnownAlerts& alerts, const AlertRenderer& render);
  // id, event and data.
  const http::StreamText& AsServerSentEvent();

 private:
  Event event_;
  std::optional<http::StreamText> alert_message_;
  std::optional<http::StreamText> server_sent_;
};

using StreamEventPtr = std::shared_ptr<StreamEvent>;

}  // namespace tocsin::api
