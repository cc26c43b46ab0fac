// Tells when configuration files have changed: calls back once they have been quiet for a moment,
// so that an editor's or a deployment's burst of steps is one change.
//
// The daemon owns one and calls Watch() after each load, from any thread. The callback runs on the
// watcher's own thread, never two at once, and may call Watch(). It says "something may have
// changed": whether the content differs is for the reload to find out.
//
// Each step on the way to a file is watched (config/watch_set.h), so it survives editors that
// replace a file by renaming, ConfigMaps that swap a symbolic link, and folders that come later.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "base/time.h"
#include "config/watch_set.h"

namespace tocsin::config {

class FileWatcher {
 public:
  // How long nothing must change before the callback, and how long it waits at most where changes
  // do not end.
  static constexpr Duration kQuiet = std::chrono::milliseconds(100);
  static constexpr Duration kMostPatience = std::chrono::seconds(2);

  FileWatcher(std::function<void()> on_change, Logger log);
  // Waits for a callback that runs; none comes after.
  // REQUIRES: not called by the callback.
  ~FileWatcher();
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  // Replaces what is watched: paths, and glob(7) patterns whose folders need not exist yet. Changes
  // from here on are noticed; so are those of the old set that have not been told yet. Where the
  // system offers no watching, that is logged once and nothing is ever called.
  void Watch(std::vector<std::string> files, std::vector<std::string> patterns);

 private:
  using Instant = std::chrono::steady_clock::time_point;

  void Run();
  void Wait();
  // Takes the sets that Watch() left. False when it is time to stop.
  bool TakeOrders();
  void NoteChange();
  void Wake();
  void LogTrouble(const std::string& trouble);
  bool IsDue(Instant now) const;
  // The milliseconds that poll(2) may wait; -1 for ever.
  int Patience(Instant now) const;

  // Constant after construction.
  const std::function<void()> on_change_;
  const Logger log_;
  int wake_fd_ = -1;  // an eventfd: there are orders

  Mutex mu_;
  std::vector<WatchSet> ordered_ GUARDED_BY(mu_);  // the last one is to stay
  bool stopping_ GUARDED_BY(mu_) = false;
  bool trouble_logged_ GUARDED_BY(mu_) = false;

  // Owned by the thread.
  WatchSet set_{{}, {}};
  std::optional<Instant> first_change_;  // of those not told yet
  Instant last_change_;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace tocsin::config
