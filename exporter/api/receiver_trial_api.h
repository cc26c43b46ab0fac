// POST receivers/{name}/test, or channels/{name}/test: one message to each channel of a receiver,
// and what came of it. Served under /api/v1/alerting and /alerting alike.
//
// Handlers run on web workers and wait for the channels, each for at most ten seconds.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "exporter/http/http.h"
#include "receivers/trial/trial.h"

namespace tocsin::api {

struct ReceiverTrialSources {
  // The configuration in force.
  std::function<receivers::PipelineGraphPtr()> graph;
  std::function<Result<std::vector<receivers::ChannelTrial>>(const receivers::PipelineGraph& graph,
                                                             const receivers::TrialOrder& order)>
      try_receiver;
  std::string external_url;
  const Clock& clock;
  Logger log;  // each trial is written there
};

std::vector<http::Route> ReceiverTrialRoutes(ReceiverTrialSources sources);

// What a trial is to tell of: a JSON object with `alert` or `alerts` in the form of API v2, and
// `render_only`; empty is an alert that says it is a test. Fails with what is wrong. `order` has
// the other members set.
Status ReadTrialOrder(std::string_view body, Timestamp now, receivers::TrialOrder* order);

}  // namespace tocsin::api
