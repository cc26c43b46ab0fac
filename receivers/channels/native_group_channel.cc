#include "receivers/channels/native_group_channel.h"

#include <fmt/format.h>

#include <algorithm>
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
  rule->severity = ParseSeverity(alert.labels.Get("severity")).value_or(Severity::kMedium);
  for (const std::string_view name : {"description", "summary", "message"}) {
    if (rule->description.empty()) rule->description = Annotation(alert, name);
  }
  if (rule->description.empty()) rule->description = rule->name;
  return rule;
}

AlertPtr NativeOf(const FrozenAlert& frozen) {
  const PostedAlert& posted = *frozen.alert;
  if (posted.native != nullptr) return posted.native;
  auto alert = std::make_shared<Alert>();
  alert->id = fmt::format("{}-{}", FormatHex64(posted.fingerprint), ToUnixMillis(posted.starts_at));
  alert->fingerprint = posted.fingerprint;
  alert->state = frozen.resolved ? AlertState::kResolved : AlertState::kFiring;
  alert->rule = RuleOf(posted);
  alert->labels = posted.labels;
  LabelsBuilder metadata(posted.labels);
  alert->metadata = metadata.Remove("alertname").Remove("severity").Build();
  alert->triggered_at = posted.starts_at;
  alert->updated_at = posted.updated_at;
  if (frozen.resolved) {
    alert->resolved_at = posted.ends_at;
    alert->resolved_reason = ResolveReason::kRecovered;
  }
  return alert;
}

class NativeGroupChannel final : public GroupChannel {
 public:
  NativeGroupChannel(std::unique_ptr<Channel> channel, Duration timeout)
      : channel_(std::move(channel)), timeout_(timeout) {}

  void Deliver(const GroupNotification& group, Duration timeout, Channel::Done done) override {
    Notification notification;
    notification.receiver = group.receiver;
    notification.group_key = group.group_key;
    notification.group_labels = group.group_labels;
    const bool firing = std::any_of(group.alerts.begin(), group.alerts.end(),
                                    [](const FrozenAlert& one) { return !one.resolved; });
    notification.status = firing ? NotificationStatus::kFiring : NotificationStatus::kResolved;
    for (const FrozenAlert& one : group.alerts) notification.alerts.push_back(NativeOf(one));
    notification.dedup_key = notification.alerts.front()->id;
    notification.external_url = group.external_url;
    channel_->Deliver(notification, std::min(timeout, timeout_), std::move(done));
  }

 private:
  const std::unique_ptr<Channel> channel_;
  const Duration timeout_;
};

}  // namespace

Result<GroupIntegrationPtr> MakeNativeIntegration(const std::string& receiver, std::size_t index,
                                                  const config::ChannelSettings& settings,
                                                  const ChannelContext& context) {
  Result<BuiltChannel> built = MakeChannel(settings, context);
  if (!built) return built.error();
  auto integration = std::make_shared<GroupIntegration>();
  integration->receiver = receiver;
  integration->type = settings.type;
  integration->id = fmt::format("{}[{}]", settings.type, index);
  integration->send_resolved = built->send_resolved;
  integration->channel =
      std::make_unique<NativeGroupChannel>(std::move(built->channel), built->timeout);
  return GroupIntegrationPtr(std::move(integration));
}

}  // namespace tocsin::receivers
