// What of the daemon is made from the configuration and replaced whole by a reload.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/loader.h"
#include "config/settings.h"
#include "config/web_file.h"
#include "receivers/outbox/outbox.h"
#include "receivers/pipeline/graph.h"

namespace tocsin::daemon {

struct Configured {
  std::shared_ptr<const config::Settings> settings;
  receivers::PipelineGraphPtr graph;
};

// How an alertmanager.yml is read. The clock outlives what is loaded: templates ask it.
config::AlertmanagerFileOptions HowToReadAlertmanagerFiles(bool expand_env, const Clock& clock);

// The configuration file with all that it names, and the environment.
config::Loaded LoadDaemonConfig(const std::string& file, bool expand_env, const Clock& clock);

// What --web.config.file names; no file is one that asks for nothing.
config::LoadedWebFile LoadWebConfig(const std::string& file);

// All that can fail of a new configuration; touches nothing that runs.
Result<Configured> BuildConfigured(std::shared_ptr<const config::Settings> settings,
                                   const receivers::ChannelContext& context);

// A configuration with the receivers that were made over the API, which come after its own. Where
// both have one of a name, the file's is in force. Fails where a receiver of the API cannot be with
// the rest.
Result<std::shared_ptr<const config::Settings>> WithApiReceivers(
    const std::shared_ptr<const config::Settings>& of_files,
    const std::vector<config::ReceiverSettings>& of_api);

// What tocsin.notifications.retry says.
receivers::OutboxOptions OutboxFrom(const config::RetrySettings& retry);

// How often the values of pushed groups are appended again: at each global.scrape_interval, as if
// they were scraped, but sooner where a rule would else take them for stale.
Duration ResampleInterval(const config::Settings& settings);

// Whether anything is to be scraped or sent over HTTP.
bool NeedsHttpClient(const config::Settings& settings);

// Settings of `next` that the running daemon cannot take over, by their keys: they need a restart.
std::vector<std::string> NeedRestart(const config::Settings& running, const config::Settings& next);

}  // namespace tocsin::daemon
