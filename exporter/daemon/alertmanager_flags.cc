#include "exporter/daemon/alertmanager_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "exporter/daemon/version.h"

namespace tocsin::daemon {
namespace {

void AddDuration(CLI::App& app, const std::string& name, Duration* out, const char* what) {
  app.add_option_function<std::string>(
         name,
         [name, out](const std::string& text) {
           const std::optional<Duration> duration = ParseDuration(text);
           if (!duration) {
             throw CLI::ValidationError(name, fmt::format("{} is no duration such as 30s or 1h30m",
                                                          QuoteForMessage(text)));
           }
           *out = *duration;
         },
         what)
      ->default_str(FormatDuration(*out));
}

constexpr const char* kFeatureFlag = "--enable-feature";

void ChooseDialect(MatcherDialect dialect, AlertmanagerOptions& options) {
  if (options.dialect != MatcherDialect::kFallback && options.dialect != dialect) {
    throw CLI::ValidationError(kFeatureFlag, "cannot have both classic and UTF-8 modes enabled");
  }
  options.dialect = dialect;
}

using EnableFeature = void (*)(AlertmanagerOptions& options);
struct Feature {
  std::string_view name;
  EnableFeature enable;  // null: accepted without effect
};
constexpr std::array<Feature, 8> kFeatures = {{
    {"alert-names-in-metrics", [](AlertmanagerOptions& o) { o.alert_names_in_metrics = true; }},
    {"receiver-name-in-metrics", [](AlertmanagerOptions& o) { o.receiver_name_in_metrics = true; }},
    {"group-key-in-metrics", [](AlertmanagerOptions& o) { o.group_key_in_metrics = true; }},
    {"classic-mode", [](AlertmanagerOptions& o) { ChooseDialect(MatcherDialect::kClassic, o); }},
    {"utf8-strict-mode", [](AlertmanagerOptions& o) { ChooseDialect(MatcherDialect::kUtf8, o); }},
    {"auto-gomemlimit", nullptr},
    {"event-recorder", nullptr},
    {"auto-gomaxprocs", nullptr},
}};

std::string FeatureNames() {
  std::vector<std::string_view> names;
  for (const Feature& feature : kFeatures) names.push_back(feature.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

void EnableFeatures(const std::string& list, AlertmanagerOptions& options) {
  for (std::string_view name : Split(list, ',')) {
    name = TrimSpace(name);
    if (name.empty()) continue;
    const auto* feature = std::find_if(kFeatures.begin(), kFeatures.end(),
                                       [name](const Feature& one) { return one.name == name; });
    if (feature == kFeatures.end()) {
      throw CLI::ValidationError(kFeatureFlag, fmt::format("unknown option {}; known are {}",
                                                           QuoteForMessage(name), FeatureNames()));
    }
    if (feature->enable != nullptr) {
      feature->enable(options);
    } else {
      options.features_without_effect.emplace_back(name);
    }
  }
}

// Flags whose value changes nothing here, so that existing command lines go on working.
void AddAccepted(CLI::App& app) {
  for (const char* name :
       {"--cluster.advertise-address", "--cluster.peer-name", "--cluster.label",
        "--cluster.tls-config", "--cluster.peer-timeout", "--cluster.settle-timeout",
        "--cluster.gossip-interval", "--cluster.pushpull-interval", "--cluster.tcp-timeout",
        "--cluster.probe-timeout", "--cluster.probe-interval", "--cluster.peers-resolve-timeout",
        "--cluster.reconnect-interval", "--cluster.reconnect-timeout",
        "--dispatch.maintenance-interval", "--auto-gomemlimit.ratio"}) {
    app.add_option_function<std::string>(
           name, [](const std::string&) {}, "Accepted, without effect")
        ->group("Accepted");
  }
  for (const char* name :
       {"--cluster.allow-insecure-public-advertise-address-discovery", "--web.systemd-socket"}) {
    const std::string both = fmt::format("{},!--no-{}", name, std::string_view(name).substr(2));
    app.add_flag_function(
           both, [](std::int64_t) {}, "Accepted, without effect")
        ->group("Accepted");
  }
}

void AddLogFlags(CLI::App& app, AlertmanagerOptions& options) {
  static const std::map<std::string, LogLevel> kLevels = {{"debug", LogLevel::kDebug},
                                                          {"info", LogLevel::kInfo},
                                                          {"warn", LogLevel::kWarn},
                                                          {"error", LogLevel::kError}};
  app.add_option("--log.level", options.log_level, "debug, info, warn or error")
      ->transform(CLI::CheckedTransformer(kLevels, CLI::ignore_case))
      ->default_str("info");
  app.add_flag("--log.silences,!--no-log.silences", options.log_silences,
               "Log every change of a silence");
  static const std::map<std::string, LogFormat> kFormats = {{"logfmt", LogFormat::kLogfmt},
                                                            {"json", LogFormat::kJson}};
  app.add_option("--log.format", options.log_format, "logfmt or json")
      ->transform(CLI::CheckedTransformer(kFormats, CLI::ignore_case))
      ->default_str("logfmt");
}

void AddWebFlags(CLI::App& app, AlertmanagerOptions& options) {
  app.add_option("--web.listen-address", options.listen_addresses,
                 "Address of the API; may be repeated; port 0 takes any free one")
      ->allow_extra_args(false)
      ->capture_default_str();
  app.add_option("--web.external-url", options.external_url,
                 "Where this instance is reached, for links");
  app.add_option("--web.route-prefix", options.route_prefix,
                 "In front of every path; the path of the external URL unless set");
  app.add_option("--web.get-concurrency", options.get_concurrency,
                 "Most GETs at once; 0: as many as there are processors, at least 8")
      ->capture_default_str();
  AddDuration(app, "--web.timeout", &options.web_timeout,
              "After this time a request is answered with 503; 0: never");
  app.add_option("--web.config.file", options.web_config_file,
                 "Users who may ask, and headers of every answer; read again when it changes");
}

}  // namespace

void AddAlertmanagerFlags(CLI::App& app, AlertmanagerOptions& options) {
  // The first line as Alertmanager has it, for whoever reads the number out of it.
  app.set_version_flag("--version", [&options] {
    return fmt::format("alertmanager, version {} (branch: , revision: tocsin-{})\n{}",
                       options.reported_version, Version(), VersionText());
  });
  app.add_option("--config.file", options.config_file, "Configuration file")->capture_default_str();
  app.add_flag("--config.expand-env,!--no-config.expand-env", options.expand_env,
               "Replace ${NAME} in the configuration by environment variables");
  app.add_option("--storage.path", options.storage_path, "Folder for everything that is kept")
      ->capture_default_str();
  AddDuration(app, "--data.retention", &options.data_retention,
              "How long expired silences and log entries are kept");
  AddDuration(app, "--data.maintenance-interval", &options.maintenance_interval,
              "How often what is over is forgotten");
  AddDuration(app, "--alerts.gc-interval", &options.alerts_gc_interval,
              "How often resolved alerts are forgotten");
  app.add_option("--alerts.per-alertname-limit", options.alerts_per_alertname,
                 "Most alerts of one alertname; 0: no limit")
      ->capture_default_str();
  app.add_option("--alerts.max-alerts", options.max_alerts,
                 "Most alerts that are kept; posts of others are refused. 0: no limit")
      ->capture_default_str();
  app.add_flag("--alerts.persist,!--no-alerts.persist", options.persist_alerts,
               "Keep posted alerts on disk, so that they come back after a restart");
  app.add_option("--silences.max-silences", options.max_silences, "Most silences; 0: no limit")
      ->capture_default_str();
  app.add_option("--silences.max-silence-size-bytes", options.max_silence_size_bytes,
                 "Largest silence; 0: no limit")
      ->capture_default_str();
  AddDuration(app, "--dispatch.start-delay", &options.start_delay,
              "No notification is sent before this time after the start");
  AddWebFlags(app, options);
  app.add_option("--cluster.listen-address", options.cluster_listen_address,
                 "Shown as the one peer; empty: clustering is disabled")
      ->capture_default_str();
  app.add_option("--cluster.peer", options.cluster_peers, "Accepted; peers do not replicate")
      ->allow_extra_args(false);
  app.add_option_function<std::string>(
      kFeatureFlag, [&options](const std::string& list) { EnableFeatures(list, options); },
      "Comma-separated features");
  app.add_option("--tocsin.reported-version", options.reported_version,
                 "The Alertmanager version that the API reports")
      ->capture_default_str();
  AddLogFlags(app, options);
  AddAccepted(app);
}

}  // namespace tocsin::daemon
