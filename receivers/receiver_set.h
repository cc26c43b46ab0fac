// ReceiverSet: the receivers of one configuration with their channels, built aside and swapped
// whole.
//
// A receiver has one integration per channel; deliveries, retries and receipts belong to the
// integration. Immutable after construction; owned by the dispatcher's thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/threshold_rule.h"
#include "config/settings.h"
#include "receivers/channels/channel.h"

namespace tocsin::receivers {

struct Integration {
  std::string id;  // "ops/webhook", and from the second of its type on "ops/webhook[1]"
  std::string receiver;
  config::ChannelSettings settings;
  std::unique_ptr<Channel> channel;
  Duration timeout{0};
  bool send_resolved = true;
};
using IntegrationPtr = std::shared_ptr<const Integration>;

// What alertmanager.yml takes on itself of native rules' alerts.
struct RoutedElsewhere {
  config::NativeRouting routing = config::NativeRouting::kChannels;
  bool has_tree = false;               // there is such a file
  std::vector<std::string> receivers;  // those of that file alone
};

class ReceiverSet {
 public:
  // Whom a rule's alerts are announced to.
  struct Named {
    std::vector<std::string> receivers;
    bool elsewhere = false;  // others are told through alertmanager.yml
  };

  ReceiverSet() = default;
  ReceiverSet(std::vector<std::string> names, std::vector<IntegrationPtr> integrations,
              std::vector<std::string> default_receivers, RoutedElsewhere elsewhere = {})
      : names_(std::move(names)),
        integrations_(std::move(integrations)),
        default_receivers_(std::move(default_receivers)),
        elsewhere_(std::move(elsewhere)) {}

  Named NamedBy(const ThresholdRule& rule) const;

  const std::vector<std::string>& names() const { return names_; }
  const std::vector<std::string>& default_receivers() const { return default_receivers_; }
  const std::vector<IntegrationPtr>& integrations() const { return integrations_; }
  // Null where there is none.
  IntegrationPtr Find(std::string_view id) const;
  // Empty for an unknown receiver and for one without channels.
  std::vector<IntegrationPtr> Of(std::string_view receiver) const;

 private:
  std::vector<std::string> names_;
  std::vector<IntegrationPtr> integrations_;
  std::vector<std::string> default_receivers_;
  RoutedElsewhere elsewhere_;
};

// Everything of a new configuration that can fail, without touching what runs.
Result<ReceiverSet> BuildReceivers(const std::vector<config::ReceiverSettings>& receivers,
                                   std::vector<std::string> default_receivers,
                                   const ChannelContext& context, RoutedElsewhere elsewhere = {});

}  // namespace tocsin::receivers
