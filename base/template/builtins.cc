// The functions of the language itself, but for the comparing ones (comparison.cc).
// https://pkg.go.dev/text/template#hdr-Functions
#include <fmt/format.h>

#include <utility>

#include "base/template/escape.h"
#include "base/template/functions.h"
#include "base/template/print.h"

namespace tocsin::gotemplate {
namespace {

using Kind = Value::Kind;

// The executor evaluates the arguments of these two one by one; called otherwise, all are known.
Result<Value> And(const Values& args, Budget& /*budget*/) {
  for (const Value& arg : args) {
    if (!arg.IsTrue()) return arg;
  }
  return args.back();
}

Result<Value> Or(const Values& args, Budget& /*budget*/) {
  for (const Value& arg : args) {
    if (arg.IsTrue()) return arg;
  }
  return args.back();
}

Result<Value> Not(const Values& args, Budget& /*budget*/) { return Value(!args[0].IsTrue()); }

Result<Value> Len(const Values& args, Budget& /*budget*/) {
  const Value value = args[0].Plain();
  std::size_t length = 0;
  if (const std::optional<std::string_view> text = value.text()) {
    length = text->size();
  } else if (value.kind() == Kind::kList) {
    length = value.as_list().size();
  } else if (value.kind() == Kind::kMap) {
    length = value.as_map().size();
  } else {
    return Error{fmt::format("len of type {}", args[0].TypeName())};
  }
  return Value(static_cast<std::int64_t>(length));
}

// A position in something of the length `length`; `length` itself is one where `inclusive`.
Result<std::size_t> Position(const Value& index, std::size_t length, bool inclusive) {
  const std::optional<std::int64_t> at = index.integer();
  if (!at) {
    return Error{index.is_nil() ? "cannot index with nil"
                                : fmt::format("cannot index with type {}", index.TypeName())};
  }
  const auto limit = static_cast<std::int64_t>(length) + (inclusive ? 1 : 0);
  if (*at < 0 || *at >= limit) return Error{fmt::format("index out of range: {}", *at)};
  return static_cast<std::size_t>(*at);
}

Result<Value> IndexOnce(const Value& container, const Value& index) {
  const Value plain = container.Plain();
  if (plain.is_nil()) return Error{"index of untyped nil"};
  if (plain.kind() == Kind::kMap) {
    const std::optional<std::string_view> key = index.text();
    if (!key) return WrongType(index, "string");
    return plain.Entry(*key);
  }
  const bool is_list = plain.kind() == Kind::kList;
  if (!is_list && !plain.text()) {
    return Error{fmt::format("cannot index type {}", container.TypeName())};
  }
  const std::size_t length = is_list ? plain.as_list().size() : plain.text()->size();
  const Result<std::size_t> at = Position(index, length, /*inclusive=*/false);
  if (!at) return at.error();
  if (is_list) return plain.as_list()[*at];
  return Value(int{static_cast<unsigned char>((*plain.text())[*at])});
}

Result<Value> Index(const Values& args, Budget& /*budget*/) {
  Value value = args[0];
  if (value.is_nil()) return Error{"index of untyped nil"};
  for (std::size_t i = 1; i < args.size(); ++i) {
    Result<Value> item = IndexOnce(value, args[i]);
    if (!item) return item;
    value = *std::move(item);
  }
  return value;
}

Result<Value> SlicePlain(const Value& plain, std::size_t begin, std::size_t end, Budget& budget) {
  if (const std::optional<std::string_view> text = plain.text()) {
    return MadeText(std::string(text->substr(begin, end - begin)), budget);
  }
  Status status = budget.Allocate((end - begin) * sizeof(Value));
  if (!status.ok()) return status.error();
  const Values& items = plain.as_list();
  return Value::OfList(Values(items.begin() + static_cast<std::ptrdiff_t>(begin),
                              items.begin() + static_cast<std::ptrdiff_t>(end)));
}

Result<Value> Slice(const Values& args, Budget& budget) {
  const Value plain = args[0].Plain();
  const bool is_text = plain.text().has_value();
  if (!is_text && plain.kind() != Kind::kList) {
    return Error{plain.is_nil() ? "slice of untyped nil"
                                : fmt::format("cannot slice type {}", args[0].TypeName())};
  }
  if (is_text && args.size() == 4) return Error{"cannot 3-index slice a string"};
  const std::size_t length = is_text ? plain.text()->size() : plain.as_list().size();
  std::size_t bounds[3] = {0, length, length};
  for (std::size_t i = 1; i < args.size(); ++i) {
    const Result<std::size_t> at = Position(args[i], length, /*inclusive=*/true);
    if (!at) return at.error();
    bounds[i - 1] = *at;
  }
  if (bounds[0] > bounds[1] || (args.size() == 4 && bounds[1] > bounds[2])) {
    return Error{fmt::format("invalid slice index: {} > {}", bounds[0], bounds[1])};
  }
  return SlicePlain(plain, bounds[0], bounds[1], budget);
}

Result<Value> Call(const Values& args, Budget& budget) {
  if (args[0].kind() != Kind::kFunction) {
    return Error{fmt::format("{} is not a function", args[0].TypeName())};
  }
  return CallFunction(args[0].as_function(), Values(args.begin() + 1, args.end()), budget);
}

Result<Value> Made(Result<std::string> text, Budget& budget) {
  if (!text) return text.error();
  return MadeText(*std::move(text), budget);
}

Result<Value> PrintAll(const Values& args, Budget& budget) {
  return Made(Print(args.data(), args.size(), budget.bytes_left()), budget);
}

Result<Value> PrintAllLine(const Values& args, Budget& budget) {
  return Made(PrintLine(args.data(), args.size(), budget.bytes_left()), budget);
}

Result<Value> PrintF(const Values& args, Budget& budget) {
  const Result<std::string_view> format = TextArgument(args, 0);
  if (!format) return format.error();
  return Made(PrintFormatted(*format, args.data() + 1, args.size() - 1, budget.bytes_left()),
              budget);
}

template <std::string (*kEscape)(std::string_view)>
Result<Value> Escape(const Values& args, Budget& budget) {
  Result<std::string> text = JoinedText(args, budget);
  if (!text) return text.error();
  constexpr std::size_t kMostGrowth = 6;  // \u0000
  Status status = CheckGrowth(*text, kMostGrowth, budget);
  if (!status.ok()) return status.error();
  return MadeText(kEscape(*text), budget);
}

}  // namespace

FunctionMap BuiltinFunctions() {
  constexpr int kAny = Function::kAnyNumber;
  FunctionMap functions = {
      {"and", {1, kAny, And}},
      {"or", {1, kAny, Or}},
      {"not", {1, 1, Not}},
      {"len", {1, 1, Len}},
      {"index", {1, kAny, Index}},
      {"slice", {1, 4, Slice}},
      {"call", {1, kAny, Call}},
      {"print", {0, kAny, PrintAll}},
      {"println", {0, kAny, PrintAllLine}},
      {"printf", {1, kAny, PrintF}},
      {"html", {0, kAny, Escape<EscapeHtmlText>}},
      {"js", {0, kAny, Escape<EscapeJsText>}},
      {"urlquery", {0, kAny, Escape<EscapeUrlQuery>}},
  };
  AddComparisons(&functions);
  return functions;
}

}  // namespace tocsin::gotemplate
