#include "base/template/pipeline_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/template/literal.h"
#include "base/template/parser.h"
#include "base/text.h"

namespace tocsin::gotemplate {
namespace {

using TokenKind = Token::Kind;

bool BeginsOperand(const Token& token) {
  switch (token.kind) {
    case TokenKind::kWord:
    case TokenKind::kField:
    case TokenKind::kVariable:
    case TokenKind::kDot:
    case TokenKind::kNumber:
    case TokenKind::kCharacter:
    case TokenKind::kString:
    case TokenKind::kRawString:
    case TokenKind::kOpenParenthesis:
      return true;
    default:
      return false;
  }
}

// A value that takes no arguments cannot take what is piped into it either.
bool TakesArguments(const Operand& operand) {
  switch (operand.kind) {
    case Operand::Kind::kDot:
      return !operand.fields.empty();
    case Operand::Kind::kNil:
    case Operand::Kind::kConstant:
      return false;
    default:
      return true;
  }
}

// They are searched one by one.
constexpr std::size_t kMaxVariables = 1000;
// A longer word is no misspelt name.
constexpr std::size_t kMaxNameToCompare = 64;

std::string DidYouMean(std::string_view word, const std::vector<std::string_view>& known) {
  if (word.size() > kMaxNameToCompare) return "";
  const std::string_view nearest = NearestName(word, known);
  return nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest);
}

bool IsKeyword(std::string_view word) {
  constexpr std::string_view kKeywords[] = {"block", "break", "continue", "define",   "else",
                                            "end",   "if",    "range",    "template", "with"};
  return std::find(std::begin(kKeywords), std::end(kKeywords), word) != std::end(kKeywords);
}

}  // namespace

Token TokenCursor::Next() {
  const Token token = tokens_[at_];
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

const Token& TokenCursor::PeekNonSpace() {
  while (Peek().kind == TokenKind::kSpace) Next();
  return Peek();
}

Token TokenCursor::NextNonSpace() {
  PeekNonSpace();
  return Next();
}

Error TokenCursor::Fail(std::size_t offset, std::string_view what) const {
  return source_.ErrorAt(offset, what);
}

Error TokenCursor::Unexpected(const Token& token, std::string_view expected) const {
  const std::string found =
      token.kind == TokenKind::kEndOfFile ? "end of the file" : QuoteForMessage(token.text);
  return Fail(token.offset, fmt::format("unexpected {}; expected {}", found, expected));
}

Result<std::string> TokenCursor::UnquoteToken(const Token& token) const {
  Result<std::string> text = Unquote(token.text);
  if (!text) return Fail(token.offset, text.message());
  return text;
}

std::vector<std::string> PipelineParser::EnterDefinition() {
  return std::exchange(variables_, {"$"});
}

Result<std::unique_ptr<Pipeline>> PipelineParser::Parse(std::string_view context, TokenKind end) {
  auto pipeline = std::make_unique<Pipeline>();
  pipeline->extent.begin = cursor_.PeekNonSpace().offset;
  Status status = ParseVariables(context, pipeline.get());
  if (!status.ok()) return status.error();
  status = ParseCommands(context, end, pipeline.get());
  if (!status.ok()) return status.error();
  pipeline->extent.end = pipeline->commands.back().extent.end;
  return pipeline;
}

// "$x :=", "$x =" or "$i, $x :=" in front of the commands; or nothing of the kind.
Status PipelineParser::ParseVariables(std::string_view context, Pipeline* pipeline) {
  while (cursor_.PeekNonSpace().kind == TokenKind::kVariable) {
    const std::size_t start = cursor_.position();
    const Token variable = cursor_.Next();
    const Token after = cursor_.PeekNonSpace();
    const bool ends = after.kind == TokenKind::kDeclare || after.kind == TokenKind::kAssign;
    if (!ends && after.kind != TokenKind::kComma) {
      cursor_.Rewind(start);
      if (pipeline->variables.empty()) return {};
      return cursor_.Unexpected(after, "':=', '=' or ',' after a range's variable");
    }
    if (variable.text == "$" && after.kind == TokenKind::kDeclare) {
      return cursor_.Fail(variable.offset, "\"$\" cannot be declared; give the variable a name");
    }
    pipeline->variables.emplace_back(variable.text);
    const std::size_t most = context == "\"range\"" ? 2 : 1;
    if (pipeline->variables.size() > most || (!ends && pipeline->variables.size() == most)) {
      return cursor_.Fail(variable.offset, fmt::format("too many variables in {}", context));
    }
    cursor_.Next();
    if (ends) {
      pipeline->assigns = after.kind == TokenKind::kAssign;
      break;
    }
    if (cursor_.PeekNonSpace().kind != TokenKind::kVariable) {
      return cursor_.Unexpected(cursor_.Peek(), "a second variable after ','");
    }
  }
  for (const std::string& name : pipeline->variables) {
    if (pipeline->assigns &&
        std::find(variables_.begin(), variables_.end(), name) == variables_.end()) {
      return cursor_.Fail(pipeline->extent.begin,
                          fmt::format("undefined variable \"{}\"; declare it with ':='", name));
    }
  }
  return {};
}

Status PipelineParser::ParseCommands(std::string_view context, TokenKind end, Pipeline* pipeline) {
  bool expects_command = true;
  while (true) {
    const Token token = cursor_.PeekNonSpace();
    if (token.kind == end && !(expects_command && !pipeline->commands.empty())) {
      cursor_.Next();
      if (pipeline->commands.empty()) {
        return cursor_.Fail(token.offset, fmt::format("missing value in {}", context));
      }
      break;
    }
    if (!expects_command) {
      if (token.kind != TokenKind::kPipe) return cursor_.Unexpected(token, "'|' or the end of it");
      cursor_.Next();
      expects_command = true;
      continue;
    }
    if (!BeginsOperand(token)) {
      return cursor_.Unexpected(token, fmt::format("a value or a function in {}", context));
    }
    Result<Command> command = ParseCommand();
    if (!command) return command.error();
    if (!pipeline->commands.empty() && !TakesArguments(command->operands.front())) {
      return cursor_.Fail(command->extent.begin,
                          "a value cannot be piped into; expected a function or method after '|'");
    }
    pipeline->commands.push_back(*std::move(command));
    expects_command = false;
  }
  // Declared from here on, not in its own pipeline.
  if (pipeline->assigns) return {};
  variables_.insert(variables_.end(), pipeline->variables.begin(), pipeline->variables.end());
  if (variables_.size() <= kMaxVariables) return {};
  return cursor_.Fail(pipeline->extent.begin,
                      fmt::format("more than {} variables in scope", kMaxVariables));
}

Result<Command> PipelineParser::ParseCommand() {
  Command command;
  command.extent.begin = cursor_.offset();
  while (BeginsOperand(cursor_.Peek())) {
    const Token first = cursor_.Next();
    Result<Operand> operand = ParseOperand(first);
    if (!operand) return operand.error();
    operand->extent = {first.offset, cursor_.offset()};
    command.operands.push_back(*std::move(operand));
    command.extent.end = cursor_.offset();
    if (cursor_.Peek().kind != TokenKind::kSpace) break;
    cursor_.PeekNonSpace();
  }
  if (BeginsOperand(cursor_.Peek())) {
    return cursor_.Unexpected(cursor_.Peek(), "a blank between two values");
  }
  return command;
}

Result<Operand> PipelineParser::ParseOperand(const Token& first) {
  Result<Operand> operand = ParseTerm(first);
  if (!operand) return operand;
  const bool has_fields = operand->kind != Operand::Kind::kNil &&
                          operand->kind != Operand::Kind::kConstant &&
                          first.kind != TokenKind::kDot;
  while (cursor_.Peek().kind == TokenKind::kField) {
    if (!has_fields) {
      return cursor_.Fail(
          cursor_.offset(),
          fmt::format("unexpected {} after {}, which has no fields",
                      QuoteForMessage(cursor_.Peek().text), QuoteForMessage(first.text)));
    }
    operand->fields.emplace_back(cursor_.Next().text.substr(1));
  }
  return operand;
}

Result<Operand> PipelineParser::ParseTerm(const Token& first) {
  Operand operand;
  switch (first.kind) {
    case TokenKind::kWord:
      return ParseWord(first);
    case TokenKind::kOpenParenthesis:
      return ParseParenthesis(first);
    case TokenKind::kField:
      operand.fields.emplace_back(first.text.substr(1));
      return operand;
    case TokenKind::kVariable: {
      Status status = CheckVariable(first);
      if (!status.ok()) return status.error();
      operand.kind = Operand::Kind::kVariable;
      operand.name = first.text;
      return operand;
    }
    case TokenKind::kNumber:
    case TokenKind::kCharacter: {
      Result<Value> number =
          first.kind == TokenKind::kNumber ? ParseNumber(first.text) : ParseCharacter(first.text);
      if (!number) return cursor_.Fail(first.offset, number.message());
      operand.kind = Operand::Kind::kConstant;
      operand.constant = *std::move(number);
      return operand;
    }
    case TokenKind::kString:
    case TokenKind::kRawString: {
      Result<std::string> text = cursor_.UnquoteToken(first);
      if (!text) return text.error();
      operand.kind = Operand::Kind::kConstant;
      operand.constant = Value(*std::move(text));
      return operand;
    }
    default:
      return operand;  // the dot
  }
}

Result<Operand> PipelineParser::ParseWord(const Token& word) {
  Operand operand;
  if (word.text == "nil") {
    operand.kind = Operand::Kind::kNil;
    return operand;
  }
  if (word.text == "true" || word.text == "false") {
    operand.kind = Operand::Kind::kConstant;
    operand.constant = Value(word.text == "true");
    return operand;
  }
  if (IsKeyword(word.text)) return cursor_.Unexpected(word, "a value or a function");
  const auto found = functions_.find(word.text);
  if (found == functions_.end()) return UnknownFunction(word);
  operand.kind = Operand::Kind::kFunction;
  operand.name = word.text;
  operand.function = &found->second;
  return operand;
}

Result<Operand> PipelineParser::ParseParenthesis(const Token& open) {
  if (nesting_ >= kMaxNesting) {
    return cursor_.Fail(open.offset, fmt::format("nested more than {} deep", kMaxNesting));
  }
  Operand operand;
  operand.kind = Operand::Kind::kPipeline;
  ++nesting_;
  Result<std::unique_ptr<Pipeline>> pipeline = Parse("parentheses", TokenKind::kCloseParenthesis);
  --nesting_;
  if (!pipeline) return pipeline.error();
  operand.pipeline = *std::move(pipeline);
  return operand;
}

Status PipelineParser::CheckVariable(const Token& token) const {
  if (std::find(variables_.rbegin(), variables_.rend(), token.text) != variables_.rend()) return {};
  const std::vector<std::string_view> known(variables_.begin(), variables_.end());
  return cursor_.Fail(token.offset,
                      fmt::format("undefined variable {}{}", QuoteForMessage(token.text),
                                  DidYouMean(token.text, known)));
}

Error PipelineParser::UnknownFunction(const Token& word) const {
  std::vector<std::string_view> known;
  for (const auto& [name, function] : functions_) known.push_back(name);
  // Too far from it in spelling, and often met.
  const std::string hint =
      word.text == "humanizeBytes" ? "; humanize1024 is meant" : DidYouMean(word.text, known);
  return cursor_.Fail(word.offset,
                      fmt::format("unknown function {}{}", QuoteForMessage(word.text), hint));
}

}  // namespace tocsin::gotemplate
