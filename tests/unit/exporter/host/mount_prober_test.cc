#include "exporter/host/mount_prober.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/exporter/host/stuck_mounts.h"

namespace tocsin::host {
namespace {

using std::chrono::seconds;
using Paths = std::vector<std::string>;

// For mounts that do not answer, so that no test waits.
constexpr MountProber::Limits kHasty{Duration(0), seconds(5), 2};

bool IsStuck(const std::optional<MountProber::Answer>& answer) { return answer && answer->stuck; }

TEST(MountProber, AnswersInTheOrderOfThePaths) {
  StuckMounts mounts;
  MountProber prober(mounts.Ask(), kPatient);
  const auto answers = prober.Probe({"/b", "/a"}, seconds(0));
  ASSERT_TRUE(answers.ok());
  ASSERT_EQ(answers->size(), 2U);
  EXPECT_EQ((*answers)[0]->mount.usage.size, StuckMounts::SizeOf("/b"));
  EXPECT_EQ((*answers)[1]->mount.usage.size, StuckMounts::SizeOf("/a"));
  EXPECT_FALSE((*answers)[0]->stuck);
}

TEST(MountProber, HandsOnTheErrorOfAMount) {
  MountProber prober([](const std::string&) { return MountAnswer{{}, EACCES}; }, kPatient);
  EXPECT_EQ((*prober.Probe({"/a"}, seconds(0)))[0]->mount.error, EACCES);
}

TEST(MountProber, AsksInEveryRound) {
  StuckMounts mounts;
  MountProber prober(mounts.Ask(), kPatient);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(prober.Probe({"/a"}, seconds(i)).ok());
  EXPECT_EQ(mounts.asked("/a"), 3U);
}

TEST(MountProber, AsksAPathThatIsListedTwiceOnce) {
  StuckMounts mounts;
  MountProber prober(mounts.Ask(), kPatient);
  const auto answers = prober.Probe({"/a", "/b", "/a"}, seconds(0));
  EXPECT_EQ(mounts.asked("/a"), 1U);
  EXPECT_EQ((*answers)[0]->mount.usage.size, StuckMounts::SizeOf("/a"));
  EXPECT_EQ((*answers)[2]->mount.usage.size, StuckMounts::SizeOf("/a"));
}

TEST(MountProber, KnowsNothingOfAMountThatHasNotAnsweredYet) {
  StuckMounts mounts;
  mounts.Block("/nfs");
  MountProber prober(mounts.Ask(), kHasty);
  const auto answers = prober.Probe({"/nfs"}, seconds(0));
  EXPECT_FALSE((*answers)[0].has_value());
  mounts.ReleaseAll();
}

TEST(MountProber, CallsAMountStuckAfterItsLimitAndGoesOnWithTheOthers) {
  StuckMounts mounts;
  mounts.Block("/nfs");
  MountProber prober(mounts.Ask(), kHasty);
  const Paths paths = {"/nfs", "/a"};
  ASSERT_TRUE(prober.Probe(paths, seconds(0)).ok());
  mounts.AwaitBlocked(1);
  EXPECT_FALSE((*prober.Probe(paths, seconds(0)))[0].has_value()) << "seen to be busy since 0 s";
  EXPECT_FALSE((*prober.Probe(paths, std::chrono::milliseconds(4999)))[0].has_value());
  ASSERT_TRUE(IsStuck((*prober.Probe(paths, seconds(5)))[0]));

  mounts.AwaitAsked("/a", 1);
  auto answers = prober.Probe(paths, seconds(7));
  while (!(*answers)[1].has_value()) answers = prober.Probe(paths, seconds(7));
  EXPECT_TRUE((*answers)[0]->stuck);
  EXPECT_EQ((*answers)[1]->mount.usage.size, StuckMounts::SizeOf("/a"));
  EXPECT_EQ(mounts.asked("/nfs"), 1U) << "a stuck mount is not asked again";
  mounts.ReleaseAll();
}

TEST(MountProber, AsksAStuckMountAgainWhenItsThreadHasReturned) {
  StuckMounts mounts;
  mounts.Block("/nfs");
  MountProber prober(mounts.Ask(), kHasty);
  ASSERT_TRUE(prober.Probe({"/nfs"}, seconds(0)).ok());
  mounts.AwaitBlocked(1);
  ASSERT_TRUE(prober.Probe({"/nfs"}, seconds(0)).ok());
  ASSERT_TRUE(IsStuck((*prober.Probe({"/nfs"}, seconds(5)))[0]));
  mounts.ReleaseAll();
  auto answers = prober.Probe({"/nfs"}, seconds(6));
  while (!(*answers)[0].has_value() || (*answers)[0]->stuck) {
    answers = prober.Probe({"/nfs"}, seconds(6));
  }
  EXPECT_EQ((*answers)[0]->mount.usage.size, StuckMounts::SizeOf("/nfs"));
  EXPECT_GE(mounts.asked("/nfs"), 2U);
}

TEST(MountProber, StartsNoMoreThreadsThanItMayLose) {
  StuckMounts mounts;
  mounts.Block("/1");
  mounts.Block("/2");
  MountProber prober(mounts.Ask(), kHasty);  // two at most
  const Paths paths = {"/1", "/2"};
  Result<std::vector<std::optional<MountProber::Answer>>> answers = prober.Probe(paths, seconds(0));
  for (int lost = 1; lost <= 2; ++lost) {
    mounts.AwaitBlocked(static_cast<std::size_t>(lost));
    answers = prober.Probe(paths, seconds(10 * lost));
    answers = prober.Probe(paths, seconds(10 * lost + 5));
  }
  ASSERT_FALSE(answers.ok());
  EXPECT_NE(answers.message().find("2 mounts do not answer"), std::string::npos);
  mounts.ReleaseAll();
}

TEST(MountProber, DoesNotWaitForAStuckMountWhenItEnds) {
  StuckMounts mounts;
  mounts.Block("/nfs");
  {
    MountProber prober(mounts.Ask(), kHasty);
    ASSERT_TRUE(prober.Probe({"/nfs"}, seconds(0)).ok());
    mounts.AwaitBlocked(1);
  }
  mounts.ReleaseAll();  // after the prober is gone
}

TEST(AskKernel, TellsTheSizeOfAFileSystemAndWhyItCannot) {
  const MountAnswer root = AskKernel("/");
  EXPECT_EQ(root.error, 0);
  EXPECT_GT(root.usage.size, 0);
  EXPECT_GE(root.usage.free, root.usage.available);
  EXPECT_EQ(AskKernel("/no/such/folder").error, ENOENT);
}

}  // namespace
}  // namespace tocsin::host
