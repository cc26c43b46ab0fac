// The dispatcher with its thread: real time, a network that answers when the test says so.
#include "receivers/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "receivers/native_alerts.h"
#include "tests/support/eventless_store.h"
#include "tests/support/fake_mail_client.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"
#include "tests/support/receiver_builders.h"

namespace tocsin::receivers {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using tocsin::testing::CpuUsageRule;
using tocsin::testing::FiringAlert;
using tocsin::testing::MemoryStateStore;
using tocsin::testing::NullLogSink;
using tocsin::testing::Resolved;

// Keeps requests until the test answers; some addresses answer at once.
class WaitingHttpClient final : public HttpClient {
 public:
  void Send(HttpClientRequest request, Done done) override {
    std::optional<int> status;
    {
      MutexLock lock(mu_);
      const auto fixed = statuses_.find(request.url);
      if (fixed != statuses_.end()) status = fixed->second;
      for (const auto& [name, value] : request.headers) {
        if (name == "Idempotency-Key") told_.push_back(request.url + " " + value);
      }
      if (!status) waiting_.push_back(done);
    }
    changed_.NotifyAll();
    if (status) done(Answer(*status));
  }

  void Cancel(const void* /*owner*/) override {}

  void AlwaysAnswer(const std::string& url, int status) {
    MutexLock lock(mu_);
    statuses_[url] = status;
  }
  // What was sent, once it is so much.
  std::vector<std::string> AwaitTold(std::size_t n) {
    MutexLock lock(mu_);
    while (told_.size() < n) changed_.Wait(mu_);
    return told_;
  }
  std::vector<std::string> told() {
    MutexLock lock(mu_);
    return told_;
  }
  void AnswerAll(int status) {
    std::vector<Done> waiting;
    {
      MutexLock lock(mu_);
      waiting.swap(waiting_);
    }
    for (const Done& done : waiting) done(Answer(status));
  }

 private:
  static HttpClientResult Answer(int status) {
    HttpClientResult result;
    result.response = HttpClientResponse{status, {}, ""};
    return result;
  }

  Mutex mu_;
  CondVar changed_;
  std::map<std::string, int> statuses_ GUARDED_BY(mu_);
  std::vector<std::string> told_ GUARDED_BY(mu_);
  std::vector<Done> waiting_ GUARDED_BY(mu_);
};

// A store whose reader can wait for what it is to hold, and that can hold up whoever writes.
class WatchedStore final : public tocsin::testing::EventlessStore {
 public:
  void Submit(WriteBatch batch, Committed committed) override {
    {
      MutexLock lock(mu_);
      ++writers_;
      changed_.NotifyAll();
      while (held_) changed_.Wait(mu_);
      --writers_;
    }
    store_.Submit(std::move(batch), std::move(committed));
    MutexLock lock(mu_);
    changed_.NotifyAll();
  }
  void Hold() {
    MutexLock lock(mu_);
    held_ = true;
  }
  void AwaitHeldWriter() {
    MutexLock lock(mu_);
    while (writers_ == 0) changed_.Wait(mu_);
  }
  void Release() {
    MutexLock lock(mu_);
    held_ = false;
    changed_.NotifyAll();
  }
  Result<std::vector<Row>> Scan(StateTable table) const override {
    if (broken) return Error{"the disk is gone"};
    return store_.Scan(table);
  }
  std::optional<std::string> Trouble() const override { return std::nullopt; }
  std::size_t Rows(StateTable table) const { return store_.Scan(table)->size(); }
  void AwaitRows(StateTable table, std::size_t n) {
    MutexLock lock(mu_);
    while (Rows(table) != n) changed_.Wait(mu_);
  }

  bool broken = false;

 private:
  MemoryStateStore store_;
  Mutex mu_;
  CondVar changed_;
  bool held_ GUARDED_BY(mu_) = false;
  int writers_ GUARDED_BY(mu_) = 0;
};

// The time of day, and who has asked for it.
class WatchedClock final : public Clock {
 public:
  Timestamp Now() const override {
    {
      MutexLock lock(mu_);
      asked_.insert(std::this_thread::get_id());
    }
    changed_.NotifyAll();
    return clock_.Now();
  }
  std::chrono::nanoseconds Monotonic() const override { return clock_.Monotonic(); }
  void AwaitQuestionOf(std::thread::id thread) const {
    MutexLock lock(mu_);
    while (!asked_.contains(thread)) changed_.Wait(mu_);
  }

 private:
  SystemClock clock_;
  mutable Mutex mu_;
  mutable CondVar changed_;
  mutable std::set<std::thread::id> asked_ GUARDED_BY(mu_);
};

// Everything a dispatcher needs and that outlives it.
class DispatcherTest : public ::testing::Test {
 protected:
  static constexpr char kA[] = "http://127.0.0.1:1/a";
  static constexpr char kB[] = "http://127.0.0.1:1/b";

  ~DispatcherTest() override {
    dispatcher_.reset();
    http_.AnswerAll(200);  // whoever still waits
  }

  // name -> url, the first one is the default.
  PipelineGraphPtr Receivers(const std::vector<std::pair<std::string, std::string>>& wanted) {
    std::vector<config::ReceiverSettings> settings;
    for (const auto& [name, url] : wanted) {
      config::ChannelSettings webhook;
      webhook.type = "webhook";
      webhook.webhook.url = Secret(url);
      settings.push_back({name, {webhook}, "test"});
    }
    return Build(settings);
  }
  PipelineGraphPtr Build(const std::vector<config::ReceiverSettings>& settings) {
    NativeTargets native;
    native.receivers = settings;
    native.default_receivers = {settings.front().name};
    const Result<PipelineGraphPtr> graph = BuildDefaultGraph(
        native, ChannelContext{http_, mail_, clock_, metrics_, console_, console_executor_});
    EXPECT_TRUE(graph.ok());
    return *graph;
  }
  Dispatcher& Make(const PipelineGraphPtr& graph) {
    options_.with_outbox = true;
    alerts_.emplace(metrics_);
    dispatcher_ = std::make_unique<Dispatcher>(
        options_, graph, *alerts_, silences_, store_, clock_, [] { return 0.0; },
        Logger(log_, "dispatcher"), metrics_);
    native_.emplace(*dispatcher_, "", metrics_);
    return *dispatcher_;
  }
  Dispatcher& Start(const PipelineGraphPtr& graph) {
    Make(graph);
    EXPECT_TRUE(dispatcher_->Restore().ok());
    dispatcher_->Start();
    return *dispatcher_;
  }
  // As the rule engine hands alerts over.
  void Offer(std::vector<AlertPtr> alerts) { native_->Accept(std::move(alerts)); }

  NullLogSink log_;
  WatchedClock clock_;
  MetricRegistry metrics_;
  WaitingHttpClient http_;
  testing::FakeMailClient mail_;
  WatchedStore store_;
  DispatcherOptions options_;
  ConsoleWriter console_ = [](std::string_view, Duration) { return Status(); };
  WorkerPool console_executor_{1, 16};
  Silences silences_{{}, store_, [] { return "s"; }};
  std::optional<AlertStore> alerts_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::optional<NativeAlerts> native_;
};

AlertPtr NumberedAlert(int number) {
  return FiringAlert(CpuUsageRule(), "e" + std::to_string(number), "web-" + std::to_string(number));
}

TEST_F(DispatcherTest, DeliversWhatAnyThreadHandsOver) {
  http_.AlwaysAnswer(kA, 200);
  Start(Receivers({{"ops", kA}}));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 50; ++i) Offer({NumberedAlert(t * 50 + i)});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(http_.AwaitTold(200).size(), 200U);
  store_.AwaitRows(StateTable::kOutbox, 0);
}

TEST_F(DispatcherTest, ShowsHowAnEpisodeWasAnnounced) {
  http_.AlwaysAnswer(kA, 200);
  Dispatcher& dispatcher = Start(Receivers({{"ops", kA}}));
  EXPECT_EQ(dispatcher.ForEpisode("e1"), std::nullopt);
  Offer({NumberedAlert(1)});
  http_.AwaitTold(1);
  store_.AwaitRows(StateTable::kOutbox, 0);
  dispatcher.Stop(seconds(60));
  ASSERT_TRUE(dispatcher.ForEpisode("e1").has_value());
  EXPECT_EQ(dispatcher.ForEpisode("e1")->notifications_sent, 1U);
  EXPECT_EQ(dispatcher.delivered_within_day(), 1U);
  EXPECT_EQ(dispatcher.outbox().pending, 0U);
  ASSERT_EQ(dispatcher.Receivers().size(), 1U);
  EXPECT_EQ(dispatcher.Receivers()[0].health, "healthy");
}

TEST_F(DispatcherTest, AHangingReceiverDelaysNoOther) {
  http_.AlwaysAnswer(kB, 200);
  Start(Receivers({{"hangs", kA}, {"works", kB}}));
  auto rule = CpuUsageRule();
  rule->notification_channels = {"hangs", "works"};
  for (int i = 0; i < 20; ++i) {
    const auto alert = FiringAlert(rule, "e" + std::to_string(i), "web-" + std::to_string(i));
    Offer({alert});
  }
  http_.AwaitTold(40);
  // The rows of the one that works are gone, those of the other wait.
  store_.AwaitRows(StateTable::kOutbox, 20);
}

TEST_F(DispatcherTest, AConsoleThatBlocksDelaysNoOther) {
  http_.AlwaysAnswer(kA, 200);
  Mutex mu;
  CondVar changed;
  bool released = false;
  console_ = [&](std::string_view, Duration) {
    MutexLock lock(mu);
    while (!released) changed.Wait(mu);
    return Status();
  };
  config::ChannelSettings console;
  console.type = "console";
  config::ChannelSettings webhook;
  webhook.type = "webhook";
  webhook.webhook.url = Secret(kA);
  Start(Build({{"both", {console, webhook}, "test"}}));
  for (int i = 0; i < 10; ++i) Offer({NumberedAlert(i)});
  http_.AwaitTold(10);
  store_.AwaitRows(StateTable::kOutbox, 10);
  {
    MutexLock lock(mu);
    released = true;
    changed.NotifyAll();
  }
  store_.AwaitRows(StateTable::kOutbox, 0);
}

TEST_F(DispatcherTest, StopsWhileAReceiverHangsAndKeepsItsMessage) {
  Dispatcher& dispatcher = Start(Receivers({{"ops", kA}}));
  Offer({NumberedAlert(1)});
  http_.AwaitTold(1);
  dispatcher.Stop(Duration(20));
  EXPECT_EQ(store_.Rows(StateTable::kOutbox), 1U);
}

TEST_F(DispatcherTest, LetsAnAttemptUnderWayEndWhenItStopsAndBeginsNoOther) {
  Dispatcher& dispatcher = Start(Receivers({{"ops", kA}}));
  Offer({NumberedAlert(1)});
  http_.AwaitTold(1);
  // The dispatcher's thread is held up until it must have been asked to stop.
  store_.Hold();
  Offer({NumberedAlert(2)});
  store_.AwaitHeldWriter();
  http_.AnswerAll(200);
  std::thread stopper([&dispatcher] { dispatcher.Stop(std::chrono::minutes(10)); });
  clock_.AwaitQuestionOf(stopper.get_id());
  store_.Release();
  stopper.join();
  EXPECT_EQ(dispatcher.ForEpisode("e1")->notifications_sent, 1U);
  EXPECT_EQ(http_.told().size(), 1U);
  EXPECT_EQ(store_.Rows(StateTable::kOutbox), 1U);  // that of the second
}

TEST_F(DispatcherTest, SurvivesAnAnswerThatComesAfterItsEnd) {
  Start(Receivers({{"ops", kA}}));
  Offer({NumberedAlert(1)});
  http_.AwaitTold(1);
  dispatcher_.reset();
  http_.AnswerAll(200);
  EXPECT_EQ(store_.Rows(StateTable::kOutbox), 1U);
}

TEST_F(DispatcherTest, MayBeStoppedTwiceAndTakesNothingAfterwards) {
  Dispatcher& dispatcher = Start(Receivers({{"ops", kA}}));
  dispatcher.Stop(seconds(60));
  dispatcher.Stop(seconds(60));
  Offer({NumberedAlert(1)});
  EXPECT_EQ(store_.Rows(StateTable::kOutbox), 0U);
}

TEST_F(DispatcherTest, MayEndWithoutHavingBeenStarted) {
  Make(Receivers({{"ops", kA}}));
  Offer({NumberedAlert(1)});
  dispatcher_.reset();
  EXPECT_THAT(http_.told(), IsEmpty());
}

TEST_F(DispatcherTest, RefusesAStoreThatCannotBeRead) {
  store_.broken = true;
  const Status status = Make(Receivers({{"ops", kA}})).Restore();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.message(), "the disk is gone");
  store_.broken = false;
}

TEST_F(DispatcherTest, SendsAfterARestartWhatWasUnderWayUnderTheSameKey) {
  Start(Receivers({{"ops", kA}}));
  Offer({NumberedAlert(1)});
  http_.AwaitTold(1);
  dispatcher_.reset();
  Dispatcher& next = Start(Receivers({{"ops", kA}}));
  Offer({NumberedAlert(1)});
  next.EngineRestored();
  EXPECT_THAT(http_.AwaitTold(2),
              ElementsAre(std::string(kA) + " e1-firing-1", std::string(kA) + " e1-firing-1"));
}

TEST_F(DispatcherTest, ForgetsWhatTheEngineDidNotOffer) {
  http_.AlwaysAnswer(kA, 503);
  Start(Receivers({{"ops", kA}}));
  Offer({NumberedAlert(1)});
  http_.AwaitTold(1);
  dispatcher_.reset();
  ASSERT_EQ(store_.Rows(StateTable::kOutbox), 1U);
  Start(Receivers({{"ops", kA}})).EngineRestored();
  store_.AwaitRows(StateTable::kOutbox, 0);
}

TEST_F(DispatcherTest, HearsOfTheAlertsThatWereOfferedBeforeItForgetsTheOthers) {
  http_.AlwaysAnswer(kA, 200);
  Start(Receivers({{"ops", kA}}));
  Offer({NumberedAlert(1)});
  http_.AwaitTold(1);
  store_.AwaitRows(StateTable::kOutbox, 0);
  dispatcher_.reset();
  Dispatcher& next = Make(Receivers({{"ops", kA}}));
  ASSERT_TRUE(next.Restore().ok());
  // Both wait when the thread starts.
  Offer({NumberedAlert(1)});
  next.EngineRestored();
  Offer({NumberedAlert(2)});
  next.Start();
  http_.AwaitTold(2);
  Offer({Resolved(*NumberedAlert(1))});
  EXPECT_EQ(http_.AwaitTold(3).back(), std::string(kA) + " e1-resolved-2");
}

TEST_F(DispatcherTest, SendsADeadLetterToTheNewAddress) {
  http_.AlwaysAnswer(kA, 404);
  http_.AlwaysAnswer(kB, 200);
  Dispatcher& dispatcher = Start(Receivers({{"ops", kA}}));
  Offer({NumberedAlert(1)});
  http_.AwaitTold(1);
  dispatcher.Apply(Receivers({{"ops", kB}}));
  EXPECT_THAT(http_.AwaitTold(2),
              ElementsAre(std::string(kA) + " e1-firing-1", std::string(kB) + " e1-firing-1"));
  store_.AwaitRows(StateTable::kOutbox, 0);
}

TEST_F(DispatcherTest, AnAlertDoesNotOvertakeTheReloadThatBroughtItsReceiver) {
  http_.AlwaysAnswer(kA, 200);
  http_.AlwaysAnswer(kB, 200);
  Dispatcher& dispatcher = Make(Receivers({{"old", kA}}));
  ASSERT_TRUE(dispatcher.Restore().ok());
  auto rule = CpuUsageRule();
  rule->notification_channels = {"old", "new"};
  // Both wait when the thread starts.
  dispatcher.Apply(Receivers({{"old", kA}, {"new", kB}}));
  Offer({FiringAlert(rule, "e1")});
  dispatcher.Start();
  EXPECT_THAT(http_.AwaitTold(2), UnorderedElementsAre(std::string(kA) + " e1-firing-1",
                                                       std::string(kB) + " e1-firing-1"));
}

TEST_F(DispatcherTest, IsNotStalledWhileNothingHasWaitedForLong) {
  Dispatcher& dispatcher = Make(Receivers({{"ops", kA}}));
  Offer({NumberedAlert(1)});  // waits, since the thread has not been started
  EXPECT_FALSE(dispatcher.stalled());
}

}  // namespace
}  // namespace tocsin::receivers
