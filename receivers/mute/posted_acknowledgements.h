// Acknowledgements of alerts that senders post: who has said that they are dealing with one. Those
// of our own rules' alerts are kept by the rule engine, with the alert.
//
// An acknowledgement holds for one episode of one alert, until that ends, its time is over or
// somebody takes it back. A sticky one holds on for a while after the end, and for an episode that
// begins within that time.
//
// Durable: a change is answered when it is committed. Any thread; nobody who asks waits for a
// write. In the history: alert.acknowledged of each episode that it holds for, and
// alert.unacknowledged where somebody takes it back or its time is over before the alert is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/alert.h"
#include "base/event.h"
#include "base/labels.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/state_store.h"
#include "base/time.h"
#include "receivers/alerts/posted_alert.h"

namespace tocsin::receivers {

struct PostedAcknowledgement {
  std::string id;  // EpisodeId of the alert when it was acknowledged
  Labels labels;
  std::string actor;
  std::string note;
  Timestamp at;
  Timestamp updated_at;
  std::optional<Timestamp> until;
  Duration survives{0};  // how long it holds on after the end of its episode

  Timestamp episode;     // began_at of the newest episode that it holds for
  Timestamp alert_ends;  // of that, as far as its sender has said

  bool HoldsAt(Timestamp t) const { return (!until || *until > t) && alert_ends + survives > t; }
};
using PostedAcknowledgementPtr = std::shared_ptr<const PostedAcknowledgement>;

// A row of the state store.
std::string SerializeAcknowledgement(const PostedAcknowledgement& acknowledgement);
Result<PostedAcknowledgement> ParseAcknowledgement(std::string_view json);
// What alert.acknowledged of the history says.
PostedAcknowledgement AcknowledgementOfEvent(const Event& event);

class PostedAcknowledgements {
 public:
  // Told of a change once it is committed (or could not be: the store keeps it and tries again).
  // Runs on the store's thread.
  using Committed = std::function<void(const Status&)>;

  // Told of what people do, by the alert's fingerprint: whoever is to hear of the alert again may
  // be told at once. Runs on the caller's thread.
  using Changed = std::function<void(std::uint64_t fingerprint)>;

  // `store` outlives the object; `changed` may be empty.
  PostedAcknowledgements(StateStore& store, Changed changed, const Logger& log);

  // Before anything else: reads what an earlier process left. A row that cannot be read is reported
  // and left alone: it costs a page too many, not one too few.
  Status Restore() EXCLUDES(mu_);

  // Again: all but the actor may change. REQUIRES: `alert` is nobody's rule's, and not resolved.
  // Whoever has seen an alert a moment ago shows it to Observe as it is afterwards.
  void Acknowledge(const PostedAlert& alert, const AcknowledgeCommand& command, Timestamp now,
                   Committed committed) EXCLUDES(mu_, write_order_);
  // Sets note and end of one that holds. False where none has this id.
  bool Change(std::string_view id, const std::string& note, Timestamp until, Timestamp now,
              Committed committed) EXCLUDES(mu_, write_order_);
  // False where none that holds has this id; `committed` is then not called.
  bool End(std::string_view id, const std::string& actor, Timestamp now, Committed committed)
      EXCLUDES(mu_, write_order_);

  // What holds back this alert; null: nothing.
  PostedAcknowledgementPtr Of(const PostedAlert& alert, Timestamp now) const EXCLUDES(mu_);
  // Those that hold, in no order.
  std::vector<PostedAcknowledgementPtr> All(Timestamp now) const EXCLUDES(mu_);
  // Null where none that holds has this id.
  PostedAcknowledgementPtr Find(std::string_view id, Timestamp now) const EXCLUDES(mu_);

  // Follows ends and new episodes of alerts that are acknowledged.
  void Observe(const std::vector<PostedAlertPtr>& alerts, Timestamp now)
      EXCLUDES(mu_, write_order_);
  // Forgets what holds no more.
  void Prune(Timestamp now) EXCLUDES(mu_, write_order_);
  // Forgets what has timed out while its alert goes on, and records that.
  void RecordEnds(Timestamp now) EXCLUDES(mu_, write_order_);
  // Takes out those that the history has as acknowledged. Every change that shows in it is on its
  // way to the state store.
  void TakeOutRecorded(std::vector<PostedAlertPtr>* alerts) const EXCLUDES(mu_, write_order_);

 private:
  using Map = std::unordered_map<std::uint64_t, PostedAcknowledgementPtr>;  // by fingerprint

  PostedAcknowledgement Begin(const PostedAlert& alert, const AcknowledgeCommand& command,
                              Timestamp now) const;

  Map::const_iterator FindHolding(std::string_view id, Timestamp now) const REQUIRES_LOCK(mu_);
  void Put(std::uint64_t fingerprint, PostedAcknowledgement next, WriteBatch* batch)
      REQUIRES_LOCK(mu_);
  void Forget(std::uint64_t fingerprint, WriteBatch* batch) REQUIRES_LOCK(mu_);
  // What holds no more.
  void ForgetEnded(std::uint64_t fingerprint, Timestamp now, WriteBatch* batch) REQUIRES_LOCK(mu_);
  void ForgetWhere(Timestamp now, const std::function<bool(const PostedAcknowledgement&)>& is_over)
      EXCLUDES(mu_, write_order_);
  void ObserveOne(const PostedAlert& alert, Timestamp now, WriteBatch* batch) REQUIRES_LOCK(mu_);
  void Submit(WriteBatch batch) REQUIRES_LOCK(write_order_);

  void Tell(std::uint64_t fingerprint) const {
    if (changed_) changed_(fingerprint);
  }

  StateStore& store_;
  const Changed changed_;
  const Logger log_;

  mutable Mutex write_order_;  // held over a change and the handing over of its rows
  mutable Mutex mu_;
  Map by_fingerprint_ GUARDED_BY(mu_);
};

}  // namespace tocsin::receivers
