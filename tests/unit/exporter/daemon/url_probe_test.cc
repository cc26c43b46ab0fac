// Another program's health: asked in turns, shown, and kept as series.
#include "exporter/daemon/url_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "base/number.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/null_log.h"
#include "tests/support/recording_sample_sink.h"

namespace tocsin::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A pool whose jobs run when the test says so.
class WaitingExecutor final : public Executor {
 public:
  bool TrySubmit(Job&& job) override {
    waiting.push_back(std::move(job));
    return true;
  }
  void RunAll() {
    while (!waiting.empty()) {
      const Job job = std::move(waiting.front());
      waiting.pop_front();
      job();
    }
  }
  std::deque<Job> waiting;
};

class UrlProbeTest : public ::testing::Test {
 protected:
  void Advance(Duration by) {
    clock_.Advance(by);
    timers_.RunDue();
    pool_.RunAll();
  }
  void Answer(int status) {
    http_.Answer(http_.sent() - 1, status);
    pool_.RunAll();
  }
  // Everything stored, as `a{x="1"} 2`, in the order it came.
  std::vector<std::string> Stored() const {
    std::vector<std::string> lines;
    for (const auto& appended : sink_.appended()) {
      lines.push_back(appended.labels.ToString() + " " + FormatFloat(appended.sample.value));
    }
    return lines;
  }

  testing::FakeClock clock_{FromUnixMillis(1'700'000'000'000)};
  TimerQueue timers_{clock_};
  WaitingExecutor pool_;
  testing::FakeHttpClient http_;
  testing::RecordingSampleSink sink_;
  testing::RecordingLogSink log_;
  UrlProbe probe_{"https://app.example.org:8443/health?deep=1",
                  http_,
                  sink_,
                  timers_,
                  pool_,
                  clock_,
                  Logger(log_, "probe")};
};

TEST_F(UrlProbeTest, WhatAnswersIsWellAndItsTimeIsKept) {
  EXPECT_EQ(probe_.status(), std::nullopt);
  probe_.Start();
  Advance(Duration(0));
  ASSERT_EQ(http_.sent(), 1U);
  EXPECT_EQ(http_.request(0).method, "GET");
  EXPECT_EQ(http_.request(0).url, "https://app.example.org:8443/health?deep=1");
  EXPECT_EQ(http_.request(0).timeout, UrlProbe::kTimeout);
  EXPECT_EQ(probe_.status(), std::nullopt);
  Answer(200);
  ASSERT_NE(probe_.status(), std::nullopt);
  EXPECT_EQ(probe_.status()->error, "");
  EXPECT_EQ(probe_.status()->at, clock_.Now());
  EXPECT_THAT(Stored(),
              ElementsAre(R"(app_health_status{instance="app.example.org:8443", job="app"} 1)",
                          R"(app_response_time{instance="app.example.org:8443", job="app"} 0)"));
  EXPECT_THAT(log_.lines(), IsEmpty());
}

TEST_F(UrlProbeTest, WhatAnswersWithAnErrorOrNotAtAllIsNotWell) {
  probe_.Start();
  Advance(Duration(0));
  Answer(503);
  EXPECT_EQ(probe_.status()->error, "HTTP status 503");
  EXPECT_THAT(Stored(), SizeIs(2));
  EXPECT_EQ(sink_.appended()[0].sample.value, 0);
  Advance(UrlProbe::kInterval);
  HttpClientFailure failure;
  failure.message = "connection refused";
  http_.Fail(1, failure);
  pool_.RunAll();
  EXPECT_EQ(probe_.status()->error, "connection refused");
  EXPECT_THAT(Stored(), SizeIs(3));                                      // no time of an answer
  EXPECT_THAT(log_.lines(), ElementsAre(HasSubstr("HTTP status 503")));  // said once
  Advance(UrlProbe::kInterval);
  Answer(302);
  EXPECT_EQ(probe_.status()->error, "");
  EXPECT_THAT(log_.lines(), ElementsAre(HasSubstr("not well"), HasSubstr("well again")));
}

TEST_F(UrlProbeTest, NobodyIsAskedAgainWhoHasNotAnswered) {
  probe_.Start();
  Advance(Duration(0));
  Advance(UrlProbe::kInterval);
  EXPECT_EQ(http_.sent(), 1U);
  Answer(200);
  Advance(UrlProbe::kInterval);
  EXPECT_EQ(http_.sent(), 2U);
}

TEST_F(UrlProbeTest, WhatComesAfterTheEndIsDropped) {
  probe_.Start();
  Advance(Duration(0));
  http_.Answer(0, 200);
  probe_.Stop();
  pool_.RunAll();
  EXPECT_THAT(Stored(), IsEmpty());
  Advance(UrlProbe::kInterval);
  EXPECT_EQ(http_.sent(), 1U);
}

}  // namespace
}  // namespace tocsin::daemon
