#include "base/template/functions.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/template/print.h"

namespace tocsin::gotemplate {
namespace {

// Lists in lists: printing and freeing them recurses.
constexpr int kMaxContainerDepth = 50;
// How many bytes of text are read for the price of one step.
constexpr std::size_t kBytesPerStep = 256;

std::string Wanted(const Function& function) {
  if (function.max_args == Function::kAnyNumber)
    return fmt::format("at least {}", function.min_args);
  if (function.min_args == function.max_args) return fmt::format("{}", function.min_args);
  return fmt::format("{} to {}", function.min_args, function.max_args);
}

}  // namespace

Result<Value> CallFunction(const Function& function, const Values& args, Budget& budget) {
  const int count = static_cast<int>(args.size());
  if (count < function.min_args ||
      (function.max_args != Function::kAnyNumber && count > function.max_args)) {
    return Error{
        fmt::format("wrong number of arguments: want {}, got {}", Wanted(function), count)};
  }
  std::size_t bytes = 0;
  for (const Value& arg : args) bytes += arg.text() ? arg.text()->size() : 0;
  Status status = budget.Spend(1 + static_cast<std::int64_t>(bytes / kBytesPerStep));
  if (!status.ok()) return status.error();
  return function.body(args, budget);
}

Error WrongType(const Value& given, std::string_view expected) {
  return Error{fmt::format("wrong type of argument: want {}, got {}", expected, given.TypeName())};
}

Result<std::string_view> TextArgument(const Values& args, std::size_t i) {
  if (const std::optional<std::string_view> text = args[i].text()) return *text;
  return WrongType(args[i], "string");
}

Result<std::int64_t> IntArgument(const Values& args, std::size_t i) {
  if (const std::optional<std::int64_t> number = args[i].integer()) return *number;
  return WrongType(args[i], "int");
}

Result<Time> TimeArgument(const Values& args, std::size_t i) {
  if (args[i].kind() == Value::Kind::kTime) return args[i].as_time();
  return WrongType(args[i], "time.Time");
}

Result<Value> MadeText(std::string text, Budget& budget) {
  Status status = budget.Allocate(text.size());
  if (!status.ok()) return status.error();
  return Value(std::move(text));
}

Status CheckGrowth(std::string_view text, std::size_t factor, const Budget& budget) {
  if (text.size() <= budget.bytes_left() / factor) return {};
  return Error{fmt::format("values of more than {} bytes in sum", budget.limits().value_bytes)};
}

Result<Value> MadeContainer(Value container, Budget& budget) {
  Status status = budget.Allocate(container.ShallowBytes());
  if (!status.ok()) return status.error();
  if (container.depth() > kMaxContainerDepth) {
    return Error{fmt::format("lists and maps nested more than {} deep", kMaxContainerDepth)};
  }
  return container;
}

Result<std::string> JoinedText(const Values& args, const Budget& budget) {
  if (args.size() == 1 && args[0].text()) return std::string(*args[0].text());
  return Print(args.data(), args.size(), budget.bytes_left());
}

}  // namespace tocsin::gotemplate
