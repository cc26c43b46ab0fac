#include "exporter/daemon/storage_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/temp_dir.h"

namespace tocsin::daemon {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class StorageFolderTest : public ::testing::Test {
 protected:
  testing::TempDir dir_;
  const std::string path_ = dir_.path() + "/deep/data";
};

TEST_F(StorageFolderTest, IsMadeWithWhatLeadsToIt) {
  ASSERT_TRUE(StorageFolder::Open(path_).ok());
  EXPECT_TRUE(std::filesystem::is_directory(path_));
}

TEST_F(StorageFolderTest, BelongsToOneDaemonAtATime) {
  {
    const Result<StorageFolder> first = StorageFolder::Open(path_);
    ASSERT_TRUE(first.ok());
    const Result<StorageFolder> second = StorageFolder::Open(path_);
    ASSERT_FALSE(second.ok());
    for (const char* part : {path_.c_str(), "in use by another tocsin", "--storage.path"}) {
      EXPECT_NE(second.message().find(part), std::string::npos) << second.message();
    }
    EXPECT_FALSE(StorageFolder::Open(path_).ok());  // having been refused gives nothing up
  }
  EXPECT_TRUE(StorageFolder::Open(path_).ok());
}

TEST_F(StorageFolderTest, ItsLockGoesAlongWhenItIsMoved) {
  Result<StorageFolder> first = StorageFolder::Open(path_);
  ASSERT_TRUE(first.ok());
  {
    const StorageFolder moved = *std::move(first);
    EXPECT_FALSE(StorageFolder::Open(path_).ok());
  }
  EXPECT_TRUE(StorageFolder::Open(path_).ok());
}

TEST_F(StorageFolderTest, AFileInItsPlaceIsNamedWithTheWayOut) {
  std::ofstream(dir_.path() + "/deep") << "a file";
  for (const std::string& path : {path_, dir_.path() + "/deep"}) {
    const Result<StorageFolder> folder = StorageFolder::Open(path);
    ASSERT_FALSE(folder.ok());
    EXPECT_NE(folder.message().find(path), std::string::npos) << folder.message();
    EXPECT_NE(folder.message().find("--storage.path"), std::string::npos) << folder.message();
  }
}

TEST_F(StorageFolderTest, AFolderThatCannotBeWrittenIsNamedWithTheReason) {
  // A folder where the lock file should be: nobody can write that, not even root.
  std::filesystem::create_directories(path_ + "/lock");
  const Result<StorageFolder> folder = StorageFolder::Open(path_);
  ASSERT_FALSE(folder.ok());
  EXPECT_NE(folder.message().find("cannot write to the storage folder " + path_), std::string::npos)
      << folder.message();
  EXPECT_NE(folder.message().find("Is a directory"), std::string::npos) << folder.message();
}

TEST_F(StorageFolderTest, PathsAreBelowItUnlessTheyAreAbsolute) {
  const Result<StorageFolder> folder = StorageFolder::Open(path_);
  ASSERT_TRUE(folder.ok());
  EXPECT_EQ(folder->Path("tocsin.db"), path_ + "/tocsin.db");
  EXPECT_EQ(folder->Path("/elsewhere/tocsin.db"), "/elsewhere/tocsin.db");
}

TEST_F(StorageFolderTest, AFileIsReplacedWholeAndLeavesNoDraft) {
  const Result<StorageFolder> folder = StorageFolder::Open(path_);
  ASSERT_TRUE(folder.ok());
  ASSERT_TRUE(folder->WriteFile("address", "127.0.0.1:9095, and more\n").ok());
  ASSERT_TRUE(folder->WriteFile("address", "127.0.0.1:1\n").ok());
  EXPECT_EQ(ReadFile(path_ + "/address"), "127.0.0.1:1\n");
  EXPECT_FALSE(std::filesystem::exists(path_ + "/address.new"));
}

TEST_F(StorageFolderTest, AFileThatCannotBeWrittenIsNamed) {
  const Result<StorageFolder> folder = StorageFolder::Open(path_);
  ASSERT_TRUE(folder.ok());
  const Status absent = folder->WriteFile("absent/address", "x");
  ASSERT_FALSE(absent.ok());
  EXPECT_NE(absent.message().find(path_ + "/absent/address"), std::string::npos)
      << absent.message();
  std::filesystem::create_directories(path_ + "/taken/by-a-folder");
  EXPECT_FALSE(folder->WriteFile("taken", "x").ok());
}

TEST_F(StorageFolderTest, RemovingWhatIsNotThereIsFine) {
  const Result<StorageFolder> folder = StorageFolder::Open(path_);
  ASSERT_TRUE(folder.ok());
  folder->RemoveFile("address");
  ASSERT_TRUE(folder->WriteFile("address", "x").ok());
  folder->RemoveFile("address");
  EXPECT_FALSE(std::filesystem::exists(path_ + "/address"));
}

}  // namespace
}  // namespace tocsin::daemon
