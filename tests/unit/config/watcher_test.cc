#include "config/watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

#include "base/mutex.h"
#include "tests/support/null_log.h"
#include "tests/support/temp_dir.h"

namespace tocsin::config {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Counts callbacks; a test waits for the next one.
class Calls {
 public:
  void Add() {
    MutexLock lock(mu_);
    ++count_;
    changed_.NotifyAll();
  }
  int count() const {
    MutexLock lock(mu_);
    return count_;
  }
  // Waits until there have been so many; a watcher that misses a change fails the test by time-out.
  void WaitFor(int count) {
    MutexLock lock(mu_);
    while (count_ < count) changed_.Wait(mu_);
  }

 private:
  mutable Mutex mu_;
  CondVar changed_;
  int count_ GUARDED_BY(mu_) = 0;
};

class FileWatcherTest : public ::testing::Test {
 protected:
  std::string Path(std::string_view name) const { return folder_.path() + "/" + std::string(name); }
  void Write(std::string_view name, std::string_view text = "x") const {
    std::ofstream(Path(name), std::ios::binary) << text;
  }
  Logger logger() { return Logger(log_, "config"); }

  const testing::TempDir folder_;
  testing::RecordingLogSink log_;
  Calls calls_;
};

TEST_F(FileWatcherTest, CallsBackAfterAChange) {
  Write("a.yml");
  FileWatcher watcher([this] { calls_.Add(); }, logger());
  watcher.Watch({Path("a.yml")}, {});
  Write("a.yml", "y");
  calls_.WaitFor(1);
  Write("a.yml", "z");
  calls_.WaitFor(2);
  EXPECT_THAT(log_.lines(), IsEmpty());
}

TEST_F(FileWatcherTest, FollowsAFolderThatComesLaterWithoutBeingToldAgain) {
  FileWatcher watcher([this] { calls_.Add(); }, logger());
  watcher.Watch({}, {Path("rules.d/*.yml")});
  fs::create_directory(Path("rules.d"));
  calls_.WaitFor(1);
  const int before = calls_.count();
  Write("rules.d/a.yml");
  calls_.WaitFor(before + 1);
}

TEST_F(FileWatcherTest, FollowsAFileThroughReplacementAfterReplacement) {
  Write("a.yml");
  FileWatcher watcher([this] { calls_.Add(); }, logger());
  watcher.Watch({Path("a.yml")}, {});
  for (int i = 1; i <= 3; ++i) {
    Write("a.yml.new");
    fs::rename(Path("a.yml.new"), Path("a.yml"));
    calls_.WaitFor(i);
  }
}

TEST_F(FileWatcherTest, TheLatestSetIsTheOneThatStays) {
  FileWatcher watcher([this] { calls_.Add(); }, logger());
  for (const char* name : {"a.yml", "b.yml", "c.yml"}) watcher.Watch({Path(name)}, {});
  Write("c.yml");
  calls_.WaitFor(1);
  Write("c.yml", "y");
  calls_.WaitFor(2);
}

TEST_F(FileWatcherTest, AChangeBeforeTheNextSetIsNotForgotten) {
  Write("a.yml");
  Write("b.yml");
  FileWatcher watcher([this] { calls_.Add(); }, logger());
  watcher.Watch({Path("a.yml")}, {});
  Write("a.yml", "y");
  watcher.Watch({Path("b.yml")}, {});
  calls_.WaitFor(1);
}

TEST_F(FileWatcherTest, TheCallbackMayWatchAnew) {
  Write("a.yml");
  FileWatcher* self = nullptr;
  FileWatcher watcher(
      [&] {
        self->Watch({Path("b.yml")}, {});
        calls_.Add();
      },
      logger());
  self = &watcher;
  watcher.Watch({Path("a.yml")}, {});
  Write("a.yml", "y");
  calls_.WaitFor(1);
  Write("b.yml");
  calls_.WaitFor(2);
}

// A burst without an end: quiet never comes, patience ends.
TEST_F(FileWatcherTest, ChangesThatDoNotEndAreToldAllTheSame) {
  FileWatcher watcher([this] { calls_.Add(); }, logger());
  watcher.Watch({Path("a.yml")}, {});
  while (calls_.count() == 0) Write("a.yml");
}

TEST_F(FileWatcherTest, StopsWhileNothingIsWatchedWhileWaitingAndWhileCalling) {
  {
    const FileWatcher watcher([this] { calls_.Add(); }, logger());
  }
  {
    FileWatcher watcher([this] { calls_.Add(); }, logger());
    watcher.Watch({Path("a.yml")}, {});
    Write("a.yml");
  }
  const int before = calls_.count();
  std::thread::id caller;
  {
    FileWatcher watcher(
        [&] {
          caller = std::this_thread::get_id();
          calls_.Add();
        },
        logger());
    watcher.Watch({Path("a.yml")}, {});
    Write("a.yml");
    calls_.WaitFor(before + 1);
  }
  EXPECT_NE(caller, std::this_thread::get_id());
}

// Takes the process's file descriptors away.
class NoMoreFiles {
 public:
  NoMoreFiles() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoMoreFiles() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(FileWatcherTest, WithoutInotifyItSaysSoOnceAndGoesOn) {
  FileWatcher watcher([this] { calls_.Add(); }, logger());
  {
    const NoMoreFiles none;
    watcher.Watch({Path("a.yml")}, {});
    watcher.Watch({Path("a.yml")}, {});
  }
  EXPECT_THAT(log_.lines(), ElementsAre(HasSubstr("cannot watch all configuration files")));
  watcher.Watch({Path("a.yml")}, {});
  Write("a.yml");
  calls_.WaitFor(1);
}

TEST_F(FileWatcherTest, MadeWithoutFileDescriptorsItDoesNothing) {
  const NoMoreFiles none;
  FileWatcher watcher([this] { calls_.Add(); }, logger());
  watcher.Watch({Path("a.yml")}, {});
  EXPECT_THAT(log_.lines(), ElementsAre(HasSubstr("cannot watch all configuration files")));
}

}  // namespace
}  // namespace tocsin::config
