#include "config/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/unit/config/disk_files.h"

namespace tocsin::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(DiskFiles, ReadWholeFilesUpToTheLimit) {
  const testing::TempDir folder;
  const std::string path = folder.path() + "/a.yml";
  WriteFile(path, std::string(100'000, 'x'));
  EXPECT_EQ(DiskFiles().Read(path, 100'000).value().size(), 100'000U);
  EXPECT_EQ(DiskFiles().Read(path, 99'999).message(), "the file is larger than 99999 bytes");
}

TEST(DiskFiles, GiveTheSystemsReason) {
  const testing::TempDir folder;
  EXPECT_THAT(DiskFiles().Read(folder.path() + "/none", 1).message(), HasSubstr("No such file"));
  EXPECT_THAT(DiskFiles().Read(folder.path(), 1).message(), HasSubstr("Is a directory"));
}

TEST(DiskFiles, MatchesAreSortedByBytesAndSpelledAsThePatternDoes) {
  const testing::TempDir folder;
  for (const char* name : {"b.yml", "B.yml", "a.yml", "c.txt", ".hidden.yml"}) {
    WriteFile(folder.path() + "/rules/" + name, "");
  }
  const std::string& root = folder.path();
  EXPECT_THAT(DiskFiles().Match(root, "rules/*.yml"),
              ElementsAre(root + "/rules/B.yml", root + "/rules/a.yml", root + "/rules/b.yml"));
  EXPECT_THAT(DiskFiles().Match("/elsewhere", root + "/rules/c.*"),
              ElementsAre(root + "/rules/c.txt"));
  EXPECT_THAT(DiskFiles().Match(root, "none/*.yml"), IsEmpty());
}

TEST(DiskFiles, AFoldersOwnNameIsNoPattern) {
  const testing::TempDir folder;
  WriteFile(folder.path() + "/a*[b]/x.yml", "");
  WriteFile(folder.path() + "/ab/y.yml", "");
  const std::string odd = folder.path() + "/a*[b]";
  EXPECT_THAT(DiskFiles().Match(odd, "*.yml"), ElementsAre(odd + "/x.yml"));
}

TEST(Paths, AreJoinedAndSplitAtTheirLastSlash) {
  EXPECT_EQ(JoinPath("/etc", "a.yml"), "/etc/a.yml");
  EXPECT_EQ(JoinPath("/", "a.yml"), "/a.yml");
  EXPECT_EQ(JoinPath("", "a.yml"), "a.yml");
  EXPECT_EQ(JoinPath("/etc", "/b/a.yml"), "/b/a.yml");
  EXPECT_EQ(FolderOf("/etc/tocsin.yml"), "/etc");
  EXPECT_EQ(FolderOf("conf/tocsin.yml"), "conf");
  EXPECT_EQ(FolderOf("/tocsin.yml"), "/");
  EXPECT_EQ(FolderOf("tocsin.yml"), "");
}

}  // namespace
}  // namespace tocsin::config
