// eq ne lt le gt ge: by the basic kind of both sides. Numbers of different kinds (int and float)
// do not compare, texts do with texts; lists, maps and structures do not.
#include <fmt/format.h>

#include <compare>
#include <utility>

#include "base/template/functions.h"

namespace tocsin::gotemplate {
namespace {

using Kind = Value::Kind;

enum class Basic : std::uint8_t { kNone, kBool, kInt, kFloat, kText };

Basic BasicKind(const Value& value) {
  switch (value.kind()) {
    case Kind::kBool:
      return Basic::kBool;
    case Kind::kInt:
    case Kind::kSpan:
    case Kind::kNamedInt:
      return Basic::kInt;
    case Kind::kFloat:
      return Basic::kFloat;
    case Kind::kString:
    case Kind::kSafe:
      return Basic::kText;
    default:
      return Basic::kNone;
  }
}

Error Incompatible(const Value& a, const Value& b) {
  return Error{
      fmt::format("incompatible types for comparison: {} and {}", a.TypeName(), b.TypeName())};
}

// Neither has a basic kind.
Result<bool> OthersAreEqual(const Value& a, const Value& b) {
  if (a.is_nil() || b.is_nil()) return a.is_nil() == b.is_nil();
  if (a.kind() == Kind::kTime && b.kind() == Kind::kTime) return a.as_time() == b.as_time();
  return Error{fmt::format("values of type {} cannot be compared",
                           a.kind() == Kind::kTime ? b.TypeName() : a.TypeName())};
}

Result<bool> AreEqual(const Value& a, const Value& b) {
  const Basic kind = BasicKind(a);
  if (kind != BasicKind(b)) {
    if (a.is_nil() || b.is_nil()) return false;
    return Incompatible(a, b);
  }
  switch (kind) {
    case Basic::kBool:
      return a.as_bool() == b.as_bool();
    case Basic::kInt:
      return *a.integer() == *b.integer();
    case Basic::kFloat:
      return a.as_float() == b.as_float();
    case Basic::kText:
      return *a.text() == *b.text();
    case Basic::kNone:
      break;
  }
  return OthersAreEqual(a, b);
}

Result<std::partial_ordering> Order(const Value& a, const Value& b) {
  const Basic kind = BasicKind(a);
  if (kind != BasicKind(b)) return Incompatible(a, b);
  switch (kind) {
    case Basic::kInt:
      return std::partial_ordering(*a.integer() <=> *b.integer());
    case Basic::kFloat:
      return a.as_float() <=> b.as_float();
    case Basic::kText:
      return std::partial_ordering(*a.text() <=> *b.text());
    default:
      return Error{fmt::format("values of type {} have no order", a.TypeName())};
  }
}

// True if the first equals any of the others.
Result<Value> Equal(const Values& args, Budget& /*budget*/) {
  if (args.size() < 2) return Error{"missing argument for comparison"};
  for (std::size_t i = 1; i < args.size(); ++i) {
    const Result<bool> equal = AreEqual(args[0], args[i]);
    if (!equal) return equal.error();
    if (*equal) return Value(true);
  }
  return Value(false);
}

Result<Value> NotEqual(const Values& args, Budget& /*budget*/) {
  const Result<bool> equal = AreEqual(args[0], args[1]);
  if (!equal) return equal.error();
  return Value(!*equal);
}

template <bool (*kHolds)(std::partial_ordering)>
Result<Value> Ordered(const Values& args, Budget& /*budget*/) {
  const Result<std::partial_ordering> order = Order(args[0], args[1]);
  if (!order) return order.error();
  return Value(kHolds(*order));
}

bool IsLess(std::partial_ordering order) { return order < 0; }
bool IsLessOrEqual(std::partial_ordering order) { return order <= 0; }
bool IsGreater(std::partial_ordering order) { return order > 0; }
bool IsGreaterOrEqual(std::partial_ordering order) { return order >= 0; }

}  // namespace

void AddComparisons(FunctionMap* functions) {
  (*functions)["eq"] = {1, Function::kAnyNumber, Equal};
  (*functions)["ne"] = {2, 2, NotEqual};
  (*functions)["lt"] = {2, 2, Ordered<IsLess>};
  (*functions)["le"] = {2, 2, Ordered<IsLessOrEqual>};
  (*functions)["gt"] = {2, 2, Ordered<IsGreater>};
  (*functions)["ge"] = {2, 2, Ordered<IsGreaterOrEqual>};
}

}  // namespace tocsin::gotemplate
