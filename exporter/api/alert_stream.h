// One client of the alerting WebSocket: first the active alerts, then what happens to them.
//
// Made on a web worker; the stream thread's from Opened on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/api/sample_decimator.h"
#include "exporter/api/stream_api.h"
#include "exporter/api/stream_hub.h"
#include "exporter/http/stream.h"

namespace tocsin::api {

class AlertStream final : public http::Stream, private EventFollower {
 public:
  struct Start {
    std::string client_id;
    security::Caller caller;
    std::optional<std::uint64_t> last;  // the event with which it goes on, if it may
    bool starts_over = false;           // it asked to go on, and may not
    Timestamp next_update;
  };

  // `sources` and `all`, where it stands while it is open, outlive the object.
  AlertStream(const StreamSources& sources, const StreamSettings& settings,
              StreamHub::Interest interest, Start start, std::set<AlertStream*>& all)
      : sources_(sources),
        settings_(settings),
        interest_(std::move(interest)),
        start_(std::move(start)),
        all_(all) {}

  // http::Stream
  void Opened(http::StreamWriter& writer) override;
  void Received(std::string_view text) override;
  void Drained() override { sources_.hub.Drained(*this); }
  void Closed() override;

  // The newest samples of series that anybody wants.
  void Show(const std::vector<SampleTap::Tapped>& samples, Timestamp now);

 private:
  // EventFollower
  void Deliver(StreamEvent& event) override;
  void CaughtUp(std::uint64_t sequence) override;
  void StartOver() override;
  void Fail() override;
  std::size_t waiting_bytes() const override { return writer_->waiting_bytes(); }
  void Tick(Timestamp now) override;
  std::function<void(StreamEvent&)> Writer() const override;

  void Send(std::string message);
  // The active alerts come first; what the client says meanwhile waits for them.
  void Begin();
  void SendInitial(std::string message);
  void SendUpdate(Timestamp now);
  void Command(const ClientMessage& message);
  void Subscribe(const ClientMessage& message);
  void Answer(const Json& request_id, const std::optional<evaluator::CommandResult>& result);
  // Who gives a command: the holder of the key, where there is one.
  std::string ActorOf(const ClientMessage& message) const;
  bool Wants(const Event& event) const;

  const StreamSources& sources_;
  const StreamSettings& settings_;
  const StreamHub::Interest interest_;
  Start start_;
  std::set<AlertStream*>& all_;

  http::StreamWriter* writer_ = nullptr;
  StreamFilter filter_;
  std::shared_ptr<const SampleSubscription> samples_;
  std::optional<SampleDecimator> decimator_;
  bool announce_live_ = false;  // once it has caught up
  bool has_begun_ = false;
  std::vector<std::string> early_;  // what it said before
  std::size_t commands_under_way_ = 0;
};

}  // namespace tocsin::api
