#include "exporter/daemon/url_probe.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"

namespace tocsin::daemon {
namespace {

constexpr const char* kJob = "app";
constexpr const char* kHealthStatus = "app.health.status";
constexpr const char* kResponseTime = "app.response.time";
// Of the answer nothing but its status is of interest.
constexpr std::size_t kEnough = 1024;
constexpr int kFirstErrorStatus = 400;

// "https://app.example.org:8443/health?x" as "app.example.org:8443".
std::string HostAndPort(const std::string& url) {
  const std::size_t begin = url.find("://") + 3;
  return url.substr(begin, url.find_first_of("/?#", begin) - begin);
}

std::string ErrorOf(const HttpClientResult& answer) {
  if (!answer.response) return answer.failure.message;
  if (answer.response->status < kFirstErrorStatus) return "";
  return fmt::format("HTTP status {}", answer.response->status);
}

void AddGauge(const char* name, const char* help, const std::string& instance, Sample sample,
              SampleBatch* batch) {
  FamilyMetadata metadata;
  metadata.name = MapMetricName(name);
  metadata.type = MetricType::kGauge;
  metadata.help = help;
  metadata.original_name = name;
  LabelsBuilder labels;
  labels.Set(kMetricNameLabel, metadata.name).Set("job", kJob).Set("instance", instance);
  batch->AddMetadata(std::move(metadata));
  batch->Add(labels, sample, SpellingOf(name));
}

}  // namespace

UrlProbe::UrlProbe(std::string url, HttpClient& http, SampleSink& sink, TimerQueue& timers,
                   Executor& pool, const Clock& clock, Logger log)
    : url_(std::move(url)),
      instance_(HostAndPort(url_)),
      http_(http),
      sink_(sink),
      timers_(timers),
      pool_(pool),
      clock_(clock),
      log_(std::move(log)) {}

void UrlProbe::Start() {
  turns_.emplace(timers_, pool_, clock_, kInterval, [this](Timestamp /*now*/) { Ask(); });
}

void UrlProbe::Stop() {
  turns_.reset();
  gate_.Close();
}

std::optional<api::ProbeStatus> UrlProbe::status() const {
  MutexLock lock(mu_);
  return status_;
}

void UrlProbe::Ask() {
  {
    MutexLock lock(mu_);
    if (std::exchange(is_asking_, true)) return;
  }
  HttpClientRequest request;
  request.url = url_;
  request.timeout = kTimeout;
  request.max_response_bytes = kEnough;
  request.cut_response = true;
  http_.Send(std::move(request), [this](const HttpClientResult& answer) { OnAnswer(answer); });
}

void UrlProbe::OnAnswer(const HttpClientResult& answer) {
  const scrape::Gate::Pass pass(gate_);
  if (!pass) return;
  const api::ProbeStatus now_known{ErrorOf(answer), clock_.Now(), answer.elapsed};
  bool was_well = true;
  {
    MutexLock lock(mu_);
    is_asking_ = false;
    if (status_) was_well = status_->error.empty();
    status_ = now_known;
  }
  const bool is_well = now_known.error.empty();
  if (was_well && !is_well) {
    log_.Warn("the program at API_URL is not well", {{"err", now_known.error}});
  } else if (!was_well && is_well) {
    log_.Info("the program at API_URL is well again");
  }
  // Where the pool is full the next turn tells.
  pool_.TrySubmit([this, now_known, answered = answer.response.has_value()] {
    const scrape::Gate::Pass store_pass(gate_);
    if (store_pass) Store(now_known, answered);
  });
}

void UrlProbe::Store(const api::ProbeStatus& status, bool answered) {
  SampleBatch batch(Origin::kHost);
  AddGauge(kHealthStatus, "Whether the program at API_URL is well.", instance_,
           {status.at, status.error.empty() ? 1.0 : 0.0}, &batch);
  if (answered) {
    AddGauge(kResponseTime, "Milliseconds until the program at API_URL answered.", instance_,
             {status.at, static_cast<double>(status.took.count())}, &batch);
  }
  sink_.Append(batch, status.at);
}

}  // namespace tocsin::daemon
