#include "receivers/channels/native_incidents.h"

#include <utility>
#include <vector>

#include "base/text.h"

namespace tocsin::receivers {

Result<BuiltChannel> ThatHearsAcknowledgements(Result<BuiltChannel> built) {
  if (built) built->hears_acknowledgements = true;
  return built;
}

std::string AcknowledgementText(const Alert& alert) {
  std::string text = "acknowledged";
  if (!alert.acknowledged_by.empty()) text += " by " + alert.acknowledged_by;
  if (!alert.acknowledge_note.empty()) text += ": " + alert.acknowledge_note;
  return ToValidUtf8(text);
}

VendorCall ForEachAlert(const Notification& notification, const NativeTexts& texts,
                        const PrepareIncident& prepare) {
  std::vector<VendorCall> calls;
  Notification one = notification;
  for (std::size_t i = 0; i < notification.alerts.size(); ++i) {
    const Alert& alert = *notification.alerts[i];
    one.alerts = {notification.alerts[i]};
    one.links.clear();
    if (i < notification.links.size()) one.links = {notification.links[i]};
    one.status = alert.state == AlertState::kResolved ? NotificationStatus::kResolved
                                                      : NotificationStatus::kFiring;
    calls.push_back(prepare(alert, texts.Card(one)));
  }
  return InTurn(std::move(calls));
}

}  // namespace tocsin::receivers
