#include "config/prometheus_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/http_client.h"
#include "base/text.h"

namespace tocsin::config {
namespace {

// What Prometheus 3 accepts and we do not build yet. Its configuration structs are the lists'
// source: https://github.com/prometheus/prometheus/blob/main/config/config.go
constexpr std::string_view kUnsupportedTopKeys[] = {"alerting", "remote_read", "remote_write",
                                                    "scrape_config_files"};

// These change neither what is evaluated nor what is delivered.
constexpr std::string_view kIgnoredTopKeys[] = {"event_recorder", "otlp", "runtime", "storage",
                                                "tracing"};

constexpr std::string_view kUnsupportedGlobalKeys[] = {"always_scrape_classic_histograms",
                                                       "body_size_limit",
                                                       "convert_classic_histograms_to_nhcb",
                                                       "extra_scrape_metrics",
                                                       "keep_dropped_targets",
                                                       "label_limit",
                                                       "label_name_length_limit",
                                                       "label_value_length_limit",
                                                       "metric_name_escaping_scheme",
                                                       "metric_name_validation_scheme",
                                                       "query_log_file",
                                                       "rule_query_offset",
                                                       "sample_limit",
                                                       "scrape_classic_histograms",
                                                       "scrape_failure_log_file",
                                                       "scrape_native_histograms",
                                                       "scrape_protocols",
                                                       "target_limit"};

constexpr std::string_view kUnsupportedJobKeys[] = {
    "always_scrape_classic_histograms", "convert_classic_histograms_to_nhcb",
    "extra_scrape_metrics", "fallback_scrape_protocol", "keep_dropped_targets", "label_limit",
    "label_name_length_limit", "label_value_length_limit", "metric_name_escaping_scheme",
    "metric_name_validation_scheme", "metric_relabel_configs", "native_histogram_bucket_limit",
    "native_histogram_min_bucket_factor", "relabel_configs", "scrape_classic_histograms",
    "scrape_failure_log_file", "scrape_native_histograms", "scrape_protocols", "target_limit",
    "track_timestamps_staleness",
    // The HTTP client: https://github.com/prometheus/common/blob/main/config/http_config.go
    "authorization", "basic_auth", "bearer_token", "bearer_token_file", "enable_http2",
    "follow_redirects", "http_headers", "no_proxy", "oauth2", "proxy_connect_header",
    "proxy_from_environment", "proxy_url", "tls_config",
    // Discovery: https://github.com/prometheus/prometheus/tree/main/discovery
    "aws_sd_configs", "azure_sd_configs", "consul_sd_configs", "digitalocean_sd_configs",
    "dns_sd_configs", "docker_sd_configs", "dockerswarm_sd_configs", "ec2_sd_configs",
    "eureka_sd_configs", "file_sd_configs", "gce_sd_configs", "hetzner_sd_configs",
    "http_sd_configs", "ionos_sd_configs", "kubernetes_sd_configs", "kuma_sd_configs",
    "lightsail_sd_configs", "linode_sd_configs", "marathon_sd_configs", "nerve_sd_configs",
    "nomad_sd_configs", "openstack_sd_configs", "outscale_sd_configs", "ovhcloud_sd_configs",
    "puppetdb_sd_configs", "scaleway_sd_configs", "serverset_sd_configs", "stackit_sd_configs",
    "triton_sd_configs", "uyuni_sd_configs", "vultr_sd_configs"};

// A duration of zero means "not given", as in Prometheus.
bool ReadPositiveDuration(MapDecoder& map, std::string_view key, Duration* out) {
  Duration value{0};
  if (!map.ReadDuration(key, &value) || value.count() == 0) return false;
  *out = value;
  return true;
}

void DecodeExternalLabels(MapDecoder& global, const Environment& environment, Labels* out) {
  Labels written;
  if (!global.ReadLabels("external_labels", &written)) return;
  LabelsBuilder expanded;
  for (const Label& label : written) {
    const Expansion expansion = ExpandVariables(label.value, environment);
    for (const std::string& name : expansion.empty_variables) {
      global.report().Warning(
          global.PlaceOf("external_labels"),
          fmt::format("external_labels: the environment variable {} is not set", name));
    }
    expanded.Set(label.name, expansion.text);
  }
  *out = expanded.Build();
}

void DecodeGlobal(const YamlNode& node, const Environment& environment, FileReport& report,
                  Settings* settings) {
  MapDecoder global(node, "global", report);
  ReadPositiveDuration(global, "scrape_interval", &settings->scrape_interval);
  if (!ReadPositiveDuration(global, "scrape_timeout", &settings->scrape_timeout)) {
    settings->scrape_timeout = std::min(settings->scrape_timeout, settings->scrape_interval);
  } else if (settings->scrape_timeout > settings->scrape_interval) {
    report.Error(global.PlaceOf("scrape_timeout"),
                 "global scrape timeout greater than scrape interval");
  }
  ReadPositiveDuration(global, "evaluation_interval", &settings->evaluation_interval);
  DecodeExternalLabels(global, environment, &settings->external_labels);
  global.Refuse(kUnsupportedGlobalKeys);
  global.Finish();
}

void DecodeJobTimes(MapDecoder& map, const Settings& settings, ScrapeJob* job) {
  job->interval = settings.scrape_interval;
  ReadPositiveDuration(map, "scrape_interval", &job->interval);
  if (!ReadPositiveDuration(map, "scrape_timeout", &job->timeout)) {
    job->timeout = std::min(settings.scrape_timeout, job->interval);
  } else if (job->timeout > job->interval) {
    map.report().Error(
        map.PlaceOf("scrape_timeout"),
        fmt::format(
            "scrape timeout greater than scrape interval for scrape config with job name {}",
            QuoteForMessage(job->name)));
  }
}

bool MayStandInPath(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f && c != '?' && c != '#';
}

void DecodePath(MapDecoder& map, ScrapeJob* job) {
  std::string path;
  if (!map.ReadText("metrics_path", &path) || path.empty()) return;
  if (!std::all_of(path.begin(), path.end(), MayStandInPath)) {
    map.report().Error(map.PlaceOf("metrics_path"),
                       "metrics_path must be a path without blanks; what follows a question mark "
                       "goes into params");
    return;
  }
  job->metrics_path = path.front() == '/' ? path : "/" + path;
}

void DecodeScheme(MapDecoder& map, ScrapeJob* job) {
  std::string scheme;
  if (!map.ReadText("scheme", &scheme) || scheme.empty()) return;
  if (scheme != "http" && scheme != "https") {
    map.report().Error(
        map.PlaceOf("scheme"),
        fmt::format("unsupported scheme {}; use http or https", QuoteForMessage(scheme)));
    return;
  }
  job->scheme = scheme;
}

void DecodeParams(MapDecoder& map, ScrapeJob* job) {
  const YamlNode* params = map.Find("params");
  if (params == nullptr) return;
  MapDecoder names(*params, "params", map.report());
  for (const YamlEntry& entry : params->entries) {
    for (PlacedText& value : names.ReadTexts(entry.key)) {
      job->params.emplace_back(entry.key, std::move(value.text));
    }
  }
}

// A target's own labels may steer its scraping in Prometheus (__metrics_path__, __param_x).
void CheckTargetLabels(const Labels& labels, Mark at, FileReport& report) {
  for (const Label& label : labels) {
    if (label.name.substr(0, 2) == "__") {
      report.Error(at, fmt::format("label {}: labels that begin with __ are not supported yet",
                                   QuoteForMessage(label.name)));
    }
  }
}

void DecodeTargetGroup(const YamlNode& node, FileReport& report, ScrapeJob* job) {
  if (node.is_null()) {
    report.Error(node.mark, "empty or null section in static_configs");
    return;
  }
  MapDecoder group(node, "static_configs", report);
  Labels labels;
  group.ReadLabels("labels", &labels);
  CheckTargetLabels(labels, group.PlaceOf("labels"), report);
  for (const PlacedText& target : group.ReadTexts("targets")) {
    const bool is_address = target.text.find('/') == std::string::npos &&
                            CheckUrl(fmt::format("http://{}/", target.text)).ok();
    if (!is_address) {
      report.Error(target.mark,
                   fmt::format("{} is not a valid hostname", QuoteForMessage(target.text)));
      continue;
    }
    job->targets.push_back({target.text, labels});
  }
  group.Finish();
}

ScrapeJob DecodeJob(const YamlNode& node, const Settings& settings, FileReport& report) {
  MapDecoder map(node, "scrape_configs", report);
  ScrapeJob job;
  map.ReadText("job_name", &job.name);
  if (job.name.empty()) report.Error(map.PlaceOf("job_name"), "job_name is empty");
  DecodeJobTimes(map, settings, &job);
  DecodePath(map, &job);
  DecodeScheme(map, &job);
  DecodeParams(map, &job);
  map.ReadBool("honor_labels", &job.honor_labels);
  map.ReadBool("honor_timestamps", &job.honor_timestamps);
  map.ReadBool("enable_compression", &job.enable_compression);
  map.ReadSize("body_size_limit", &job.body_size_limit);
  map.ReadCount("sample_limit", &job.sample_limit);
  for (const YamlNode& group : map.ReadList("static_configs")) {
    DecodeTargetGroup(group, report, &job);
  }
  map.Refuse(kUnsupportedJobKeys);
  map.Finish();
  return job;
}

void DecodeJobs(MapDecoder& top, Settings* settings) {
  std::set<std::string> names;
  for (const YamlNode& node : top.ReadList("scrape_configs")) {
    if (node.is_null()) {
      top.report().Error(node.mark, "empty or null scrape config section");
      continue;
    }
    ScrapeJob job = DecodeJob(node, *settings, top.report());
    if (!job.name.empty() && !names.insert(job.name).second) {
      top.report().Error(node.mark, fmt::format("found multiple scrape configs with job name {}",
                                                QuoteForMessage(job.name)));
    }
    settings->scrape_jobs.push_back(std::move(job));
  }
}

// A wildcard may stand in the last part of the path only, as in Prometheus.
bool IsRuleFilePattern(std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  return !pattern.empty() &&
         (star == std::string_view::npos || pattern.find('/', star) == std::string_view::npos);
}

std::vector<PlacedText> DecodeRuleFilePatterns(MapDecoder& top) {
  if (top.Find("rule_files") == nullptr) return {{"rules.d/*.yml", top.mark()}};
  std::vector<PlacedText> patterns;
  for (PlacedText& pattern : top.ReadTexts("rule_files")) {
    if (IsRuleFilePattern(pattern.text)) {
      patterns.push_back(std::move(pattern));
    } else {
      top.report().Error(pattern.mark,
                         fmt::format("invalid rule file path {}", QuoteForMessage(pattern.text)));
    }
  }
  return patterns;
}

}  // namespace

std::vector<PlacedText> DecodePrometheusKeys(MapDecoder& top, const Environment& environment,
                                             Settings* settings) {
  // A null `global` reads as an empty map.
  const YamlNode* global = top.Find("global");
  DecodeGlobal(global == nullptr ? YamlNode() : *global, environment, top.report(), settings);
  DecodeJobs(top, settings);
  top.Refuse(kUnsupportedTopKeys);
  top.Ignore(kIgnoredTopKeys);
  return DecodeRuleFilePatterns(top);
}

}  // namespace tocsin::config
