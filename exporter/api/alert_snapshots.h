// The active alerts of every origin as of an event: what stream clients begin with, and get anew
// now and then.
//
// The book of alerts runs ahead of the events, and so does what senders post: a change stands in it
// before its event has a number. Whoever was given the book as it is, and after it the events that
// come next, would be told of such a change twice. So a snapshot takes four steps: note the newest
// number; read the book; wait until every change that the book may have shown has its number; and
// lay over it what the events since the first step say, the last one of each alert. That is the
// state as of the last of these events, whenever which change came into the book: an alert with no
// event among them is as it was before, and of every other one the event says how it is.
//
// All who ask before a snapshot is begun share it. The stream thread's, but for what it runs aside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/api/known_alerts.h"
#include "exporter/api/stream_event.h"
#include "exporter/api/stream_hub.h"
#include "exporter/api/stream_message.h"

namespace tocsin::api {

class AlertSnapshots final : private EventFollower {
 public:
  // Calls `done`, on any thread, once every change that stands in the book, or is on its way to the
  // state store, has its number.
  using WhenNumbered = std::function<void(std::function<void()> done)>;
  // Runs aside: the message with a JSON array of alerts, as GET /alerts lists them.
  using Write = std::function<std::string(std::uint64_t sequence, const std::string& alerts)>;
  // Every event up to `sequence` shows in the alerts, and no later one.
  using Then = std::function<void(std::string message, std::uint64_t sequence)>;

  // Everything outlives the object, which outlives what was posted and submitted.
  AlertSnapshots(StreamHub& hub, const StateStore& store, const KnownAlerts& known,
                 AlertRenderer render, WhenNumbered when_numbered)
      : hub_(hub),
        store_(store),
        known_(known),
        render_(std::move(render)),
        when_numbered_(std::move(when_numbered)) {}

  // `then` is called unless the follower is gone by then. REQUIRES: it is held by the hub.
  void Ask(const EventFollower& follower, StreamFilter filter, Write write, Then then);
  // Any thread. StreamEvent::AsAlertMessage.
  const http::StreamText& AlertMessage(StreamEvent& event) const {
    return event.AsAlertMessage(known_, render_);
  }

 private:
  struct Order {
    std::uint64_t follower = 0;
    StreamFilter filter;
    Write write;
    Then then;
  };
  using Alerts = std::vector<KnownAlert>;
  // What is needed to write it.
  struct Work {
    std::uint64_t sequence = 0;
    std::shared_ptr<const Alerts> book;
    std::map<std::string, Event> changed;
    std::vector<Order> orders;
  };

  void Begin();
  void ReadBook();
  void Numbered(std::size_t attempt, std::shared_ptr<const Alerts> alerts, std::uint64_t goal);
  void FinishIfThere();
  void Finish();
  // Aside.
  Alerts Merge(const Work& work) const;
  std::string WriteList(const Alerts& alerts, const StreamFilter& filter) const;
  void WriteAll(const Work& work) const;

  // EventFollower
  void Deliver(StreamEvent& event) override;
  void CaughtUp(std::uint64_t sequence) override;
  void StartOver() override;
  // What happens from now on needs no reading.
  void Fail() override { StartOver(); }
  std::size_t waiting_bytes() const override { return 0; }
  void Tick(Timestamp now) override;
  std::function<void(StreamEvent&)> Writer() const override {
    return [](StreamEvent&) {};
  }

  StreamHub& hub_;
  const StateStore& store_;
  const KnownAlerts& known_;
  const AlertRenderer render_;
  const WhenNumbered when_numbered_;

  std::vector<Order> waiting_;                   // for the next one
  std::vector<Order> orders_;                    // for the one that is being made
  std::optional<StreamHub::Interest> interest_;  // while one is being made
  std::size_t attempt_ = 0;
  bool is_reading_ = false;
  bool is_finishing_ = false;
  std::uint64_t reached_ = 0;             // events up to this one are in
  std::map<std::string, Event> changed_;  // by alert: its newest event
  std::shared_ptr<const Alerts> alerts_;  // of the book
  std::optional<std::uint64_t> goal_;     // all that they show has a number up to this
};

}  // namespace tocsin::api
