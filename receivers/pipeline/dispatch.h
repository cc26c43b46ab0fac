// Dispatch: alerts into groups, groups into messages, as Alertmanager does it.
//
//   alerts -> inhibitor (all of a batch first) -> routes -> groups -- timer --> flush
//   flush: acknowledgement -> inhibition -> active time intervals -> mute time intervals ->
//   silences
//          -> cooldown -> each integration: deduplication -> sender -> notification log
//
// A new group is flushed group_wait after it was made (at once where its alert is older), then
// every group_interval, counted from the start of a flush. Groups of direct routes, to receivers
// that a rule names, are one episode of one alert each and are flushed whenever that changes; what
// is held back there is asked about again every group_interval.
//
// There are two ways to send, and what a flush means depends on it:
//
//   - At the tick (TickSender; strict): a flush freezes the state of the group's alerts. Only when
//     every integration has succeeded are the resolved ones forgotten that did not change
//     meanwhile. A flush that lasts longer than the interval is followed by the next one at once.
//     What failed is due again at the next tick, since the log lacks it.
//   - Through the outbox (Outbox; durable): a flush waits for nobody. It compares, for each
//     integration, what there is to say with the log and with what is in the outbox, and puts it in
//     place of that. While an attempt is under way that is put off until its end. A resolved alert
//     is forgotten when everybody who knew of it has been told. In this mode whoever was told that
//     an alert fires is told that it is over, also where a silence or an inhibition came in
//     between, and later where a time interval did. Alertmanager swallows that, and so does this
//     mode where it is asked to (NativeTargets::send_resolved_when_muted).
//
// An acknowledgement is told, too, to integrations that keep something open for an alert and hear
// of it (GroupIntegration::hears_acknowledgements): once, after they have taken the alert.
//
// A group without alerts goes away. Belongs to the dispatcher's thread (dispatcher.h): nothing
// here waits or locks.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer_queue.h"
#include "receivers/alerts/posted_alert.h"
#include "receivers/mute/posted_acknowledgements.h"
#include "receivers/mute/silences.h"
#include "receivers/outbox/delivery_book.h"
#include "receivers/pipeline/dispatch_metrics.h"
#include "receivers/pipeline/explanation.h"
#include "receivers/pipeline/graph.h"
#include "receivers/pipeline/group_channel.h"
#include "receivers/pipeline/notification_log.h"
#include "receivers/pipeline/sender.h"

namespace tocsin::receivers {

struct DispatchOptions {
  Duration start_delay{0};                      // no flush before
  Duration retention{std::chrono::hours(120)};  // of log entries, at most
  std::string external_url;
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

class Dispatch final : public Sender::Listener {
 public:
  // Everything referred to outlives the object. Timers run on the owning thread.
  Dispatch(DispatchOptions options, const Silences& silences, NotificationLog& log_entries,
           TimerQueue& timers, const Clock& clock, const Logger& log, MetricRegistry& metrics);
  ~Dispatch() override;
  Dispatch(const Dispatch&) = delete;
  Dispatch& operator=(const Dispatch&) = delete;

  // How messages leave. With a book (the full daemon) the sender is an outbox. Both outlive the
  // object. REQUIRES: the first call of all.
  void SendThrough(Sender& sender, DeliveryBook* book);
  // What people say of posted alerts. Outlives the object. REQUIRES: as SendThrough.
  void Heed(PostedAcknowledgements& acknowledgements) { acknowledgements_ = &acknowledgements; }
  // What links lead to, where it is known late. REQUIRES: nothing was flushed yet.
  void UseExternalUrl(std::string url) { options_.external_url = std::move(url); }
  // A message of an earlier process that may have arrived: whoever it was for is told again, and
  // of the end in any case.
  void OnInDoubt(const Message& message, Timestamp now);

  // A new configuration: every group is made anew from `alerts`, all of them. What was under way
  // goes on; if it arrives, the log knows.
  void Apply(PipelineGraphPtr graph, const std::vector<PostedAlertPtr>& alerts, Timestamp now);
  // `accepted` is the monotonic time at which the alerts were handed over; 0: not known.
  // REQUIRES: Apply was called.
  void Accept(const std::vector<PostedAlertPtr>& alerts, std::chrono::nanoseconds accepted,
              Timestamp now);
  // Somebody has acknowledged a posted alert, or taken that back: whoever knows of it is to be told
  // again when that is over, which may be now.
  void OnAcknowledgementChanged(const PostedAlert& alert, Timestamp now);
  // The rule engine has offered everything it knows. Announced alerts that were not in it are over.
  void EngineRestored(Timestamp now);
  // Nothing is sent any more.
  void Stop();

  // Of groups that hold an alert, by labels and then receiver.
  std::vector<GroupView> Views() const;

  // What becomes of an alert, and why. Whether it is known to the dispatcher does not matter.
  Explanation Explain(const PostedAlert& alert, Timestamp now) const;

  // Sender::Listener
  void OnAttempt(const Message& message, const GroupIntegration& integration,
                 std::optional<Duration> latency, const Outcome& outcome, bool over,
                 Timestamp now) override;
  void OnDropped(const Message& message, Sender::Dropped why) override;
  bool Wanted(const Message& message) const override;

 private:
  struct Group;
  using GroupId = std::uint64_t;
  // What tells a group: its route, its labels and, where the route is direct, the episode.
  struct GroupName {
    const Route* route = nullptr;
    Labels labels;
    std::string episode;
    friend bool operator==(const GroupName&, const GroupName&) = default;
  };
  struct HashGroupName {
    std::size_t operator()(const GroupName& name) const {
      return name.labels.view().Hash() ^ std::hash<const Route*>()(name.route) ^
             std::hash<std::string>()(name.episode);
    }
  };
  using Batch = std::vector<FrozenAlert>;
  struct HeldByPerson {
    std::optional<Timestamp> until;  // when it ends without anybody's word
  };
  using Thread = std::pair<std::string, std::string>;            // lane and thread of a MessageKey
  using HeldAlerts = std::unordered_map<std::uint64_t, HeldBy>;  // that fire, by hash

  bool durable() const { return book_ != nullptr; }

  // Alerts of our own whose end is still to be told, and that a newer episode has replaced in
  // `alerts`.
  std::vector<PostedAlertPtr> OlderEpisodes(const std::vector<PostedAlertPtr>& alerts) const;
  void Insert(const Route& route, const PostedAlertPtr& alert, Timestamp now);
  // Firing messages from an earlier life or configuration whose group there is no more: what they
  // say is told by others, or over.
  void WithdrawAbandoned();
  void NoteWithoutReceiver(const PostedAlert& alert);
  Group& MakeGroup(GroupName name, const PostedAlert& first, Timestamp now);
  void EraseGroup(Group& group);
  Group* Find(GroupId id) const;
  void ArmTimer(Group& group, Timestamp when);
  void TickWhenHoldEnds(Group& group);
  void OnTimer(GroupId id);
  // When the group is flushed again; none: when it changes.
  std::optional<Timestamp> NextTick(const Group& group, Timestamp tick) const;
  void Flush(Group& group, Timestamp tick);
  Batch FreezeAlerts(const Group& group, Timestamp tick) const;
  // What the steps of the pipeline before deduplication leave of a batch. Durable, what is muted
  // stays and is marked.
  Batch Speakable(Group& group, Batch batch, Timestamp tick);
  void LeaveOutAcknowledged(Group& group, Timestamp tick, Batch* batch);
  // Nothing where nobody deals with the alert.
  std::optional<HeldByPerson> AcknowledgementOf(const PostedAlert& alert, Timestamp now) const;
  void ReconsiderAcknowledgement(Group& group, const PostedAlert& alert, Timestamp now);
  // What is held back is told by nobody, so that nothing else renews what is known of it.
  void KeepLogOfHeld(Group& group, Timestamp tick);
  void LeaveOut(Group& group, Batch* batch, HeldBy why, prometheus::Counter& counter,
                const std::function<bool(const PostedAlert&)>& muted);
  void HoldForCooldown(Group& group, Timestamp tick, Batch* batch);
  bool HeldByIntervals(Group& group, Timestamp tick, std::size_t alerts);
  void CountHeld(const Group& group, const HeldAlerts& before);

  // What one integration may be told of a batch.
  struct Tellable {
    Batch batch;            // without what is muted, but for the ends of what it was told
    AlertHashes known;      // of those that fire and are muted, the ones it was told
    AlertHashes due_again;  // and those it is to be told again
    AlertHashes swallowed;  // it was told of them, and is not told of their end
  };
  Tellable TellableTo(const Batch& batch, const LogEntry* told) const;
  // Whoever is not told of an end knows nothing of the alert any more.
  void Swallow(const AlertHashes& ended, const std::string& log_key, Timestamp now);
  // The name of the group that takes an alert on a route.
  static GroupName NameOf(const Route& route, const PostedAlert& alert);
  static MessageKey KeyOf(const GroupName& name, const std::string& group_key,
                          const GroupIntegration& integration);
  MessageKey KeyOf(Group& group, const GroupIntegration& integration) const;
  ExplainedRoute ExplainRoute(const Route& route, const PostedAlert& alert, Timestamp now) const;
  ExplainedIntegration ExplainIntegration(const MessageKey& key, const PostedAlert& alert,
                                          Timestamp now) const;
  // True where a message is on its way at this tick.
  bool Tell(Group& group, const GroupIntegrationPtr& integration, const Batch& batch,
            Timestamp tick);
  // Whoever has heard of an alert, and wants to hear that somebody deals with it, is told. That is
  // a thread of its own, with an entry of its own in the log: nothing that is said of what fires
  // depends on it.
  void TellOfAcknowledged(Group& group, Timestamp now);
  void TellOfAcknowledged(Group& group, const GroupIntegrationPtr& integration, Timestamp now);
  // Of the alerts that are held back since somebody deals with them, those it was told of.
  AlertHashes AcknowledgedAndTold(Group& group, const GroupIntegration& integration,
                                  Timestamp now) const;
  Batch AcknowledgedBatch(const Group& group, const AlertHashes& hashes, Timestamp now) const;
  AlertAcknowledgement WhoDealsWith(const PostedAlert& alert, Timestamp now) const;
  static MessageKey AcknowledgementKeyOf(const MessageKey& key);
  void PutOff(const Thread& thread, GroupId group, const GroupIntegrationPtr& integration);
  void BeginMessage(const Group& group, const GroupIntegration& integration, const Batch& batch,
                    Message* message) const;
  // Whoever knows of an alert that is acknowledged is reminded of it when that ends.
  void RemindOfAcknowledged(const Group& group, const std::string& log_key, Timestamp now);

  // `remember` is Outcome::remember.
  void WriteLog(const Message& message, Timestamp now,
                const std::map<std::string, std::string>& remember = {});
  // So that no number is used twice, whether or not a receiver has taken the message.
  void NoteFlushNumber(const Message& message, Timestamp now);
  Timestamp ExpiryOf(const LogEntry& entry, Duration repeat_interval, Timestamp now) const;
  // After an attempt at a message from the outbox.
  void GoOn(const Message& message, bool over, Timestamp now);
  // Forgets those resolved alerts of which nobody is to be told any more.
  void ForgetTold(Group& group, Timestamp now);
  bool Owed(Group& group, std::uint64_t alert, Timestamp now);
  // Strict.
  void EndSend(GroupId id, bool succeeded, Timestamp now);
  void EndFlush(Group& group, Timestamp now);

  DispatchOptions options_;
  const Silences& silences_;
  NotificationLog& log_entries_;
  TimerQueue& timers_;
  const Clock& clock_;
  const Logger log_;
  MetricRegistry& registry_;
  DispatchMetrics metrics_;
  std::optional<HoldMetrics> hold_metrics_;  // durable
  const Timestamp not_before_;
  Sender* sender_ = nullptr;
  DeliveryBook* book_ = nullptr;
  PostedAcknowledgements* acknowledgements_ = nullptr;  // null: only rules' alerts are acknowledged

  bool stopped_ = false;
  PipelineGraphPtr graph_;
  std::unordered_map<GroupId, std::unique_ptr<Group>> groups_;
  std::unordered_map<GroupName, Group*, HashGroupName> by_name_;
  GroupId last_group_ = 0;
  std::chrono::nanoseconds accepted_{0};  // when what is being dealt with was handed over
  // Durable: who is told as soon as the attempt under way in a thread has ended, in order.
  std::map<Thread, std::vector<std::pair<GroupId, GroupIntegrationPtr>>> put_off_;
  std::set<std::string> without_receiver_;  // episodes of which that has been said
  bool engine_restored_ = false;
  std::set<std::string> offered_;  // episodes, until then
};

}  // namespace tocsin::receivers
