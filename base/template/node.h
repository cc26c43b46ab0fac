// A parsed template: statements, and the pipelines in them. Made by the parser, owned by its
// Definition, never changed afterwards; any thread may execute it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/template/source.h"
#include "base/template/value.h"

namespace tocsin::gotemplate {

struct Pipeline;

// One word of a command, with the fields that follow it: $x.Labels.job, (f 1).Name, "text".
struct Operand {
  enum class Kind : std::uint8_t {
    kDot,  // the fields alone (.Labels.job) are those of the dot
    kNil,
    kConstant,  // true, 1, 1.5, 'c', "text"
    kVariable,
    kFunction,
    kPipeline,  // in parentheses
  };

  Kind kind = Kind::kDot;
  Extent extent;
  Value constant;
  std::string name;                    // of a variable or function
  const Function* function = nullptr;  // of the set's map
  std::unique_ptr<Pipeline> pipeline;
  std::vector<std::string> fields;
};

// A function, method or value, and its arguments.
struct Command {
  std::vector<Operand> operands;  // never empty
  Extent extent;
};

// Each command's value is the last argument of the next one; the last is given to the variables.
struct Pipeline {
  std::vector<std::string> variables;
  bool assigns = false;           // = instead of :=
  std::vector<Command> commands;  // never empty
  Extent extent;
};

struct Statement;
using Block = std::vector<Statement>;

// One condition with what it guards: if, else if; with, else with.
struct Branch {
  std::unique_ptr<Pipeline> pipeline;
  Block body;
};

struct Statement {
  enum class Kind : std::uint8_t {
    kText,
    kAction,
    kIf,
    kWith,
    kRange,
    kTemplate,
    kBreak,
    kContinue,
  };

  Kind kind = Kind::kText;
  Extent extent;
  std::string text;                    // of kText; the name of kTemplate
  std::unique_ptr<Pipeline> pipeline;  // of kAction and kTemplate, where it may be absent
  std::vector<Branch> branches;        // of kIf, kWith and kRange, which has one
  Block otherwise;
};

// A named template.
struct Definition {
  std::string name;
  std::shared_ptr<const Source> source;
  Block body;

  // Nothing but blanks: such a one replaces no other.
  bool IsEmpty() const;
};

using Definitions = std::map<std::string, std::shared_ptr<const Definition>, std::less<>>;

// One that is empty does not replace an older one.
void Define(const std::string& name, std::shared_ptr<const Definition> definition,
            Definitions* definitions);

}  // namespace tocsin::gotemplate
