// One client of the event stream: every event as GET /events shows it, as it happens.
//
// Made on a web worker; the stream thread's from Opened on.
#pragma once

#include <cstdint>
#include <functional>

#include "exporter/api/event_query.h"
#include "exporter/api/stream_api.h"
#include "exporter/api/stream_hub.h"
#include "exporter/http/stream.h"

namespace tocsin::api {

class EventStream final : public http::Stream, private EventFollower {
 public:
  struct Start {
    security::Caller caller;
    EventRequest filter;
    std::uint64_t last = 0;      // of the events the client has seen
    bool announce_live = false;  // once it has caught up
    bool starts_over = false;    // what it has missed is not kept any more
  };

  // `sources` outlives the object.
  EventStream(const StreamSources& sources, StreamHub::Interest interest, Start start)
      : sources_(sources), interest_(std::move(interest)), start_(std::move(start)) {}

  // http::Stream
  void Opened(http::StreamWriter& writer) override;
  void Received(std::string_view /*text*/) override {}  // nothing comes this way
  void Drained() override { sources_.hub.Drained(*this); }
  void Closed() override { sources_.hub.Remove(*this); }

 private:
  // EventFollower
  void Deliver(StreamEvent& event) override;
  void CaughtUp(std::uint64_t sequence) override;
  void StartOver() override;
  void Fail() override;
  std::size_t waiting_bytes() const override { return writer_->waiting_bytes(); }
  void Tick(Timestamp now) override;
  std::function<void(StreamEvent&)> Writer() const override;

  const StreamSources& sources_;
  const StreamHub::Interest interest_;
  Start start_;
  http::StreamWriter* writer_ = nullptr;
};

}  // namespace tocsin::api
