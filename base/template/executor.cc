#include "base/template/executor.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"

namespace tocsin::gotemplate {
namespace {

using Kind = Value::Kind;

// Text may be written without end and never come out: in a comment of HTML.
constexpr std::size_t kTextBytesPerStep = 64;

class DepthGuard {
 public:
  explicit DepthGuard(int* depth) : depth_(*depth) { ++depth_; }
  ~DepthGuard() { --depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;

 private:
  int& depth_;
};

// What an HTML output has to know: {{. | html}} must not be escaped twice.
std::string_view LastFunction(const Pipeline& pipeline) {
  const Operand& first = pipeline.commands.back().operands.front();
  return first.kind == Operand::Kind::kFunction ? std::string_view(first.name) : std::string_view();
}

}  // namespace

Error Executor::Fail(const Extent& extent, std::string_view what) const {
  const Source& source = *definition_->source;
  return Error{fmt::format("{}: executing {} at <{}>: {}", source.Place(extent.begin),
                           QuoteForMessage(definition_->name), source.Excerpt(extent), what)};
}

Status Executor::Run(const Definition& definition, const Value& data, const Variables& variables) {
  const Definition* const outer = std::exchange(definition_, &definition);
  const std::size_t outer_first = std::exchange(first_variable_, variables_.size());
  Declare("$", data);
  for (const auto& [name, value] : variables) Declare(name, value);
  const Result<Flow> flow = WalkBlock(definition.body, data);
  variables_.resize(first_variable_);
  first_variable_ = outer_first;
  definition_ = outer;
  if (!flow) return flow.error();
  return {};
}

Result<Executor::Flow> Executor::WalkBlock(const Block& block, const Value& dot) {
  const DepthGuard guard(&depth_);
  for (const Statement& statement : block) {
    Status paid = budget_.Spend(1);
    if (!paid.ok()) return Fail(statement.extent, paid.message());
    if (depth_ > budget_.limits().depth) {
      return Fail(statement.extent,
                  fmt::format("nested more than {} deep; does a template call itself?",
                              budget_.limits().depth));
    }
    Result<Flow> flow = WalkStatement(statement, dot);
    if (!flow || *flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Result<Executor::Flow> Executor::WalkStatement(const Statement& statement, const Value& dot) {
  Status status;
  switch (statement.kind) {
    case Statement::Kind::kText:
      status = budget_.Spend(static_cast<std::int64_t>(statement.text.size() / kTextBytesPerStep));
      if (status.ok()) status = output_.Literal(statement.text);
      if (!status.ok()) return Fail(statement.extent, status.message());
      return Flow::kNext;
    case Statement::Kind::kAction:
      status = WalkAction(statement, dot);
      break;
    case Statement::Kind::kTemplate:
      status = WalkTemplate(statement, dot);
      break;
    case Statement::Kind::kIf:
    case Statement::Kind::kWith:
      return WalkBranches(statement, dot);
    case Statement::Kind::kRange:
      return WalkRange(statement, dot);
    case Statement::Kind::kBreak:
      return Flow::kBreak;
    case Statement::Kind::kContinue:
      return Flow::kContinue;
  }
  if (!status.ok()) return status.error();
  return Flow::kNext;
}

Status Executor::WalkAction(const Statement& statement, const Value& dot) {
  const Pipeline& pipeline = *statement.pipeline;
  const Result<Value> value = EvaluatePipeline(pipeline, dot);
  if (!value) return value.error();
  if (!pipeline.variables.empty()) return {};
  if (value->kind() == Kind::kFunction) {
    return Fail(pipeline.extent, "cannot print a function; use \"call\"");
  }
  Status status = output_.Print(*value, LastFunction(pipeline));
  if (!status.ok()) return Fail(pipeline.extent, status.message());
  return {};
}

// Variables of a condition live until the end of the whole statement.
Result<Executor::Flow> Executor::WalkBranches(const Statement& statement, const Value& dot) {
  const std::size_t mark = variables_.size();
  Result<Flow> flow = Flow::kNext;
  bool taken = false;
  for (const Branch& branch : statement.branches) {
    const Result<Value> value = EvaluatePipeline(*branch.pipeline, dot);
    if (!value) return value.error();
    taken = value->IsTrue();
    if (!taken) continue;
    flow = WalkBlock(branch.body, statement.kind == Statement::Kind::kWith ? *value : dot);
    break;
  }
  if (!taken) flow = WalkBlock(statement.otherwise, dot);
  variables_.resize(mark);
  return flow;
}

Result<Executor::Flow> Executor::WalkRange(const Statement& statement, const Value& dot) {
  const std::size_t mark = variables_.size();
  const Result<Value> value = EvaluateCommands(*statement.branches.front().pipeline, dot);
  if (!value) return value.error();
  Result<Flow> flow = RangeOver(statement, value->Plain(), dot);
  variables_.resize(mark);
  return flow;
}

Result<Executor::Flow> Executor::RangeOver(const Statement& statement, const Value& value,
                                           const Value& dot) {
  const Pipeline& pipeline = *statement.branches.front().pipeline;
  Flow flow = Flow::kNext;
  std::int64_t rounds = 0;
  const auto once = [&](const Value& index, const Value& item) -> Status {
    ++rounds;
    const Result<Flow> result = RangeOnce(statement, index, item);
    if (!result) return result.error();
    flow = *result;
    return {};
  };

  if (value.kind() == Kind::kList) {
    const Values& items = value.as_list();
    for (std::size_t i = 0; i < items.size() && flow != Flow::kBreak; ++i) {
      Status status = once(Value(static_cast<std::int64_t>(i)), items[i]);
      if (!status.ok()) return status.error();
    }
  } else if (value.kind() == Kind::kMap) {
    for (const auto& [key, item] : value.as_map()) {
      if (flow == Flow::kBreak) break;
      Status status = once(Value(key), item);
      if (!status.ok()) return status.error();
    }
  } else if (value.kind() == Kind::kInt) {
    if (pipeline.variables.size() > 1) {
      return Fail(pipeline.extent, "a range over a number has one variable only");
    }
    for (std::int64_t i = 0; i < value.as_int() && flow != Flow::kBreak; ++i) {
      Status status = once(Value(i), Value(i));
      if (!status.ok()) return status.error();
    }
  } else if (!value.is_nil()) {
    return Fail(pipeline.extent, fmt::format("range cannot iterate over {}", value.TypeName()));
  }
  if (rounds > 0) return Flow::kNext;
  return WalkBlock(statement.otherwise, dot);
}

// With one variable it is the item, with two they are index (or key) and item.
Result<Executor::Flow> Executor::RangeOnce(const Statement& statement, const Value& index,
                                           const Value& item) {
  const Branch& branch = statement.branches.front();
  const std::vector<std::string>& names = branch.pipeline->variables;
  Status paid = budget_.Spend(1);
  if (!paid.ok()) return Fail(branch.pipeline->extent, paid.message());
  const std::size_t mark = variables_.size();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Value& value = i + 1 == names.size() ? item : index;
    if (branch.pipeline->assigns) {
      const Result<Value*> variable = FindVariable(names[i]);
      if (!variable) return Fail(branch.pipeline->extent, variable.message());
      **variable = value;
    } else {
      Declare(names[i], value);
    }
  }
  Result<Flow> flow = WalkBlock(branch.body, item);
  variables_.resize(mark);
  return flow;
}

const Definition* Executor::Find(std::string_view name) const {
  const auto local = local_.find(name);
  const auto shared = shared_.find(name);
  if (shared == shared_.end()) return local == local_.end() ? nullptr : local->second.get();
  if (local == local_.end() || local->second->IsEmpty()) return shared->second.get();
  return local->second.get();
}

Status Executor::WalkTemplate(const Statement& statement, const Value& dot) {
  const Definition* const definition = Find(statement.text);
  if (definition == nullptr) {
    return Fail(statement.extent,
                fmt::format("template {} is not defined", QuoteForMessage(statement.text)));
  }
  Value data;
  if (statement.pipeline != nullptr) {
    Result<Value> value = EvaluatePipeline(*statement.pipeline, dot);
    if (!value) return value.error();
    data = *std::move(value);
  }
  return Run(*definition, data, {});
}

Result<Value*> Executor::FindVariable(std::string_view name) {
  for (std::size_t i = variables_.size(); i > first_variable_; --i) {
    if (variables_[i - 1].name == name) return &variables_[i - 1].value;
    // A search of many variables is work, too.
    if (i % 32 == 0) {
      Status paid = budget_.Spend(1);
      if (!paid.ok()) return paid.error();
    }
  }
  return Error{fmt::format("undefined variable {}", QuoteForMessage(name))};
}

Status Executor::SetVariables(const Pipeline& pipeline, const Value& value) {
  for (const std::string& name : pipeline.variables) {
    if (!pipeline.assigns) {
      Declare(name, value);
      continue;
    }
    const Result<Value*> variable = FindVariable(name);
    if (!variable) return Fail(pipeline.extent, variable.message());
    **variable = value;
  }
  return {};
}

}  // namespace tocsin::gotemplate
