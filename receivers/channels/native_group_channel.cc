#include "receivers/channels/native_group_channel.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/text.h"

namespace tocsin::receivers {
namespace {

std::string_view Annotation(const PostedAlert& alert, std::string_view name) {
  for (const auto& [key, value] : alert.annotations) {
    if (key == name) return value;
  }
  return "";
}

// The rule that a posted alert speaks of, as far as it says: its name, its severity, its text.
std::shared_ptr<const ThresholdRule> RuleOf(const PostedAlert& alert) {
  auto rule = std::make_shared<ThresholdRule>();
  rule->name = alert.labels.Get("alertname");
  rule->severity = SeverityOfLabels(alert.labels);
  for (const std::string_view name : {"description", "summary", "message"}) {
    if (rule->description.empty()) rule->description = Annotation(alert, name);
  }
  if (rule->description.empty()) rule->description = rule->name;
  rule->runbook_url = Annotation(alert, "runbook_url");
  rule->dashboard_url = Annotation(alert, "dashboard_url");
  return rule;
}

AlertState StateOf(const FrozenAlert& frozen) {
  if (frozen.resolved) return AlertState::kResolved;
  return frozen.acknowledged == nullptr ? AlertState::kFiring : AlertState::kAcknowledged;
}

AlertPtr NativeOf(const FrozenAlert& frozen) {
  const PostedAlert& posted = *frozen.alert;
  if (posted.native != nullptr) return posted.native;
  auto alert = std::make_shared<Alert>();
  alert->id = EpisodeId(posted);
  alert->fingerprint = posted.fingerprint;
  alert->state = StateOf(frozen);
  if (frozen.acknowledged != nullptr) {
    alert->acknowledged_by = frozen.acknowledged->actor;
    alert->acknowledge_note = frozen.acknowledged->note;
  }
  alert->rule = RuleOf(posted);
  alert->labels = posted.labels;
  LabelsBuilder metadata(posted.labels);
  alert->metadata = metadata.Remove("alertname").Remove("severity").Build();
  alert->triggered_at = posted.starts_at;
  alert->updated_at = posted.updated_at;
  if (frozen.resolved) {
    alert->resolved_at = posted.ends_at;
    alert->resolved_reason =
        posted.ends_by_timeout ? ResolveReason::kExpired : ResolveReason::kRecovered;
  }
  return alert;
}

AlertLinks LinksOf(const PostedAlert& alert) {
  AlertLinks links;
  links.runbook = Annotation(alert, "runbook_url");
  links.dashboard = Annotation(alert, "dashboard_url");
  links.source = alert.generator_url;
  return links;
}

class NativeGroupChannel final : public GroupChannel {
 public:
  NativeGroupChannel(BuiltChannel built, config::ChannelSettings settings)
      : channel_(std::move(built.channel)),
        timeout_(built.timeout),
        settings_(std::move(settings)) {}

  void Deliver(const GroupNotification& group, Duration timeout, Channel::Done done) override {
    Notification notification;
    notification.receiver = group.receiver;
    notification.group_key = group.group_key;
    notification.group_labels = group.group_labels;
    notification.status = group.status();
    for (const FrozenAlert& one : group.alerts) {
      notification.alerts.push_back(NativeOf(one));
      notification.links.push_back(LinksOf(*one.alert));
    }
    notification.dedup_key = group.dedup_key;
    notification.reason = NotificationReasonText(group.reason);
    notification.flush_number = group.flush_number;
    notification.external_url = group.external_url;
    notification.remembered = group.remembered;
    channel_->Deliver(notification, std::min(timeout, timeout_), std::move(done));
  }

  bool HasSettingsOf(const GroupChannel& other) const override {
    const auto* const native = dynamic_cast<const NativeGroupChannel*>(&other);
    return native != nullptr && native->settings_ == settings_;
  }

 private:
  const std::unique_ptr<Channel> channel_;
  const Duration timeout_;
  const config::ChannelSettings settings_;
};

}  // namespace

std::unique_ptr<GroupChannel> MakeNativeGroupChannel(BuiltChannel built,
                                                     config::ChannelSettings settings) {
  return std::make_unique<NativeGroupChannel>(std::move(built), std::move(settings));
}

Result<std::vector<GroupIntegrationPtr>> MakeNativeIntegrations(
    const config::ReceiverSettings& receiver, const ChannelContext& context) {
  std::vector<GroupIntegrationPtr> integrations;
  std::map<std::string, int> used;  // how many of each type
  for (const config::ChannelSettings& settings : receiver.channels) {
    Result<BuiltChannel> built = MakeChannel(settings, context);
    if (!built) {
      return Error{fmt::format("{}: receiver {}: {}", receiver.source,
                               QuoteForMessage(receiver.name), built.message())};
    }
    auto integration = std::make_shared<GroupIntegration>();
    const int index = used[settings.type]++;
    integration->receiver = receiver.name;
    integration->type = settings.type;
    integration->id = index == 0 ? settings.type : fmt::format("{}[{}]", settings.type, index);
    integration->send_resolved = built->send_resolved;
    integration->hears_acknowledgements = built->hears_acknowledgements;
    integration->limits = receiver.limits;
    integration->egress = context.egress;
    integration->channel = MakeNativeGroupChannel(*std::move(built), settings);
    integrations.push_back(std::move(integration));
  }
  return integrations;
}

}  // namespace tocsin::receivers
