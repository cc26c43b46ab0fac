#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/json_text.h"
#include "base/text.h"

namespace tocsin {
namespace {

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "";
}

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// As go-logfmt: bare where it can be read back bare, else quoted with escapes.
void AppendLogfmtValue(std::string_view value, std::string* out) {
  const bool bare = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
  });
  if (bare) {
    *out += value;
  } else {
    *out += QuoteForMessage(value, value.size());
  }
}

std::string FormatLogfmt(Timestamp now, LogLevel level, std::string_view component,
                         std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = "ts=" + FormatRfc3339(now) + " level=" + std::string(LevelName(level)) +
                     " component=" + std::string(component) + " msg=";
  AppendLogfmtValue(message, &line);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    AppendLogfmtValue(field.value(), &line);
  }
  return line;
}

std::string FormatJson(Timestamp now, LogLevel level, std::string_view component,
                       std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = R"({"timestamp":")" + FormatRfc3339(now) + R"(","level":")" +
                     std::string(LevelName(level)) + R"(","component":)";
  AppendJsonString(component, &line);
  line += ",\"msg\":";
  AppendJsonString(message, &line);
  for (const LogField& field : fields) {
    line += ',';
    AppendJsonString(field.key, &line);
    line += ':';
    // NaN and infinities are no JSON numbers.
    if (field.bare && field.owned.find_first_of("NI") == std::string::npos) {
      line += field.owned;
    } else {
      AppendJsonString(field.value(), &line);
    }
  }
  line += '}';
  return line;
}

class StderrLogSink final : public LogSink {
 public:
  StderrLogSink(LogLevel level, LogFormat format, const Clock& clock)
      : level_(level),
        format_(format),
        clock_(clock),
        logger_("tocsin", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_level(spdlog::level::trace);
    logger_.set_pattern("%v");
    logger_.flush_on(spdlog::level::trace);
  }

  bool Enabled(LogLevel level) const override { return level >= level_; }

  void Write(LogLevel level, std::string_view component, std::string_view message,
             std::initializer_list<LogField> fields) override {
    logger_.log(SpdlogLevel(level),
                FormatLogLine(format_, clock_.Now(), level, component, message, fields));
  }

 private:
  const LogLevel level_;
  const LogFormat format_;
  const Clock& clock_;
  spdlog::logger logger_;
};

}  // namespace

std::string FormatLogLine(LogFormat format, Timestamp now, LogLevel level,
                          std::string_view component, std::string_view message,
                          std::initializer_list<LogField> fields) {
  return format == LogFormat::kJson ? FormatJson(now, level, component, message, fields)
                                    : FormatLogfmt(now, level, component, message, fields);
}

std::unique_ptr<LogSink> MakeStderrLogSink(LogLevel level, LogFormat format, const Clock& clock) {
  return std::make_unique<StderrLogSink>(level, format, clock);
}

}  // namespace tocsin
