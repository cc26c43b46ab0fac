// What the main thread is asked to do: jobs that change what is in force, reload, stop. Any thread
// asks; the main thread takes all that was asked at once, so that ten requests to reload are one.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

namespace tocsin::daemon {

class MainQueue {
 public:
  struct Wishes {
    bool stop = false;
    bool reload = false;
    std::string why;                          // of the stop, else of the first reload
    std::vector<std::function<void()>> jobs;  // in their order, before the reload

    // Tells those who wait for the reload how it ended.
    void Answer(const Status& outcome) const;

    std::vector<std::shared_ptr<std::promise<Status>>> waiting;
  };

  // Any thread; never waits.
  void AskReload(std::string why) EXCLUDES(mu_);
  void AskStop(std::string why) EXCLUDES(mu_);
  // Any thread but the main one; waits until the reload has ended, or fails when the daemon stops.
  Status ReloadAndWait(std::string why) EXCLUDES(mu_);

  // Any thread but the main one; returns when the main thread has run the job, or fails without
  // it when the daemon stops.
  Status RunAndWait(std::function<void()> job) EXCLUDES(mu_);

  // The main thread: waits until there is something to do.
  Wishes Take() EXCLUDES(mu_);
  // Nothing is done any more: whoever waits, or asks later, hears so.
  void Close() EXCLUDES(mu_);

 private:
  void WishReload(std::string why) REQUIRES_LOCK(mu_);

  Mutex mu_;
  CondVar changed_;
  Wishes wishes_ GUARDED_BY(mu_);
  bool closed_ GUARDED_BY(mu_) = false;
};

}  // namespace tocsin::daemon
