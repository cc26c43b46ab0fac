// How the last reload ended, for the metrics and the status API. Noted by the main thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "base/snapshot.h"
#include "base/time.h"
#include "exporter/api/daemon_status.h"

namespace tocsin::daemon {

class ReloadBook {
 public:
  ReloadBook(MetricRegistry& metrics, Timestamp now)
      : successful_(GaugeFamily(metrics, "tocsin_config_last_reload_successful",
                                "Whether the last attempt to load the configuration succeeded.")
                        .Add({})),
        success_time_(GaugeFamily(metrics, "tocsin_config_last_reload_success_timestamp_seconds",
                                  "When the configuration that is in force was loaded.")
                          .Add({})) {
    Note(now, {});
  }

  void Note(Timestamp now, std::vector<std::string> problems) {
    auto status = std::make_shared<api::ReloadStatus>();
    status->successful = problems.empty();
    status->at = now;
    status->problems = std::move(problems);
    successful_.Set(status->successful ? 1 : 0);
    if (status->successful) success_time_.Set(ToUnixSeconds(now));
    status_.Publish(std::move(status));
  }
  // Any thread.
  api::ReloadStatus status() const { return *status_.Get(); }

 private:
  prometheus::Gauge& successful_;
  prometheus::Gauge& success_time_;
  Snapshot<api::ReloadStatus> status_;
};

}  // namespace tocsin::daemon
