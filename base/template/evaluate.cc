// The half of the executor that evaluates pipelines: commands, functions, methods, fields.
#include <fmt/format.h>

#include <utility>

#include "base/template/executor.h"
#include "base/template/functions.h"
#include "base/text.h"

namespace tocsin::gotemplate {
namespace {

using Kind = Value::Kind;

// A method of the host may format a time or copy a list: dearer than a step.
constexpr std::int64_t kStepsPerMethod = 4;
constexpr std::size_t kObjectBytesPerStep = 256;
constexpr std::size_t kMethodBytesPerStep = 4;

}  // namespace

Result<Value> Executor::EvaluatePipeline(const Pipeline& pipeline, const Value& dot) {
  Result<Value> value = EvaluateCommands(pipeline, dot);
  if (!value) return value;
  Status status = SetVariables(pipeline, *value);
  if (!status.ok()) return status.error();
  return value;
}

Result<Value> Executor::EvaluateCommands(const Pipeline& pipeline, const Value& dot) {
  Value value;
  bool first = true;
  for (const Command& command : pipeline.commands) {
    Result<Value> next =
        EvaluateCommand(command, dot, std::exchange(first, false) ? nullptr : &value);
    if (!next) return next;
    value = *std::move(next);
  }
  return value;
}

Result<Value> Executor::EvaluateCommand(const Command& command, const Value& dot,
                                        const Value* piped) {
  const Operand& head = command.operands.front();
  if (head.kind == Operand::Kind::kNil) return Fail(command.extent, "nil is not a command");
  if (head.kind == Operand::Kind::kFunction && head.fields.empty()) {
    return EvaluateFunction(command, dot, piped);
  }
  const bool has_args = command.operands.size() > 1 || piped != nullptr;
  if (!has_args) return EvaluateOperand(head, dot);
  if (head.fields.empty()) {
    return Fail(command.extent, "arguments are given to what is no function or method");
  }
  Result<Value> base = EvaluateBase(head, dot);
  if (!base) return base;
  const Result<Values> args = EvaluateArguments(command, dot, piped);
  if (!args) return args.error();
  return EvaluateFields(head, *std::move(base), *args);
}

Result<Values> Executor::EvaluateArguments(const Command& command, const Value& dot,
                                           const Value* piped) {
  Values args;
  args.reserve(command.operands.size());
  for (std::size_t i = 1; i < command.operands.size(); ++i) {
    Result<Value> arg = EvaluateOperand(command.operands[i], dot);
    if (!arg) return arg.error();
    args.push_back(*std::move(arg));
  }
  if (piped != nullptr) args.push_back(*piped);
  return args;
}

Result<Value> Executor::EvaluateFunction(const Command& command, const Value& dot,
                                         const Value* piped) {
  const Operand& head = command.operands.front();
  if (head.name == "and" || head.name == "or") return EvaluateShortCircuit(command, dot, piped);
  const Result<Values> args = EvaluateArguments(command, dot, piped);
  if (!args) return args.error();
  return Call(head, *args);
}

// Goes from left to right and stops at the argument that decides.
Result<Value> Executor::EvaluateShortCircuit(const Command& command, const Value& dot,
                                             const Value* piped) {
  const Operand& head = command.operands.front();
  const bool stops_at = head.name == "or";
  Value value;
  for (std::size_t i = 1; i < command.operands.size(); ++i) {
    Result<Value> arg = EvaluateOperand(command.operands[i], dot);
    if (!arg) return arg;
    value = *std::move(arg);
    if (value.IsTrue() == stops_at) return value;
  }
  if (piped != nullptr) return *piped;
  if (command.operands.size() > 1) return value;
  return Call(head, {});  // which says how many arguments it wants
}

const Function& Executor::FunctionOf(const Operand& operand) const {
  if (functions_ == nullptr) return *operand.function;
  const auto found = functions_->find(operand.name);
  return found == functions_->end() ? *operand.function : found->second;
}

Result<Value> Executor::Call(const Operand& operand, const Values& args) {
  Result<Value> value = CallFunction(FunctionOf(operand), args, budget_);
  if (value) return value;
  return Fail(operand.extent, fmt::format("{}: {}", operand.name, value.message()));
}

Result<Value> Executor::EvaluateOperand(const Operand& operand, const Value& dot) {
  // Without data there are no fields: {{.X}} has no value, as in Go, and is no error.
  if (operand.kind == Operand::Kind::kDot && dot.is_nil()) return Value();
  Result<Value> base = EvaluateBase(operand, dot);
  if (!base || operand.fields.empty()) return base;
  return EvaluateFields(operand, *std::move(base), {});
}

Result<Value> Executor::EvaluateBase(const Operand& operand, const Value& dot) {
  Status paid = budget_.Spend(1);
  if (!paid.ok()) return Fail(operand.extent, paid.message());
  switch (operand.kind) {
    case Operand::Kind::kDot:
      return dot;
    case Operand::Kind::kNil:
      return Value();
    case Operand::Kind::kConstant:
      return operand.constant;
    case Operand::Kind::kVariable: {
      const Result<Value*> variable = FindVariable(operand.name);
      if (!variable) return Fail(operand.extent, variable.message());
      return **variable;
    }
    case Operand::Kind::kFunction:
      return Call(operand, {});
    case Operand::Kind::kPipeline:
      return EvaluatePipeline(*operand.pipeline, dot);
  }
  return Value();
}

Result<Value> Executor::EvaluateFields(const Operand& operand, Value base, const Values& args) {
  for (std::size_t i = 0; i < operand.fields.size(); ++i) {
    const bool last = i + 1 == operand.fields.size();
    Result<Value> member = EvaluateMember(base, operand.fields[i], last ? args : Values());
    if (!member) return Fail(operand.extent, member.message());
    base = *std::move(member);
  }
  return base;
}

Result<Value> Executor::EvaluateMember(const Value& receiver, std::string_view name,
                                       const Values& args) {
  std::size_t bytes = 0;
  for (const Value& arg : args) bytes += arg.text() ? arg.text()->size() : 0;
  Status paid =
      budget_.Spend(kStepsPerMethod + static_cast<std::int64_t>(bytes / kMethodBytesPerStep));
  if (!paid.ok()) return paid.error();
  if (receiver.kind() == Kind::kObject) return EvaluateObjectMember(receiver, name, args);
  if (receiver.kind() == Kind::kMap && args.empty()) return receiver.Entry(name);
  if (std::optional<Result<Value>> answer = CallMethod(receiver, name, args)) {
    if (answer->ok()) {
      paid = budget_.Allocate((**answer).ShallowBytes());
      if (!paid.ok()) return paid.error();
    }
    return *std::move(answer);
  }
  if (receiver.is_nil()) return Error{fmt::format("nil has no field {}", QuoteForMessage(name))};
  if (receiver.kind() == Kind::kMap) {
    return Error{fmt::format("{} is not a method but has arguments", name)};
  }
  return Error{
      fmt::format("type {} has no field or method {}", receiver.TypeName(), QuoteForMessage(name))};
}

// Methods come before fields, and fields before the keys of a map.
Result<Value> Executor::EvaluateObjectMember(const Value& receiver, std::string_view name,
                                             const Values& args) {
  const Object& object = receiver.as_object();
  const std::size_t bytes = object.Plain().ShallowBytes();
  Status paid = budget_.Spend(static_cast<std::int64_t>(bytes / kObjectBytesPerStep));
  if (!paid.ok()) return paid.error();
  if (std::optional<Result<Value>> answer = object.Method(name, args)) return *std::move(answer);
  std::optional<Value> field = object.Field(name);
  if (!field) {
    const Value plain = object.Plain();
    if (plain.kind() == Kind::kMap) field = plain.Entry(name);
  }
  if (!field) {
    return Error{fmt::format("type {} has no field or method {}", object.type_name(),
                             QuoteForMessage(name))};
  }
  if (args.empty()) return *std::move(field);
  return Error{fmt::format("{} is not a method but has arguments", name)};
}

}  // namespace tocsin::gotemplate
