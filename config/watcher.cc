#include "config/watcher.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/check.h"

namespace tocsin::config {

FileWatcher::FileWatcher(std::function<void()> on_change, Logger log)
    : on_change_(std::move(on_change)),
      log_(std::move(log)),
      wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (wake_fd_ < 0) {
    LogTrouble("no eventfd");
    return;
  }
  thread_ = std::thread([this] { Run(); });
}

FileWatcher::~FileWatcher() {
  if (wake_fd_ < 0) return;
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  Wake();
  thread_.join();
  close(wake_fd_);
}

// The set is armed here, on the caller's thread, and handed over: when this returns, the kernel
// already collects for it.
void FileWatcher::Watch(std::vector<std::string> files, std::vector<std::string> patterns) {
  if (wake_fd_ < 0) return;
  WatchSet set(std::move(files), std::move(patterns));
  if (!set.trouble().empty()) LogTrouble(set.trouble());
  {
    MutexLock lock(mu_);
    ordered_.push_back(std::move(set));
  }
  Wake();
}

void FileWatcher::Wake() {
  const std::uint64_t one = 1;
  // Fails only where it is already as awake as can be.
  static_cast<void>(write(wake_fd_, &one, sizeof one) == sizeof one);
}

void FileWatcher::LogTrouble(const std::string& trouble) {
  {
    MutexLock lock(mu_);
    if (std::exchange(trouble_logged_, true)) return;
  }
  log_.Warn("cannot watch all configuration files; changes may need a reload by hand",
            {{"err", trouble}});
}

void FileWatcher::Run() {
  while (true) {
    Wait();
    if (!TakeOrders()) return;
    if (set_.Drain()) NoteChange();
    if (!IsDue(std::chrono::steady_clock::now())) continue;
    first_change_.reset();
    on_change_();
  }
}

void FileWatcher::Wait() {
  std::array<pollfd, 2> sources{pollfd{wake_fd_, POLLIN, 0}, pollfd{set_.fd(), POLLIN, 0}};
  poll(sources.data(), sources.size(), Patience(std::chrono::steady_clock::now()));
}

bool FileWatcher::TakeOrders() {
  std::uint64_t count = 0;
  static_cast<void>(read(wake_fd_, &count, sizeof count) == sizeof count);
  std::vector<WatchSet> ordered;
  {
    MutexLock lock(mu_);
    if (stopping_) return false;
    ordered = std::exchange(ordered_, {});
  }
  for (WatchSet& next : ordered) {
    // What the old set saw is not forgotten. It may have been loaded since: then one reload too
    // many finds nothing new.
    if (set_.Drain()) NoteChange();
    set_ = std::move(next);
  }
  return true;
}

void FileWatcher::NoteChange() {
  last_change_ = std::chrono::steady_clock::now();
  if (!first_change_) first_change_ = last_change_;
  // Folders and links may be others now. The new set collects before the old one is gone, and
  // whatever it is told between is part of the change that is being waited for.
  WatchSet renewed = set_.Renewed();
  if (!renewed.trouble().empty()) LogTrouble(renewed.trouble());
  if (renewed.fd() >= 0) set_ = std::move(renewed);
}

bool FileWatcher::IsDue(Instant now) const { return first_change_ && Patience(now) == 0; }

int FileWatcher::Patience(Instant now) const {
  if (!first_change_) return -1;
  const Instant due = std::min(last_change_ + kQuiet, *first_change_ + kMostPatience);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - now);
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

}  // namespace tocsin::config
