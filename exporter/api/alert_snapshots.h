// The active alerts as JSON, as GET /alerts lists them: for stream clients, of whom many may ask at
// once. What was written within the last moment is used again.
//
// Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "evaluator/lifecycle/alert_book.h"
#include "exporter/api/stream_event.h"
#include "exporter/api/stream_message.h"

namespace tocsin::api {

class AlertSnapshots {
 public:
  // Everything outlives the object.
  AlertSnapshots(const evaluator::AlertBook& book, AlertRenderer render, const Clock& clock)
      : book_(book), render_(std::move(render)), clock_(clock) {}

  // A JSON array of the alerts that the filter selects, in which every event up to `sequence` shows
  // (and perhaps later ones). REQUIRES: there is such an event, or `sequence` is 0.
  std::shared_ptr<const std::string> Get(const StreamFilter& filter, std::uint64_t sequence)
      EXCLUDES(mu_);
  // Gives the memory back, if nobody has asked for a while.
  void Forget() EXCLUDES(mu_);
  const AlertRenderer& renderer() const { return render_; }

 private:
  std::string Write(const StreamFilter& filter) const;

  const evaluator::AlertBook& book_;
  const AlertRenderer render_;
  const Clock& clock_;

  Mutex mu_;
  std::shared_ptr<const std::string> all_ GUARDED_BY(mu_);
  std::uint64_t sequence_ GUARDED_BY(mu_) = 0;
  std::chrono::nanoseconds written_at_ GUARDED_BY(mu_){0};
};

}  // namespace tocsin::api
