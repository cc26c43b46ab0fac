// The live stream over a real book and state machine, without a server: a writer notes what a
// client is sent.
#include "exporter/api/stream_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "exporter/api/alert_command.h"
#include "tests/support/evaluator_builders.h"
#include "tests/support/null_log.h"
#include "tests/support/posted_alert_builders.h"
#include "tests/unit/exporter/api/api_world.h"

namespace tocsin::api {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class NotingWriter final : public http::StreamWriter {
 public:
  void Send(http::StreamText text, Weight /*weight*/) override { texts.push_back(*text); }
  std::size_t waiting_bytes() const override { return waiting; }
  void Close(http::CloseCode code, std::string_view /*reason*/) override { closed = code; }

  json Last() const { return json::parse(texts.back()); }
  std::vector<std::string> types() const {
    std::vector<std::string> all;
    for (const std::string& text : texts) all.push_back(json::parse(text).at("type"));
    return all;
  }

  std::vector<std::string> texts;
  std::size_t waiting = 0;
  std::optional<http::CloseCode> closed;
};

class InlineExecutor final : public Executor {
 public:
  bool TrySubmit(Job&& job) override {
    jobs.push_back(std::move(job));
    return true;
  }
  std::deque<Job> jobs;
};

class NullSink final : public SampleSink {
 public:
  AppendReport Append(const SampleBatch& /*batch*/, Timestamp /*now*/) override { return {}; }
};

class LiveStream : public ::testing::Test {
 protected:
  // Events come when the test commits them, if not at once.
  explicit LiveStream(bool commit_at_once = true, StreamHubOptions options = {})
      : options_(options), world_({testing::CpuRule()}, commit_at_once) {
    EXPECT_TRUE(audit_.Restore().ok());
    world_.store.ListenToEvents([this](std::span<const Event> events) { hub_.TakeEvents(events); });
  }

  // What was posted has happened when this returns; false where there was nothing.
  bool RunPosted() {
    std::deque<std::function<void()>> posted;
    {
      MutexLock lock(mu_);
      posted.swap(posted_);
    }
    for (const auto& run : posted) run();
    return !posted.empty();
  }
  // What was posted, submitted and asked of the engine has happened when this returns.
  void Settle() {
    while (true) {
      if (RunPosted()) continue;
      if (!executor_.jobs.empty()) {
        const Executor::Job job = std::move(executor_.jobs.front());
        executor_.jobs.pop_front();
        job();
        continue;
      }
      world_.Advance(Duration(0));
      if (!RunPosted() && executor_.jobs.empty()) return;
    }
  }
  http::StreamOffer Offer(const std::string& pattern, http::Request request) {
    for (const http::Route& route : api_.Routes()) {
      if (route.pattern == "/alerting" + pattern) return route.open(request);
    }
    ADD_FAILURE() << "no route " << pattern;
    return {};
  }
  struct Client {
    ~Client() {
      if (stream != nullptr) stream->Closed();
    }
    NotingWriter writer;
    std::unique_ptr<http::Stream> stream;
    void Say(const json& message) { stream->Received(message.dump()); }
  };
  std::unique_ptr<Client> Open(const std::string& pattern, http::Request request,
                               bool settle = true) {
    auto client = std::make_unique<Client>();
    http::StreamOffer offer = Offer(pattern, std::move(request));
    EXPECT_NE(offer.stream, nullptr) << offer.response.body;
    client->stream = std::move(offer.stream);
    client->stream->Opened(client->writer);
    if (settle) Settle();
    return client;
  }
  std::unique_ptr<Client> WebSocket(const std::string& query = "", bool settle = true) {
    http::Request request;
    request.query = query;
    request.captures = {"demo"};
    request.actor = actor_;
    request.remote_address = "192.0.2.7";
    return Open("/ws/{client_id}", request, settle);
  }
  std::unique_ptr<Client> Events(const std::string& query = "", const std::string& last_id = "") {
    http::Request request;
    request.query = query;
    request.actor = actor_;
    if (!last_id.empty()) request.headers = {{"Last-Event-ID", last_id}};
    return Open("/events/stream", request);
  }
  void Submit(const std::string& host, double value) {
    world_.Submit(host, value);
    Settle();
  }
  void Tick(Duration by) {
    world_.clock.Advance(by);
    api_.Tick(world_.clock.Now());
    Settle();
  }

  // A key in force, whose holder opens the next streams.
  security::ApiKey Hold(Scopes scopes, std::optional<Timestamp> expires_at = std::nullopt) {
    const security::MadeKey made =
        security::MakeKey({"anna", scopes, "test", expires_at}, world_.clock.Now());
    keys_.Add(made.key, [](const Status&) {});
    keys_.Refresh();
    actor_ = {made.key.id, made.key.name};
    return made.key;
  }
  // The newest entry of the audit log.
  json Audited() const {
    const auto newest = audit_.Newest(std::nullopt, 1);
    return newest.ok() && !newest->empty() ? json::parse(newest->front()) : json();
  }

  const StreamHubOptions options_;
  Mutex mu_;
  std::deque<std::function<void()>> posted_ GUARDED_BY(mu_);
  InlineExecutor executor_;
  http::Actor actor_;  // of whoever opens a stream next, as the guard finds it
  NullSink sink_;
  MetricRegistry registry_;
  ApiWorld world_;
  testing::NullLogSink log_;
  security::AuditLog audit_{world_.store, world_.clock, Logger(log_, "audit"), registry_};
  security::KeyRing keys_{world_.store, audit_, world_.clock, Logger(log_, "keys")};
  security::RateLimiter limits_{world_.clock};
  security::AccessGuard guard_{keys_, limits_, audit_, world_.clock, registry_};
  SampleTap samples_{sink_, registry_};
  StreamHub hub_{world_.store,
                 [this](std::function<void()> run) {
                   MutexLock lock(mu_);
                   posted_.push_back(std::move(run));
                 },
                 executor_, options_};
  AlertingSources commands_ = world_.Sources();
  AlertingApi api_of_requests_{commands_};
  std::function<void()> while_writing_;  // once, when the next alert is written
  AlertSnapshots snapshots_{
      hub_, world_.store, commands_.alerts,
      [this](const KnownAlert& alert) {
        if (const auto happen = std::exchange(while_writing_, nullptr)) happen();
        return api_of_requests_.Shown(alert).Finish();
      },
      [this](std::function<void()> done) { commands_.engine.WhenNumbered(std::move(done)); }};
  StreamApi api_{
      {hub_, snapshots_, samples_, world_.store, world_.clock, world_.book, guard_,
       [this](const std::string& id, const AcknowledgeCommand& command,
              const StreamSources::Done& done) { commands_.engine.Acknowledge(id, command, done); },
       [this](const std::string& id, const std::string& actor, const std::string& note,
              const StreamSources::Done& done) {
         commands_.engine.Resolve(id, actor, note, done);
       }},
      {}};
};

TEST_F(LiveStream, BeginsWithTheActiveAlerts) {
  const auto early = WebSocket();
  EXPECT_THAT(early->writer.texts, ElementsAre(R"({"type":"initial_alerts","seq":0,"alerts":[]})"));
  Submit("a", 95);
  const auto later = WebSocket();
  const json first = json::parse(later->writer.texts.at(0));
  EXPECT_EQ(first.at("type"), "initial_alerts");
  EXPECT_EQ(first.at("seq"), 1);
  ASSERT_THAT(first.at("alerts"), SizeIs(1));
  EXPECT_EQ(first.at("alerts").at(0), world_.AlertOf("a"));
  EXPECT_THAT(later->writer.texts, SizeIs(1));
}

TEST_F(LiveStream, TellsWhatHappensToAlerts) {
  const auto one = WebSocket();
  const auto same = WebSocket();  // of the same id
  Submit("a", 95);
  const std::string id = world_.IdOf("a");
  world_.Post("/alerts/" + id + "/acknowledge");
  Settle();
  Submit("a", 1);
  for (const auto* client : {&one, &same}) {
    const NotingWriter& writer = (*client)->writer;
    EXPECT_THAT(writer.types(),
                ElementsAre("initial_alerts", "new_alert", "alert_acknowledged", "alert_resolved"));
    for (int n = 1; n <= 3; ++n) {
      const json message = json::parse(writer.texts.at(static_cast<std::size_t>(n)));
      EXPECT_EQ(message.at("seq"), n);
      EXPECT_EQ(message.at("alert").at("id"), id);
      EXPECT_EQ(message.at("alert").at("rule_name"), "High CPU");
      EXPECT_TRUE(message.at("alert").contains("severity"));
    }
    EXPECT_EQ(writer.Last().at("alert").at("status"), "resolved");
  }
}

TEST_F(LiveStream, ReplaysWhatWasMissed) {
  Submit("a", 95);  // 1
  Submit("b", 95);  // 2
  Submit("a", 1);   // 3
  const auto client = WebSocket("since=1");
  EXPECT_THAT(client->writer.types(),
              ElementsAre("initial_alerts", "new_alert", "alert_resolved", "live"));
  const json first = json::parse(client->writer.texts.at(0));
  EXPECT_EQ(first.at("seq"), 1);  // where it goes on, should it lose the connection again
  EXPECT_EQ(first.at("as_of"), 3);
  ASSERT_THAT(first.at("alerts"), SizeIs(1));
  EXPECT_EQ(first.at("alerts").at(0), world_.AlertOf("b"));
  EXPECT_EQ(json::parse(client->writer.texts.at(1)).at("seq"), 2);
  EXPECT_EQ(client->writer.texts.at(3), R"({"type":"live","seq":3})");
  Submit("c", 95);
  EXPECT_EQ(client->writer.Last().at("seq"), 4);
}

TEST_F(LiveStream, ResetsAClientThatIsAheadOrTooFarBehind) {
  Submit("a", 95);
  const auto ahead = WebSocket("since=7");
  EXPECT_THAT(ahead->writer.types(), ElementsAre("initial_alerts", "reset"));
  EXPECT_EQ(ahead->writer.Last().at("seq"), 1);
  Submit("a", 1);
  Submit("a", 95);
  world_.store.PruneEvents(Timestamp(), 1);
  const auto behind = WebSocket("since=1");
  EXPECT_THAT(behind->writer.types(), ElementsAre("initial_alerts", "reset"));
  EXPECT_EQ(behind->writer.Last().at("seq"), 3);
}

TEST_F(LiveStream, RefusesABadClientIdAndABadNumber) {
  for (const std::string& id : {std::string(), std::string("a b"), std::string("a/b"),
                                std::string("\xc3\xa9"), std::string(129, 'x')}) {
    http::Request request;
    request.captures = {id};
    EXPECT_EQ(Offer("/ws/{client_id}", request).response.status, 422) << id;
  }
  http::Request request;
  request.captures = {std::string(128, 'x')};
  EXPECT_NE(Offer("/ws/{client_id}", request).stream, nullptr);
  request.captures = {"Az09._:@-"};
  EXPECT_NE(Offer("/ws/{client_id}", request).stream, nullptr);
  request.query = "since=soon";
  EXPECT_EQ(Offer("/ws/{client_id}", request).response.status, 422);
  request.captures.clear();
  EXPECT_EQ(Offer("/events/stream", request).response.status, 422);
  request.query = "type=ALERT";
  EXPECT_EQ(Offer("/events/stream", request).response.status, 422);
}

TEST_F(LiveStream, AnswersPingsEachInItsWay) {
  const auto client = WebSocket();
  client->stream->Received("ping");
  EXPECT_EQ(client->writer.texts.back(), "pong");
  client->stream->Received(R"({"type":"ping"})");
  EXPECT_EQ(client->writer.texts.back(), R"({"type":"pong"})");
  client->stream->Received("anything else");
  EXPECT_THAT(client->writer.texts, SizeIs(3));
}

TEST_F(LiveStream, SendsASnapshotEveryThirtySeconds) {
  const auto client = WebSocket();
  Submit("a", 95);
  Tick(std::chrono::seconds(29));
  EXPECT_THAT(client->writer.types(), ElementsAre("initial_alerts", "new_alert"));
  Tick(std::chrono::seconds(1));
  const json update = client->writer.Last();
  EXPECT_EQ(update.at("type"), "alert_update");
  EXPECT_EQ(update.at("timestamp"), FormatRfc3339(world_.clock.Now()));
  EXPECT_THAT(update.at("alerts"), SizeIs(1));
  Tick(std::chrono::seconds(29));
  EXPECT_THAT(client->writer.texts, SizeIs(3));
  client->writer.waiting = 1 << 20;  // it has not even taken what came before
  Tick(std::chrono::seconds(1));
  EXPECT_THAT(client->writer.texts, SizeIs(3));
}

// ---- alerts that senders post

class LiveStreamOfPosted : public LiveStream {
 protected:
  LiveStreamOfPosted() {
    EXPECT_TRUE(world_.alerts.Restore(world_.store, Logger(log_, "alerts")).ok());
  }

  static Labels Disk() {
    return Labels{{"alertname", "DiskFull"}, {"severity", "page"}, {"host", "db"}};
  }
  receivers::PostedAlert Disk(Duration lasts) const {
    const Timestamp now = world_.clock.Now();
    receivers::PostedAlert alert = testing::Posted(Disk(), now, now + lasts, now);
    alert.annotations = {{"description", "it is full"}};
    alert.generator_url = "http://prometheus/graph";
    return alert;
  }
  // As its sender says now.
  void Post(Duration lasts) {
    world_.alerts.Put({Disk(lasts)});
    Settle();
  }
  void RecordEnds() {
    world_.alerts.RecordEnds(world_.clock.Now());
    world_.posted_acknowledgements().RecordEnds(world_.clock.Now());
    Settle();
  }
  // As GET /alerts has them.
  json Listed() { return Parsed(world_.Get("/alerts", "")); }
};

TEST_F(LiveStreamOfPosted, ItsBeginningAndEndAreToldAndItStandsInLists) {
  const auto early = WebSocket();
  Post(std::chrono::minutes(5));
  ASSERT_EQ(early->writer.Last().at("type"), "new_alert");
  EXPECT_EQ(early->writer.Last().at("seq"), 1);
  EXPECT_EQ(early->writer.Last().at("alert"), Listed().at(0));
  EXPECT_EQ(early->writer.Last().at("alert").at("rule_name"), "DiskFull");
  EXPECT_EQ(early->writer.Last().at("alert").at("description"), "it is full");
  EXPECT_TRUE(early->writer.Last().at("alert").at("rule_id").is_null());

  Submit("a", 95);
  const auto later = WebSocket();
  EXPECT_EQ(later->writer.Last().at("type"), "initial_alerts");
  EXPECT_EQ(later->writer.Last().at("alerts"), Listed());
  EXPECT_THAT(later->writer.Last().at("alerts"), SizeIs(2));
  Tick(std::chrono::seconds(30));
  EXPECT_EQ(early->writer.Last().at("type"), "alert_update");
  EXPECT_EQ(early->writer.Last().at("alerts"), Listed());

  Post(Duration(0));
  for (const auto* client : {&early, &later}) {
    const json last = (*client)->writer.Last();
    EXPECT_EQ(last.at("type"), "alert_resolved");
    EXPECT_EQ(last.at("seq"), 3);
    EXPECT_EQ(last.at("alert").at("status"), "resolved");
    EXPECT_EQ(last.at("alert").at("resolved_reason"), "recovered");
    EXPECT_EQ(last.at("alert").at("resolved_at"), FormatRfc3339(world_.clock.Now()));
  }
}

TEST_F(LiveStreamOfPosted, ThatItsSenderFallsSilentIsToldOnce) {
  Post(std::chrono::minutes(5));
  const auto client = WebSocket();
  world_.clock.Advance(std::chrono::minutes(5));
  RecordEnds();
  RecordEnds();
  EXPECT_THAT(client->writer.types(), ElementsAre("initial_alerts", "alert_resolved"));
  EXPECT_EQ(client->writer.Last().at("alert").at("resolved_reason"), "expired");
  EXPECT_THAT(WebSocket()->writer.Last().at("alerts"), IsEmpty());
  // It comes back, and is another episode.
  Post(std::chrono::minutes(5));
  EXPECT_EQ(client->writer.Last().at("type"), "new_alert");
  EXPECT_EQ(client->writer.Last().at("alert").at("id"), Listed().at(0).at("id"));
}

TEST_F(LiveStreamOfPosted, WhoAcknowledgesItAndTakesThatBackIsTold) {
  const auto client = WebSocket();
  Post(std::chrono::hours(5));
  const std::string id = Listed().at(0).at("id");
  const auto acknowledge = [&](const std::string& body) {
    ASSERT_EQ(world_.Post("/alerts/" + id + "/acknowledge", body).status, 200);
    Settle();
  };
  acknowledge(R"({"actor":"anna","note":"on it","expires_in":60})");
  const json told = client->writer.Last();
  EXPECT_EQ(told.at("type"), "alert_acknowledged");
  EXPECT_EQ(told.at("alert"), Parsed(world_.Get("/alerts", "status=acknowledged")).at(0));
  EXPECT_EQ(told.at("alert").at("acknowledged_by"), "anna");
  EXPECT_EQ(told.at("alert").at("description"), "it is full");
  EXPECT_THAT(WebSocket()->writer.Last().at("alerts"), IsEmpty());
  world_.clock.Advance(std::chrono::minutes(1));
  RecordEnds();
  EXPECT_EQ(client->writer.Last().at("type"), "new_alert");
  EXPECT_EQ(client->writer.Last().at("alert"), Listed().at(0));
  acknowledge("{}");
  world_.posted_acknowledgements().End(id, "bert", world_.clock.Now(), nullptr);
  Settle();
  EXPECT_EQ(client->writer.Last().at("type"), "new_alert");
  EXPECT_EQ(WebSocket()->writer.Last().at("alerts"), Listed());
}

TEST_F(LiveStreamOfPosted, AnAcknowledgementTakenBackJustWhenItEndsBringsNothingBack) {
  Post(std::chrono::hours(5));
  const std::string id = Listed().at(0).at("id");
  ASSERT_EQ(world_.Post("/alerts/" + id + "/acknowledge", "{}").status, 200);
  const auto client = WebSocket();
  world_.clock.Advance(std::chrono::seconds(1));
  Post(Duration(0));  // the dispatcher has not heard of that yet
  commands_.acknowledgements.End(id, "bert");
  Settle();
  EXPECT_THAT(client->writer.types(), ElementsAre("initial_alerts", "alert_resolved"));
  EXPECT_THAT(WebSocket()->writer.Last().at("alerts"), IsEmpty());
}

TEST_F(LiveStreamOfPosted, ASubscriptionToRulesLeavesItOutAndOneToItsSeverityDoesNot) {
  const auto of_rule = WebSocket();
  of_rule->Say({{"type", "subscribe"}, {"rule_ids", {"r1"}}});
  const auto of_severity = WebSocket();
  of_severity->Say({{"type", "subscribe"}, {"severities", {"high"}}});
  Post(std::chrono::minutes(5));
  EXPECT_EQ(of_rule->writer.Last().at("type"), "ok");
  EXPECT_EQ(of_severity->writer.Last().at("type"), "new_alert");
  Tick(std::chrono::seconds(30));
  EXPECT_THAT(of_rule->writer.Last().at("alerts"), IsEmpty());
  EXPECT_THAT(of_severity->writer.Last().at("alerts"), SizeIs(1));
}

TEST_F(LiveStreamOfPosted, WhatWasMissedIsReplayedAlsoOfOneThatIsForgotten) {
  Post(std::chrono::minutes(5));
  const json began = Listed().at(0);
  world_.clock.Advance(std::chrono::seconds(1));
  Post(Duration(0));
  world_.alerts.ForgetEndedBy(world_.clock.Now());
  const auto client = WebSocket("since=0");
  ASSERT_THAT(client->writer.types(),
              ElementsAre("initial_alerts", "new_alert", "alert_resolved", "live"));
  EXPECT_EQ(json::parse(client->writer.texts.at(1)).at("alert"), began);
}

TEST_F(LiveStreamOfPosted, AnEventStreamThatMustStartOverGetsItToo) {
  Post(std::chrono::minutes(5));
  const auto client = Events("since=9");
  EXPECT_THAT(client->writer.texts.at(1), ::testing::HasSubstr("\"DiskFull\""));
}

// The numbers of the messages that have one, in their order.
std::vector<std::uint64_t> Numbers(const NotingWriter& writer) {
  std::vector<std::uint64_t> numbers;
  for (const std::string& text : writer.texts) {
    if (const json message = json::parse(text); message.contains("seq")) {
      numbers.push_back(message.at("seq"));
    }
  }
  return numbers;
}

// An event was told early and then again: it was a snapshot with the newest number, sent to a
// client that was still being told of earlier ones. Had that client come back with the number, it
// would have missed what lies between.
TEST_F(LiveStream, NoSnapshotOvertakesEventsThatItsClientIsYetToBeTold) {
  for (int turn = 0; turn < 125; ++turn) {  // 250 events: more than one page of the history
    world_.Submit("a", 95);
    world_.Submit("a", 1);
  }
  const auto client = WebSocket("since=1", /*settle=*/false);
  Tick(std::chrono::seconds(30));
  std::vector<std::uint64_t> expected = {1};  // goes on from there
  for (std::uint64_t n = 2; n <= 250; ++n) expected.push_back(n);
  expected.push_back(250);  // live
  EXPECT_EQ(Numbers(client->writer), expected);
  Tick(std::chrono::seconds(30));
  expected.push_back(250);
  EXPECT_EQ(Numbers(client->writer), expected);
  EXPECT_EQ(client->writer.Last().at("type"), "alert_update");
}

TEST_F(LiveStream, NoEventOvertakesASnapshotThatDoesNotShowIt) {
  const auto client = WebSocket();
  Submit("a", 95);
  while_writing_ = [this] { world_.Submit("b", 95); };
  Tick(std::chrono::seconds(30));
  EXPECT_THAT(client->writer.types(),
              ElementsAre("initial_alerts", "new_alert", "alert_update", "new_alert"));
  EXPECT_THAT(Numbers(client->writer), ElementsAre(0, 1, 1, 2));
  EXPECT_THAT(json::parse(client->writer.texts.at(2)).at("alerts"), SizeIs(1));
}

class LiveStreamOverASlowDisk : public LiveStream {
 protected:
  LiveStreamOverASlowDisk() : LiveStream(/*commit_at_once=*/false) {}
  void Commit() {
    world_.store.CommitAll();
    Settle();
  }
};

// It was told twice: by the snapshot, because it was in the book, and as an event.
TEST_F(LiveStreamOverASlowDisk, AnAlertWhoseEventHasNoNumberYetIsToldOnce) {
  Submit("a", 95);
  const auto client = WebSocket();
  Commit();
  Commit();
  EXPECT_THAT(client->writer.types(), ElementsAre("initial_alerts"));
  EXPECT_EQ(client->writer.Last().at("seq"), 1);
  EXPECT_THAT(client->writer.Last().at("alerts"), SizeIs(1));
  Submit("a", 1);
  Commit();
  EXPECT_THAT(client->writer.types(), ElementsAre("initial_alerts", "alert_resolved"));
}

TEST_F(LiveStreamOverASlowDisk, ADiskThatRefusesHoldsNobodyUp) {
  Submit("a", 95);
  const auto client = WebSocket();
  EXPECT_THAT(client->writer.texts, IsEmpty());
  world_.store.FailAll("disk full");
  Settle();
  EXPECT_THAT(client->writer.types(), ElementsAre("initial_alerts"));
  EXPECT_THAT(client->writer.Last().at("alerts"), SizeIs(1));
}

class LiveStreamWithAnInboxOfOne : public LiveStream {
 protected:
  LiveStreamWithAnInboxOfOne() : LiveStream(/*commit_at_once=*/true, {.max_inbox = 1}) {}
};

// What happens while it is made does not fit into memory, and cannot be read.
TEST_F(LiveStreamWithAnInboxOfOne, ASnapshotThatCannotReadWhatItMissedIsMadeAnew) {
  const auto client = WebSocket("", /*settle=*/false);
  world_.store.FailReadingEvents("the disk is gone");
  world_.Submit("a", 95);
  world_.Submit("b", 95);
  Settle();
  EXPECT_EQ(world_.store.readings_failed(), 1U);
  ASSERT_THAT(client->writer.types(), ElementsAre("initial_alerts"));
  EXPECT_EQ(client->writer.Last().at("seq"), 2);
  EXPECT_THAT(client->writer.Last().at("alerts"), SizeIs(2));
  EXPECT_EQ(client->writer.closed, std::nullopt);
  // It goes on from there.
  Submit("a", 1);
  EXPECT_EQ(client->writer.Last().at("type"), "alert_resolved");
  EXPECT_EQ(client->writer.Last().at("seq"), 3);
  EXPECT_EQ(world_.store.readings_failed(), 1U);
}

// What a client knows that begins with a snapshot and lays over it what comes.
class Knowledge {
 public:
  // What was recorded.
  explicit Knowledge(std::vector<Event> events) : events_(std::move(events)) {}

  // Complains of what contradicts what is known.
  void Learn(const json& message) {
    const std::string type = message.at("type");
    const std::uint64_t number = message.at("seq");
    if (message.contains("alerts")) {
      std::set<std::string> shown;
      for (const json& alert : message.at("alerts")) shown.insert(alert.at("id"));
      if (type == "alert_update") {
        EXPECT_EQ(number, last_);
        EXPECT_EQ(shown, active_) << message;
      }
      active_ = shown;
    } else {
      EXPECT_EQ(number, last_ + 1) << message;
      const std::string id = message.at("alert").at("id");
      if (type == "new_alert") {
        EXPECT_TRUE(active_.insert(id).second) << "told twice: " << message;
      } else if (active_.erase(id) == 0) {
        EXPECT_EQ(type, "alert_resolved");
        EXPECT_TRUE(WasAcknowledged(id, number)) << "not known: " << message;
      }
    }
    last_ = number;
  }
  const std::set<std::string>& active() const { return active_; }

 private:
  bool WasAcknowledged(const std::string& id, std::uint64_t before) const {
    return std::any_of(events_.begin(), events_.end(), [&](const Event& event) {
      return event.sequence < before && event.alert_id == id && event.type == "alert.acknowledged";
    });
  }

  const std::vector<Event> events_;
  std::uint64_t last_ = 0;
  std::set<std::string> active_;
};

class LiveStreamAtRandom : public LiveStreamOverASlowDisk {
 protected:
  LiveStreamAtRandom() {
    EXPECT_TRUE(world_.alerts.Restore(world_.store, Logger(log_, "alerts")).ok());
  }

  void RunAJob() {
    if (executor_.jobs.empty()) return;
    const Executor::Job job = std::move(executor_.jobs.front());
    executor_.jobs.pop_front();
    job();
  }
  void Post(const std::string& host, Duration lasts) {
    const Timestamp now = world_.clock.Now();
    const Labels labels{{"alertname", "P"}, {"host", host}};
    const auto stored = world_.alerts.Put({testing::Posted(labels, now, now + lasts, now)});
    world_.posted_acknowledgements().Observe(stored, now);  // as the dispatcher does
  }
  // Or takes back that one is, or lets it be forgotten soon, or for the next episode too.
  void AcknowledgeAPosted(std::mt19937& random) {
    const Timestamp now = world_.clock.Now();
    auto& acknowledgements = world_.posted_acknowledgements();
    const auto all = world_.alerts.All();
    if (all.empty()) return;
    const receivers::PostedAlert& alert = *all[random() % all.size()];
    if (random() % 3 == 0) {
      world_.alerts.RecordEnds(now);  // as whoever takes it back does
      acknowledgements.End(receivers::EpisodeId(alert), "bert", now, nullptr);
      return;
    }
    if (alert.ResolvedAt(now)) return;
    AcknowledgeCommand command{"anna", ""};
    if (random() % 2 == 0) command.lasts = std::chrono::seconds(10);
    if (random() % 2 == 0) command.survives = std::chrono::minutes(1);
    acknowledgements.Acknowledge(alert, command, now, nullptr);
  }
  void RecordEnds() {
    world_.alerts.RecordEnds(world_.clock.Now());
    world_.posted_acknowledgements().RecordEnds(world_.clock.Now());
  }
  void Step(std::mt19937& random) {
    const std::string host = std::to_string(random() % 4);
    switch (random() % 11) {
      case 0:
      case 1:
        return world_.Submit(host, random() % 2 == 0 ? 95 : 1);
      case 2:
        return world_.store.CommitAll();
      case 3:
      case 4:
        static_cast<void>(RunPosted());
        return;
      case 5:
      case 6:
        return RunAJob();
      case 7:
        return Post(host, std::chrono::seconds(random() % 3 * 15));
      case 8:
        return AcknowledgeAPosted(random);
      case 9:
        return RecordEnds();
      default:
        world_.clock.Advance(std::chrono::seconds(10));
        return api_.Tick(world_.clock.Now());
    }
  }
};

TEST_F(LiveStreamAtRandom, NothingIsToldTwiceOrLeftOutWhateverTheOrderOfThings) {
  std::mt19937 random(5);
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    for (unsigned steps = random() % 10; steps > 0; --steps) Step(random);
    const auto client = WebSocket("", /*settle=*/false);
    for (int step = 0; step < 80; ++step) Step(random);
    RecordEnds();
    world_.store.CommitAll();
    Settle();
    Commit();
    Knowledge knowledge(world_.store.events());
    for (const std::string& text : client->writer.texts) knowledge.Learn(json::parse(text));
    std::set<std::string> active;
    for (const KnownAlert& alert : commands_.alerts.List({AlertState::kFiring})) {
      active.insert(alert.id());
    }
    EXPECT_EQ(knowledge.active(), active);
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(LiveStream, WhatAClientSaysBeforeItIsToldAnythingWaits) {
  const auto client = WebSocket("", /*settle=*/false);
  client->stream->Received("ping");
  Settle();
  ASSERT_THAT(client->writer.texts, SizeIs(2));
  EXPECT_EQ(json::parse(client->writer.texts[0]).at("type"), "initial_alerts");
  EXPECT_EQ(client->writer.texts[1], "pong");
}

TEST_F(LiveStream, TakesCommandsAndAnswersThem) {
  const auto client = WebSocket();
  Submit("a", 95);
  const std::string id = world_.IdOf("a");
  client->Say({{"type", "acknowledge"}, {"alert_id", id}, {"note", "mine"}, {"request_id", "r1"}});
  Settle();
  world_.Advance(Duration(0));  // the engine has done what it was asked
  Settle();
  EXPECT_THAT(client->writer.texts, Contains(R"({"type":"ok","request_id":"r1"})"));
  EXPECT_EQ(world_.AlertOf("a").at("acknowledged_by"), "demo");
  EXPECT_EQ(world_.AlertOf("a").at("acknowledge_note"), "mine");
}

TEST_F(LiveStream, RefusesCommandsOfThoseWhoMayNotOperate) {
  Hold({Scope::kRead});
  const auto client = WebSocket();
  client->Say({{"type", "resolve"}, {"alert_id", "x"}, {"request_id", 5}});
  EXPECT_EQ(client->writer.texts.back(),
            R"({"type":"error","detail":"Not permitted","request_id":5})");
  const json entry = Audited();
  EXPECT_EQ(entry.at("action"), "access.refused");
  EXPECT_EQ(entry.at("target"), "WebSocket resolve");
  EXPECT_EQ(entry.at("actor"), "anna");
  EXPECT_EQ(entry.at("from"), "192.0.2.7");
}

TEST_F(LiveStream, WhatIsDoneOverASocketStandsInTheAuditLogAsOverHttp) {
  const security::ApiKey key = Hold({Scope::kOperate});
  const auto client = WebSocket();
  Submit("a", 95);
  const std::string id = world_.IdOf("a");
  client->Say({{"type", "acknowledge"}, {"alert_id", id}, {"note", "mine"}});
  Settle();
  world_.Advance(Duration(0));
  Settle();
  EXPECT_EQ(world_.AlertOf("a").at("acknowledged_by"), "anna");
  const json entry = Audited();
  EXPECT_EQ(entry.at("action"), "alert.acknowledge");
  EXPECT_EQ(entry.at("target"), id);
  EXPECT_EQ(entry.at("key_id"), key.id);
  EXPECT_EQ(entry.at("actor"), "anna");
  EXPECT_EQ(entry.at("from"), "192.0.2.7");
  EXPECT_EQ(entry.at("before").at("status"), "active");
  EXPECT_EQ(entry.at("after").at("note"), "mine");
  // What was not done does not.
  client->Say({{"type", "resolve"}, {"alert_id", "nonsense"}});
  Settle();
  world_.Advance(Duration(0));
  Settle();
  EXPECT_EQ(client->writer.Last().at("detail"), "Alert not found");
  EXPECT_EQ(Audited().at("action"), "alert.acknowledge");
}

TEST_F(LiveStream, EndsWhenItsKeyEnds) {
  Hold({Scope::kRead}, world_.clock.Now() + std::chrono::minutes(1));
  const auto short_lived = Events();
  const security::ApiKey key = Hold({Scope::kRead});
  const auto socket = WebSocket();
  const auto events = Events();
  Tick(std::chrono::seconds(59));
  EXPECT_EQ(short_lived->writer.closed, std::nullopt);
  Tick(std::chrono::seconds(1));
  EXPECT_EQ(short_lived->writer.closed, http::CloseCode::kPolicyViolation);
  EXPECT_EQ(socket->writer.closed, std::nullopt);
  keys_.Revoke(key.id, world_.clock.Now(), [](const Status&) {});
  Tick(Duration(250));
  EXPECT_EQ(socket->writer.closed, http::CloseCode::kPolicyViolation);
  EXPECT_EQ(events->writer.closed, http::CloseCode::kPolicyViolation);
}

TEST_F(LiveStream, EndsWhenKeysAreAskedForThatWereNot) {
  const auto stranger = WebSocket();
  Tick(Duration(250));
  EXPECT_EQ(stranger->writer.closed, std::nullopt);
  Hold({Scope::kRead});
  Tick(Duration(250));
  EXPECT_EQ(stranger->writer.closed, http::CloseCode::kPolicyViolation);
}

TEST_F(LiveStream, MessagesOfAClientArePaidForAsRequestsAre) {
  config::RateLimitSettings limits;
  limits.requests_per_second = 1;
  limits_.Apply(limits);
  const auto client = WebSocket();
  client->stream->Received("ping");
  client->stream->Received("ping");
  EXPECT_THAT(client->writer.texts.at(1), "pong");
  EXPECT_EQ(client->writer.Last().at("detail"), "Rate limit exceeded");
  world_.clock.Advance(std::chrono::seconds(1));
  client->stream->Received("ping");
  EXPECT_EQ(client->writer.texts.back(), "pong");
}

TEST_F(LiveStream, ASubscriptionChoosesAlerts) {
  const auto client = WebSocket();
  client->Say({{"type", "subscribe"}, {"matchers", {"host=\"b\""}}, {"request_id", 1}});
  EXPECT_EQ(client->writer.texts.back(), R"({"type":"ok","request_id":1})");
  Submit("a", 95);
  Submit("b", 95);
  EXPECT_THAT(client->writer.types(), ElementsAre("initial_alerts", "ok", "new_alert"));
  EXPECT_EQ(client->writer.Last().at("alert").at("metadata").at("host"), "b");
  EXPECT_EQ(client->writer.Last().at("seq"), 2);
  Tick(std::chrono::seconds(30));
  EXPECT_THAT(client->writer.Last().at("alerts"), SizeIs(1));
}

TEST_F(LiveStream, ShowsTheSamplesThatAClientSubscribesTo) {
  const auto client = WebSocket();
  const auto other = WebSocket();
  client->Say({{"type", "subscribe"}, {"metrics", {"cpu{host=\"a\"}"}}});
  SampleBatch batch(Origin::kJson);
  batch.Add(Labels({{"__name__", "cpu"}, {"host", "a"}}), {world_.clock.Now(), 7});
  batch.Add(Labels({{"__name__", "cpu"}, {"host", "b"}}), {world_.clock.Now(), 8});
  samples_.Append(batch, world_.clock.Now());
  Tick(Duration(250));
  const json message = client->writer.Last();
  EXPECT_EQ(message.at("type"), "samples");
  ASSERT_THAT(message.at("samples"), SizeIs(1));
  EXPECT_EQ(message.at("samples").at(0).at("value"), 7);
  EXPECT_THAT(other->writer.texts, SizeIs(1));
  client->Say({{"type", "subscribe"}});
  EXPECT_FALSE(samples_.has_listeners());
}

TEST_F(LiveStream, TheEventStreamHasEveryEventAsTheHistoryShowsIt) {
  const auto client = Events();
  EXPECT_THAT(client->writer.texts, ElementsAre("retry: 2000\nid: 0\n\n"));
  Submit("a", 95);
  ASSERT_THAT(client->writer.texts, SizeIs(2));
  const std::string& text = client->writer.texts[1];
  EXPECT_THAT(text, StartsWith("id: 1\nevent: alert.active\ndata: {\"sequence\":1,"));
  EXPECT_TRUE(text.ends_with("}\n\n"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
}

TEST_F(LiveStream, TheEventStreamResumesWithTheLastIdOrSince) {
  Submit("a", 95);
  Submit("a", 1);
  for (const auto& client : {Events("", "1"), Events("since=1"), Events("since=0", "1")}) {
    ASSERT_THAT(client->writer.texts, SizeIs(3));
    EXPECT_EQ(client->writer.texts[0], "retry: 2000\nid: 1\n\n");
    EXPECT_THAT(client->writer.texts[1], StartsWith("id: 2\nevent: alert.resolved\n"));
    EXPECT_EQ(client->writer.texts[2],
              "id: 2\nevent: live\ndata: {\"type\":\"live\",\"seq\":2}\n\n");
  }
}

TEST_F(LiveStream, TheEventStreamIsResetWithASnapshot) {
  Submit("a", 95);
  const auto client = Events("since=9");
  ASSERT_THAT(client->writer.texts, SizeIs(2));
  EXPECT_EQ(client->writer.texts[0], "retry: 2000\n\n");
  EXPECT_THAT(client->writer.texts[1],
              StartsWith("id: 1\nevent: reset\n"
                         "data: {\"type\":\"reset\",\"seq\":1,\"alerts\":[{\"id\":"));
}

TEST_F(LiveStream, TheEventStreamHasTheFiltersOfTheHistory) {
  const auto resolved = Events("type=alert.resolved");
  const auto of_b = Events("match[]=%7Bhost%3D%22b%22%7D");
  const auto of_no_rule = Events("rule_id=none");
  Submit("a", 95);
  Submit("b", 95);
  Submit("a", 1);
  ASSERT_THAT(resolved->writer.texts, SizeIs(2));
  EXPECT_THAT(resolved->writer.texts[1], StartsWith("id: 3\n"));
  ASSERT_THAT(of_b->writer.texts, SizeIs(2));
  EXPECT_THAT(of_b->writer.texts[1], StartsWith("id: 2\n"));
  EXPECT_THAT(of_no_rule->writer.texts, SizeIs(1));
}

}  // namespace
}  // namespace tocsin::api
