#include "exporter/scrape/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace tocsin::scrape {
namespace {

// body_size_limit where the configuration sets none: a page beyond this is an accident.
constexpr std::uint64_t kBuiltInBodyLimit = 100 * 1000 * 1000;

constexpr std::string_view kParamPrefix = "__param_";

std::string OrElse(std::string_view text, const std::string& otherwise) {
  return text.empty() ? otherwise : std::string(text);
}

bool HasPrefix(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// The job's parameters; a label __param_<name> replaces the first value of its name.
std::vector<std::pair<std::string, std::string>> Params(const config::ScrapeJob& job,
                                                        const Labels& group) {
  std::vector<std::pair<std::string, std::string>> params = job.params;
  for (const Label& label : group) {
    if (!HasPrefix(label.name, kParamPrefix)) continue;
    const std::string_view name = label.name.substr(kParamPrefix.size());
    const auto it = std::find_if(params.begin(), params.end(),
                                 [&](const auto& param) { return param.first == name; });
    if (it != params.end()) {
      it->second = label.value;
    } else {
      params.emplace_back(name, label.value);
    }
  }
  return params;
}

std::string TargetUrl(const config::ScrapeJob& job, const config::ScrapeJob::StaticTarget& target) {
  const std::string path = OrElse(target.labels.Get("__metrics_path__"), job.metrics_path);
  std::string url = fmt::format("{}://{}{}{}", OrElse(target.labels.Get("__scheme__"), job.scheme),
                                target.address, HasPrefix(path, "/") ? "" : "/", path);
  // A metrics_path may bring its own question mark.
  char separator = path.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, value] : Params(job, target.labels)) {
    url += fmt::format("{}{}={}", separator, PercentEncode(name), PercentEncode(value));
    separator = '&';
  }
  return url;
}

Labels TargetLabels(const config::ScrapeJob& job, const config::ScrapeJob::StaticTarget& target) {
  LabelsBuilder builder;
  builder.Set("job", job.name).Set("instance", target.address);
  for (const Label& label : target.labels) {
    if (!HasPrefix(label.name, "__")) builder.Set(label.name, label.value);
  }
  return builder.Build();
}

}  // namespace

std::vector<Target> MakeTargets(const config::ScrapeJob& job) {
  std::vector<Target> targets;
  targets.reserve(job.targets.size());
  for (const config::ScrapeJob::StaticTarget& target : job.targets) {
    targets.push_back({job.name, TargetUrl(job, target), TargetLabels(job, target)});
  }
  return targets;
}

ScrapeSettings MakeSettings(const config::ScrapeJob& job) {
  ScrapeSettings settings;
  settings.interval = job.interval;
  settings.timeout = job.timeout;
  settings.honor_labels = job.honor_labels;
  settings.honor_timestamps = job.honor_timestamps;
  settings.enable_compression = job.enable_compression;
  settings.body_size_limit = job.body_size_limit != 0 ? job.body_size_limit : kBuiltInBodyLimit;
  settings.sample_limit = job.sample_limit;
  return settings;
}

Duration SlotOffset(const Target& target, Duration interval, const Labels& external_labels) {
  LabelsBuilder identity(target.labels);
  identity.Set("__url__", target.url);
  const std::uint64_t hash =
      identity.Build().view().Fingerprint() ^ external_labels.view().Fingerprint();
  return Duration(hash % static_cast<std::uint64_t>(interval.count()));
}

Timestamp NextSlot(Timestamp now, Duration interval, Duration offset) {
  Duration since_slot = (now.time_since_epoch() - offset) % interval;
  if (since_slot < Duration::zero()) since_slot += interval;  // before the epoch's first slot
  return now + (interval - since_slot);
}

}  // namespace tocsin::scrape
