// Everything a configuration file and the environment can say, as plain structs with their
// defaults. Keys of prometheus.yml keep their names and meaning; our own stand under `tocsin:`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/egress_policy.h"
#include "base/labels.h"
#include "base/scopes.h"
#include "base/secret.h"
#include "base/threshold_rule.h"
#include "base/time.h"
#include "config/alertmanager_version.h"
#include "config/checked_keys.h"
#include "config/delivery_limits.h"
#include "config/http_config.h"
#include "config/native_grouping.h"
#include "config/yaml.h"

namespace tocsin::config {

struct AlertmanagerSettings;  // config/alertmanager_settings.h

// One entry of scrape_configs with static targets.
struct ScrapeJob {
  std::string name;
  Duration interval{std::chrono::minutes(1)};
  Duration timeout{std::chrono::seconds(10)};  // <= interval
  std::string metrics_path = "/metrics";
  std::string scheme = "http";
  std::vector<std::pair<std::string, std::string>> params;  // in file order
  bool honor_labels = false;
  bool honor_timestamps = true;
  bool enable_compression = true;
  std::uint64_t body_size_limit = 0;  // bytes, decoded; 0 is the built-in limit
  std::uint64_t sample_limit = 0;     // 0: none

  struct StaticTarget {
    std::string address;  // host:port
    Labels labels;        // of its group; without job and instance unless given
  };
  std::vector<StaticTarget> targets;
};

struct HostSettings {
  bool enabled = true;
  Duration interval{std::chrono::seconds(5)};
  std::string job = "node";
  std::string instance;  // empty: the host's name
  friend bool operator==(const HostSettings&, const HostSettings&) = default;
};

// "sha256=" and the HMAC of the body in hexadecimal digits.
inline constexpr char kSignatureHeader[] = "X-Tocsin-Signature";

enum class WebhookFormat : std::uint8_t { kSeed, kAlertmanager };

// One way to reach people: a receiver has a name and one or more channels.
struct WebhookSettings {
  Secret url;
  WebhookFormat format = WebhookFormat::kSeed;
  std::vector<std::pair<std::string, Secret>> headers;
  // Of the header kSignatureHeader, or a file that holds it, read for each message; neither: no
  // signature.
  Secret signing_secret;
  std::string signing_secret_file;
  Duration timeout{std::chrono::seconds(10)};
  bool send_resolved = true;
  friend bool operator==(const WebhookSettings&, const WebhookSettings&) = default;
};
struct ConsoleSettings {
  bool send_resolved = true;
  friend bool operator==(const ConsoleSettings&, const ConsoleSettings&) = default;
};
struct ChannelSettings {
  std::string type;  // "webhook", "console": a name of receivers/channels/channel_list.h
  WebhookSettings webhook;
  ConsoleSettings console;
  HttpConfig http = {};  // of what is reached by HTTP
  // Of every other type.
  CheckedKeys keys;    // config/native_channels.h
  TlsConfig tls = {};  // of email
  Duration timeout{std::chrono::seconds(10)};
  bool send_resolved = true;
  std::string sender = "Tocsin";  // the name that people see
  friend bool operator==(const ChannelSettings&, const ChannelSettings&) = default;
};
struct ReceiverSettings {
  std::string name;
  std::vector<ChannelSettings> channels;
  std::string source;  // "tocsin.yml:12:5" or "environment WEBHOOK_URL", for messages and listings
  NativeGrouping grouping = {};
  DeliveryLimits limits = {};
  YamlNode shown = {};    // as it was written, with <secret> for secrets; null: it was not
  bool from_api = false;  // its addresses are never trusted
};

// Where alerts of native rules go (tocsin.routing.native_rules).
enum class NativeRouting : std::uint8_t {
  kChannels,  // to the receivers that the rule names; without any through the routing tree
  kTree,      // through the routing tree
  kBoth,      // both
};

// A key of TOCSIN_API_KEYS.
struct EnvironmentKey {
  Scopes scopes;
  Secret secret;
  friend bool operator==(const EnvironmentKey&, const EnvironmentKey&) = default;
};

// What one client may send, by its key or else its address; nothing: without a limit.
struct RateLimitSettings {
  std::optional<double> requests_per_second;
  std::optional<double> samples_per_second;
  std::optional<double> bytes_per_second;  // of bodies
  std::optional<double> burst;             // requests or samples at once; else what a second brings
  friend bool operator==(const RateLimitSettings&, const RateLimitSettings&) = default;

  bool any() const { return requests_per_second || samples_per_second || bytes_per_second; }
};

struct WebSettings {
  std::size_t workers = 32;
  std::size_t max_streams = 128;
  std::size_t max_connections_per_address = 0;  // 0: half of all there can be
  bool allow_unauthenticated = false;           // listen beyond loopback without keys
  bool public_metrics = false;                  // /metrics without a key
  RateLimitSettings rate_limit;
  bool demo = true;  // the routes of the demonstration
  std::vector<std::string> allowed_origins;
  std::vector<IpNetwork> trusted_proxies;  // whose X-Forwarded-For is believed
  std::string
      external_url;  // where people reach this daemon, for links; without a slash at its end
};

// Where notifications may go (tocsin.egress). What is scraped is not touched.
struct EgressSettings {
  bool deny_private = false;
  EgressPolicy policy;  // what is allowed all the same
  // Receivers made over the API may send through a proxy, which sees where a name leads; we do not.
  bool trust_proxy = false;
  friend bool operator==(const EgressSettings&, const EgressSettings&) = default;
};

// How long and how often a notification is tried that a receiver did not take
// (tocsin.notifications.retry). Of the full daemon: the drop-in does as Alertmanager.
struct RetrySettings {
  Duration min_backoff{
      std::chrono::seconds(1)};  // after the first failure; doubled by each further
  Duration max_backoff{std::chrono::minutes(5)};   // >= min_backoff
  Duration give_up_after{std::chrono::hours(24)};  // then it is a dead letter
  // How often one is tried whose alerts still fire.
  Duration dead_letter_interval{std::chrono::minutes(15)};
  friend bool operator==(const RetrySettings&, const RetrySettings&) = default;
};

// How secrets in the database are kept (tocsin.security).
struct SecuritySettings {
  std::string encryption_key_file;  // as it is opened; empty: one in the storage folder
  friend bool operator==(const SecuritySettings&, const SecuritySettings&) = default;
};

struct SeriesSettings {
  std::size_t max_series = 1'000'000;
  Duration retention{std::chrono::hours(1)};
};

// What is taken of who submits samples with timestamps (tocsin.intake): from so long ago to so far
// ahead.
struct IntakeSettings {
  Duration past_grace_period{std::chrono::hours(1)};
  Duration future_grace_period{std::chrono::minutes(5)};
};

// How much of the history of events is kept (tocsin.history): what is older goes, and the oldest of
// what is too much.
struct HistorySettings {
  Duration retention{std::chrono::hours(24 * 30)};
  std::size_t max_events = 1'000'000;
  friend bool operator==(const HistorySettings&, const HistorySettings&) = default;
};

// A database of PostgreSQL, as a URL names it.
struct PostgresSettings {
  Secret conninfo;    // for libpq: name='value' ...
  Secret password;    // which stands in it; empty: none
  std::string shown;  // for messages: "postgresql://user@host:5432/name"

  friend bool operator==(const PostgresSettings&, const PostgresSettings&) = default;
};

struct Settings {
  // global
  Duration scrape_interval{std::chrono::minutes(1)};
  Duration scrape_timeout{std::chrono::seconds(10)};
  Duration evaluation_interval{std::chrono::minutes(1)};
  Labels external_labels;

  std::vector<ScrapeJob> scrape_jobs;
  // glob(7) patterns to open as they are: the configuration file's folder stands in front.
  std::vector<std::string> rule_file_patterns;
  std::vector<std::string> rule_files;  // what the patterns matched, sorted
  std::vector<std::shared_ptr<const ThresholdRule>> rules;

  // tocsin
  HostSettings host;
  std::vector<ReceiverSettings>
      receivers;  // of the file, then of the environment; "console" always
  std::vector<std::string> default_receivers;  // resolved: never empty
  Duration staleness{std::chrono::minutes(5)};
  StaleAlerts stale_alerts = StaleAlerts::kResolve;
  WebSettings web;
  SeriesSettings series;
  IntakeSettings intake;
  HistorySettings history;
  EgressSettings egress;
  SecuritySettings security;
  std::string sender = "Tocsin";
  RetrySettings retry;
  NativeRouting native_rules = NativeRouting::kChannels;
  NativeGrouping native_grouping;  // a receiver's own wins
  std::string reported_version = kAlertmanagerVersion;
  std::size_t max_alerts = 200'000;                           // that senders have posted
  bool send_resolved_when_muted = true;                       // to whoever was told of the alert
  std::map<std::string, DeliveryLimits> alertmanager_limits;  // of its receivers, by their names
  std::string alertmanager_file;                              // as it is opened; empty: none
  std::shared_ptr<const AlertmanagerSettings> alertmanager;   // of that file; null: none

  // environment
  std::string database_path;                        // absolute or relative to storage; ":memory:"
  std::optional<PostgresSettings> postgres;         // instead, where it is given
  std::optional<std::uint16_t> extra_metrics_port;  // PROMETHEUS_PORT
  std::vector<EnvironmentKey> api_keys;             // TOCSIN_API_KEYS
  std::string probe_url;                            // API_URL; empty: nobody is asked

  // Every file that was read, the configuration file first, and all patterns that were looked for:
  // what a watcher watches.
  std::vector<std::string> files_read;
  std::vector<std::string> patterns_read;
};

}  // namespace tocsin::config
