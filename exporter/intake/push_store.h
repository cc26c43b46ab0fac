// PushStore: the groups that were pushed, as the Pushgateway keeps them. A group stays what it says
// until it is replaced or deleted, over restarts too.
//
// A push is one step in memory, in the series store and in the journal, in this order:
//
//   1. checked against Tocsin's own metrics and all other groups, and reserved (PushTable);
//   2. its new series go to the SampleSink. If that refuses one (the cap on series), the others get
//      a stale marker, the reservation is taken back and the push is refused: nothing of the group
//      that existed has been touched;
//   3. its known series follow, with stale markers for those that vanished: rules have seen it now;
//   4. the group's content is swapped, and its rows are written and waited for.
//
// The sink comes before the journal because only the sink knows whether there is room, and so that
// an alert leaves without waiting for a write that it does not need. The price: after a crash
// between 3 and 4 the group is as it was before the push, whose sender has had no answer and will
// repeat it. A journal that cannot be written is no reason to refuse: the push counts in memory,
// the trouble is counted, and logged when it begins and ends.
//
// Requests for one group take turns (PushTurns); groups do not wait for each other. Owned by the
// daemon; any thread may call; whoever pushes waits for the journal.
#pragma once

#include <prometheus/collectable.h>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/sample.h"
#include "base/state_store.h"
#include "exporter/exposition/family.h"
#include "exporter/exposition/text_parser.h"
#include "exporter/intake/intake.h"
#include "exporter/intake/push_group.h"
#include "exporter/intake/push_path.h"
#include "exporter/intake/push_table.h"
#include "exporter/intake/push_turns.h"

namespace tocsin::intake {

struct PushLimits {
  exposition::TextLimits text;
  std::size_t series_per_group = 100'000;
  std::size_t body_bytes = 16 << 20;  // as sent and decompressed
};

class PushStore {
 public:
  // What is in `context` outlives the store. Tocsin's own metrics must be registered in
  // context.metrics before the first push, which may not contradict them.
  explicit PushStore(const Context& context, PushLimits limits = {});
  PushStore(const PushStore&) = delete;
  PushStore& operator=(const PushStore&) = delete;

  // Reads the journal, once, before anything else. Damaged rows are logged and left out. Samples
  // reach the sink with the first Resample.
  Status Restore();

  // The right to change a group, by order of arrival; waits for earlier requests.
  PushTurns::Turn TakeTurn(const GroupingKey& key) { return turns_.Take(key.labels); }

  // A push that is refused sets the group's failure time; one that is inconsistent makes the group
  // for that, if need be.
  PushOutcome Push(const PushTurns::Turn& turn, const GroupingKey& key, PushMode mode,
                   std::vector<exposition::Family> parsed);
  // A group that does not exist is fine.
  void Delete(const PushTurns::Turn& turn, const GroupingKey& key);

  // Appends every group's values again, at `now`, so that they do not go stale: called at each
  // global.scrape_interval, and once after Restore. Takes as long as appending takes, so not for
  // the timer thread itself. Never waits for a push: a group that is being pushed follows in that
  // push.
  void Resample(Timestamp now);

  // What /metrics shows of all groups.
  std::vector<exposition::Family> Families() const;

  const PushLimits& limits() const { return limits_; }

 private:
  PushOutcome Accept(const Labels& group, PushMode mode, PushedFamilies families);
  PushOutcome AppendFresh(const Labels& group, const PushTable::Plan& plan);
  void AppendRest(const Labels& group, const PushTable::Plan& plan);
  void WriteChange(const Labels& group, const PushTable::Plan& plan);
  void NoteFailure(const Labels& group, PushTrouble trouble);
  void AppendAgain(const Labels& group, Timestamp now);
  void LoadOwnTypes();
  // Submits and waits.
  void Write(WriteBatch batch);
  void ShowCounts();

  // Constant after construction; what they refer to synchronises itself.
  SampleSink& sink_;
  StateStore& store_;
  const Clock& clock_;
  const Logger log_;
  const prometheus::Collectable& own_metrics_;
  const PushLimits limits_;
  prometheus::Gauge& groups_gauge_;
  prometheus::Gauge& series_gauge_;
  prometheus::Counter& journal_failures_;

  // Synchronise themselves.
  PushTurns turns_;
  PushTable table_;
  std::once_flag own_types_loaded_;
  std::atomic<bool> journal_works_{true};
};

}  // namespace tocsin::intake
