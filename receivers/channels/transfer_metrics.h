// Where the time of deliveries goes: the steps of each transfer, timed and counted for all
// receivers together. A value of pointers into the registry; any thread.
#pragma once

#include <array>
#include <cstdint>

#include "base/metrics.h"
#include "base/transfer_phases.h"

namespace tocsin::receivers {

class TransferMetrics {
 public:
  enum class Protocol : std::uint8_t { kHttp, kSmtp };
  // `registry` outlives it.
  TransferMetrics(Protocol protocol, MetricRegistry& registry);

  // `answered`: it got as far as an answer, whatever that says.
  void Observe(const TransferPhases& phases, bool answered) const;

 private:
  std::array<prometheus::Histogram*, kTransferPhases> took_{};
  std::array<prometheus::Counter*, kTransferPhases> failed_{};
  prometheus::Counter* opened_;
  prometheus::Counter* reused_;
};

}  // namespace tocsin::receivers
