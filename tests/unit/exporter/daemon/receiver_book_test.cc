#include "exporter/daemon/receiver_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium/core.h>

#include <filesystem>
#include <thread>

#include "base/json_library.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"
#include "tests/support/temp_dir.h"

namespace tocsin::daemon {
namespace {

using api::ReceiverOutcome;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

json Webhook(const std::string& name, const std::string& url = "https://h.example/T0P-S3CRET") {
  return {{"name", name}, {"webhook", {{"url", url}}}};
}

// Commands as web workers give them; the jobs of the main thread run on one of the test's own.
class ReceiverBookTest : public ::testing::Test {
 protected:
  ReceiverBookTest() : main_([this] { RunMain(); }) {
    EXPECT_GE(sodium_init(), 0);
    files_.receivers.resize(1);
    files_.receivers[0].name = "of-file";
    files_.receivers[0].source = "tocsin.yml:3:5";
    Open();
    EXPECT_TRUE(book_->Restore().ok());
  }
  ~ReceiverBookTest() override {
    queue_.AskStop("the test ends");
    main_.join();
  }

  void RunMain() {
    for (MainQueue::Wishes wishes = queue_.Take(); !wishes.stop; wishes = queue_.Take()) {
      for (const auto& job : wishes.jobs) job();
    }
    queue_.Close();
  }
  // What the next process has: the same store and folder.
  void Open() {
    book_.reset();
    metrics_ = std::make_unique<MetricRegistry>();
    source_.emplace(
        [this](std::string_view name) -> std::optional<std::string> {
          if (name == "TOCSIN_ENCRYPTION_KEY" && !key_.empty()) return key_;
          return std::nullopt;
        },
        "", folder_.path());
    book_.emplace(
        store_, queue_, clock_, *source_,
        ReceiverBook::House{[this]() -> const config::Settings& { return files_; },
                            [this](const ReceiverBook::Receivers& all) { return Prepare(all); },
                            [this](const std::string& receiver) {
                              return receiver == named_ ? std::vector<std::string>{"hot", "cold"}
                                                        : std::vector<std::string>();
                            }},
        Logger(log_, "receivers"), *metrics_);
    commands_ = book_->Commands();
  }
  Result<std::function<void()>> Prepare(const ReceiverBook::Receivers& all) {
    if (!broken_.empty()) return Error{broken_};
    std::vector<std::string> names;
    for (const auto& receiver : all) names.push_back(receiver.name);
    return std::function<void()>([this, names] { in_force_ = names; });
  }

  std::string RowOf(const std::string& name) {
    for (const auto& [key, value] : *store_.Scan(StateTable::kManagedReceivers)) {
      if (key == name) return value;
    }
    return "";
  }
  static std::string Faults(const ReceiverOutcome& outcome) { return outcome.faults.dump(); }

  testing::RecordingLogSink log_;
  testing::FakeClock clock_{FromUnixMillis(1'000'000)};
  testing::MemoryStateStore store_;
  testing::TempDir folder_;
  MainQueue queue_;
  config::Settings files_;
  std::string key_;     // of the environment
  std::string named_;   // by rules
  std::string broken_;  // why nothing can be put in force
  std::vector<std::string> in_force_;
  std::unique_ptr<MetricRegistry> metrics_;
  std::optional<security::KeySource> source_;
  std::optional<ReceiverBook> book_;
  api::ReceiverCommands commands_;
  std::thread main_;
};

TEST_F(ReceiverBookTest, ANewReceiverIsInForceAndSealed) {
  const ReceiverOutcome made = commands_.create(Webhook("ops"), "anna", "");
  ASSERT_EQ(made.kind, ReceiverOutcome::Kind::kDone) << Faults(made);
  ASSERT_TRUE(made.after);
  EXPECT_EQ(made.after->source, "api");
  EXPECT_EQ(made.after->created_by, "anna");
  EXPECT_EQ(made.after->created_at, clock_.Now());
  EXPECT_EQ(made.after->shown["webhook"]["url"], "<secret>");
  EXPECT_THAT(in_force_, ElementsAre("ops"));
  EXPECT_THAT(RowOf("ops"), AllOf(HasSubstr("tocsin1:"), Not(HasSubstr("h.example"))));
}

TEST_F(ReceiverBookTest, NothingThatIsWrittenShowsItsSecret) {
  commands_.create(Webhook("ops"), "anna", "key-of-the-request");
  commands_.update("ops", Webhook("ops", "https://h.example/T0P-S3CRET-2"), "anna");
  commands_.remove("ops", "anna");
  for (const Event& event : store_.events()) {
    EXPECT_THAT(event.body, Not(HasSubstr("h.example"))) << event.type;
  }
  for (const std::string& line : log_.lines()) EXPECT_THAT(line, Not(HasSubstr("h.example")));
}

TEST_F(ReceiverBookTest, EachChangeIsAnEventAndCounted) {
  commands_.create(Webhook("ops"), "anna", "");
  commands_.update("ops", Webhook("ops"), "bert");
  commands_.remove("ops", "carl");
  std::vector<std::string> told;
  for (const Event& event : store_.events()) {
    told.push_back(event.type + " " + event.receiver + " by " +
                   ParseJson(event.body)["actor"].get<std::string>());
  }
  EXPECT_THAT(told, ElementsAre("receiver.created ops by anna", "receiver.changed ops by bert",
                                "receiver.deleted ops by carl"));
  std::map<std::string, double> counted;
  for (const auto& family : metrics_->Collect()) {
    for (const auto& metric : family.metric) {
      counted[family.name + (metric.label.empty() ? "" : " " + metric.label[0].value)] =
          metric.counter.value + metric.gauge.value;
    }
  }
  EXPECT_EQ(counted["tocsin_receiver_changes_total created"], 1);
  EXPECT_EQ(counted["tocsin_receiver_changes_total changed"], 1);
  EXPECT_EQ(counted["tocsin_receiver_changes_total deleted"], 1);
  EXPECT_EQ(counted["tocsin_api_receivers"], 0);
}

TEST_F(ReceiverBookTest, ComesBackAfterARestart) {
  commands_.create(Webhook("ops"), "anna", "k1");
  commands_.create(Webhook("dev"), "anna", "");
  Open();
  ASSERT_TRUE(book_->Restore().ok());
  std::vector<std::string> urls;
  for (const auto& receiver : book_->receivers()) {
    EXPECT_TRUE(receiver.from_api);
    urls.push_back(receiver.name + " " + receiver.channels.at(0).webhook.url.Reveal());
  }
  EXPECT_THAT(urls,
              ElementsAre("dev https://h.example/T0P-S3CRET", "ops https://h.example/T0P-S3CRET"));
  // Also that a request has made it.
  const ReceiverOutcome again = commands_.create(Webhook("another"), "anna", "k1");
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.after->name, "ops");
}

TEST_F(ReceiverBookTest, NamesThatAreTakenAreConflicts) {
  commands_.create(Webhook("ops"), "anna", "");
  EXPECT_THAT(commands_.create(Webhook("ops"), "anna", "").detail,
              HasSubstr("There is a receiver \"ops\" already"));
  for (const ReceiverOutcome& outcome : {commands_.create(Webhook("of-file"), "anna", ""),
                                         commands_.update("of-file", Webhook("of-file"), "anna"),
                                         commands_.remove("of-file", "anna")}) {
    EXPECT_EQ(outcome.kind, ReceiverOutcome::Kind::kConflict);
    EXPECT_EQ(outcome.detail, "Receiver is defined in tocsin.yml:3:5");
  }
  EXPECT_EQ(commands_.update("absent", Webhook("absent"), "anna").kind,
            ReceiverOutcome::Kind::kNotFound);
  EXPECT_EQ(commands_.remove("absent", "anna").kind, ReceiverOutcome::Kind::kNotFound);
}

TEST_F(ReceiverBookTest, OneThatAFileDefinesLaterHasNoEffectAndCanBeDeleted) {
  commands_.create(Webhook("ops"), "anna", "");
  files_.receivers[0].name = "ops";
  const api::ReceiverList list = book_->List(files_);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].source, "file");
  EXPECT_THAT(list[0].warnings, ElementsAre(HasSubstr("was made over the API and has no effect")));
  named_ = "ops";  // that of the file goes on
  EXPECT_EQ(commands_.remove("ops", "anna").kind, ReceiverOutcome::Kind::kDone);
  EXPECT_THAT(book_->List(files_)[0].warnings, IsEmpty());
}

TEST_F(ReceiverBookTest, OneThatRulesNameIsNotDeleted) {
  commands_.create(Webhook("ops"), "anna", "");
  named_ = "ops";
  const ReceiverOutcome refused = commands_.remove("ops", "anna");
  EXPECT_EQ(refused.kind, ReceiverOutcome::Kind::kConflict);
  EXPECT_THAT(refused.detail, HasSubstr(R"(named by the alert rules "hot", "cold")"));
  EXPECT_THAT(in_force_, ElementsAre("ops"));
  named_.clear();
  EXPECT_EQ(commands_.remove("ops", "anna").kind, ReceiverOutcome::Kind::kDone);
  EXPECT_THAT(in_force_, IsEmpty());
  EXPECT_EQ(RowOf("ops"), "");
}

TEST_F(ReceiverBookTest, AChangeKeepsTheSecretsThatAreNotSentAnew) {
  commands_.create(Webhook("ops"), "anna", "");
  clock_.Advance(std::chrono::seconds(5));
  json changed = Webhook("ops", "<secret>");
  changed["webhook"]["timeout"] = "3s";
  const ReceiverOutcome done = commands_.update("ops", changed, "bert");
  ASSERT_EQ(done.kind, ReceiverOutcome::Kind::kDone) << Faults(done);
  EXPECT_EQ(done.after->created_by, "anna");
  EXPECT_EQ(done.after->updated_at, clock_.Now());
  EXPECT_FALSE(done.before->shown["webhook"].contains("timeout"));
  const config::WebhookSettings webhook = book_->receivers().at(0).channels.at(0).webhook;
  EXPECT_EQ(webhook.url.Reveal(), "https://h.example/T0P-S3CRET");
  EXPECT_EQ(webhook.timeout, std::chrono::seconds(3));
  EXPECT_THAT(Faults(commands_.update("ops", Webhook("dev"), "bert")),
              HasSubstr("a receiver keeps its name"));
}

TEST_F(ReceiverBookTest, WhatIsFaultyOrCannotBeBuiltChangesNothing) {
  EXPECT_EQ(commands_.create(Webhook("ops", "http://127.0.0.1/"), "anna", "").kind,
            ReceiverOutcome::Kind::kFaulty);
  broken_ = "the API: receiver \"ops\": tls_config: ca holds no CERTIFICATE in PEM form";
  const ReceiverOutcome its_own = commands_.create(Webhook("ops"), "anna", "");
  EXPECT_EQ(its_own.kind, ReceiverOutcome::Kind::kFaulty);
  EXPECT_THAT(Faults(its_own), HasSubstr("\"tls_config: ca holds no CERTIFICATE in PEM form\""));
  broken_ = "tocsin.yml:9:5: receiver \"other\": /etc/tocsin/ca.pem is gone";
  const ReceiverOutcome of_another = commands_.create(Webhook("ops"), "anna", "");
  EXPECT_EQ(of_another.kind, ReceiverOutcome::Kind::kUnavailable);
  EXPECT_THAT(of_another.detail, Not(HasSubstr("ca.pem")));
  EXPECT_THAT(in_force_, IsEmpty());
  EXPECT_THAT(*store_.Scan(StateTable::kManagedReceivers), IsEmpty());
  EXPECT_THAT(store_.events(), IsEmpty());
}

// ---- keys

TEST_F(ReceiverBookTest, AKeyIsMadeAtTheFirstStartWithAWarningAndKept) {
  const std::string file = folder_.path() + "/encryption_key";
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_THAT(log_.lines(), ElementsAre(AllOf(HasSubstr("level=warn"), HasSubstr(file),
                                              HasSubstr("beside what it protects"))));
  Open();
  ASSERT_TRUE(book_->Restore().ok());
  EXPECT_EQ(log_.lines().size(), 1U);
}

TEST_F(ReceiverBookTest, AWrongKeyIsRefusedWithTheNamesOfAllItDoesNotOpen) {
  commands_.create(Webhook("ops"), "anna", "");
  commands_.create(Webhook("dev"), "anna", "");
  key_ = std::string(64, '7');
  Open();
  const Status refused = book_->Restore();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.message(),
              AllOf(HasSubstr("TOCSIN_ENCRYPTION_KEY"), HasSubstr("receiver \"ops\" is encrypted"),
                    HasSubstr("receiver \"dev\" is encrypted"), HasSubstr("Give the right key"),
                    HasSubstr("tocsin secrets discard"), Not(HasSubstr("7777"))));
}

TEST_F(ReceiverBookTest, AKeyThatIsGoneIsNotReplacedByANewOne) {
  commands_.create(Webhook("ops"), "anna", "");
  std::filesystem::remove(folder_.path() + "/encryption_key");
  Open();
  const Status refused = book_->Restore();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.message(), AllOf(HasSubstr("encryption_key: No such file"),
                                       HasSubstr("(\"ops\")"), HasSubstr("put the key back")));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/encryption_key"));
}

TEST_F(ReceiverBookTest, ARowOfAnotherReceiverIsRefused) {
  commands_.create(Webhook("ops"), "anna", "");
  commands_.create(Webhook("dev"), "anna", "");
  WriteBatch swapped;
  swapped.Put(StateTable::kManagedReceivers, "dev", RowOf("ops"));
  store_.Submit(std::move(swapped), nullptr);
  Open();
  EXPECT_THAT(book_->Restore().message(),
              AllOf(HasSubstr("receiver \"dev\" was altered, or moved here"),
                    Not(HasSubstr("receiver \"ops\""))));
}

TEST_F(ReceiverBookTest, AKeyInFrontOfTheOldOneSealsEverythingAnewAtTheStart) {
  const std::string old_key(64, '1');
  const std::string new_key(64, '2');
  key_ = old_key;
  Open();
  ASSERT_TRUE(book_->Restore().ok());
  commands_.create(Webhook("ops"), "anna", "");
  key_ = new_key + "," + old_key;
  Open();
  ASSERT_TRUE(book_->Restore().ok());
  EXPECT_THAT(log_.lines(), ::testing::Contains(HasSubstr("encrypted with another key")));
  key_ = new_key;
  Open();
  ASSERT_TRUE(book_->Restore().ok());
  EXPECT_EQ(book_->receivers().at(0).channels.at(0).webhook.url.Reveal(),
            "https://h.example/T0P-S3CRET");
}

TEST_F(ReceiverBookTest, AKeyFileThatChangesIsTakenBeforeAnythingElseIsSealed) {
  commands_.create(Webhook("ops"), "anna", "");
  const std::string before = RowOf("ops");
  const auto key = security::EncryptionKey::Make();
  ASSERT_TRUE(source_->Write({key}).ok());
  commands_.create(Webhook("dev"), "anna", "");
  const security::SecretBox box({key});
  EXPECT_NE(RowOf("ops"), before);
  EXPECT_TRUE(security::IsSealedNow(RowOf("ops"), box));
  EXPECT_TRUE(security::IsSealedNow(RowOf("dev"), box));
  Open();
  ASSERT_TRUE(book_->Restore().ok());
  EXPECT_EQ(book_->receivers().size(), 2U);
}

TEST_F(ReceiverBookTest, AKeyFileThatCannotBeReadChangesNothing) {
  commands_.create(Webhook("ops"), "anna", "");
  const std::string before = RowOf("ops");
  std::filesystem::resize_file(folder_.path() + "/encryption_key", 3);
  EXPECT_EQ(commands_.create(Webhook("dev"), "anna", "").kind, ReceiverOutcome::Kind::kDone);
  EXPECT_THAT(log_.lines(), ::testing::Contains(
                                AllOf(HasSubstr("level=warn"), HasSubstr("cannot be read anew"))));
  EXPECT_EQ(RowOf("ops"), before);
}

TEST_F(ReceiverBookTest, SettingsThatAreNotUnderstoodAreLeftOutAndKept) {
  const auto key = security::EncryptionKey::Make();
  ASSERT_TRUE(source_->Write({key}).ok());
  const security::SecretBox box({key});
  security::ReceiverRow row;
  row.name = "later";
  row.body = Secret(R"({"name":"later","channel_of_tomorrow":{}})");
  WriteBatch batch;
  batch.Put(StateTable::kManagedReceivers, "later", security::SealReceiverRow(row, box));
  store_.Submit(std::move(batch), nullptr);
  Open();
  ASSERT_TRUE(book_->Restore().ok());
  EXPECT_THAT(book_->receivers(), IsEmpty());
  EXPECT_THAT(log_.lines(),
              ::testing::Contains(AllOf(HasSubstr("level=error"), HasSubstr("receiver=later"))));
  const auto next = security::EncryptionKey::Make();
  ASSERT_TRUE(source_->Write({next}).ok());
  commands_.create(Webhook("ops"), "anna", "");
  EXPECT_TRUE(security::IsSealedNow(RowOf("later"), security::SecretBox({next})));
}

}  // namespace
}  // namespace tocsin::daemon
