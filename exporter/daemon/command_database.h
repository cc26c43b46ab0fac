// The database as a command has it open, beside the daemon's own connection. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/state_store.h"
#include "evaluator/persist/postgres_database.h"

namespace tocsin::daemon {

class CommandDatabase {
 public:
  enum class IfAbsent : std::uint8_t {
    kFail,
    kMake,     // with its folder
    kPretend,  // an empty one, in memory: what the command writes is gone with it
  };
  // As the daemon finds it: by DATABASE_URL, below the storage folder. A command whose role is that
  // of the daemon is refused where one runs on the database.
  static Result<std::unique_ptr<CommandDatabase>> Open(
      const std::string& storage_path, IfAbsent if_absent,
      evaluator::StoreRole role = evaluator::StoreRole::kBeside);

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
