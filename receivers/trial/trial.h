// A trial of a receiver: one message to each of its channels, outside of the pipeline, with all
// that was sent and came back. Nothing is remembered of it, and nothing is tried again.
//
// TryReceiver waits for the channels, each for as long as an attempt may take; any thread that may
// wait so long.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/transfer_phases.h"
#include "receivers/channels/channel.h"
#include "receivers/pipeline/graph.h"

namespace tocsin::receivers {

// One request and its answer. Secrets of the settings are hidden, texts are cut at a few kB and
// valid UTF-8.
struct TrialExchange {
  std::string request;  // "POST https://hooks.example/…", "MAIL mail.example:587 from a to b, c"
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  int status = 0;  // of HTTP, or the mail server's reply; 0: there was none
  std::vector<std::pair<std::string, std::string>> answer_headers;
  std::string answer;   // the body
  std::string failure;  // why there is no answer
  TransferPhases phases;
  Duration elapsed{0};
};

struct ChannelTrial {
  std::string integration;  // "slack", "webhook[0]"
  std::vector<TrialExchange> exchanges;
  Outcome outcome;         // means nothing where it was only rendered
  std::string no_picture;  // why the message is without the picture that the settings ask for
};

struct TrialOrder {
  std::string receiver;
  std::vector<PostedAlert> alerts;  // empty: one that says it is a test
  bool render_only = false;         // nothing leaves; of several requests the first one is shown
  Duration timeout{std::chrono::seconds(10)};
  std::string external_url;
};

// In the order of the configuration. Fails where there is no such receiver or it has no channel.
Result<std::vector<ChannelTrial>> TryReceiver(const PipelineGraph& graph, const TrialOrder& order,
                                              const ChannelContext& context);

// For people: what was sent, what came back and how long it took.
std::string TrialReport(const std::vector<ChannelTrial>& trials, bool render_only);

}  // namespace tocsin::receivers
