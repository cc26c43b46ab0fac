#include "receivers/receiver_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "receivers/alerts/native_alert.h"

namespace tocsin::receivers {

ReceiverSet::Named ReceiverSet::NamedBy(const ThresholdRule& rule) const {
  Named named;
  named.elsewhere = elsewhere_.has_tree && GoesThroughTree(rule, elsewhere_.routing);
  if (elsewhere_.has_tree && elsewhere_.routing == config::NativeRouting::kTree) return named;
  if (rule.notification_channels.empty()) {
    if (!named.elsewhere) named.receivers = default_receivers_;
    return named;
  }
  // Each once.
  const std::set<std::string> names(rule.notification_channels.begin(),
                                    rule.notification_channels.end());
  for (const std::string& name : names) {
    const std::vector<std::string>& others = elsewhere_.receivers;
    if (std::find(others.begin(), others.end(), name) != others.end()) {
      named.elsewhere = true;
    } else {
      named.receivers.push_back(name);
    }
  }
  return named;
}

IntegrationPtr ReceiverSet::Find(std::string_view id) const {
  for (const IntegrationPtr& integration : integrations_) {
    if (integration->id == id) return integration;
  }
  return nullptr;
}

std::vector<IntegrationPtr> ReceiverSet::Of(std::string_view receiver) const {
  std::vector<IntegrationPtr> found;
  for (const IntegrationPtr& integration : integrations_) {
    if (integration->receiver == receiver) found.push_back(integration);
  }
  return found;
}

Result<ReceiverSet> BuildReceivers(const std::vector<config::ReceiverSettings>& receivers,
                                   std::vector<std::string> default_receivers,
                                   const ChannelContext& context, RoutedElsewhere elsewhere) {
  std::vector<std::string> names;
  std::vector<IntegrationPtr> integrations;
  for (const config::ReceiverSettings& receiver : receivers) {
    names.push_back(receiver.name);
    std::map<std::string, int> used;  // how many of each type
    for (const config::ChannelSettings& settings : receiver.channels) {
      Result<BuiltChannel> built = MakeChannel(settings, context);
      if (!built) {
        return Error{fmt::format("{}: receiver {}: {}", receiver.source,
                                 QuoteForMessage(receiver.name), built.message())};
      }
      auto integration = std::make_shared<Integration>();
      const int index = used[settings.type]++;
      integration->id = fmt::format("{}/{}", receiver.name, settings.type);
      if (index > 0) integration->id += fmt::format("[{}]", index);
      integration->receiver = receiver.name;
      integration->settings = settings;
      integration->channel = std::move(built->channel);
      integration->timeout = built->timeout;
      integration->send_resolved = built->send_resolved;
      integrations.push_back(std::move(integration));
    }
  }
  return ReceiverSet(std::move(names), std::move(integrations), std::move(default_receivers),
                     std::move(elsewhere));
}

}  // namespace tocsin::receivers
