// Logs: one event, one line, a lower-case message and key=value pairs.
//
//   log.Warn("attempt failed, will retry", {{"receiver", name}, {"attempts", n}, {"err", why}});
//   ts=2024-05-01T10:00:00.123Z level=warn component=delivery msg="attempt failed, will retry" ...
//
// A Logger is a small value: component name and a reference to the sink that the process made. Any
// thread may log. Secrets cannot be passed (base/secret.h has no text form).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/clock.h"
#include "base/number.h"
#include "base/time.h"

namespace tocsin {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };
enum class LogFormat : std::uint8_t { kLogfmt, kJson };

struct LogField {
  LogField(std::string_view k, std::string_view v) : key(k), text(v) {}
  LogField(std::string_view k, const char* v) : key(k), text(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), text(v) {}
  LogField(std::string_view k, bool v) : key(k), owned(v ? "true" : "false"), bare(true) {}
  LogField(std::string_view k, double v) : key(k), owned(FormatFloat(v)), bare(true) {}
  template <typename Int, typename = std::enable_if_t<std::is_integral_v<Int>>>
  LogField(std::string_view k, Int v) : key(k), owned(std::to_string(v)), bare(true) {}

  std::string_view value() const { return bare ? std::string_view(owned) : text; }

  std::string_view key;
  std::string_view text;
  std::string owned;
  bool bare = false;  // a number or a boolean: not quoted in JSON
};

// Where lines go. Synchronises itself.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual bool Enabled(LogLevel level) const = 0;
  virtual void Write(LogLevel level, std::string_view component, std::string_view message,
                     std::initializer_list<LogField> fields) = 0;
};

class Logger {
 public:
  Logger(LogSink& sink, std::string component) : sink_(&sink), component_(std::move(component)) {}
  Logger Named(std::string component) const { return Logger(*sink_, std::move(component)); }

  void Debug(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    Write(LogLevel::kDebug, message, fields);
  }
  void Info(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    Write(LogLevel::kInfo, message, fields);
  }
  void Warn(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    Write(LogLevel::kWarn, message, fields);
  }
  void Error(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    Write(LogLevel::kError, message, fields);
  }

 private:
  void Write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) const {
    if (sink_->Enabled(level)) sink_->Write(level, component_, message, fields);
  }

  LogSink* sink_;
  std::string component_;
};

// Lines on standard error, through spdlog.
std::unique_ptr<LogSink> MakeStderrLogSink(LogLevel level, LogFormat format, const Clock& clock);

// One line without its end, as both formats write it; pure, for the sink and its tests.
std::string FormatLogLine(LogFormat format, Timestamp now, LogLevel level,
                          std::string_view component, std::string_view message,
                          std::initializer_list<LogField> fields);

}  // namespace tocsin
