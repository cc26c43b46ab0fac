#include "exporter/api/stream_event.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "exporter/api/event_text.h"

namespace tocsin::api {
namespace {

std::string_view AlertMessageType(const Event& event) {
  if (event.type == "alert.active" || event.type == "alert.unacknowledged") return "new_alert";
  if (event.type == "alert.acknowledged") return "alert_acknowledged";
  return event.type == "alert.resolved" ? "alert_resolved" : "";
}

http::StreamText AlertMessage(const Event& event, const KnownAlerts& alerts,
                              const AlertRenderer& render) {
  const std::string_view type = AlertMessageType(event);
  if (type.empty()) return nullptr;
  const std::optional<KnownAlert> alert = alerts.AsOf(event);
  if (!alert) return nullptr;
  return std::make_shared<const std::string>(
      fmt::format(R"({{"type":"{}","seq":{},"timestamp":"{}","alert":{}}})", type, event.sequence,
                  FormatRfc3339(event.at), render(*alert)));
}

}  // namespace

bool StreamEvent::is_of_active_alert() const { return !AlertMessageType(event_).empty(); }

const http::StreamText& StreamEvent::AsAlertMessage(const KnownAlerts& alerts,
                                                    const AlertRenderer& render) {
  if (!alert_message_) alert_message_ = AlertMessage(event_, alerts, render);
  return *alert_message_;
}

const http::StreamText& StreamEvent::AsServerSentEvent() {
  if (!server_sent_) {
    server_sent_ = std::make_shared<const std::string>(fmt::format(
        "id: {}\nevent: {}\ndata: {}\n\n", event_.sequence, event_.type, EventJson(event_)));
  }
  return *server_sent_;
}

}  // namespace tocsin::api
