// The live stream of the alerting API: WebSocket /ws/{client_id} and Server-Sent Events at
// /events/stream, under /api/v1/alerting and /alerting alike.
//
// Openers run on web workers: they judge the request. From then on a client is the stream thread's
// (stream_hub.h).
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "evaluator/lifecycle/engine.h"
#include "exporter/api/alert_snapshots.h"
#include "exporter/api/sample_tap.h"
#include "exporter/api/stream_hub.h"
#include "exporter/http/http.h"
#include "exporter/security/access_guard.h"

namespace tocsin::api {

// Everything outlives the API and its clients.
struct StreamSources {
  StreamHub& hub;
  AlertSnapshots& snapshots;
  SampleTap& samples;
  const StateStore& store;
  const Clock& clock;
  const evaluator::AlertBook& book;
  security::AccessGuard& guard;  // knows those whom it has let in
  // Commands of people; they run aside, where they may wait, and answer on any thread. Nothing
  // where the state store has not confirmed the change in time; it is in force all the same.
  using Done = std::function<void(const std::optional<evaluator::CommandResult>&)>;
  std::function<void(const std::string& alert, const AcknowledgeCommand& command, Done done)>
      acknowledge;
  std::function<void(const std::string& alert, const std::string& actor, const std::string& note,
                     Done done)>
      resolve;
};

// Why a client must go that was welcome.
inline constexpr std::string_view kKeyHasEnded = "the API key is not valid any more";

class AlertStream;

struct StreamSettings {
  Duration update_interval{std::chrono::seconds(30)};  // between two snapshots
};

class StreamApi {
 public:
  // `sources` outlives the object, which outlives the routes and the clients.
  StreamApi(StreamSources sources, StreamSettings settings);
  ~StreamApi();
  StreamApi(const StreamApi&) = delete;
  StreamApi& operator=(const StreamApi&) = delete;

  std::vector<http::Route> Routes();
  // The stream thread, a few times a second.
  void Tick(Timestamp now);

 private:
  http::StreamOffer OpenWebSocket(const http::Request& request);
  http::StreamOffer OpenEvents(const http::Request& request);

  const StreamSources sources_;
  const StreamSettings settings_;
  std::set<AlertStream*> alert_streams_;  // the stream thread's own
};

}  // namespace tocsin::api
