// UrlProbe: asks an address now and then whether it answers: the health of another program, which
// API_URL names. What comes of it stands in the health of the alerting API, and in two series that
// rules can look at (metrics of the original):
//
//   app.health.status   1: it answered, with a status below 400; else 0
//   app.response.time   milliseconds until the answer was there; only where there was one
//
// A turn goes through three threads: a worker begins it, the HTTP client's has the answer and hands
// it to a worker again, who stores the samples. One turn is under way at a time.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/sample.h"
#include "base/timer_queue.h"
#include "base/worker_pool.h"
#include "exporter/api/daemon_status.h"
#include "exporter/daemon/periodic.h"
#include "exporter/scrape/gate.h"

namespace tocsin::daemon {

class UrlProbe {
 public:
  static constexpr Duration kInterval = std::chrono::seconds(15);
  static constexpr Duration kTimeout = std::chrono::seconds(10);

  // Everything outlives the object, which outlives what it has asked of the client and the pool.
  // `url` is sound (CheckUrl).
  UrlProbe(std::string url, HttpClient& http, SampleSink& sink, TimerQueue& timers, Executor& pool,
           const Clock& clock, Logger log);
  ~UrlProbe() { Stop(); }
  UrlProbe(const UrlProbe&) = delete;
  UrlProbe& operator=(const UrlProbe&) = delete;

  // The main thread, both. The first turn is at once; after Stop nothing is stored.
  void Start();
  void Stop();
  // Any thread; nothing before the first answer.
  std::optional<api::ProbeStatus> status() const EXCLUDES(mu_);

 private:
  void Ask() EXCLUDES(mu_);
  void OnAnswer(const HttpClientResult& answer) EXCLUDES(mu_);
  void Store(const api::ProbeStatus& status, bool answered);

  const std::string url_;
  const std::string instance_;  // of its series: host and port
  HttpClient& http_;
  SampleSink& sink_;
  TimerQueue& timers_;
  Executor& pool_;
  const Clock& clock_;
  const Logger log_;
  std::optional<Periodic> turns_;  // the main thread's
  scrape::Gate gate_;

  mutable Mutex mu_;
  bool is_asking_ GUARDED_BY(mu_) = false;
  std::optional<api::ProbeStatus> status_ GUARDED_BY(mu_);
};

}  // namespace tocsin::daemon
