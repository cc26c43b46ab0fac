// Runs a definition over data: walks its statements, evaluates pipelines, writes to an Output.
//
// One object per execution, on one thread. Errors name the template, the place and what was being
// evaluated. Work, depth and sizes are bounded by the budget.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/template/node.h"
#include "base/template/output.h"

namespace tocsin::gotemplate {

class Executor {
 public:
  // Templates are looked up in `local`, then in `shared`. `functions`, which may be null, stand in
  // for those that were parsed. All of it outlives the executor.
  Executor(const Definitions& local, const Definitions& shared, const FunctionMap* functions,
           Budget* budget, Output* output)
      : local_(local), shared_(shared), functions_(functions), budget_(*budget), output_(*output) {}

  // `variables` are those that exist beside $ from the start; they outlive the call.
  Status Run(const Definition& definition, const Value& data, const Variables& variables);

 private:
  // What follows a statement: the next one, or the end or next round of the range around it.
  enum class Flow : std::uint8_t { kNext, kBreak, kContinue };

  struct Variable {
    std::string_view name;
    Value value;
  };

  // Statements.
  Result<Flow> WalkBlock(const Block& block, const Value& dot);
  Result<Flow> WalkStatement(const Statement& statement, const Value& dot);
  Status WalkAction(const Statement& statement, const Value& dot);
  Result<Flow> WalkBranches(const Statement& statement, const Value& dot);
  Result<Flow> WalkRange(const Statement& statement, const Value& dot);
  Result<Flow> RangeOver(const Statement& statement, const Value& value, const Value& dot);
  Result<Flow> RangeOnce(const Statement& statement, const Value& index, const Value& item);
  Status WalkTemplate(const Statement& statement, const Value& dot);
  const Definition* Find(std::string_view name) const;

  // Pipelines.
  Result<Value> EvaluatePipeline(const Pipeline& pipeline, const Value& dot);
  Result<Value> EvaluateCommands(const Pipeline& pipeline, const Value& dot);
  Result<Value> EvaluateCommand(const Command& command, const Value& dot, const Value* piped);
  Result<Value> EvaluateFunction(const Command& command, const Value& dot, const Value* piped);
  Result<Value> EvaluateShortCircuit(const Command& command, const Value& dot, const Value* piped);
  Result<Value> EvaluateOperand(const Operand& operand, const Value& dot);
  Result<Value> EvaluateBase(const Operand& operand, const Value& dot);
  Result<Values> EvaluateArguments(const Command& command, const Value& dot, const Value* piped);
  // All of the operand's fields in turn; the last one gets the arguments.
  Result<Value> EvaluateFields(const Operand& operand, Value base, const Values& args);
  Result<Value> EvaluateMember(const Value& receiver, std::string_view name, const Values& args);
  Result<Value> EvaluateObjectMember(const Value& receiver, std::string_view name,
                                     const Values& args);
  Result<Value> Call(const Operand& operand, const Values& args);
  const Function& FunctionOf(const Operand& operand) const;

  // Variables.
  Result<Value*> FindVariable(std::string_view name);
  Status SetVariables(const Pipeline& pipeline, const Value& value);
  void Declare(std::string_view name, Value value) {
    variables_.push_back({name, std::move(value)});
  }

  Error Fail(const Extent& extent, std::string_view what) const;

  const Definitions& local_;
  const Definitions& shared_;
  const FunctionMap* const functions_;
  Budget& budget_;
  Output& output_;
  const Definition* definition_ = nullptr;  // the one being run
  std::vector<Variable> variables_;
  std::size_t first_variable_ = 0;  // of the running definition
  int depth_ = 0;
};

}  // namespace tocsin::gotemplate
