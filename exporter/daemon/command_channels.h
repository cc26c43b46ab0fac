// What channels stand on in a command: clients that are made when something is first sent, and a
// console that is standard output. One thread, but for what the clients run.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "exporter/daemon/on_demand_clients.h"
#include "exporter/daemon/on_demand_executor.h"
#include "receivers/channels/channel.h"

namespace tocsin::daemon {

class CommandChannels {
 public:
  // Warnings go to standard error. The clock outlives this.
  explicit CommandChannels(const Clock& clock);

  // Valid as long as this is.
  const receivers::ChannelContext& context() const { return context_; }

 private:
  const std::unique_ptr<LogSink> sink_;
  const Logger log_;
  MetricRegistry metrics_;
  OnDemandHttpClient http_;
  OnDemandMailClient mail_;
  OnDemandExecutor console_;
  const receivers::ChannelContext context_;
};

}  // namespace tocsin::daemon
