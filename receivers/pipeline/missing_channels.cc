#include "receivers/pipeline/missing_channels.h"

#include <chrono>
#include <utility>

#include "receivers/pipeline/notification_log.h"

namespace tocsin::receivers {
namespace {

constexpr Duration kBetweenLines = std::chrono::minutes(1);
// Groups come and go without end; whoever forgets all of them now and then only repeats a line.
constexpr std::size_t kMaxRemembered = 10'000;

prometheus::Labels LabelsOf(const GroupIntegration& integration) {
  return {{"receiver", integration.receiver}, {"type", integration.type}};
}

}  // namespace

MissingChannels::MissingChannels(const Logger& log, MetricRegistry& metrics)
    : log_(log),
      configured_(GaugeFamily(metrics, "tocsin_receivers_without_channel",
                              "Integrations that are configured and deliver nothing: the channel "
                              "of their type is not written yet.")),
      undelivered_(CounterFamily(metrics, "tocsin_notifications_without_channel_total",
                                 "Notifications that were due and went nowhere, since the type of "
                                 "their receiver has no channel; counted again at each tick.")) {}

void MissingChannels::Show(const PipelineGraph& graph) {
  std::map<Key, prometheus::Gauge*> shown;
  for (const auto& [name, integrations] : graph.receivers) {
    for (const GroupIntegrationPtr& one : integrations) {
      if (one->channel != nullptr) continue;
      prometheus::Gauge& gauge = configured_.Add(LabelsOf(*one));
      if (shown.emplace(Key(one->receiver, one->type), &gauge).second) gauge.Set(0);
      gauge.Increment();
      undelivered_.Add(LabelsOf(*one));
    }
  }
  for (const auto& [key, gauge] : shown_) {
    if (shown.count(key) == 0) configured_.Remove(gauge);
  }
  shown_ = std::move(shown);
  logged_.clear();
  last_line_.clear();
}

void MissingChannels::Count(const GroupIntegration& integration, const std::string& group_key,
                            Timestamp now) {
  undelivered_.Add(LabelsOf(integration)).Increment();
  if (!MayLog(integration, group_key, now)) return;
  log_.Warn("a notification is not delivered: this type of receiver has no channel yet",
            {{"receiver", integration.receiver},
             {"integration", integration.id},
             {"group_key", group_key}});
}

bool MissingChannels::MayLog(const GroupIntegration& integration, const std::string& group_key,
                             Timestamp now) {
  std::string group = NotificationLog::Key(group_key, integration.receiver, integration.id);
  if (logged_.count(group) > 0) return false;
  const auto [last, is_first] =
      last_line_.try_emplace(NotificationLog::Key("", integration.receiver, integration.id), now);
  if (!is_first && now - last->second < kBetweenLines) return false;
  last->second = now;
  if (logged_.size() >= kMaxRemembered) logged_.clear();
  logged_.insert(std::move(group));
  return true;
}

}  // namespace tocsin::receivers
