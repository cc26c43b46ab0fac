// Pictures: draws what messages show about an alert, away from whoever sends them.
//
// Made by the composition root, which knows where the samples are; outlives the channels. Draw is
// called by any thread and never waits. Policy when there is more to draw than there is room or
// time for: the message goes without its picture, which is counted and told.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "base/alert.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/worker_pool.h"

namespace tocsin::receivers {

// A PNG of the series that an alert is about, as it is now; empty for an alert that has none, such
// as one that a sender has posted. Called by the executor's threads.
using PictureSource = std::function<Result<std::string>(const Alert& alert)>;

class Pictures {
 public:
  using Picture = std::shared_ptr<const std::string>;
  using Done = std::function<void(Picture picture)>;
  // Is told why a picture could not be drawn, each reason once.
  using Warn = std::function<void(const std::string& why)>;

  // Everything referred to outlives the object, and the jobs that wait in the executor.
  Pictures(PictureSource source, Executor& executor, const Clock& clock, Warn warn,
           MetricRegistry& metrics);

  // `done` runs exactly once: on a thread of the executor, or before Draw returns where there is
  // nothing to wait for. Null: there is no picture. None is begun later than after `patience`.
  void Draw(const AlertPtr& alert, Duration patience, const Done& done) EXCLUDES(mu_);

 private:
  Picture Make(const Alert& alert) EXCLUDES(mu_);
  void Failed(const std::string& why) EXCLUDES(mu_);

  const PictureSource source_;
  Executor& executor_;
  const Clock& clock_;
  const Warn warn_;
  prometheus::Counter& drawn_;
  prometheus::Counter& failed_;
  prometheus::Counter& none_;

  Mutex mu_;
  std::set<std::string> told_ GUARDED_BY(mu_);
};

}  // namespace tocsin::receivers
