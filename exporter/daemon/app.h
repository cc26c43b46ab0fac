// App: the composition root, the one place where every concrete class is known.
//
//   intakes, scraper, host ─> series store ─> engine ─> dispatcher ─> channels
//                                              └─ state store ─┘
//
// New() does all that can fail: it opens the storage folder and the database, reads what an earlier
// process left, builds the receivers and binds the listeners. Start() lets the threads run.
// Reload() builds everything of a new configuration aside, and swaps only if all of it is sound.
// Stop() goes against the data flow, so that what was accepted is still evaluated, written and
// handed over.
//
// Belongs to the main thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "config/settings.h"
#include "config/web_file.h"
#include "exporter/daemon/main_queue.h"
#include "exporter/daemon/options.h"

namespace tocsin::daemon {

class App {
 public:
  // What the files that the options name say; neither is null.
  struct Files {
    std::shared_ptr<const config::Settings> settings;
    std::shared_ptr<const config::WebFileSettings> web;
  };

  // `queue` gets the wishes of /-/reload and of the file watcher; it outlives the object, as
  // `clock` and the sink behind `log` do.
  static Result<std::unique_ptr<App>> New(const Options& options, const Files& files,
                                          MainQueue& queue, const Clock& clock, const Logger& log);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  void Start();
  // All files. Fails with every problem, one a line; what runs goes on unchanged then.
  Status Reload();
  // Idempotent. REQUIRES: the queue is closed, so that no request waits for a reload.
  void Stop();

 private:
  struct Parts;
  explicit App(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace tocsin::daemon
