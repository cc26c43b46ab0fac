// Alertmanager's functions about times: date tz since humanizeDuration now toDate mustToDate.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/number.h"
#include "base/template/alertmanager_functions.h"
#include "base/template/functions.h"
#include "base/template/humanize.h"
#include "base/template/time_format.h"
#include "base/text.h"

namespace tocsin::gotemplate {
namespace {

using Kind = Value::Kind;

// Reading a layout is dearer than reading a text.
constexpr std::size_t kLayoutBytesPerStep = 4;

Result<std::string_view> LayoutArgument(const Values& args, Budget& budget) {
  Result<std::string_view> layout = TextArgument(args, 0);
  if (!layout) return layout;
  Status paid = budget.Spend(static_cast<std::int64_t>(layout->size() / kLayoutBytesPerStep));
  if (!paid.ok()) return paid.error();
  return layout;
}

Result<Value> Date(const Values& args, Budget& budget) {
  const Result<std::string_view> layout = LayoutArgument(args, budget);
  if (!layout) return layout.error();
  const Result<Time> time = TimeArgument(args, 1);
  if (!time) return time.error();
  constexpr std::size_t kMostGrowth = 20;  // a year far away
  Status status = CheckGrowth(*layout, kMostGrowth, budget);
  if (!status.ok()) return status.error();
  return MadeText(FormatTime(*time, *layout), budget);
}

Result<Value> MustToDate(const Values& args, Budget& budget) {
  const Result<std::string_view> layout = LayoutArgument(args, budget);
  if (!layout) return layout.error();
  const Result<std::string_view> text = TextArgument(args, 1);
  if (!text) return text.error();
  Result<Time> time = ParseTime(*layout, *text);
  if (!time) return time.error();
  return Value(*std::move(time));
}

// A text that is no time gives the zero time; an argument that is no text is still an error.
Result<Value> ToDate(const Values& args, Budget& budget) {
  const Result<std::string_view> layout = LayoutArgument(args, budget);
  if (!layout) return layout.error();
  const Result<std::string_view> text = TextArgument(args, 1);
  if (!text) return text.error();
  const Result<Time> time = ParseTime(*layout, *text);
  return Value(time ? *time : Time());
}

Result<double> Seconds(const Value& value) {
  if (value.kind() == Kind::kFloat) return value.as_float();
  if (value.kind() == Kind::kSpan) return static_cast<double>(value.as_span().nanos) / 1e9;
  if (value.kind() == Kind::kInt) return static_cast<double>(value.as_int());
  if (!value.text()) return WrongType(value, "a number, a numeric string or a duration");
  const std::optional<double> number = ParseFloat(*value.text());
  if (!number) return Error{fmt::format("{} is not a number", QuoteForMessage(*value.text()))};
  return *number;
}

Result<Value> Humanize(const Values& args, Budget& /*budget*/) {
  const Result<double> seconds = Seconds(args[0]);
  if (!seconds) return seconds.error();
  return Value(HumanizeDuration(*seconds));
}

Result<Value> InZone(const Environment& environment, const Values& args) {
  const Result<std::string_view> zone = TextArgument(args, 0);
  if (!zone) return zone.error();
  const Result<Time> time = TimeArgument(args, 1);
  if (!time) return time.error();
  if (zone->empty() || *zone == "UTC") return Value(InUtc(*time));
  std::optional<ZoneAt> at;
  if (environment.zone) at = environment.zone(*zone, time->seconds);
  if (!at) return Error{fmt::format("unknown time zone {}", QuoteForMessage(*zone))};
  return Value(Time{time->seconds, time->nanos, at->offset_seconds, std::move(at->abbreviation)});
}

}  // namespace

void AddTimeFunctions(const Environment& environment, FunctionMap* functions) {
  (*functions)["date"] = {2, 2, Date};
  (*functions)["toDate"] = {2, 2, ToDate};
  (*functions)["mustToDate"] = {2, 2, MustToDate};
  (*functions)["humanizeDuration"] = {1, 1, Humanize};
  (*functions)["tz"] = {
      2, 2, [environment](const Values& args, Budget&) { return InZone(environment, args); }};
  (*functions)["now"] = {0, 0, [environment](const Values&, Budget&) -> Result<Value> {
                           return Value(environment.now());
                         }};
  (*functions)["since"] = {1, 1, [environment](const Values& args, Budget&) -> Result<Value> {
                             const Result<Time> time = TimeArgument(args, 0);
                             if (!time) return time.error();
                             return Value(Subtract(TimeFromTimestamp(environment.now()), *time));
                           }};
}

}  // namespace tocsin::gotemplate
