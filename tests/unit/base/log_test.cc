#include "base/log.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace tocsin {
namespace {

const Timestamp kNow = FromUnixMillis(1'714'557'600'123);

TEST(Log, LogfmtQuotesWhatCouldNotBeReadBackBare) {
  EXPECT_EQ(
      FormatLogLine(LogFormat::kLogfmt, kNow, LogLevel::kWarn, "delivery", "attempt failed",
                    {{"receiver", "ops"}, {"attempts", 3}, {"err", "a \"b\"\n"}, {"ok", false}}),
      "ts=2024-05-01T10:00:00.123Z level=warn component=delivery msg=\"attempt failed\" "
      "receiver=ops attempts=3 err=\"a \\\"b\\\"\\n\" ok=false");
}

TEST(Log, AnEmptyLogfmtValueIsVisible) {
  EXPECT_EQ(FormatLogLine(LogFormat::kLogfmt, kNow, LogLevel::kInfo, "app", "x", {{"err", ""}}),
            "ts=2024-05-01T10:00:00.123Z level=info component=app msg=x err=\"\"");
}

TEST(Log, JsonLinesParseWhateverTheyHold) {
  const std::string line = FormatLogLine(
      LogFormat::kJson, kNow, LogLevel::kError, "app", "bad\xff \"text\"\n",
      {{"n", 5}, {"f", 0.5}, {"nan", std::numeric_limits<double>::quiet_NaN()}, {"s", "x\ty"}});
  const nlohmann::json parsed = nlohmann::json::parse(line);
  EXPECT_EQ(parsed["timestamp"], "2024-05-01T10:00:00.123Z");
  EXPECT_EQ(parsed["level"], "error");
  EXPECT_EQ(parsed["n"], 5);
  EXPECT_EQ(parsed["f"], 0.5);
  EXPECT_EQ(parsed["nan"], "NaN");
  EXPECT_EQ(parsed["s"], "x\ty");
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace tocsin
