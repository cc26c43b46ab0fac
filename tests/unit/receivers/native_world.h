// Alerts of our own rules on their way to receivers of tocsin.yml, with everything around that a
// process has: the store, the clock, the receivers, and the loop of the owning thread. Restart() is
// kill -9 and a new start, with nothing left but what is durable and what the receivers have seen.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "receivers/outbox/outbox.h"
#include "receivers/pipeline/dispatch.h"
#include "tests/support/fake_clock.h"
#include "tests/support/null_log.h"
#include "tests/support/receiver_builders.h"

namespace tocsin::testing {
class MemoryStateStore;
}

namespace tocsin::receivers {

struct NativeWorldOptions {
  DispatchOptions dispatch;
  OutboxOptions outbox;
  DeliveryBookOptions book;
};

class NativeWorld {
 public:
  explicit NativeWorld(std::vector<testing::WireReceiver> receivers = {{"ops"}},
                       NativeWorldOptions options = {});
  ~NativeWorld();
  NativeWorld(const NativeWorld&) = delete;
  NativeWorld& operator=(const NativeWorld&) = delete;

  // ---- what happens to it

  void Offer(const std::vector<AlertPtr>& alerts);
  void Offer(AlertPtr alert) { Offer(std::vector<AlertPtr>{std::move(alert)}); }
  void Advance(Duration by);
  void Answer(std::size_t i, Outcome outcome);
  void AnswerAll(const Outcome& outcome);
  void Configure(std::vector<testing::WireReceiver> receivers);
  // Silences the alerts of a host.
  void Mute(const std::string& host);
  void Unmute();
  Outbox::Resent Resend(std::uint64_t dead_letter);
  // From now on nothing becomes durable until Commit().
  void HoldCommits() { hold_commits_ = true; }
  void Commit();
  void FailCommits();
  // Overwrites a durable row behind the process's back.
  void Spoil(StateTable table, const std::string& key, const std::string& value);
  // Kills the process and starts another one, to which the rule engine offers what it knows.
  void Restart(const std::vector<AlertPtr>& known_to_engine);
  // Kills it when what was held is durable and nobody knows it yet.
  void KillAfterCommit();
  void Kill();
  void Prune();

  // ---- what is seen of it

  std::vector<std::string> told() const { return wire.told(); }
  AnnouncementView View(const std::string& id) const;
  // "ops delivered 1", "ops retrying 2 HTTP status 503"
  std::vector<std::string> Receipts(const std::string& id) const;
  OutboxCounts outbox() const;
  std::vector<OutboxRow> DeadLetters() const;
  std::vector<ReceiverView> receivers() const;
  std::vector<GroupView> Groups() const;
  Explanation Explain(const AlertPtr& alert) const;
  std::uint64_t delivered_within_day() const;
  double Metric(const std::string& name,
                const std::map<std::string, std::string>& labels = {}) const;
  std::map<std::string, std::string> Stored(StateTable table) const;
  std::size_t LinesWith(const std::string& text) const;

  testing::FakeClock clock{testing::FiredAt()};
  testing::Wire wire;
  testing::RecordingLogSink log;

 private:
  struct Process;
  using Event = std::function<void(NativeWorld&)>;

  void Start();
  // The owner's loop, until nothing is left to do at this time.
  void Pump();
  void Flush();

  const NativeWorldOptions options_;
  std::vector<testing::WireReceiver> receivers_;
  bool hold_commits_ = false;
  int silences_ = 0;
  std::string muted_by_;
  std::unique_ptr<testing::MemoryStateStore> store_;
  std::unique_ptr<Process> process_;
};

}  // namespace tocsin::receivers
