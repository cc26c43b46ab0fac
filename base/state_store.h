// What persistence offers: a few named tables of key and value, written in order, in groups.
//
// Values are texts of their owner's making (JSON with a "v" for its version). All writes of the
// process go through one writer thread: a batch is applied whole or not at all, batches keep the
// order of Submit, and several that wait share one commit (one fdatasync).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/event.h"
#include "base/result.h"

namespace tocsin {

enum class StateTable : std::uint8_t {
  kAlerts,           // evaluator/lifecycle: one row per episode
  kHolds,            // evaluator/lifecycle: rule and label set that may not begin a new episode yet
  kAnnouncements,    // receivers: what was announced to whom, cooldown clocks
  kOutbox,           // receivers: notifications not yet confirmed
  kPushedGroups,     // exporter/intake: families of pushed groups
  kSilences,         // receivers/mute: silences, by id
  kNotificationLog,  // receivers/pipeline: what each integration was last told of each group
  kPostedAlerts,     // receivers/alerts: alerts that senders have posted, by episode
  kAcknowledgements,  // receivers/mute: acknowledgements of posted alerts, by fingerprint
  kApiKeys,           // exporter/security: keys of the API, by id
  kAudit,             // exporter/security: who changed what, by number
  kManagedRules,      // rules made over the API, by id
  kManagedReceivers,  // receivers made over the API, by name
  kIdempotencyKeys,   // answers to requests that may be sent again, by key
  kAlertComments,     // receivers/alerts: what people say about alerts, by episode and number
};
std::string_view StateTableName(StateTable table);

class WriteBatch {
 public:
  struct Operation {
    StateTable table;
    std::string key;
    std::optional<std::string> value;  // none deletes
  };

  void Put(StateTable table, std::string key, std::string value) {
    operations_.push_back({table, std::move(key), std::move(value)});
  }
  void Delete(StateTable table, std::string key) {
    operations_.push_back({table, std::move(key), std::nullopt});
  }
  // With the change that it is about. Its number is the store's to give.
  void Record(Event event) { events_.push_back(std::move(event)); }
  bool empty() const { return operations_.empty() && events_.empty(); }
  const std::vector<Operation>& operations() const { return operations_; }
  const std::vector<Event>& events() const { return events_; }
  // Leaves none behind.
  std::vector<Event> TakeEvents() { return std::exchange(events_, {}); }

 private:
  std::vector<Operation> operations_;
  std::vector<Event> events_;
};

class StateStore {
 public:
  using Committed = std::function<void(const Status&)>;
  using Row = std::pair<std::string, std::string>;  // key, value

  virtual ~StateStore() = default;

  // Hands a batch to the writer; any thread. `committed` runs on the writer thread once the batch
  // is durable or has failed for good, and must be short: hand the news to its owner. A failed
  // batch is kept and tried again later by the store; `committed` hears of the first failure, so
  // that callers go on (degraded, not dead).
  virtual void Submit(WriteBatch batch, Committed committed) = 0;

  // Every row of a table in key order. Sees what was committed before the call. Any thread; for
  // start-up.
  virtual Result<std::vector<Row>> Scan(StateTable table) const = 0;

  // Part of a table: keys from `from` on and below `below`, the first `limit` of them in key order,
  // or the last ones, the greatest key first. Sees what was committed before the call. Any thread.
  // A store that has nothing better reads the whole table.
  struct Part {
    std::string from;
    std::string below;
    std::size_t limit = 0;
    bool from_end = false;
  };
  virtual Result<std::vector<Row>> ScanPart(StateTable table, const Part& part) const;

  // Recorded events, in their order or against it. Any thread; reads beside the writer.
  virtual Result<std::vector<Event>> Events(const EventQuery& query) const = 0;
  // The number of the newest event, also of one that waits until the store can be written; 0 where
  // there has been none. Any thread; costs nothing.
  virtual std::uint64_t LastEvent() const = 0;
  // There may be several. REQUIRES: before the first Submit.
  virtual void ListenToEvents(EventListener listener) = 0;
  // Forgets events from before `from`, and the oldest of more than `keep_most`, some at a time so
  // that no change of state waits long. The newest always stays, since its number must. Any thread.
  virtual void PruneEvents(Timestamp from, std::size_t keep_most) = 0;

  // Empty while writes succeed; else why they do not. Any thread.
  virtual std::optional<std::string> Trouble() const = 0;

  // How long the oldest write has waited that is neither durable nor has failed. Any thread. A
  // store that does not know says that none has.
  virtual Duration WriterLag() const { return Duration(0); }
};

}  // namespace tocsin
