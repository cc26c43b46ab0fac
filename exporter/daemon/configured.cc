#include "exporter/daemon/configured.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "config/alertmanager_settings.h"
#include "config/files.h"
#include "config/receivers.h"
#include "receivers/templates/default_templates.h"

namespace tocsin::daemon {

namespace {

Result<receivers::PipelineGraphPtr> BuildGraph(const config::Settings& settings,
                                               receivers::ChannelContext context) {
  receivers::NativeTargets native;
  if (settings.egress.deny_private) {
    native.egress = std::make_shared<const EgressPolicy>(settings.egress.policy);
    context.egress = native.egress;
  }
  native.api_egress = std::make_shared<const EgressPolicy>(settings.egress.policy);
  native.routing = settings.native_rules;
  native.receivers = settings.receivers;
  native.default_receivers = settings.default_receivers;
  native.grouping = settings.native_grouping;
  native.limits = settings.alertmanager_limits;
  native.send_resolved_when_muted = settings.send_resolved_when_muted;
  if (settings.alertmanager == nullptr) {
    return receivers::BuildDefaultGraph(std::move(native), context);
  }
  return receivers::BuildPipelineGraph(settings.alertmanager, context, std::move(native));
}

void UseNoProxy(config::HttpConfig* http) {
  http->proxy = {};
  if (http->oauth2) http->oauth2->proxy = {};
}

}  // namespace

config::AlertmanagerFileOptions HowToReadAlertmanagerFiles(bool expand_env, const Clock& clock) {
  config::AlertmanagerFileOptions options;
  options.expand_env = expand_env;
  options.environment = config::ProcessEnvironment();
  options.make_templates = [&clock] { return receivers::MakeDefaultTemplates(clock); };
  return options;
}

config::Loaded LoadDaemonConfig(const std::string& file, bool expand_env, const Clock& clock) {
  return config::LoadConfiguration(file, config::ProcessEnvironment(),
                                   HowToReadAlertmanagerFiles(expand_env, clock));
}

config::LoadedWebFile LoadWebConfig(const std::string& file) {
  config::DiskFiles files;
  return config::LoadWebFile(file, files);
}

Result<Configured> BuildConfigured(std::shared_ptr<const config::Settings> settings,
                                   const receivers::ChannelContext& context) {
  Result<receivers::PipelineGraphPtr> graph = BuildGraph(*settings, context);
  if (!graph) return graph.error();
  Configured configured;
  configured.graph = *std::move(graph);
  configured.settings = std::move(settings);
  return configured;
}

Result<std::shared_ptr<const config::Settings>> WithApiReceivers(
    const std::shared_ptr<const config::Settings>& of_files,
    const std::vector<config::ReceiverSettings>& of_api) {
  if (of_api.empty()) return of_files;
  auto joined = std::make_shared<config::Settings>(*of_files);
  for (config::ReceiverSettings receiver : of_api) {
    const bool is_taken =
        std::any_of(of_files->receivers.begin(), of_files->receivers.end(),
                    [&receiver](const auto& other) { return other.name == receiver.name; });
    if (is_taken) continue;
    if (Status sound = config::CheckGrouping(receiver, of_files->native_grouping); !sound) {
      return sound.error();
    }
    for (config::ChannelSettings& channel : receiver.channels) {
      channel.sender = of_files->sender;
      if (!of_files->egress.trust_proxy) UseNoProxy(&channel.http);
    }
    joined->receivers.push_back(std::move(receiver));
  }
  return std::shared_ptr<const config::Settings>(std::move(joined));
}

receivers::OutboxOptions OutboxFrom(const config::RetrySettings& retry) {
  receivers::OutboxOptions options;
  options.retry.first = retry.min_backoff;
  options.retry.longest = retry.max_backoff;
  options.deadline = retry.give_up_after;
  options.retry_dead = retry.dead_letter_interval;
  return options;
}

Duration ResampleInterval(const config::Settings& settings) {
  Duration shortest_patience = settings.staleness;
  for (const auto& rule : settings.rules) {
    shortest_patience = std::min(shortest_patience, rule->stale_after.value_or(shortest_patience));
  }
  return std::max(std::min(settings.scrape_interval, shortest_patience / 2), Duration(1));
}

bool NeedsHttpClient(const config::Settings& settings) {
  return !settings.scrape_jobs.empty() || settings.alertmanager != nullptr ||
         std::any_of(
             settings.receivers.begin(), settings.receivers.end(), [](const auto& receiver) {
               return std::any_of(receiver.channels.begin(), receiver.channels.end(),
                                  [](const auto& channel) { return channel.type != "console"; });
             });
}

std::vector<std::string> NeedRestart(const config::Settings& running,
                                     const config::Settings& next) {
  std::vector<std::string> keys;
  const auto compare = [&keys](const char* key, const auto& a, const auto& b) {
    if (!(a == b)) keys.emplace_back(key);
  };
  compare("tocsin.web.workers", running.web.workers, next.web.workers);
  compare("tocsin.web.max_streams", running.web.max_streams, next.web.max_streams);
  compare("tocsin.web.max_connections_per_address", running.web.max_connections_per_address,
          next.web.max_connections_per_address);
  compare("tocsin.web.allow_unauthenticated", running.web.allow_unauthenticated,
          next.web.allow_unauthenticated);
  compare("tocsin.web.demo", running.web.demo, next.web.demo);
  compare("tocsin.web.allowed_origins", running.web.allowed_origins, next.web.allowed_origins);
  compare("tocsin.web.trusted_proxies", running.web.trusted_proxies, next.web.trusted_proxies);
  compare("tocsin.web.public_metrics", running.web.public_metrics, next.web.public_metrics);
  compare("tocsin.notifications.retry", running.retry, next.retry);
  compare("tocsin.alertmanager.reported_version", running.reported_version, next.reported_version);
  compare("tocsin.alertmanager.max_alerts", running.max_alerts, next.max_alerts);
  compare("tocsin.security.encryption_key_file", running.security.encryption_key_file,
          next.security.encryption_key_file);
  compare("DATABASE_URL", std::pair(running.database_path, running.postgres),
          std::pair(next.database_path, next.postgres));
  compare("PROMETHEUS_PORT", running.extra_metrics_port, next.extra_metrics_port);
  return keys;
}

}  // namespace tocsin::daemon
