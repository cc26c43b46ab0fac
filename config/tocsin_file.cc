#include "config/tocsin_file.h"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>

#include "base/http_client.h"
#include "base/text.h"
#include "config/receivers.h"
#include "config/rule_file.h"

namespace tocsin::config {
namespace {

// Faster than this the collector would measure itself.
constexpr Duration kMinHostInterval = std::chrono::milliseconds(100);

// The server has one thread per connection: more workers than this is a slip of the pen.
constexpr std::uint64_t kMaxWorkers = 4096;
constexpr std::uint64_t kMaxStreams = 100'000;
constexpr std::uint64_t kMaxAlerts = 100'000'000;
// Some 2 KiB each on the disk.
constexpr std::uint64_t kMaxEvents = 1'000'000'000;
// Old events are looked for once a minute.
constexpr Duration kMinHistory = std::chrono::minutes(1);
// No two clocks agree better.
constexpr Duration kMinGrace = std::chrono::seconds(1);
constexpr std::uint64_t kMaxRate = 1'000'000'000;
// A receiver that fails is not asked more often.
constexpr Duration kMinBackoff = std::chrono::milliseconds(100);

// A duration that has to last some time, however short.
void ReadLastingDuration(MapDecoder& map, std::string_view key, Duration* out,
                         Duration least = Duration(1)) {
  Duration value{0};
  if (!map.ReadDuration(key, &value)) return;
  if (value < least) {
    map.report().Error(map.PlaceOf(key),
                       fmt::format("{} must be at least {}", key, FormatDuration(least)));
    return;
  }
  *out = value;
}

void ReadSize(MapDecoder& map, std::string_view key, std::uint64_t least, std::uint64_t most,
              std::size_t* out) {
  std::uint64_t value = 0;
  if (map.ReadCount(key, &value, least, most)) *out = static_cast<std::size_t>(value);
}

void DecodeHost(const YamlNode& node, FileReport& report, HostSettings* host) {
  MapDecoder map(node, "tocsin.host", report);
  map.ReadBool("enabled", &host->enabled);
  ReadLastingDuration(map, "interval", &host->interval, kMinHostInterval);
  map.ReadText("job", &host->job);
  map.ReadText("instance", &host->instance);
  map.Finish();
}

// scheme://host or scheme://host:port, as browsers send it.
bool IsOrigin(std::string_view text) {
  if (!CheckUrl(text)) return false;
  const std::size_t host = text.find("://") + 3;
  return text.find_first_of("/?#\\", host) == std::string_view::npos;
}

void DecodeRateLimit(const YamlNode& node, FileReport& report, RateLimitSettings* limit) {
  MapDecoder map(node, "tocsin.web.rate_limit", report);
  const auto read = [&map](std::string_view key, std::optional<double>* out) {
    std::uint64_t value = 0;
    if (map.ReadCount(key, &value, 1, kMaxRate)) *out = static_cast<double>(value);
  };
  read("requests_per_second", &limit->requests_per_second);
  read("samples_per_second", &limit->samples_per_second);
  std::uint64_t bytes = 0;
  if (map.ReadSize("bytes_per_second", &bytes)) {
    if (bytes == 0) {
      report.Error(map.PlaceOf("bytes_per_second"), "bytes_per_second must be at least 1");
    }
    limit->bytes_per_second = static_cast<double>(bytes);
  }
  read("burst", &limit->burst);
  if (limit->burst && !limit->any()) {
    report.Error(map.PlaceOfKey("burst"),
                 "burst means nothing without requests_per_second or samples_per_second");
  }
  map.Finish();
}

// "10.0.0.0/8", or one address.
void ReadNetworks(MapDecoder& map, std::string_view key, std::vector<IpNetwork>* networks) {
  for (const PlacedText& text : map.ReadTexts(key)) {
    if (Result<IpNetwork> network = IpNetwork::Parse(text.text); network.ok()) {
      networks->push_back(*network);
    } else {
      map.report().Error(text.mark, fmt::format("{}: {}", key, network.message()));
    }
  }
}

void DecodeWeb(const YamlNode& node, FileReport& report, WebSettings* web) {
  MapDecoder map(node, "tocsin.web", report);
  ReadSize(map, "workers", 1, kMaxWorkers, &web->workers);
  ReadSize(map, "max_streams", 0, kMaxStreams, &web->max_streams);
  ReadSize(map, "max_connections_per_address", 1, kMaxStreams, &web->max_connections_per_address);
  map.ReadBool("allow_unauthenticated", &web->allow_unauthenticated);
  map.ReadBool("public_metrics", &web->public_metrics);
  map.ReadBool("demo", &web->demo);
  if (map.ReadText("external_url", &web->external_url)) {
    if (Status status = CheckUrl(web->external_url); !status) {
      report.Error(map.PlaceOf("external_url"), "external_url: " + status.message());
    }
    while (!web->external_url.empty() && web->external_url.back() == '/') {
      web->external_url.pop_back();
    }
  }
  for (PlacedText& origin : map.ReadTexts("allowed_origins")) {
    if (IsOrigin(origin.text)) {
      web->allowed_origins.push_back(std::move(origin.text));
    } else {
      report.Error(origin.mark,
                   fmt::format("allowed_origins: {} is not an origin, such as https://example.org",
                               QuoteForMessage(origin.text)));
    }
  }
  ReadNetworks(map, "trusted_proxies", &web->trusted_proxies);
  if (const YamlNode* limit = map.Find("rate_limit")) {
    DecodeRateLimit(*limit, report, &web->rate_limit);
  }
  map.Finish();
}

void DecodeSeries(const YamlNode& node, FileReport& report, SeriesSettings* series) {
  MapDecoder map(node, "tocsin.series", report);
  ReadSize(map, "max_series", 1, 1'000'000'000, &series->max_series);
  ReadLastingDuration(map, "retention", &series->retention);
  map.Finish();
}

void DecodeIntake(const YamlNode& node, FileReport& report, IntakeSettings* intake) {
  MapDecoder map(node, "tocsin.intake", report);
  ReadLastingDuration(map, "past_grace_period", &intake->past_grace_period, kMinGrace);
  ReadLastingDuration(map, "future_grace_period", &intake->future_grace_period, kMinGrace);
  map.Finish();
}

void DecodeHistory(const YamlNode& node, FileReport& report, HistorySettings* history) {
  MapDecoder map(node, "tocsin.history", report);
  ReadLastingDuration(map, "retention", &history->retention, kMinHistory);
  ReadSize(map, "max_events", 1, kMaxEvents, &history->max_events);
  map.Finish();
}

void DecodeNativeRules(MapDecoder& map, Settings* settings) {
  std::string way;
  if (!map.ReadText("native_rules", &way)) return;
  if (way == "channels") {
    settings->native_rules = NativeRouting::kChannels;
  } else if (way == "tree") {
    settings->native_rules = NativeRouting::kTree;
  } else if (way == "both") {
    settings->native_rules = NativeRouting::kBoth;
  } else {
    map.report().Error(map.PlaceOf("native_rules"),
                       fmt::format("unknown way for native_rules {}; use channels, tree or both",
                                   QuoteForMessage(way)));
  }
}

void DecodeAllowedHosts(MapDecoder& map, EgressPolicy* policy) {
  for (const PlacedText& host : map.ReadTexts("allow_hosts")) {
    const bool is_name =
        !host.text.empty() && host.text.find_first_of("/:@ ") == std::string::npos &&
        host.text.find('*', host.text.substr(0, 2) == "*." ? 1 : 0) == std::string::npos;
    if (is_name) {
      policy->allow_hosts.push_back(ToLowerAscii(host.text));
    } else {
      map.report().Error(host.mark, fmt::format("allow_hosts: {} is not a host name, such as "
                                                "hooks.example.org or *.example.org",
                                                QuoteForMessage(host.text)));
    }
  }
}

void DecodeEgress(const YamlNode& node, FileReport& report, EgressSettings* egress) {
  MapDecoder map(node, "tocsin.egress", report);
  map.ReadBool("deny_private", &egress->deny_private);
  ReadNetworks(map, "allow_networks", &egress->policy.allow_networks);
  DecodeAllowedHosts(map, &egress->policy);
  map.ReadBool("trust_proxy", &egress->trust_proxy);
  map.Finish();
}

void DecodeSecurity(const YamlNode& node, FileReport& report, SecuritySettings* security) {
  MapDecoder map(node, "tocsin.security", report);
  if (map.ReadText("encryption_key_file", &security->encryption_key_file) &&
      security->encryption_key_file.empty()) {
    report.Error(map.PlaceOf("encryption_key_file"), "encryption_key_file must not be empty");
  }
  map.Finish();
}

DefaultReceivers DecodeRouting(const YamlNode& node, FileReport& report, Settings* settings) {
  MapDecoder map(node, "tocsin.routing", report);
  DefaultReceivers receivers;
  receivers.given = map.Find("default_receivers") != nullptr;
  receivers.names = map.ReadTexts("default_receivers");
  if (receivers.given && receivers.names.empty()) {
    report.Error(map.PlaceOf("default_receivers"), "default_receivers must name a receiver");
  }
  DecodeNativeRules(map, settings);
  if (const YamlNode* native = map.Find("native")) {
    MapDecoder keys(*native, "tocsin.routing.native", report);
    settings->native_grouping = DecodeNativeGrouping(keys);
    keys.Finish();
  }
  map.Finish();
  return receivers;
}

void DecodeRetry(const YamlNode& node, FileReport& report, RetrySettings* retry) {
  MapDecoder map(node, "tocsin.notifications.retry", report);
  ReadLastingDuration(map, "min_backoff", &retry->min_backoff, kMinBackoff);
  ReadLastingDuration(map, "max_backoff", &retry->max_backoff, kMinBackoff);
  ReadLastingDuration(map, "give_up_after", &retry->give_up_after);
  ReadLastingDuration(map, "dead_letter_interval", &retry->dead_letter_interval, kMinBackoff);
  if (retry->max_backoff < retry->min_backoff) {
    report.Error(
        map.PlaceOf(map.Has("max_backoff") ? "max_backoff" : "min_backoff"),
        fmt::format("max_backoff ({}) must not be shorter than min_backoff ({})",
                    FormatDuration(retry->max_backoff), FormatDuration(retry->min_backoff)));
  }
  map.Finish();
}

void DecodeNotifications(const YamlNode& node, FileReport& report, Settings* settings) {
  MapDecoder map(node, "tocsin.notifications", report);
  if (map.ReadText("sender", &settings->sender) && settings->sender.empty()) {
    report.Error(map.PlaceOf("sender"), "sender must not be empty");
  }
  if (const YamlNode* retry = map.Find("retry")) DecodeRetry(*retry, report, &settings->retry);
  map.Finish();
}

void DecodeAlertmanagerLimits(MapDecoder& map, Settings* settings, TocsinReferences* references) {
  for (const YamlEntry& entry : map.ReadEntries("receivers")) {
    MapDecoder keys(entry.value, "tocsin.alertmanager.receivers." + entry.key, map.report());
    settings->alertmanager_limits[entry.key] = DecodeDeliveryLimits(keys);
    references->limited_receivers.push_back({entry.key, entry.mark});
    keys.Finish();
  }
}

void DecodeAlertmanager(const YamlNode& node, FileReport& report, Settings* settings,
                        TocsinReferences* references) {
  MapDecoder map(node, "tocsin.alertmanager", report);
  PlacedText& file = references->alertmanager_file;
  if (map.ReadText("config_file", &file.text)) {
    file.mark = map.PlaceOf("config_file");
    if (file.text.empty()) report.Error(file.mark, "config_file must not be empty");
  }
  ReadSize(map, "max_alerts", 1, kMaxAlerts, &settings->max_alerts);
  map.ReadBool("send_resolved_when_muted", &settings->send_resolved_when_muted);
  if (map.ReadText("reported_version", &settings->reported_version) &&
      settings->reported_version.empty()) {
    report.Error(map.PlaceOf("reported_version"), "reported_version must not be empty");
  }
  DecodeAlertmanagerLimits(map, settings, references);
  if (file.text.empty() && map.Has("receivers")) {
    report.Error(map.PlaceOfKey("receivers"), "receivers means nothing without config_file");
  }
  map.Finish();
}

}  // namespace

TocsinReferences DecodeTocsinKeys(MapDecoder& top, Settings* settings) {
  TocsinReferences references;
  const YamlNode* node = top.Find("tocsin");
  if (node == nullptr) return references;
  FileReport& report = top.report();
  MapDecoder map(*node, "tocsin", report);
  if (const YamlNode* host = map.Find("host")) DecodeHost(*host, report, &settings->host);
  if (const YamlNode* web = map.Find("web")) DecodeWeb(*web, report, &settings->web);
  if (const YamlNode* egress = map.Find("egress")) DecodeEgress(*egress, report, &settings->egress);
  if (const YamlNode* security = map.Find("security")) {
    DecodeSecurity(*security, report, &settings->security);
  }
  if (const YamlNode* series = map.Find("series")) DecodeSeries(*series, report, &settings->series);
  if (const YamlNode* intake = map.Find("intake")) DecodeIntake(*intake, report, &settings->intake);
  if (const YamlNode* history = map.Find("history")) {
    DecodeHistory(*history, report, &settings->history);
  }
  if (const YamlNode* routing = map.Find("routing")) {
    references.default_receivers = DecodeRouting(*routing, report, settings);
  }
  if (const YamlNode* notifications = map.Find("notifications")) {
    DecodeNotifications(*notifications, report, settings);
  }
  if (const YamlNode* alertmanager = map.Find("alertmanager")) {
    DecodeAlertmanager(*alertmanager, report, settings, &references);
  }
  ReadLastingDuration(map, "staleness", &settings->staleness);
  if (const auto what = ReadStaleAlerts(map)) settings->stale_alerts = *what;
  settings->receivers = DecodeReceivers(map.ReadList("receivers"), report);
  map.Finish();
  return references;
}

}  // namespace tocsin::config
