// Cuts a template into tokens: the text between actions, and the words inside them. Blanks inside
// actions are tokens too, since they separate arguments. Comments and trimmed blanks are gone.
//
// A pure function; the tokens point into the source. Errors carry file, line and column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/template/source.h"

namespace tocsin::gotemplate {

struct Token {
  enum class Kind : std::uint8_t {
    kText,
    kOpen,   // {{
    kClose,  // }}
    kSpace,
    kWord,      // a keyword or a function
    kField,     // .name
    kVariable,  // $ or $name
    kDot,
    kNumber,
    kCharacter,
    kString,
    kRawString,
    kPipe,
    kComma,
    kDeclare,  // :=
    kAssign,   // =
    kOpenParenthesis,
    kCloseParenthesis,
    kEndOfFile,
  };

  Kind kind = Kind::kEndOfFile;
  std::string_view text;
  std::size_t offset = 0;
};

// Ends with a kEndOfFile token.
Result<std::vector<Token>> Tokenize(const Source& source);

}  // namespace tocsin::gotemplate
