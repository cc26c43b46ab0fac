// A target with everything around it faked: the test moves the clock and answers the requests.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"
#include "exporter/scrape/scrape_loop.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/null_log.h"
#include "tests/support/recording_sample_sink.h"

namespace tocsin::scrape {

// Runs a job at once, or keeps it, or has no room for it.
class FakeExecutor final : public Executor {
 public:
  enum class Mode : std::uint8_t { kRun, kKeep, kFull };

  bool TrySubmit(Job&& job) override {
    if (mode == Mode::kFull) return false;
    kept_.push_back(std::move(job));
    if (mode == Mode::kRun) RunKept();
    return true;
  }
  void RunKept() {
    while (!kept_.empty()) {
      const Job job = std::move(kept_.front());
      kept_.pop_front();
      job();
    }
  }

  Mode mode = Mode::kRun;

 private:
  std::deque<Job> kept_;
};

// Of every job of these tests.
inline constexpr Duration kInterval = std::chrono::seconds(15);

inline std::vector<std::pair<std::string, std::string>> TextContentType() {
  return {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}};
}

// What a manager or a loop is given.
struct ScrapeWorld {
  // The clock goes to the next thing that is to be done, and it is done. False if there is none.
  bool RunNext() {
    const std::optional<Timestamp> next = timers.next_deadline();
    if (!next) return false;
    clock.Set(std::max(*next, clock.Now()));
    timers.RunDue();
    return true;
  }
  void RunUntil(Timestamp end) {
    while (timers.next_deadline() && *timers.next_deadline() <= end) RunNext();
    clock.Set(end);
  }
  void RunFor(Duration span) { RunUntil(clock.Now() + span); }

  // The request that was sent last.
  std::size_t last_request() const { return http.sent() - 1; }
  void Answer(const std::string& page) {
    http.Answer(last_request(), 200, page, TextContentType());
  }

  testing::FakeClock clock;
  testing::RecordingSampleSink sink;
  testing::FakeHttpClient http;
  TimerQueue timers{clock};
  FakeExecutor pool;
  testing::RecordingLogSink log;
  MetricRegistry registry;
};

}  // namespace tocsin::scrape
