// Values of the Alertmanager API as JSON text. Written by hand: a full list is tens of megabytes,
// and its cost is that of its bytes. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/time.h"
#include "receivers/alerts/posted_alert.h"
#include "receivers/mute/silences.h"

namespace tocsin::api {

// What an alert's `status` says.
struct AlertStatus {
  std::vector<std::string> silenced_by;     // ids
  std::vector<std::uint64_t> inhibited_by;  // fingerprints
  std::vector<std::string> muted_by;        // names of time intervals; "cooldown"

  bool suppressed() const {
    return !silenced_by.empty() || !inhibited_by.empty() || !muted_by.empty();
  }
};

// Active ones first, the one that ends first in front; then pending ones by their start; then
// expired ones, the latest end in front.
void SortSilences(Timestamp now, std::vector<receivers::SilencePtr>* silences);

void AppendLabels(LabelsView labels, std::string* out);
void AppendAlert(const receivers::PostedAlert& alert, const AlertStatus& status,
                 const std::vector<std::string>& receivers, std::string* out);
void AppendSilence(const receivers::Silence& silence, Timestamp now, std::string* out);

}  // namespace tocsin::api
