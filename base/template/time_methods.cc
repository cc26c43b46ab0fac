// The methods of times, spans, months and weekdays, as templates call them: .StartsAt.Format
// "15:04".
#include <fmt/format.h>

#include <cstdlib>
#include <limits>
#include <map>
#include <optional>

#include "base/template/functions.h"
#include "base/template/time_format.h"

namespace tocsin::gotemplate {
namespace {

using Answer = Result<Value>;

struct Method {
  std::size_t arity;
  Answer (*call)(const Value& self, const Values& args);
};
using Methods = std::map<std::string_view, Method>;

Value Number(std::int64_t n) { return Value(n); }

template <int CivilTime::*kPart>
Answer Part(const Value& self, const Values& /*args*/) {
  return Number(ToCivil(self.as_time()).*kPart);
}

Answer Year(const Value& self, const Values& /*args*/) {
  return Number(ToCivil(self.as_time()).year);
}

Answer Nanosecond(const Value& self, const Values& /*args*/) {
  return Number(self.as_time().nanos);
}

Answer MonthOf(const Value& self, const Values& /*args*/) {
  const int month = ToCivil(self.as_time()).month;
  return Value(NamedInt{month, "time.Month", MonthName(month)});
}

Answer WeekdayOf(const Value& self, const Values& /*args*/) {
  const int weekday = ToCivil(self.as_time()).weekday;
  return Value(NamedInt{weekday, "time.Weekday", WeekdayName(weekday)});
}

// Wraps around beyond the years 1678 to 2262, as Go's does.
template <std::int64_t kPerSecond>
Answer UnixIn(const Value& self, const Values& /*args*/) {
  const Time& time = self.as_time();
  const std::uint64_t whole = static_cast<std::uint64_t>(time.seconds) * std::uint64_t{kPerSecond};
  const std::uint64_t part =
      static_cast<std::uint64_t>(time.nanos) / (std::uint64_t{1'000'000'000} / kPerSecond);
  return Number(static_cast<std::int64_t>(whole + part));
}

Answer IsZero(const Value& self, const Values& /*args*/) { return Value(self.as_time().is_zero()); }
Answer Utc(const Value& self, const Values& /*args*/) { return Value(InUtc(self.as_time())); }
Answer TimeText(const Value& self, const Values& /*args*/) {
  return Value(FormatTimeDefault(self.as_time()));
}

Answer Format(const Value& self, const Values& args) {
  const Result<std::string_view> layout = TextArgument(args, 0);
  if (!layout) return layout.error();
  return Value(FormatTime(self.as_time(), *layout));
}

Answer AddSpan(const Value& self, const Values& args) {
  const Result<std::int64_t> nanos = IntArgument(args, 0);
  if (!nanos) return nanos.error();
  return Value(Add(self.as_time(), Span{*nanos}));
}

Answer Sub(const Value& self, const Values& args) {
  const Result<Time> other = TimeArgument(args, 0);
  if (!other) return other.error();
  return Value(Subtract(self.as_time(), *other));
}

template <bool (*kHolds)(std::strong_ordering)>
Answer CompareTimes(const Value& self, const Values& args) {
  const Result<Time> other = TimeArgument(args, 0);
  if (!other) return other.error();
  return Value(kHolds(CompareInstants(self.as_time(), *other)));
}

bool IsBefore(std::strong_ordering order) { return order < 0; }
bool IsAfter(std::strong_ordering order) { return order > 0; }
bool IsSame(std::strong_ordering order) { return order == 0; }

Answer Compare(const Value& self, const Values& args) {
  const Result<Time> other = TimeArgument(args, 0);
  if (!other) return other.error();
  const std::strong_ordering order = CompareInstants(self.as_time(), *other);
  return Number(order < 0 ? -1 : (order > 0 ? 1 : 0));
}

template <Span (*kChange)(Span, Span)>
Answer ChangeSpan(const Value& self, const Values& args) {
  const Result<std::int64_t> unit = IntArgument(args, 0);
  if (!unit) return unit.error();
  return Value(kChange(self.as_span(), Span{*unit}));
}

const Methods& TimeMethods() {
  static const Methods kMethods = {
      {"Add", {1, AddSpan}},
      {"After", {1, CompareTimes<IsAfter>}},
      {"Before", {1, CompareTimes<IsBefore>}},
      {"Compare", {1, Compare}},
      {"Equal", {1, CompareTimes<IsSame>}},
      {"Format", {1, Format}},
      {"Sub", {1, Sub}},
      {"Day", {0, Part<&CivilTime::day>}},
      {"Hour", {0, Part<&CivilTime::hour>}},
      {"IsZero", {0, IsZero}},
      {"Local", {0, Utc}},
      {"Minute", {0, Part<&CivilTime::minute>}},
      {"Month", {0, MonthOf}},
      {"Nanosecond", {0, Nanosecond}},
      {"Second", {0, Part<&CivilTime::second>}},
      {"String", {0, TimeText}},
      {"UTC", {0, Utc}},
      {"Unix", {0, UnixIn<1>}},
      {"UnixMicro", {0, UnixIn<1'000'000>}},
      {"UnixMilli", {0, UnixIn<1'000>}},
      {"UnixNano", {0, UnixIn<1'000'000'000>}},
      {"Weekday", {0, WeekdayOf}},
      {"Year", {0, Year}},
      {"YearDay", {0, Part<&CivilTime::year_day>}},
  };
  return kMethods;
}

template <std::int64_t kNanos>
Answer FloatIn(const Value& self, const Values& /*args*/) {
  return Value(static_cast<double>(self.as_span().nanos) / static_cast<double>(kNanos));
}

template <std::int64_t kNanos>
Answer IntIn(const Value& self, const Values& /*args*/) {
  return Number(self.as_span().nanos / kNanos);
}

Answer Abs(const Value& self, const Values& /*args*/) {
  const std::int64_t nanos = self.as_span().nanos;
  const bool smallest = nanos == std::numeric_limits<std::int64_t>::min();
  return Value(Span{smallest ? std::numeric_limits<std::int64_t>::max() : std::abs(nanos)});
}

Answer SpanText(const Value& self, const Values& /*args*/) {
  return Value(FormatSpan(self.as_span()));
}
Answer NamedIntText(const Value& self, const Values& /*args*/) {
  return Value(self.as_named_int().name);
}

const Methods& SpanMethods() {
  static const Methods kMethods = {
      {"Abs", {0, Abs}},
      {"Hours", {0, FloatIn<3'600'000'000'000>}},
      {"Microseconds", {0, IntIn<1'000>}},
      {"Milliseconds", {0, IntIn<1'000'000>}},
      {"Minutes", {0, FloatIn<60'000'000'000>}},
      {"Nanoseconds", {0, IntIn<1>}},
      {"Round", {1, ChangeSpan<RoundSpan>}},
      {"Seconds", {0, FloatIn<1'000'000'000>}},
      {"String", {0, SpanText}},
      {"Truncate", {1, ChangeSpan<TruncateSpan>}},
  };
  return kMethods;
}

const Methods& NamedIntMethods() {
  static const Methods kMethods = {
      {"String", {0, NamedIntText}},
  };
  return kMethods;
}

const Methods* MethodsOf(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kTime:
      return &TimeMethods();
    case Value::Kind::kSpan:
      return &SpanMethods();
    case Value::Kind::kNamedInt:
      return &NamedIntMethods();
    default:
      return nullptr;
  }
}

}  // namespace

std::optional<Result<Value>> CallMethod(const Value& receiver, std::string_view name,
                                        const Values& args) {
  const Methods* const methods = MethodsOf(receiver);
  if (methods == nullptr) return std::nullopt;
  const auto found = methods->find(name);
  if (found == methods->end()) return std::nullopt;
  if (args.size() != found->second.arity) {
    return Result<Value>(Error{fmt::format("wrong number of arguments: want {}, got {}",
                                           found->second.arity, args.size())});
  }
  return found->second.call(receiver, args);
}

}  // namespace tocsin::gotemplate
