// SampleTap: lets stream clients see samples as they arrive.
//
// It stands in front of the series store. While nobody listens a batch passes untouched. Otherwise
// of each series that somebody wants the newest sample is kept until the stream thread takes it, a
// few times a second: so a client sees no more than that of a series, however fast it is written.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"
#include "base/sample.h"
#include "base/snapshot.h"
#include "exporter/api/stream_message.h"

namespace tocsin::api {

class SampleTap final : public SampleSink {
 public:
  struct Tapped {
    Labels labels;
    Sample sample;
  };

  // Series that wait at a time; samples of others are passed over, and counted.
  static constexpr std::size_t kMostSeries = 10'000;

  // `sink` and `metrics` outlive the object.
  SampleTap(SampleSink& sink, MetricRegistry& metrics);

  // Any thread. What was accepted is seen.
  AppendReport Append(const SampleBatch& batch, Timestamp now) override EXCLUDES(mu_);

  // The stream thread: what each listener wants, by the listener's own number; null: nothing any
  // more.
  void Listen(std::uint64_t listener, std::shared_ptr<const SampleSubscription> wanted);
  // The stream thread: the newest of each series since the last call.
  std::vector<Tapped> Take() EXCLUDES(mu_);
  bool has_listeners() const { return !listeners_.empty(); }

 private:
  using Wanted = std::vector<std::shared_ptr<const SampleSubscription>>;

  void Keep(const SampleBatch& batch, const AppendReport& report, const Wanted& wanted)
      EXCLUDES(mu_);

  SampleSink& sink_;
  prometheus::Counter& passed_over_;

  std::map<std::uint64_t, std::shared_ptr<const SampleSubscription>> listeners_;  // stream thread's

  std::atomic<bool> is_wanted_{false};
  Snapshot<Wanted> wanted_;

  Mutex mu_;
  std::unordered_map<std::string, Sample> newest_ GUARDED_BY(mu_);  // by label bytes
};

}  // namespace tocsin::api
