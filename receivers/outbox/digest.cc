#include "receivers/outbox/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/group_key.h"

namespace tocsin::receivers {
namespace {

Labels InCommon(LabelsView a, LabelsView b) {
  LabelsBuilder builder(a);
  for (const auto& [name, value] : a) {
    if (b.Get(name) != value) builder.Remove(name);
  }
  return builder.Build();
}

}  // namespace

GroupNotification DigestOf(const std::vector<const Message*>& messages) {
  const GroupNotification& first = messages.front()->notification;
  GroupNotification digest;
  digest.receiver = first.receiver;
  digest.group_key = fmt::format("digest:{}", messages.front()->key.lane);
  digest.group_labels = first.group_labels;
  digest.route_labels = first.route_labels;
  digest.external_url = first.external_url;
  digest.reason = first.reason;
  std::map<std::uint64_t, FrozenAlert> alerts;  // by fingerprint
  std::string of_all;
  for (const Message* message : messages) {
    const GroupNotification& one = message->notification;
    digest.group_labels = InCommon(digest.group_labels, one.group_labels);
    digest.route_labels = InCommon(digest.route_labels, one.route_labels);
    digest.truncated_alerts += one.truncated_alerts;
    digest.flush_number = std::max(digest.flush_number, one.flush_number);
    of_all += fmt::format("{}/{}\n", one.dedup_key, one.flush_number);
    for (const FrozenAlert& alert : one.alerts) {
      alerts.insert_or_assign(alert.alert->fingerprint, alert);
    }
  }
  for (auto& [fingerprint, alert] : alerts) digest.alerts.push_back(std::move(alert));
  std::sort(
      digest.alerts.begin(), digest.alerts.end(),
      [](const FrozenAlert& a, const FrozenAlert& b) { return ComesBefore(*a.alert, *b.alert); });
  digest.dedup_key = Sha256Hex(of_all);
  return digest;
}

}  // namespace tocsin::receivers
