// `picture: true`: when a picture is drawn, and what becomes of a message without.
#include "receivers/channels/pictures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/receiver_builders.h"
#include "tests/unit/config/loading.h"
#include "tests/unit/receivers/native_channel_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Kind = Outcome::Kind;
using std::chrono::seconds;

constexpr char kAsked[] = "discord: {webhook_url: 'http://d/', picture: true}";
constexpr char kFile[] = "filename=\"chart.png\"";

class PicturesTest : public ::testing::Test {
 protected:
  void Make(const std::string& channel) {
    const config::Settings settings =
        config::GoodSettings("tocsin: {receivers: [{name: ops, " + channel + "}]}\n");
    ChannelContext context = world_.Context();
    context.pictures = &pictures_;
    Result<BuiltChannel> built = MakeChannel(settings.receivers.at(0).channels.at(0), context);
    ASSERT_TRUE(built.ok());
    channel_ = std::move(built->channel);
  }

  void Deliver(AlertPtr alert = NativeChannelWorld::Fires()) {
    channel_->Deliver(NativeChannelWorld::About({std::move(alert)}), seconds(10),
                      [this, held = channel_](Outcome outcome) {
                        world_.outcomes.push_back(std::move(outcome));
                      });
  }

  double Count(const std::string& result) const {
    return testing::MetricValue(world_.metrics, "tocsin_pictures_total", {{"result", result}});
  }
  std::string Body() const { return world_.http.request(world_.http.sent() - 1).body; }

  ChannelWorld world_;
  Result<std::string> answer_ = std::string("\x89PNG\r\n\x1a\n-drawn");
  std::vector<std::string> drawn_;
  std::vector<std::string> warnings_;
  QueueExecutor executor_;
  Pictures pictures_{[this](const Alert& alert) {
                       drawn_.push_back(alert.id);
                       return answer_;
                     },
                     executor_, world_.clock,
                     [this](const std::string& why) { warnings_.push_back(why); }, world_.metrics};
  std::shared_ptr<Channel> channel_;
};

TEST_F(PicturesTest, AreDrawnElsewhereBeforeTheMessageLeaves) {
  Make(kAsked);
  EXPECT_EQ(Count("drawn"), 0);
  Deliver();
  EXPECT_THAT(drawn_, IsEmpty());
  EXPECT_EQ(world_.http.sent(), 0U);
  executor_.RunOne();
  EXPECT_THAT(drawn_, ElementsAre("e1"));
  ASSERT_EQ(world_.http.sent(), 1U);
  EXPECT_THAT(Body(), HasSubstr("\x89PNG\r\n\x1a\n-drawn\r\n--"));
  EXPECT_EQ(Count("drawn"), 1);
  EXPECT_THAT(world_.outcomes, IsEmpty());
  world_.http.Answer(0, 204);
  ASSERT_THAT(world_.outcomes, SizeIs(1));
  EXPECT_EQ(world_.outcomes[0].kind, Kind::kDelivered);
}

TEST_F(PicturesTest, AreDrawnForWhoAsksOnly) {
  for (const char* channel : {"discord: {webhook_url: 'http://d/'}",
                              "discord: {webhook_url: 'http://d/', picture: false}"}) {
    Make(channel);
    Deliver();
    EXPECT_THAT(executor_.jobs, IsEmpty());
  }
  EXPECT_EQ(world_.http.sent(), 2U);
}

TEST_F(PicturesTest, AreMadeAnewForEachAttempt) {
  Make(kAsked);
  for (int i = 0; i < 2; ++i) {
    Deliver();
    executor_.RunOne();
  }
  EXPECT_THAT(drawn_, ElementsAre("e1", "e1"));
}

TEST_F(PicturesTest, ThatCannotBeDrawnHoldNoMessageUpAndAreToldOnce) {
  Make(kAsked);
  answer_ = Error{"cannot load libcairo.so.2: apt install libcairo2"};
  for (int i = 0; i < 3; ++i) {
    Deliver();
    executor_.RunOne();
    EXPECT_THAT(Body(), Not(HasSubstr(kFile)));
  }
  EXPECT_EQ(world_.http.sent(), 3U);
  EXPECT_THAT(warnings_, ElementsAre("cannot load libcairo.so.2: apt install libcairo2"));
  EXPECT_EQ(Count("failed"), 3);
}

TEST_F(PicturesTest, OfAlertsWithoutASeriesAreNone) {
  Make(kAsked);
  answer_ = std::string();
  Deliver();
  executor_.RunOne();
  EXPECT_THAT(Body(), Not(HasSubstr(kFile)));
  EXPECT_THAT(warnings_, IsEmpty());
  EXPECT_EQ(Count("none"), 1);
  EXPECT_EQ(Count("failed"), 0);
}

TEST_F(PicturesTest, AreDoneWithoutWhereTooManyWait) {
  Make(kAsked);
  executor_.full = true;
  Deliver();
  ASSERT_EQ(world_.http.sent(), 1U);
  EXPECT_THAT(Body(), Not(HasSubstr(kFile)));
  EXPECT_EQ(Count("failed"), 1);
  EXPECT_THAT(warnings_, ElementsAre("too many pictures wait to be drawn"));
  world_.http.Answer(0, 204);
  EXPECT_THAT(world_.outcomes, SizeIs(1));
}

TEST_F(PicturesTest, TakeOfTheAttemptsTime) {
  Make(kAsked);
  Deliver();
  world_.clock.Advance(seconds(4));
  executor_.RunOne();
  ASSERT_EQ(world_.http.sent(), 1U);
  EXPECT_EQ(world_.http.request(0).timeout, seconds(6));
  EXPECT_THAT(Body(), HasSubstr(kFile));
}

TEST_F(PicturesTest, LeaveHalfOfTheTimeToTheMessage) {
  Make(kAsked);
  Deliver();
  world_.clock.Advance(seconds(6));
  executor_.RunOne();
  EXPECT_THAT(drawn_, IsEmpty());
  ASSERT_EQ(world_.http.sent(), 1U);
  EXPECT_EQ(world_.http.request(0).timeout, seconds(4));
  EXPECT_THAT(Body(), Not(HasSubstr(kFile)));
  EXPECT_EQ(Count("failed"), 1);
}

TEST_F(PicturesTest, ThatTakeAllOfTheTimeAreTriedAgain) {
  Make(kAsked);
  Deliver();
  world_.clock.Advance(seconds(10));
  executor_.RunOne();
  EXPECT_EQ(world_.http.sent(), 0U);
  ASSERT_THAT(world_.outcomes, SizeIs(1));
  EXPECT_EQ(world_.outcomes[0].kind, Kind::kRetry);
  EXPECT_EQ(world_.outcomes[0].failure, Failure::kTimeout);
}

// After a reload the attempt alone holds the channel.
TEST_F(PicturesTest, KeepTheirChannelUntilItIsDone) {
  Make(kAsked);
  Deliver();
  const std::weak_ptr<Channel> channel = channel_;
  channel_.reset();
  executor_.RunOne();
  EXPECT_FALSE(channel.expired());
  world_.http.Answer(0, 204);
  EXPECT_THAT(world_.outcomes, SizeIs(1));
  EXPECT_TRUE(channel.expired());
}

TEST_F(PicturesTest, AreOfTheWorstAlertThatFires) {
  Make(kAsked);
  auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  rule->severity = Severity::kCritical;
  Notification notification =
      NativeChannelWorld::About({NativeChannelWorld::IsOver(), NativeChannelWorld::Fires(),
                                 testing::FiringAlert(rule, "e2")});
  channel_->Deliver(notification, seconds(10), [](const Outcome& /*outcome*/) {});
  executor_.RunOne();
  EXPECT_THAT(drawn_, ElementsAre("e2"));
}

}  // namespace
}  // namespace tocsin::receivers
