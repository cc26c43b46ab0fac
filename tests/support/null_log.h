// Log sinks for tests: one that says nothing, one that keeps its lines.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"

namespace tocsin::testing {

class RecordingLogSink final : public LogSink {
 public:
  bool Enabled(LogLevel) const override { return true; }
  void Write(LogLevel level, std::string_view component, std::string_view message,
             std::initializer_list<LogField> fields) override {
    std::string line =
        FormatLogLine(LogFormat::kLogfmt, Timestamp(), level, component, message, fields);
    MutexLock lock(mu_);
    lines_.push_back(std::move(line));
  }
  std::vector<std::string> lines() const {
    MutexLock lock(mu_);
    return lines_;
  }

 private:
  mutable Mutex mu_;
  std::vector<std::string> lines_ GUARDED_BY(mu_);
};

class NullLogSink final : public LogSink {
 public:
  bool Enabled(LogLevel) const override { return false; }
  void Write(LogLevel, std::string_view, std::string_view,
             std::initializer_list<LogField>) override {}
};

}  // namespace tocsin::testing
