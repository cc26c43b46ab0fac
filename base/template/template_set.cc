#include "base/template/template_set.h"

#include <fmt/format.h>

#include <utility>

#include "base/template/executor.h"
#include "base/template/functions.h"
#include "base/template/html_output.h"
#include "base/template/parser.h"
#include "base/text.h"

namespace tocsin::gotemplate {
namespace {

// Tokens and nodes are some ten times as large as the text.
constexpr std::size_t kMaxTextBytes = std::size_t{4} << 20U;

std::unique_ptr<Output> MakeOutput(const ExecuteOptions& options) {
  if (options.escaping == Escaping::kHtml) {
    return std::make_unique<HtmlOutput>(options.limits.output_bytes);
  }
  return std::make_unique<TextOutput>(options.limits.output_bytes);
}

Result<std::string> Run(const Definition& definition, const Definitions& local,
                        const Definitions& shared, const Value& data, const Variables& variables,
                        const ExecuteOptions& options) {
  Budget budget(options.limits);
  const std::unique_ptr<Output> output = MakeOutput(options);
  Status status = Executor(local, shared, options.functions, &budget, output.get())
                      .Run(definition, data, variables);
  if (!status.ok()) return status.error();
  Result<std::string> text = output->Finish();
  if (!text) {
    return Error{fmt::format("{}: executing {}: {}", definition.source->file_name(),
                             QuoteForMessage(definition.name), text.message())};
  }
  return text;
}

// The first call of a template that `known` does not know.
template <typename Known>
const Statement* FindUnknownCall(const Block& block, const Known& known) {
  for (const Statement& statement : block) {
    if (statement.kind == Statement::Kind::kTemplate && !known(statement.text)) return &statement;
    for (const Branch& branch : statement.branches) {
      if (const Statement* found = FindUnknownCall(branch.body, known)) return found;
    }
    if (const Statement* found = FindUnknownCall(statement.otherwise, known)) return found;
  }
  return nullptr;
}

}  // namespace

TemplateSet::TemplateSet(FunctionMap functions) {
  functions.merge(BuiltinFunctions());
  functions_ = std::make_shared<const FunctionMap>(std::move(functions));
}

Result<Definitions> TemplateSet::Parse(std::string name, std::string text,
                                       const std::vector<std::string>& variables) const {
  if (text.size() > kMaxTextBytes) {
    return Error{fmt::format("{}: a template of more than {} bytes", name, kMaxTextBytes)};
  }
  return ParseTemplate(std::make_shared<const Source>(std::move(name), std::move(text)),
                       *functions_, variables);
}

Status TemplateSet::Add(const std::string& file_name, std::string text) {
  Result<Definitions> parsed = Parse(file_name, std::move(text));
  if (!parsed) return parsed.error();
  for (const auto& [name, definition] : *parsed) {
    const bool is_file = name == file_name;
    Define(is_file ? name.substr(name.rfind('/') + 1) : name, definition, &definitions_);
  }
  return {};
}

bool TemplateSet::Has(std::string_view name) const {
  return definitions_.find(name) != definitions_.end();
}

std::vector<std::string> TemplateSet::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, definition] : definitions_) names.push_back(name);
  return names;
}

Result<std::string> TemplateSet::Execute(std::string_view name, const Value& data,
                                         const ExecuteOptions& options) const {
  const auto found = definitions_.find(name);
  if (found == definitions_.end()) {
    return Error{fmt::format("template {} is not defined", QuoteForMessage(name))};
  }
  return Run(*found->second, {}, definitions_, data, {}, options);
}

Result<std::string> TemplateSet::ExecuteText(const std::string& name, std::string text,
                                             const Value& data,
                                             const ExecuteOptions& options) const {
  std::vector<std::string> variables;
  for (const auto& [variable, value] : options.variables) variables.push_back(variable);
  const Result<Definitions> parsed = Parse(name, std::move(text), variables);
  if (!parsed) return parsed.error();
  return Run(*parsed->find(name)->second, *parsed, definitions_, data, options.variables, options);
}

Status TemplateSet::Check(std::string name, std::string text,
                          const std::vector<std::string>& variables) const {
  const Result<Definitions> parsed = Parse(std::move(name), std::move(text), variables);
  if (!parsed) return parsed.error();
  std::vector<Error> undefined = UndefinedCallsOf(*parsed);
  return undefined.empty() ? Status() : Status(std::move(undefined.front()));
}

Status TemplateSet::CheckSyntax(std::string name, std::string text) const {
  const Result<Definitions> parsed = Parse(std::move(name), std::move(text));
  return parsed ? Status() : Status(parsed.error());
}

Status TemplateSet::CheckCalls() const {
  std::vector<Error> undefined = UndefinedCalls();
  return undefined.empty() ? Status() : Status(std::move(undefined.front()));
}

std::vector<Error> TemplateSet::UndefinedCalls() const { return UndefinedCallsOf(definitions_); }

std::vector<Error> TemplateSet::UndefinedCallsOf(const Definitions& definitions) const {
  std::vector<Error> undefined;
  const auto known = [&](std::string_view name) {
    return Has(name) || definitions.find(name) != definitions.end();
  };
  for (const auto& [name, definition] : definitions) {
    const Statement* const call = FindUnknownCall(definition->body, known);
    if (call == nullptr) continue;
    std::vector<std::string_view> names;
    for (const auto& [other, unused] : definitions_) names.push_back(other);
    const std::string_view nearest = NearestName(std::string_view(call->text).substr(0, 64), names);
    undefined.push_back(definition->source->ErrorAt(
        call->extent.begin,
        fmt::format("template {} is not defined{}", QuoteForMessage(call->text),
                    nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest))));
  }
  return undefined;
}

}  // namespace tocsin::gotemplate
