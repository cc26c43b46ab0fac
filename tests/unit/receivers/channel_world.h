// What a channel is made with, all of it the test's own: the network, the console, the clock.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "receivers/channels/channel.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/fake_mail_client.h"
#include "tests/support/receiver_builders.h"

namespace tocsin::receivers {

// Jobs wait until the test runs them.
class QueueExecutor final : public Executor {
 public:
  bool TrySubmit(Job&& job) override {
    if (full) return false;
    jobs.push_back(std::move(job));
    return true;
  }
  void RunOne() {
    const Job job = std::move(jobs.front());
    jobs.pop_front();
    job();
  }

  bool full = false;
  std::deque<Job> jobs;
};

struct ChannelWorld {
  struct Written {
    std::string text;
    Duration timeout{0};
  };

  ChannelContext Context() {
    return {http,
            mail,
            clock,
            metrics,
            [this](std::string_view text, Duration timeout) {
              written.push_back({std::string(text), timeout});
              return console_status;
            },
            executor,
            "host.test"};
  }
  // REQUIRES: the settings are sound.
  std::unique_ptr<Channel> Make(const config::ChannelSettings& settings) {
    Result<BuiltChannel> built = MakeChannel(settings, Context());
    EXPECT_TRUE(built.ok());
    return std::move(built->channel);
  }
  // One attempt at `alerts`; its outcome comes to `outcomes`.
  void Deliver(Channel& channel, std::vector<AlertPtr> alerts,
               NotificationStatus status = NotificationStatus::kFiring,
               std::uint32_t flush_number = 1) {
    Notification notification;
    notification.receiver = "ops";
    notification.group_labels = alerts.front()->labels;
    notification.group_key = RootGroupKey(notification.group_labels);
    notification.status = status;
    notification.dedup_key = alerts.front()->id;
    notification.alerts = std::move(alerts);
    notification.flush_number = flush_number;
    if (flush_number > 1) notification.reason = "repeat interval elapsed";
    if (status == NotificationStatus::kResolved) notification.reason = "all alerts resolved";
    notification.external_url = external_url;
    channel.Deliver(notification, std::chrono::seconds(10),
                    [this](Outcome outcome) { outcomes.push_back(std::move(outcome)); });
  }

  std::string external_url = "http://tocsin:9095";
  testing::FakeClock clock{testing::FiredAt()};
  testing::FakeHttpClient http;
  testing::FakeMailClient mail;
  MetricRegistry metrics;
  QueueExecutor executor;
  Status console_status;
  std::vector<Written> written;
  std::vector<Outcome> outcomes;
};

// "POST http://jira/rest/api/2/search"
inline std::string Line(const HttpClientRequest& request) {
  return request.method + " " + request.url;
}

}  // namespace tocsin::receivers
