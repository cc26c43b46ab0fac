// What the daemon's health says that no object of it knows by itself: room on the disk, channels
// that rules name in vain, doors that stand open. Pure functions but for the disk.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/receivers.h"
#include "evaluator/rules/rule_index.h"
#include "exporter/api/daemon_status.h"

namespace tocsin::daemon {

// Nothing where the folder's file system does not say.
std::optional<api::DiskStatus> RoomIn(const std::string& folder);

// Channels that enabled rules name and nobody has configured, as receivers.
std::vector<api::ReceiverStatus> UnconfiguredChannels(const evaluator::RuleIndex& rules,
                                                      const config::ReceiverNames& receivers);

// Whether a listener is reached from this machine only. May have to look up a name.
bool IsLoopbackOnly(const std::string& listen_address);

// What the operator has allowed and should not forget, where keys are asked for of nobody.
std::vector<std::string> ExposureWarnings(const std::string& listen_address, bool is_loopback_only);

}  // namespace tocsin::daemon
