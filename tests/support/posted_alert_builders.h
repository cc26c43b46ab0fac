// Builders for tests about alerts that senders post to the Alertmanager API.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/group_key.h"
#include "receivers/alerts/posted_alert.h"

namespace tocsin::testing {

inline Labels Named(std::string_view alertname) { return Labels{{"alertname", alertname}}; }

inline receivers::PostedAlert Posted(const Labels& labels, Timestamp starts_at, Timestamp ends_at,
                                     Timestamp updated_at) {
  receivers::PostedAlert alert;
  alert.labels = labels;
  alert.starts_at = starts_at;
  alert.ends_at = ends_at;
  alert.updated_at = updated_at;
  alert.began_at = updated_at;
  alert.fingerprint = labels.view().Fingerprint();
  alert.hash = LogHash(labels);
  return alert;
}

inline receivers::PostedAlertPtr Shared(receivers::PostedAlert alert) {
  return std::make_shared<const receivers::PostedAlert>(std::move(alert));
}

}  // namespace tocsin::testing
