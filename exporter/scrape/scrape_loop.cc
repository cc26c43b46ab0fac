#include "exporter/scrape/scrape_loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/number.h"
#include "base/text.h"

namespace tocsin::scrape {
namespace {

// A turn that begins this little after its slot is stamped with the slot, so that timestamps are
// evenly spaced; less for very short intervals.
// https://github.com/prometheus/prometheus/blob/main/scrape/scrape.go (ScrapeTimestampTolerance)
constexpr Duration kTimestampTolerance{2};

constexpr std::array<std::string_view, 5> kSyntheticNames = {
    "up", "scrape_duration_seconds", "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling", "scrape_series_added"};

std::vector<Labels> SyntheticLabels(const Labels& target) {
  std::vector<Labels> all;
  for (const std::string_view name : kSyntheticNames) {
    all.push_back(LabelsBuilder(target).Set(kMetricNameLabel, name).Build());
  }
  return all;
}

Timestamp AlignToSlot(Timestamp now, Timestamp slot, Duration interval) {
  return now - slot <= std::min(kTimestampTolerance, interval / 100) ? slot : now;
}

double Seconds(std::chrono::nanoseconds span) {
  return std::chrono::duration<double>(span).count();
}

HttpClientRequest MakeRequest(const std::string& url, const ScrapeSettings& settings) {
  HttpClientRequest request;
  request.url = url;
  request.headers = {
      {"Accept", "text/plain;version=0.0.4;q=1,*/*;q=0.1"},
      {"X-Prometheus-Scrape-Timeout-Seconds", FormatFloat(Seconds(settings.timeout))}};
  if (!settings.enable_compression) request.headers.emplace_back("Accept-Encoding", "identity");
  request.accept_compressed = settings.enable_compression;
  request.timeout = settings.timeout;
  request.max_response_bytes = settings.body_size_limit;
  request.follow_redirects = true;
  return request;
}

Status CheckAnswer(const HttpClientResult& answer, const ScrapeSettings& settings) {
  if (answer.failure.response_too_large && !answer.response) {
    return Error{fmt::format("the page is larger than body_size_limit allows ({} bytes)",
                             settings.body_size_limit)};
  }
  if (!answer.response) return Error{answer.failure.message};
  if (answer.response->status != 200) {
    return Error{
        fmt::format("the target answered with HTTP status {}, not 200", answer.response->status)};
  }
  return {};
}

void AddWarning(std::string_view text, std::string* warnings) {
  if (text.empty()) return;
  if (!warnings->empty()) *warnings += "; ";
  *warnings += text;
}

// Prometheus 3 refuses a page whose type it does not know; a sidecar had better read it.
std::string ContentTypeWarning(std::string_view content_type) {
  const std::string_view media = TrimSpace(content_type.substr(0, content_type.find(';')));
  if (EqualsIgnoreCase(media, "text/plain")) return "";
  if (media.empty()) return "the answer has no Content-Type: read as text format 0.0.4";
  return fmt::format("unknown Content-Type {}: read as text format 0.0.4", QuoteForMessage(media));
}

std::string PageWarning(const PageReport& page) {
  std::string warnings;
  if (page.duplicates > 0) {
    AddWarning(
        fmt::format("{} samples repeat a series of the page: the first is kept", page.duplicates),
        &warnings);
  }
  if (page.too_new > 0) {
    AddWarning(fmt::format("{} samples lie too far in the future: left out", page.too_new),
               &warnings);
  }
  return warnings;
}

}  // namespace

std::string_view TargetHealthName(TargetHealth health) {
  switch (health) {
    case TargetHealth::kUnknown:
      return "unknown";
    case TargetHealth::kUp:
      return "up";
    case TargetHealth::kDown:
      return "down";
  }
  return "unknown";
}

ScrapeLoop::ScrapeLoop(std::shared_ptr<ScrapeContext> context, Target target, Labels offset_seed)
    : context_(std::move(context)),
      target_(std::move(target)),
      offset_seed_(std::move(offset_seed)),
      synthetic_(SyntheticLabels(target_.labels)) {
  for (const Labels& labels : synthetic_) cache_.AddSynthetic(labels);
  status_.job = target_.job;
  status_.url = target_.url;
  status_.labels = target_.labels;
}

TargetStatus ScrapeLoop::status() const {
  MutexLock lock(mu_);
  return status_;
}

// Turns in time.

void ScrapeLoop::Configure(const ScrapeSettings& settings, Timestamp now) {
  TimerQueue::Id old_timer = 0;
  std::uint64_t chain = 0;
  {
    MutexLock lock(mu_);
    const bool same_slots = settings.interval == settings_.interval;
    settings_ = settings;
    status_.interval = settings.interval;
    status_.timeout = settings.timeout;
    if (same_slots) return;
    old_timer = timer_;
    chain = ++chain_;
  }
  context_->timers.Cancel(old_timer);
  Schedule(now, chain);
}

void ScrapeLoop::Schedule(Timestamp now, std::uint64_t chain) {
  Duration interval{};
  {
    MutexLock lock(mu_);
    interval = settings_.interval;
  }
  const Timestamp slot = NextSlot(now, interval, SlotOffset(target_, interval, offset_seed_));
  const TimerQueue::Id timer = context_->timers.At(
      slot, [self = shared_from_this(), slot, chain] { self->OnSlot(slot, chain); });
  MutexLock lock(mu_);
  if (chain == chain_) timer_ = timer;
}

void ScrapeLoop::OnSlot(Timestamp slot, std::uint64_t chain) {
  const Gate::Pass pass(context_->gate);
  if (!pass) return;
  const Timestamp now = context_->clock.Now();
  Turn turn;
  bool running = false;
  {
    MutexLock lock(mu_);
    if (chain != chain_) return;
    turn.settings = settings_;
    running = std::exchange(running_, true);
  }
  Schedule(now, chain);
  if (running) {
    context_->metrics.skipped_running.Increment();
    return;
  }
  turn.timestamp = AlignToSlot(now, slot, turn.settings.interval);
  turn.started = context_->clock.Monotonic();
  SendRequest(turn);
}

void ScrapeLoop::SendRequest(const Turn& turn) {
  context_->http.Send(MakeRequest(target_.url, turn.settings),
                      [self = shared_from_this(), turn](HttpClientResult answer) {
                        self->OnAnswer(turn, std::move(answer));
                      });
}

void ScrapeLoop::OnAnswer(const Turn& turn, HttpClientResult answer) {
  const Gate::Pass pass(context_->gate);
  if (!pass) return;
  const bool taken =
      context_->ingest_pool.TrySubmit([self = shared_from_this(), turn,
                                       answer = std::move(answer)] { self->Ingest(turn, answer); });
  if (taken) return;
  context_->metrics.skipped_queue_full.Increment();
  GiveUpTurn("a page was dropped: too many pages wait to be read");
}

void ScrapeLoop::GiveUpTurn(std::string_view why) {
  MutexLock lock(mu_);
  running_ = false;
  status_.last_warning = why;
}

// One turn's answer.

void ScrapeLoop::Ingest(const Turn& turn, const HttpClientResult& answer) {
  const Gate::Pass pass(context_->gate);
  if (!pass) return;
  {
    MutexLock lock(mu_);
    if (retired_) {
      running_ = false;
      return;
    }
  }
  SampleBatch batch(Origin::kScrape, SameTime::kRefuse);
  PageReport page;
  Outcome outcome = ReadAnswer(turn, answer, &batch, &page);
  AddSyntheticSamples(turn, outcome, &batch);
  AddWarning(AppendToStore(batch, page), &outcome.warning);
  FinishTurn(turn, outcome);
}

ScrapeLoop::Outcome ScrapeLoop::ReadAnswer(const Turn& turn, const HttpClientResult& answer,
                                           SampleBatch* batch, PageReport* page) {
  Outcome outcome;
  outcome.status = CheckAnswer(answer, turn.settings);
  if (outcome.status.ok()) {
    if (cached_honor_labels_ != turn.settings.honor_labels) cache_.ForgetLines();
    cached_honor_labels_ = turn.settings.honor_labels;
    const PageRules rules = {target_.labels, turn.settings.honor_labels,
                             turn.settings.honor_timestamps, turn.settings.sample_limit,
                             turn.timestamp};
    *page = ReadPage(answer.response->body, rules, &cache_, batch);
    outcome.status = page->status;
    outcome.samples = page->samples;
    AddWarning(ContentTypeWarning(answer.response->Header("content-type")), &outcome.warning);
    AddWarning(PageWarning(*page), &outcome.warning);
  }
  if (outcome.status.ok()) {
    outcome.series_added = cache_.CommitPage(turn.timestamp, batch);
  } else {
    batch->Clear();
    page->series.clear();
    cache_.FailPage(turn.timestamp, batch);
  }
  outcome.duration = context_->clock.Monotonic() - turn.started;
  return outcome;
}

void ScrapeLoop::AddSyntheticSamples(const Turn& turn, const Outcome& outcome,
                                     SampleBatch* batch) const {
  const auto samples = static_cast<double>(outcome.samples);
  const std::array<double, kSyntheticNames.size()> values = {
      outcome.status.ok() ? 1.0 : 0.0, Seconds(outcome.duration), samples, samples,
      static_cast<double>(outcome.series_added)};
  for (std::size_t i = 0; i < values.size(); ++i) {
    batch->Add(synthetic_[i], {turn.timestamp, values[i]});
  }
}

std::string ScrapeLoop::AppendToStore(const SampleBatch& batch, const PageReport& page) {
  const ScrapeMetrics& metrics = context_->metrics;
  metrics.refused_duplicate.Increment(static_cast<double>(page.duplicates));
  metrics.refused_too_new.Increment(static_cast<double>(page.too_new));
  std::map<Refusal, std::size_t> refused;
  std::string taken;  // the first name that another spelling has
  const AppendReport report = context_->sink.Append(batch, context_->clock.Now());
  for (const AppendReport::Refused& item : report.refused) {
    if (item.index >= page.series.size()) continue;  // a marker, or a synthetic sample
    metrics.Refused(item.why).Increment();
    ++refused[item.why];
    if (item.why == Refusal::kTooManySeries) page.series[item.index]->live = false;
    if (item.why != Refusal::kNameTaken || !taken.empty()) continue;
    const LabelsView labels = batch.labels(batch.items()[item.index]);
    taken = fmt::format("; metric {} is held under another spelling of its name{}",
                        QuoteForMessage(labels.metric_name()),
                        item.taken_by.empty() ? "" : ", " + QuoteForMessage(item.taken_by));
  }
  std::string warnings;
  for (const auto& [why, count] : refused) {
    AddWarning(fmt::format("{} samples were not stored: {}{}", count, RefusalName(why),
                           why == Refusal::kNameTaken ? taken : ""),
               &warnings);
  }
  return warnings;
}

void ScrapeLoop::FinishTurn(const Turn& turn, const Outcome& outcome) {
  const bool up = outcome.status.ok();
  (up ? context_->metrics.succeeded : context_->metrics.failed).Increment();
  TargetHealth before = TargetHealth::kUnknown;
  {
    MutexLock lock(mu_);
    before = std::exchange(status_.health, up ? TargetHealth::kUp : TargetHealth::kDown);
    status_.last_error = up ? std::string() : outcome.status.message();
    status_.last_warning = outcome.warning;
    status_.last_scrape = turn.timestamp;
    status_.last_duration = outcome.duration;
    status_.samples = outcome.samples;
    running_ = false;
  }
  LogChange(before, outcome);
}

void ScrapeLoop::LogChange(TargetHealth before, const Outcome& outcome) const {
  const std::string place = RedactUrl(target_.url);
  if (!outcome.status.ok() && before != TargetHealth::kDown) {
    context_->log.Warn(
        "target is down",
        {{"job", target_.job}, {"target", place}, {"err", outcome.status.message()}});
  } else if (outcome.status.ok() && before == TargetHealth::kDown) {
    context_->log.Info("target is up again", {{"job", target_.job}, {"target", place}});
  }
}

// The end of a target.

void ScrapeLoop::Retire(Timestamp now) {
  TimerQueue::Id timer = 0;
  Duration interval{};
  {
    MutexLock lock(mu_);
    retired_ = true;
    ++chain_;
    timer = timer_;
    interval = settings_.interval;
  }
  context_->timers.Cancel(timer);
  // Two turns and a tenth: whoever goes on with the series has been scraped by then.
  ScheduleEnd(now + 2 * interval + interval / 10, now);
}

void ScrapeLoop::ScheduleEnd(Timestamp when, Timestamp retired_at) {
  context_->timers.At(when, [self = shared_from_this(), retired_at] { self->OnEnd(retired_at); });
}

void ScrapeLoop::OnEnd(Timestamp retired_at) {
  const Gate::Pass pass(context_->gate);
  if (!pass) return;
  bool running = false;
  Duration interval{};
  {
    MutexLock lock(mu_);
    interval = settings_.interval;
    running = std::exchange(running_, true);
  }
  if (!running) {
    if (context_->ingest_pool.TrySubmit(
            [self = shared_from_this(), retired_at] { self->EndSeries(retired_at); })) {
      return;
    }
    MutexLock lock(mu_);
    running_ = false;
  }
  ScheduleEnd(context_->clock.Now() + interval, retired_at);
}

void ScrapeLoop::EndSeries(Timestamp retired_at) {
  const Gate::Pass pass(context_->gate);
  if (!pass) return;
  Timestamp ended_at;
  {
    MutexLock lock(mu_);
    if (!status_.last_scrape) return;  // never stored anything
    // Behind the last turn also where that was in the very millisecond of the retirement: the store
    // refuses a second value for a time that it has.
    ended_at = std::max(retired_at, *status_.last_scrape + Duration(1));
  }
  SampleBatch batch(Origin::kScrape, SameTime::kRefuse);
  cache_.EndAll(ended_at, &batch);
  // What another target has gone on with is refused as out of order, and that is right.
  context_->sink.Append(batch, context_->clock.Now());
}

void ScrapeLoop::Halt() {
  TimerQueue::Id timer = 0;
  {
    MutexLock lock(mu_);
    ++chain_;
    timer = timer_;
  }
  context_->timers.Cancel(timer);
}

}  // namespace tocsin::scrape
