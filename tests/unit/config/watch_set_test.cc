#include "config/watch_set.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/support/temp_dir.h"

namespace tocsin::config {
namespace {

namespace fs = std::filesystem;

// The kernel queues an event before the call that causes it returns, so Drain() needs no waiting.
class WatchSetTest : public ::testing::Test {
 protected:
  std::string Path(std::string_view name) const { return folder_.path() + "/" + std::string(name); }
  void Write(std::string_view name, std::string_view text = "x") const {
    std::ofstream(Path(name), std::ios::binary) << text;
  }
  void MakeFolder(std::string_view name) const { fs::create_directories(Path(name)); }
  void Rename(std::string_view from, std::string_view to) const {
    fs::rename(Path(from), Path(to));
  }
  void Link(std::string_view target, std::string_view name) const {
    fs::create_symlink(target, Path(name));
  }
  WatchSet SetOf(std::string_view file) const { return WatchSet({Path(file)}, {}); }
  WatchSet SetOfPattern(std::string_view pattern) const { return WatchSet({}, {Path(pattern)}); }

  const testing::TempDir folder_;
};

TEST_F(WatchSetTest, AQuietFileIsNoNews) {
  Write("a.yml");
  WatchSet set = SetOf("a.yml");
  EXPECT_EQ(set.trouble(), "");
  EXPECT_FALSE(set.Drain());
  std::ifstream(Path("a.yml")).get();
  EXPECT_FALSE(set.Drain()) << "reading is no change";
}

TEST_F(WatchSetTest, AFileWrittenInPlaceIsNewsOnce) {
  Write("a.yml");
  WatchSet set = SetOf("a.yml");
  Write("a.yml", "y");
  EXPECT_TRUE(set.Drain());
  EXPECT_FALSE(set.Drain());
}

TEST_F(WatchSetTest, AFileReplacedByRenamingIsNewsEachTime) {
  Write("a.yml");
  WatchSet set = SetOf("a.yml");
  for (int i = 0; i < 3; ++i) {
    Write(".a.yml.new");
    set.Drain();
    Rename(".a.yml.new", "a.yml");
    EXPECT_TRUE(set.Drain()) << i;
    set = set.Renewed();
  }
  Write("a.yml");
  EXPECT_TRUE(set.Drain());
}

TEST_F(WatchSetTest, AFileMovedAwayAndWrittenAnewIsNewsBothTimes) {
  Write("a.yml");
  WatchSet set = SetOf("a.yml");
  Rename("a.yml", "a.yml~");
  EXPECT_TRUE(set.Drain());
  Write("a.yml");
  EXPECT_TRUE(set.Drain());
}

TEST_F(WatchSetTest, OtherFilesOfTheFolderAreNoNews) {
  Write("a.yml");
  Write("alerting.db");
  WatchSet set = SetOf("a.yml");
  Write("alerting.db", "more");
  Write("alerting.db-wal");
  fs::remove(Path("alerting.db-wal"));
  MakeFolder("data");
  EXPECT_FALSE(set.Drain());
}

TEST_F(WatchSetTest, DeletionAndAChangeOfPermissionsAreNews) {
  Write("a.yml");
  WatchSet set = SetOf("a.yml");
  fs::permissions(Path("a.yml"), fs::perms::owner_read);
  EXPECT_TRUE(set.Drain());
  fs::remove(Path("a.yml"));
  EXPECT_TRUE(set.Drain());
}

TEST_F(WatchSetTest, AFileThatIsNotThereYetIsNewsWhenItComes) {
  WatchSet set = SetOf("a.yml");
  Write("b.yml");
  EXPECT_FALSE(set.Drain());
  Write("a.yml");
  EXPECT_TRUE(set.Drain());
}

TEST_F(WatchSetTest, FilesThatMatchAPatternAreNewsWhenTheyComeChangeAndGo) {
  MakeFolder("rules.d");
  WatchSet set = SetOfPattern("rules.d/*.yml");
  Write("rules.d/a.yml");
  EXPECT_TRUE(set.Drain());
  Write("rules.d/a.yml", "y");
  EXPECT_TRUE(set.Drain());
  Write("rules.d/a.txt");
  Write("rules.d/.a.yml.swp");
  Write("rules.d/.a.yml");
  EXPECT_FALSE(set.Drain());
  fs::remove(Path("rules.d/a.yml"));
  EXPECT_TRUE(set.Drain());
}

TEST_F(WatchSetTest, AFolderThatComesLaterIsNewsAndWatchedAfterRenewal) {
  WatchSet set = SetOfPattern("conf/rules.d/*.yml");
  MakeFolder("other");
  EXPECT_FALSE(set.Drain());
  MakeFolder("conf");
  EXPECT_TRUE(set.Drain());
  set = set.Renewed();
  MakeFolder("conf/rules.d");
  EXPECT_TRUE(set.Drain());
  set = set.Renewed();
  Write("conf/rules.d/a.yml");
  EXPECT_TRUE(set.Drain());
}

TEST_F(WatchSetTest, AFolderThatIsReplacedIsNewsAndWatchedAfterRenewal) {
  MakeFolder("rules.d");
  Write("rules.d/a.yml");
  MakeFolder("next");
  WatchSet set = SetOfPattern("rules.d/*.yml");
  Rename("rules.d", "previous");
  Rename("next", "rules.d");
  EXPECT_TRUE(set.Drain());
  set = set.Renewed();
  EXPECT_FALSE(set.Drain());
  Write("rules.d/b.yml");
  EXPECT_TRUE(set.Drain());
}

// A volume of Kubernetes: a.yml -> ..data/a.yml, ..data -> a folder with a date for a name.
// https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/util/atomic_writer.go
TEST_F(WatchSetTest, TheSwapOfAConfigMapIsNewsEachTime) {
  MakeFolder("..one");
  Write("..one/a.yml");
  Link("..one", "..data");
  Link("..data/a.yml", "a.yml");
  for (const bool by_pattern : {false, true}) {
    WatchSet set = by_pattern ? SetOfPattern("*.yml") : SetOf("a.yml");
    for (const char* next : {"..two", "..three"}) {
      const std::string name = std::string(next) + (by_pattern ? "-again" : "");
      MakeFolder(name);
      Write(name + "/a.yml");
      Link(name, "..data_tmp");
      EXPECT_FALSE(set.Drain()) << "prepared, not in force";
      Rename("..data_tmp", "..data");
      EXPECT_TRUE(set.Drain()) << name;
      set = set.Renewed();
    }
  }
}

TEST_F(WatchSetTest, TheTargetOfALinkInAnotherFolderIsWatched) {
  MakeFolder("store");
  Write("store/real.yml");
  Link(Path("store/real.yml"), "absolute.yml");
  Link("store/../store/./real.yml", "relative.yml");
  for (const char* name : {"absolute.yml", "relative.yml"}) {
    WatchSet set = SetOf(name);
    Write("store/real.yml", "y");
    EXPECT_TRUE(set.Drain()) << name;
    Write("store/other.yml");
    EXPECT_FALSE(set.Drain()) << name;
  }
}

TEST_F(WatchSetTest, AFileReachedUnderAnotherNameIsNews) {
  MakeFolder("elsewhere");
  Write("a.yml");
  fs::create_hard_link(Path("a.yml"), Path("elsewhere/b"));
  WatchSet set = SetOf("a.yml");
  Write("elsewhere/b", "y");
  EXPECT_TRUE(set.Drain());
}

TEST_F(WatchSetTest, LinksInACircleEnd) {
  Link("b.yml", "a.yml");
  Link("a.yml", "b.yml");
  Link(".", "self");
  WatchSet set({Path("a.yml"), Path("self/self/self/c.yml")}, {Path("self/*/*.yml")});
  Write("c.yml");
  EXPECT_TRUE(set.Drain());
}

TEST_F(WatchSetTest, PatternsMayStandForFoldersToo) {
  MakeFolder("teams/a");
  WatchSet set = SetOfPattern("teams/*/rules.yml");
  Write("teams/a/rules.yml");
  EXPECT_TRUE(set.Drain());
  MakeFolder("teams/b");
  EXPECT_TRUE(set.Drain());
  set = set.Renewed();
  Write("teams/b/rules.yml");
  EXPECT_TRUE(set.Drain());
}

TEST_F(WatchSetTest, FilesAreTakenLiterallyAndEscapesOfPatternsAreUnderstood) {
  MakeFolder("odd*[x]");
  WatchSet literal = SetOf("odd*[x]/a*.yml");
  WatchSet pattern = SetOfPattern("odd\\*\\[x\\]/*.yml");
  Write("odd*[x]/ab.yml");
  EXPECT_FALSE(literal.Drain());
  EXPECT_TRUE(pattern.Drain());
  Write("odd*[x]/a*.yml");
  EXPECT_TRUE(literal.Drain());
}

TEST_F(WatchSetTest, RelativePathsBeginInTheWorkingDirectory) {
  const std::string relative = fs::relative(Path("a.yml"), fs::current_path()).string();
  WatchSet set({relative}, {});
  Write("a.yml");
  EXPECT_TRUE(set.Drain());
}

TEST_F(WatchSetTest, MovesWithItsWatches) {
  WatchSet first = SetOf("a.yml");
  WatchSet second = std::move(first);
  Write("a.yml");
  EXPECT_TRUE(second.Drain());
  WatchSet third({}, {});
  third = std::move(second);
  Write("a.yml");
  EXPECT_TRUE(third.Drain());
}

}  // namespace
}  // namespace tocsin::config
