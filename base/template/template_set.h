// A set of templates in Go's template language: files are added, named templates or texts that use
// them are executed over data. base/template/README.md tells what the language is here.
//
// A copy shares what was parsed and is cheap. Reading (Execute, Names) may happen on any thread as
// long as nobody adds. Errors of parsing carry file, line and column; those of executing the
// template's name and the expression, too.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/template/node.h"
#include "base/template/value.h"

namespace tocsin::gotemplate {

enum class Escaping : std::uint8_t {
  kNone,  // text/template
  kHtml,  // html/template: what is printed is escaped for the place where it stands
};

struct ExecuteOptions {
  Escaping escaping = Escaping::kNone;
  Limits limits;
  // What a text may use from the start, as Prometheus has $labels and $value. For ExecuteText only.
  Variables variables;
  // Functions that stand in for those of the set with the same names: what depends on the data. May
  // be null; outlives the call.
  const FunctionMap* functions = nullptr;
};

class TemplateSet {
 public:
  // `functions` come beside the language's own, and override them by name.
  explicit TemplateSet(FunctionMap functions);

  // All definitions of one file, or none if it cannot be parsed. A name that is defined already is
  // replaced, unless the new definition is empty. What stands outside of definitions bears the
  // file's name, without its folder.
  Status Add(const std::string& file_name, std::string text);

  bool Has(std::string_view name) const;
  std::vector<std::string> Names() const;

  Result<std::string> Execute(std::string_view name, const Value& data,
                              const ExecuteOptions& options = {}) const;
  // A text that is not part of the set. Its own definitions hold for this execution only;
  // `name` stands in messages.
  Result<std::string> ExecuteText(const std::string& name, std::string text, const Value& data,
                                  const ExecuteOptions& options = {}) const;

  // Whether the text parses, with these variables, and every template it calls by name is there.
  Status Check(std::string name, std::string text,
               const std::vector<std::string>& variables = {}) const;
  // Whether the text parses, whatever it calls.
  Status CheckSyntax(std::string name, std::string text) const;
  // Check's second half for what was added: the first call of each definition that leads nowhere.
  std::vector<Error> UndefinedCalls() const;
  // The first of them.
  Status CheckCalls() const;

 private:
  Result<Definitions> Parse(std::string name, std::string text,
                            const std::vector<std::string>& variables = {}) const;
  std::vector<Error> UndefinedCallsOf(const Definitions& definitions) const;

  std::shared_ptr<const FunctionMap> functions_;
  Definitions definitions_;
};

}  // namespace tocsin::gotemplate
