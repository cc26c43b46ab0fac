// The receivers of tocsin.receivers, and the names that a rule's notification_channels may use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/decode.h"
#include "config/settings.h"

namespace tocsin::config {

// A header of ours in somebody else's request: a token, a text on one line, and none of those that
// frame the request.
Status CheckHeader(std::string_view name, std::string_view value);

std::vector<ReceiverSettings> DecodeReceivers(const std::vector<YamlNode>& nodes,
                                              FileReport& report);

// Joins what the file and the environment define and adds `console` where nobody did. A name that
// both define is the file's, with a warning.
std::vector<ReceiverSettings> JoinReceivers(std::vector<ReceiverSettings> of_file,
                                            std::vector<ReceiverSettings> of_environment,
                                            Diagnostics& diagnostics);

// What the settings of a receiver and those of tocsin.routing.native cannot mean together.
Status CheckGrouping(const ReceiverSettings& receiver, const NativeGrouping& general);

// The six channels of the alerting API. Their names are always known, configured or not.
inline constexpr std::string_view kContractChannels[] = {"email",   "slack", "discord",
                                                         "webhook", "teams", "pagerduty"};

// The warning for one of the six that is not configured: what to set.
std::string HowToConfigure(std::string_view contract_channel);

// Whether a name can be notified. Built once from the joined receivers and the names of those that
// only rules may use.
class ReceiverNames {
 public:
  explicit ReceiverNames(const std::vector<ReceiverSettings>& receivers,
                         std::vector<std::string> for_rules = {});

  bool IsConfigured(std::string_view name) const;
  // Configured, for rules or at all.
  bool IsConfiguredForRules(std::string_view name) const;
  // That, or one of the six.
  bool IsKnown(std::string_view name) const;
  // "email, slack, discord, webhook, teams, pagerduty, console, ops"
  std::string KnownList() const;
  std::string ConfiguredList() const;

 private:
  std::vector<std::string> configured_;
  std::vector<std::string> for_rules_;
};

// Those that rules may name: of tocsin.yml, the environment and alertmanager.yml.
ReceiverNames NamesForRules(const Settings& settings);

}  // namespace tocsin::config
