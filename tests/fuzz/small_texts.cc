// The readers of small texts: numbers, times, durations, escapes, headers. What one of them accepts
// is read back from its own form as the same value.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/number.h"
#include "base/text.h"
#include "base/time.h"
#include "exporter/exposition/negotiation.h"

namespace tocsin {
namespace {

void CheckNumbers(std::string_view text) {
  if (const std::optional<double> number = ParseFloat(text)) {
    const std::optional<double> again = ParseFloat(FormatFloat(*number));
    CHECK(again && (*again == *number || (std::isnan(*again) && std::isnan(*number))));
  }
  if (const std::optional<std::int64_t> number = ParseInt(text)) {
    CHECK(ParseInt(std::to_string(*number)) == number);
  }
  if (const std::optional<std::uint64_t> number = ParseHex64(text)) {
    CHECK(ParseHex64(FormatHex64(*number)) == number);
  }
}

void CheckTimes(std::string_view text) {
  if (const std::optional<Duration> duration = ParseDuration(text)) {
    CHECK(ParseDuration(FormatDuration(*duration)) == duration);
  }
  if (const std::optional<Timestamp> time = ParseRfc3339(text)) {
    CHECK(ParseRfc3339(FormatRfc3339(*time)) == time);
  }
}

void CheckTexts(std::string_view text) {
  if (const std::optional<std::string> decoded = PercentDecode(text)) {
    CHECK(PercentDecode(PercentEncode(*decoded)) == decoded);
  }
  CHECK(IsValidUtf8(QuoteForMessage(text)));
  CHECK(!IsValidUtf8(text) || IsValidUtf8(TruncateUtf8(text, text.size() / 2)));
}

}  // namespace
}  // namespace tocsin

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  tocsin::CheckNumbers(text);
  tocsin::CheckTimes(text);
  tocsin::CheckTexts(text);
  tocsin::exposition::NegotiateFormat(text);
  tocsin::exposition::AcceptsGzip(text);
  return 0;
}
