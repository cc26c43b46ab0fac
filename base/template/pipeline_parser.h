// What stands inside one action: a pipeline of commands, each of operands. Part of the parser; it
// knows the variables in scope and the functions there are.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/template/lexer.h"
#include "base/template/node.h"

namespace tocsin::gotemplate {

// Walks over the tokens. The last one, the end of the file, is never passed.
class TokenCursor {
 public:
  TokenCursor(const Source& source, std::vector<Token> tokens)
      : source_(source), tokens_(std::move(tokens)) {}

  const Token& Peek() const { return tokens_[at_]; }
  Token Next();
  // Passes blanks.
  const Token& PeekNonSpace();
  Token NextNonSpace();

  // Where the next token begins.
  std::size_t offset() const { return Peek().offset; }
  std::size_t position() const { return at_; }
  void Rewind(std::size_t position) { at_ = position; }

  Error Fail(std::size_t offset, std::string_view what) const;
  Error Unexpected(const Token& token, std::string_view expected) const;
  Result<std::string> UnquoteToken(const Token& token) const;

 private:
  const Source& source_;
  const std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

class PipelineParser {
 public:
  // `variables` are those in scope beside $.
  PipelineParser(TokenCursor* cursor, const FunctionMap& functions,
                 const std::vector<std::string>& variables)
      : cursor_(*cursor), functions_(functions) {
    variables_.insert(variables_.end(), variables.begin(), variables.end());
  }

  // Up to and including `end`, kClose or kCloseParenthesis. `context` names it in messages.
  Result<std::unique_ptr<Pipeline>> Parse(std::string_view context, Token::Kind end);

  // Variables declared after the mark are forgotten by the release.
  std::size_t Mark() const { return variables_.size(); }
  void Release(std::size_t mark) { variables_.resize(mark); }
  // A definition begins with the variable $ alone.
  std::vector<std::string> EnterDefinition();
  void LeaveDefinition(std::vector<std::string> variables) { variables_ = std::move(variables); }

 private:
  Status ParseVariables(std::string_view context, Pipeline* pipeline);
  Status ParseCommands(std::string_view context, Token::Kind end, Pipeline* pipeline);
  Result<Command> ParseCommand();
  Result<Operand> ParseOperand(const Token& first);
  Result<Operand> ParseTerm(const Token& first);
  Result<Operand> ParseWord(const Token& word);
  Result<Operand> ParseParenthesis(const Token& open);
  Status CheckVariable(const Token& token) const;
  Error UnknownFunction(const Token& word) const;

  TokenCursor& cursor_;
  const FunctionMap& functions_;
  std::vector<std::string> variables_ = {"$"};
  int nesting_ = 0;
};

}  // namespace tocsin::gotemplate
