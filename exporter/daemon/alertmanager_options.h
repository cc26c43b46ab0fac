// What the command line of `tocsin alertmanager` says: Alertmanager's flags.
// https://prometheus.io/docs/alerting/latest/alertmanager/
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/matcher_text.h"
#include "base/time.h"
#include "config/alertmanager_version.h"

namespace tocsin::daemon {

struct AlertmanagerOptions {
  std::string config_file = "alertmanager.yml";
  bool expand_env = false;
  std::string storage_path = "data/";
  Duration data_retention{std::chrono::hours(120)};
  Duration maintenance_interval{std::chrono::minutes(15)};
  Duration alerts_gc_interval{std::chrono::minutes(30)};
  std::size_t alerts_per_alertname = 0;  // 0: no limit, here and below
  std::size_t max_alerts = 0;
  std::size_t max_silences = 0;
  std::size_t max_silence_size_bytes = 0;
  Duration start_delay{0};
  std::vector<std::string> listen_addresses = {":9093"};
  std::string external_url;                             // empty: http://<host name>:<port>
  std::string route_prefix;                             // empty: the path of the external URL
  std::string web_config_file;                          // empty: none
  std::size_t get_concurrency = 0;                      // 0: by the number of processors
  Duration web_timeout{0};                              // 0: none
  std::string cluster_listen_address = "0.0.0.0:9094";  // empty: no cluster
  std::vector<std::string> cluster_peers;
  std::vector<std::string> features_without_effect;
  bool persist_alerts = false;
  bool receiver_name_in_metrics = false;
  bool alert_names_in_metrics = false;
  bool group_key_in_metrics = false;
  MatcherDialect dialect = MatcherDialect::kFallback;
  std::string reported_version = config::kAlertmanagerVersion;
  bool log_silences = false;
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;
};

}  // namespace tocsin::daemon
