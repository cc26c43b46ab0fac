// Dispatch: alerts into groups, groups into notifications, as Alertmanager does it.
//
//   alerts -> inhibitor (all of a batch first) -> routes -> groups -- timer --> flush
//   flush: inhibition -> active time intervals -> mute time intervals -> silences
//          -> each integration: deduplication -> send, with retries -> notification log
//
// A new group is flushed group_wait after it was made (at once where its alert is older), then
// every group_interval, counted from the start of a flush. A flush freezes the state of the group's
// alerts at its tick; only when every integration has succeeded are the resolved ones forgotten
// that did not change meanwhile, and a group without alerts goes away. A flush that lasts longer
// than the interval is followed by the next one at once. Retries end at the flush's deadline:
// max(group_interval, 10 s) after the tick. What failed is due again at the next tick, since the
// log lacks it.
//
// Belongs to the dispatcher's thread (group_dispatcher.h): nothing here waits or locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer_queue.h"
#include "receivers/alerts/posted_alert.h"
#include "receivers/mute/silences.h"
#include "receivers/pipeline/dispatch_metrics.h"
#include "receivers/pipeline/graph.h"
#include "receivers/pipeline/group_channel.h"
#include "receivers/pipeline/missing_channels.h"
#include "receivers/pipeline/notification_log.h"

namespace tocsin::receivers {

struct DispatchOptions {
  Duration start_delay{0};                      // no flush before
  Duration retention{std::chrono::hours(120)};  // of log entries, at most
  std::size_t max_in_flight = 128;              // attempts at one integration
  std::string external_url;
  // Whoever was told that an alert fires is told that it is over, also where a silence or an
  // inhibition came in between, and later where a time interval did. Alertmanager swallows it.
  bool resolve_what_was_told = false;
  bool every_type_in_metrics = false;     // those that are not configured too
  bool receiver_name_in_metrics = false;  // a label more on what is counted for an integration
};

// A group as the API shows it.
struct GroupView {
  Labels labels;
  std::string receiver;
  Labels route_labels;
  std::vector<PostedAlertPtr> alerts;  // in the order of ComesBefore
  std::vector<std::string> muted_by;   // time intervals that held back its last flush
};

class Dispatch {
 public:
  // Hands the end of an attempt to the owning thread, which calls OnAttemptEnded. Runs on any
  // thread, perhaps within Dispatch's own calls: it must only queue.
  using PostAttempt = std::function<void(std::uint64_t attempt, Outcome outcome)>;

  // `random` gives numbers in [0, 1). Everything referred to outlives the object. Timers run on the
  // owning thread.
  Dispatch(DispatchOptions options, const Silences& silences, NotificationLog& log_entries,
           TimerQueue& timers, const Clock& clock, std::function<double()> random, PostAttempt post,
           const Logger& log, MetricRegistry& metrics);
  ~Dispatch();
  Dispatch(const Dispatch&) = delete;
  Dispatch& operator=(const Dispatch&) = delete;

  // What links lead to, where it is known late. REQUIRES: nothing was flushed yet.
  void UseExternalUrl(std::string url) { options_.external_url = std::move(url); }
  // A new configuration: every group is made anew from `alerts`, all of them. What was under way
  // goes on; if it arrives, the log knows.
  void Apply(PipelineGraphPtr graph, const std::vector<PostedAlertPtr>& alerts, Timestamp now);
  // REQUIRES: Apply was called.
  void Accept(const std::vector<PostedAlertPtr>& alerts, Timestamp now);
  void OnAttemptEnded(std::uint64_t attempt, const Outcome& outcome, Timestamp now);
  // Nothing is sent any more.
  void Stop();

  // Of groups that hold an alert, by labels and then receiver.
  std::vector<GroupView> Views() const;

 private:
  struct Group;
  struct Send;
  // What there is to one integration: a bounded number of attempts under way, and sends that wait
  // for one to end. One receiver that hangs holds up itself alone, and ten thousand groups that
  // come due together are not ten thousand connections.
  struct Lane {
    std::size_t in_flight = 0;
    std::deque<std::uint64_t> line;  // some may be over by their turn
  };
  using GroupId = std::uint64_t;
  // What tells a group: its route and labels.
  using GroupName = std::pair<const Route*, Labels>;
  struct HashGroupName {
    std::size_t operator()(const GroupName& name) const {
      return name.second.view().Hash() ^ std::hash<const Route*>()(name.first);
    }
  };
  using Batch = std::vector<FrozenAlert>;

  void Insert(const Route& route, const PostedAlertPtr& alert, Timestamp now);
  Group& MakeGroup(const Route& route, Labels labels, const PostedAlert& first, Timestamp now);
  void EraseGroup(Group& group);
  void ArmTimer(Group& group, Timestamp when);
  void OnTimer(GroupId id);
  void Flush(Group& group, Timestamp tick);
  Batch FreezeAlerts(const Group& group, Timestamp tick) const;
  // The steps of the pipeline before deduplication, in their order. With resolve_what_was_told,
  // what is muted stays and is marked.
  void LeaveOutMuted(Group& group, Timestamp tick, Batch* batch);
  void LeaveOut(Batch* batch, prometheus::Counter& counter,
                const std::function<bool(const PostedAlert&)>& muted) const;
  bool HeldByIntervals(Group& group, Timestamp tick, std::size_t alerts);
  // What one integration may be told of a batch.
  struct Tellable {
    Batch batch;        // without what is muted, but for the ends of what it was told
    AlertHashes known;  // of those that fire and are muted, the ones it was told
  };
  static Tellable TellableTo(const Batch& batch, const LogEntry* told);
  // False where there is nothing to say to this integration.
  bool BeginSend(Group& group, const GroupIntegrationPtr& integration, const Batch& all,
                 Timestamp tick);
  // Now, or when it is its turn.
  void Attempt(std::uint64_t id);
  void BeginAttempt(std::uint64_t id, Send& send);
  // Begins what stands in line, as far as there is room.
  void Advance(Lane& lane);
  void FailedAttempt(std::uint64_t id, Send& send, const Outcome& outcome, Timestamp now);
  void WriteLog(const Send& send, Timestamp now);
  void EndSend(std::uint64_t id, bool succeeded, Timestamp now);
  void EndFlush(Group& group, Timestamp now);

  DispatchOptions options_;
  const Silences& silences_;
  NotificationLog& log_entries_;
  TimerQueue& timers_;
  const Clock& clock_;
  const std::function<double()> random_;
  const PostAttempt post_;
  const Logger log_;
  DispatchMetrics metrics_;
  MissingChannels missing_channels_;
  const Timestamp not_before_;

  bool stopped_ = false;
  PipelineGraphPtr graph_;
  std::unordered_map<GroupId, std::unique_ptr<Group>> groups_;
  std::unordered_map<GroupName, Group*, HashGroupName> by_name_;
  GroupId last_group_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<Send>> sends_;
  std::uint64_t last_send_ = 0;
  std::map<std::string, Lane> lanes_;  // by receiver and integration; stays when they are gone
};

}  // namespace tocsin::receivers
