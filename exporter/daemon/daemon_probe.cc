#include "exporter/daemon/daemon_probe.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <system_error>

#include "exporter/http/listen_address.h"

namespace tocsin::daemon {

std::optional<api::DiskStatus> RoomIn(const std::string& folder) {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(folder, error);
  if (error) return std::nullopt;
  return api::DiskStatus{space.available, space.capacity};
}

std::vector<api::ReceiverStatus> UnconfiguredChannels(const evaluator::RuleIndex& rules,
                                                      const config::ReceiverNames& receivers) {
  std::set<std::string> names;
  for (const auto& rule : rules.rules()) {
    if (!rule->enabled) continue;
    for (const std::string& channel : rule->notification_channels) {
      if (!receivers.IsConfiguredForRules(channel)) names.insert(channel);
    }
  }
  std::vector<api::ReceiverStatus> channels;
  for (const std::string& name : names) channels.push_back({name, "not_configured", ""});
  return channels;
}

bool IsLoopbackOnly(const std::string& listen_address) {
  const Result<http::ListenAddress> address = http::ParseListenAddress(listen_address);
  return address && address->ip.starts_with("127.");
}

std::vector<std::string> ExposureWarnings(const std::string& listen_address,
                                          bool is_loopback_only) {
  if (is_loopback_only) return {};
  return {
      fmt::format("listening on {} without API keys (tocsin.web.allow_unauthenticated): "
                  "whoever reaches it may change everything",
                  listen_address)};
}

}  // namespace tocsin::daemon
