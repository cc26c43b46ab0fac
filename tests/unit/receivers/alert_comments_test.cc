// What people say about alerts: kept with them, over restarts, and within bounds.
#include "receivers/alerts/alert_comments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Timestamp kTime = FromUnixMillis(1'700'000'000'000);

class AlertCommentsTest : public ::testing::Test {
 protected:
  AlertComments::Outcome Say(const std::string& alert_id, const std::string& text,
                             const std::string& id = "") {
    const std::string comment_id = id.empty() ? "c" + std::to_string(++ids_) : id;
    return comments_.Add({alert_id, "rule-1", Labels{{"alertname", "A"}, {"host", "a"}}},
                         {comment_id, alert_id, "anna", text, kTime},
                         [this](const Status& status) { committed_ += status.ok() ? 1 : 0; });
  }
  static std::vector<std::string> TextsOf(const AlertComments& comments, const std::string& id) {
    std::vector<std::string> texts;
    for (const AlertComment& comment : comments.Of(id)) texts.push_back(comment.text);
    return texts;
  }
  // What a new process reads.
  std::vector<std::string> RestoredTextsOf(const std::string& id) {
    AlertComments restored(store_, Logger(log_, "test"));
    EXPECT_TRUE(restored.Restore().ok());
    return TextsOf(restored, id);
  }
  void ForgetAllBut(const std::string& known) {
    comments_.ForgetUnless([&known](const std::string& id) { return id == known; });
  }

  int ids_ = 0;
  int committed_ = 0;
  testing::MemoryStateStore store_;
  testing::RecordingLogSink log_;
  AlertComments comments_{store_, Logger(log_, "test")};
};

TEST_F(AlertCommentsTest, StandWithTheirAlertInTheirOrderAlsoAfterARestart) {
  // As many as have numbers of more than one digit, all in the same millisecond.
  std::vector<std::string> said;
  for (int i = 0; i < 12; ++i) {
    said.push_back("text " + std::to_string(i));
    ASSERT_EQ(Say("one", said.back()), AlertComments::Outcome::kDone);
  }
  Say("two", "elsewhere");
  EXPECT_EQ(TextsOf(comments_, "one"), said);
  EXPECT_EQ(comments_.CountOf("one"), 12U);
  EXPECT_EQ(comments_.CountOf("nobody"), 0U);
  EXPECT_EQ(RestoredTextsOf("one"), said);
  EXPECT_THAT(RestoredTextsOf("two"), ElementsAre("elsewhere"));
  EXPECT_EQ(committed_, 13);
}

TEST_F(AlertCommentsTest, GoOnWithTheirNumbersAfterARestart) {
  Say("one", "first");
  AlertComments later(store_, Logger(log_, "test"));
  ASSERT_TRUE(later.Restore().ok());
  later.Add({"one", "", {}}, {"c9", "one", "bob", "second", kTime}, nullptr);
  EXPECT_THAT(RestoredTextsOf("one"), ElementsAre("first", "second"));
}

TEST_F(AlertCommentsTest, AreEventsOfTheHistory) {
  Say("one", "it is the fan");
  ASSERT_EQ(store_.events().size(), 1U);
  const Event event = store_.events()[0];
  EXPECT_EQ(event.type, "alert.commented");
  EXPECT_EQ(event.at, kTime);
  EXPECT_EQ(event.alert_id, "one");
  EXPECT_EQ(event.rule_id, "rule-1");
  EXPECT_EQ(event.labels.Get("host"), "a");
  EXPECT_EQ(event.body, R"({"comment_id":"c1","actor":"anna","text":"it is the fan"})");
}

TEST_F(AlertCommentsTest, OneThatIsThereIsNotMadeAgainButAnswered) {
  Say("one", "once", "same");
  EXPECT_EQ(Say("one", "once", "same"), AlertComments::Outcome::kDone);
  EXPECT_THAT(TextsOf(comments_, "one"), ElementsAre("once"));
  EXPECT_EQ(store_.events().size(), 1U);
  EXPECT_EQ(committed_, 2);
}

TEST_F(AlertCommentsTest, AreBoundedForAnAlertAndInAll) {
  for (std::size_t i = 0; i < AlertComments::kMostOfOneAlert; ++i) {
    ASSERT_EQ(Say("one", "x"), AlertComments::Outcome::kDone);
  }
  EXPECT_EQ(Say("one", "x"), AlertComments::Outcome::kTooManyOfAlert);
  EXPECT_EQ(comments_.CountOf("one"), AlertComments::kMostOfOneAlert);
  for (std::size_t i = AlertComments::kMostOfOneAlert; i < AlertComments::kMost; ++i) {
    ASSERT_EQ(Say("alert " + std::to_string(i / 50), "x"), AlertComments::Outcome::kDone);
  }
  EXPECT_EQ(Say("another", "x"), AlertComments::Outcome::kTooMany);
  const int committed_before = committed_;
  ForgetAllBut("one");
  EXPECT_EQ(committed_, committed_before);  // refusals have no callback
  EXPECT_EQ(Say("another", "x"), AlertComments::Outcome::kDone);
}

TEST_F(AlertCommentsTest, GoWithTheirAlert) {
  Say("kept", "a");
  Say("gone", "b");
  Say("gone", "c");
  ForgetAllBut("kept");
  EXPECT_THAT(TextsOf(comments_, "gone"), IsEmpty());
  EXPECT_THAT(RestoredTextsOf("gone"), IsEmpty());
  EXPECT_THAT(RestoredTextsOf("kept"), ElementsAre("a"));
  EXPECT_EQ(store_.tables()[StateTable::kAlertComments].size(), 1U);
  EXPECT_EQ(store_.events().size(), 3U);  // the history keeps what was said
}

TEST_F(AlertCommentsTest, ARowThatCannotBeReadIsReportedAndLeftAlone) {
  Say("one", "good");
  WriteBatch batch;
  batch.Put(StateTable::kAlertComments, "one/0000000000000007", R"({"v":2})");
  batch.Put(StateTable::kAlertComments, "without a number",
            SerializeComment({"c", "one", "anna", "text", kTime}));
  store_.Submit(std::move(batch), nullptr);
  EXPECT_THAT(RestoredTextsOf("one"), ElementsAre("good"));
  EXPECT_EQ(store_.tables()[StateTable::kAlertComments].size(), 3U);
  ASSERT_EQ(log_.lines().size(), 2U);
  EXPECT_THAT(log_.lines()[0], HasSubstr("key=one/0000000000000007"));
  EXPECT_THAT(log_.lines()[1], HasSubstr("its key has no number"));
}

TEST_F(AlertCommentsTest, HoldWhateverPeopleWrite) {
  const std::string nasty = "\"quotes\" \\ <b>&amp;</b>\n\t💥 '); DROP TABLE alerts; --";
  Say("one", nasty);
  EXPECT_THAT(RestoredTextsOf("one"), ElementsAre(nasty));
}

}  // namespace
}  // namespace tocsin::receivers
