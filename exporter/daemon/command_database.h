// The database as a command has it open, beside the daemon's own connection. One thread.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/state_store.h"

namespace tocsin::daemon {

class CommandDatabase {
 public:
  // As the daemon finds it: by DATABASE_URL, below the storage folder. `make`: folder and database
  // where there are none yet.
  static Result<std::unique_ptr<CommandDatabase>> Open(const std::string& storage_path, bool make);

  StateStore& store() { return *store_; }
  const Clock& clock() const { return clock_; }

  // Waits until it is durable.
  Status Write(WriteBatch batch);

 private:
  SystemClock clock_;
  std::unique_ptr<LogSink> log_ = MakeStderrLogSink(LogLevel::kWarn, LogFormat::kLogfmt, clock_);
  MetricRegistry metrics_;
  std::unique_ptr<StateStore> store_;
};

}  // namespace tocsin::daemon
