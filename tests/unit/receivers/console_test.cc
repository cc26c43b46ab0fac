// The console channel and the writer below it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "receivers/channels/console_writer.h"
#include "tests/unit/receivers/channel_world.h"

namespace tocsin::receivers {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using tocsin::testing::CpuUsageRule;
using tocsin::testing::FiringAlert;
using tocsin::testing::Resolved;

config::ChannelSettings ConsoleSettings() {
  config::ChannelSettings settings;
  settings.type = "console";
  return settings;
}

std::string PrintedLine(AlertPtr alert, NotificationStatus status = NotificationStatus::kFiring) {
  ChannelWorld world;
  const std::unique_ptr<Channel> channel = world.Make(ConsoleSettings());
  world.Deliver(*channel, {std::move(alert)}, status);
  world.executor.RunOne();
  return world.written.at(0).text;
}

// ---- the line

TEST(ConsoleLine, TellsOfAnAlertThatFires) {
  EXPECT_EQ(PrintedLine(FiringAlert(CpuUsageRule(), "e1")),
            "2024-05-01T10:00:00.123Z  FIRING    high      High CPU Usage {host=\"web-1\"}  "
            "85.5 > 80.0  CPU usage is high\n");
}

TEST(ConsoleLine, TellsOfARecovery) {
  EXPECT_EQ(
      PrintedLine(Resolved(*FiringAlert(CpuUsageRule(), "e1")), NotificationStatus::kResolved),
      "2024-05-01T10:02:00.123Z  RESOLVED  high      High CPU Usage {host=\"web-1\"}  "
      "75.0  after 2m, recovered\n");
}

TEST(ConsoleLine, SaysThatDataStoppedAndNotThatTheValueRecovered) {
  EXPECT_THAT(PrintedLine(Resolved(*FiringAlert(CpuUsageRule(), "e1"), ResolveReason::kStale),
                          NotificationStatus::kResolved),
              HasSubstr("after 2m, no data since 10:00 UTC\n"));
}

TEST(ConsoleLine, SaysWhoResolvedItAndWhy) {
  auto alert = Resolved(*FiringAlert(CpuUsageRule(), "e1"), ResolveReason::kManual);
  alert->resolved_by = "anna";
  alert->resolve_note = "restarted";
  EXPECT_THAT(PrintedLine(alert, NotificationStatus::kResolved),
              HasSubstr("after 2m, resolved by anna (restarted)\n"));
}

TEST(ConsoleLine, LeavesOutTheLabelsWhereThereAreNone) {
  auto alert = FiringAlert(CpuUsageRule(), "e1");
  alert->metadata = Labels();
  EXPECT_THAT(PrintedLine(alert), HasSubstr("  High CPU Usage  85.5 > 80.0  "));
}

TEST(ConsoleLine, KeepsItsColumnsForShortTimesAndLongWords) {
  auto rule = CpuUsageRule();
  rule->severity = Severity::kCritical;
  auto alert = FiringAlert(rule, "e1");
  alert->triggered_at = FromUnixMillis(1'714'557'600'000);
  EXPECT_THAT(
      PrintedLine(alert),
      ::testing::StartsWith("2024-05-01T10:00:00Z      FIRING    critical  High CPU Usage"));
}

TEST(ConsoleLine, HasTheRulesTemplateFilledIn) {
  auto rule = CpuUsageRule();
  rule->notification_template = "CPU usage is at {value}% on {host}";
  EXPECT_THAT(PrintedLine(FiringAlert(rule, "e1")),
              HasSubstr("85.5 > 80.0  CPU usage is at 85.5% on web-1\n"));
}

TEST(ConsoleLine, IsOneLineThatMovesNoCursorWhateverTheNamesHold) {
  auto rule = CpuUsageRule();
  rule->name = "a\nb\x1b[31mc\rd\x7f";
  rule->description =
      "x\xc2\x9b"
      "31my\xff";
  rule->threshold_text = "8\n0";
  const std::string line = PrintedLine(FiringAlert(rule, "e1", "h\n\x1b[2J"));
  EXPECT_THAT(line, HasSubstr(R"(a\nb\x1b[31mc\rd\x7f)"));
  EXPECT_THAT(line, HasSubstr(R"({host="h\n\x1b[2J"})"));
  EXPECT_THAT(line, HasSubstr(R"(8\n0)"));
  EXPECT_THAT(line, HasSubstr(R"(x\x9b31my\xff)"));
  EXPECT_EQ(line.find_first_of("\n"), line.size() - 1);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
}

TEST(ConsoleLine, KeepsQuotesBackslashesAndUnicode) {
  auto rule = CpuUsageRule();
  rule->name = "say \"hi\" C:\\ \xe2\x98\x95 caf\xc3\xa9";
  EXPECT_THAT(PrintedLine(FiringAlert(rule, "e1")),
              HasSubstr("  say \"hi\" C:\\ \xe2\x98\x95 caf\xc3\xa9 {"));
}

TEST(ConsoleLine, IsOneForEachAlertOfTheMessage) {
  ChannelWorld world;
  const std::unique_ptr<Channel> channel = world.Make(ConsoleSettings());
  world.Deliver(*channel, {FiringAlert(CpuUsageRule(), "e1", "web-1"),
                           FiringAlert(CpuUsageRule(), "e2", "web-2")});
  world.executor.RunOne();
  ASSERT_EQ(world.written.size(), 1U);
  EXPECT_EQ(std::count(world.written[0].text.begin(), world.written[0].text.end(), '\n'), 2);
}

// ---- delivery

TEST(Console, WritesOnTheExecutorAndNotWhileItIsAsked) {
  ChannelWorld world;
  const std::unique_ptr<Channel> channel = world.Make(ConsoleSettings());
  world.Deliver(*channel, {FiringAlert(CpuUsageRule(), "e1")});
  EXPECT_TRUE(world.written.empty());
  EXPECT_TRUE(world.outcomes.empty());
  world.executor.RunOne();
  ASSERT_EQ(world.outcomes.size(), 1U);
  EXPECT_EQ(world.outcomes[0].kind, Outcome::Kind::kDelivered);
  EXPECT_EQ(world.written[0].timeout, Duration(seconds(10)));
}

TEST(Console, TriesAgainWhatCouldNotBeWritten) {
  ChannelWorld world;
  const std::unique_ptr<Channel> channel = world.Make(ConsoleSettings());
  world.console_status = Error{"the console takes no output"};
  world.Deliver(*channel, {FiringAlert(CpuUsageRule(), "e1")});
  world.executor.RunOne();
  ASSERT_EQ(world.outcomes.size(), 1U);
  EXPECT_EQ(world.outcomes[0].kind, Outcome::Kind::kRetry);
  EXPECT_EQ(world.outcomes[0].reason, "the console takes no output");
}

TEST(Console, TriesAgainLaterWhenTooMuchWaits) {
  ChannelWorld world;
  const std::unique_ptr<Channel> channel = world.Make(ConsoleSettings());
  world.executor.full = true;
  world.Deliver(*channel, {FiringAlert(CpuUsageRule(), "e1")});
  ASSERT_EQ(world.outcomes.size(), 1U);
  EXPECT_EQ(world.outcomes[0].kind, Outcome::Kind::kRetry);
}

TEST(Console, GivesALineThatHasWaitedNoMoreTimeThanIsLeft) {
  ChannelWorld world;
  const std::unique_ptr<Channel> channel = world.Make(ConsoleSettings());
  for (int i = 0; i < 3; ++i) world.Deliver(*channel, {FiringAlert(CpuUsageRule(), "e1")});
  world.executor.RunOne();
  world.clock.Advance(seconds(4));
  world.executor.RunOne();
  world.clock.Advance(seconds(20));
  world.executor.RunOne();
  EXPECT_EQ(world.written.at(1).timeout, Duration(seconds(6)));
  EXPECT_EQ(world.written.at(2).timeout, Duration(0));
}

TEST(Console, TellsThePipelineWhetherItWantsResolutions) {
  ChannelWorld world;
  config::ChannelSettings settings = ConsoleSettings();
  EXPECT_TRUE(MakeChannel(settings, world.Context())->send_resolved);
  settings.console.send_resolved = false;
  EXPECT_FALSE(MakeChannel(settings, world.Context())->send_resolved);
}

// ---- the writer

class Pipe {
 public:
  Pipe() { CHECK(pipe(ends_) == 0); }
  ~Pipe() {
    CloseReader();
    close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int writer() const { return ends_[1]; }
  void CloseReader() {
    if (ends_[0] >= 0) close(std::exchange(ends_[0], -1));
  }
  // Until nothing more goes in.
  void Fill() {
    CHECK(fcntl(writer(), F_SETFL, O_NONBLOCK) == 0);
    const std::string bytes(4096, 'x');
    while (write(writer(), bytes.data(), bytes.size()) > 0) {
    }
    CHECK(fcntl(writer(), F_SETFL, 0) == 0);
  }
  std::string Read(std::size_t bytes) {
    std::string out(bytes, '\0');
    const ssize_t n = read(ends_[0], out.data(), bytes);
    CHECK(n >= 0);
    out.resize(static_cast<std::size_t>(n));
    return out;
  }

 private:
  int ends_[2] = {-1, -1};
};

TEST(WriteToDescriptor, WritesAllOfIt) {
  Pipe pipe;
  EXPECT_TRUE(WriteToDescriptor(pipe.writer(), "one line\n", seconds(10)).ok());
  EXPECT_EQ(pipe.Read(100), "one line\n");
}

TEST(WriteToDescriptor, WritesWhatIsLargerThanThePipeWhileSomebodyReads) {
  Pipe pipe;
  const std::string text(1 << 20, 'a');
  std::string got;
  std::thread reader([&] {
    while (got.size() < text.size()) got += pipe.Read(64 << 10);
  });
  EXPECT_TRUE(WriteToDescriptor(pipe.writer(), text, seconds(60)).ok());
  reader.join();
  EXPECT_EQ(got, text);
}

TEST(WriteToDescriptor, FailsWhenNobodyReadsUntilTheTimeIsOver) {
  Pipe pipe;
  pipe.Fill();
  for (const Duration timeout : {Duration(0), Duration(20)}) {
    const Status status = WriteToDescriptor(pipe.writer(), "line\n", timeout);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.message(), "the console takes no output");
  }
}

TEST(WriteToDescriptor, WritesWithoutTimeWhereThereIsRoom) {
  Pipe pipe;
  EXPECT_TRUE(WriteToDescriptor(pipe.writer(), "line\n", Duration(0)).ok());
}

TEST(WriteToDescriptor, FailsWhenTheReaderHasGone) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  pipe.CloseReader();
  const Status status = WriteToDescriptor(pipe.writer(), "line\n", seconds(10));
  std::signal(SIGPIPE, before);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr("writing to the console"));
}

}  // namespace
}  // namespace tocsin::receivers
