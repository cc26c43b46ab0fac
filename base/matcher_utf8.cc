// Alertmanager's second grammar of matchers:
//
//     list    = [ "{" ] [ matcher { "," matcher } [ "," ] ] [ "}" ]     both braces or neither
//     matcher = text ( "=" | "!=" | "=~" | "!~" ) text
//     text    = word | Go string literal in double quotes
//
// with white space between any two. A word holds no reserved character; it may look like anything
// else, numbers and other scripts included. Columns in messages count characters, from 0, as there.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/go_quote.h"
#include "base/matcher_dialects.h"
#include "base/text.h"

namespace tocsin {
namespace {

enum class TokenKind : std::uint8_t { kEnd, kOpenBrace, kCloseBrace, kComma, kOp, kQuoted, kWord };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;
  std::size_t begin = 0;  // columns
  std::size_t end = 0;
};

// Cuts valid UTF-8 into tokens. The end gives kEnd, again and again.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : rest_(text) {}

  Result<Token> Next() {
    SkipSpace();
    if (rest_.empty()) return Token{TokenKind::kEnd, {}, column_, column_};
    switch (rest_.front()) {
      case '{':
        return Take(TokenKind::kOpenBrace, 1);
      case '}':
        return Take(TokenKind::kCloseBrace, 1);
      case ',':
        return Take(TokenKind::kComma, 1);
      case '=':
      case '!':
        return NextOp();
      case '"':
        return NextQuoted();
      default:
        return NextWord();
    }
  }

  std::size_t column() const { return column_; }

 private:
  void SkipSpace() {
    while (!rest_.empty() && IsUnicodeSpace(Utf8CharAt(rest_, 0))) {
      Take(TokenKind::kEnd, Utf8Length(rest_, 0));
    }
  }

  Token Take(TokenKind kind, std::size_t bytes) {
    Token token{kind, rest_.substr(0, bytes), column_, column_};
    token.end +=
        static_cast<std::size_t>(std::count_if(token.text.begin(), token.text.end(), [](char c) {
          return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;  // begins a character
        }));
    column_ = token.end;
    rest_.remove_prefix(bytes);
    return token;
  }

  Result<Token> NextOp() {
    std::string_view after = rest_;
    if (TakeMatcherOp(&after)) return Take(TokenKind::kOp, rest_.size() - after.size());
    const Token mark = Take(TokenKind::kOp, 1);  // an exclamation mark alone
    if (rest_.empty()) {
      return Error{fmt::format("{}:{}: unexpected end of input, expected one of '=~'", mark.begin,
                               mark.end)};
    }
    return Error{fmt::format("{}:{}: !: expected one of '=~'", mark.begin, mark.end)};
  }

  Result<Token> NextQuoted() {
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    if (end < rest_.size()) return Take(TokenKind::kQuoted, end + 1);
    const Token token = Take(TokenKind::kQuoted, rest_.size());
    return Error{fmt::format("{}:{}: {}: missing end \"", token.begin, token.end, token.text)};
  }

  Result<Token> NextWord() {
    std::size_t end = 0;
    while (end < rest_.size() && !IsReservedInMatcher(Utf8CharAt(rest_, end))) {
      end += Utf8Length(rest_, end);
    }
    if (end > 0) return Take(TokenKind::kWord, end);
    const Token token = Take(TokenKind::kWord, 1);  // ~ ' ` or a backslash
    return Error{fmt::format("{}:{}: {}: invalid input", token.begin, token.end, token.text)};
  }

  std::string_view rest_;
  std::size_t column_ = 0;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Result<std::vector<Matcher>> Parse() {
    Result<bool> braced = Accept(TokenKind::kOpenBrace);
    if (!braced) return braced.error();
    if (Status status = ParseItems(); !status) return status.error();
    if (Status status = ParseCloseBrace(*braced); !status) return status.error();
    if (Status status = ParseEnd(); !status) return status.error();
    return std::move(matchers_);
  }

 private:
  // Peeks, once; what cannot be read is told when it is reached.
  Result<Token> Peek() {
    if (next_.kind == TokenKind::kEnd) {
      Result<Token> token = lexer_.Next();
      if (!token) return token;
      next_ = *token;
    }
    return next_;
  }

  Result<bool> Accept(TokenKind kind) {
    const Result<Token> token = Peek();
    if (!token) return token.error();
    if (token->kind != kind) return false;
    next_ = Token{};
    return true;
  }

  // Takes a token of one of these kinds into token_. `what` tells what is missing where it is not.
  Status Expect(std::initializer_list<TokenKind> kinds, std::string_view what) {
    const Result<Token> token = Peek();
    if (!token) return Error{fmt::format("{}: {}", token.message(), what)};
    if (std::find(kinds.begin(), kinds.end(), token->kind) == kinds.end()) {
      if (token->kind == TokenKind::kEnd) return Error{fmt::format("end of input: {}", what)};
      return Error{
          fmt::format("{}:{}: unexpected {}: {}", token->begin, token->end, token->text, what)};
    }
    token_ = *token;
    next_ = Token{};
    return {};
  }

  // `what` as in Expect, or empty.
  Result<bool> AtEndOfItems(std::string_view what) {
    const Result<Token> token = Peek();
    if (token.ok()) return token->kind == TokenKind::kEnd || token->kind == TokenKind::kCloseBrace;
    if (what.empty()) return token.error();
    return Error{fmt::format("{}: {}", token.message(), what)};
  }

  // matcher { "," matcher } [ "," ], or nothing.
  Status ParseItems() {
    constexpr std::string_view kAfterMatcher = "expected a comma or close brace";
    constexpr std::string_view kAfterComma = "expected a matcher or close brace after comma";
    Result<bool> at_end = AtEndOfItems("");
    std::string_view what = "expected label name";
    while (at_end.ok() && !*at_end) {
      if (Status status = ParseMatcher(what); !status) return status;
      at_end = AtEndOfItems(kAfterMatcher);
      if (!at_end.ok() || *at_end) break;
      if (Status status = Expect({TokenKind::kComma}, kAfterMatcher); !status) return status;
      at_end = AtEndOfItems(kAfterComma);
      what = kAfterComma;
    }
    return at_end.ok() ? Status() : at_end.error();
  }

  Status ParseCloseBrace(bool braced) {
    const Result<bool> closed = Accept(TokenKind::kCloseBrace);
    if (!closed) return closed.error();
    if (*closed == braced) return {};
    const std::string_view fault =
        braced ? "end of input: expected close brace" : "}: expected opening brace";
    return Error{fmt::format("0:{}: {}", lexer_.column(), fault)};
  }

  Status ParseEnd() {
    constexpr std::string_view kWhat = "expected end of input";
    const Result<Token> token = Peek();
    if (!token) return Error{fmt::format("{}: {}", token.message(), kWhat)};
    if (token->kind == TokenKind::kEnd) return {};
    return Error{fmt::format("{}:{}: {}: {}", token->begin, token->end, token->text, kWhat)};
  }

  Status ParseMatcher(std::string_view what) {
    Result<std::string> name = ParseText(what);
    if (!name) return name.error();
    if (Status status =
            Expect({TokenKind::kOp}, "expected an operator such as '=', '!=', '=~' or '!~'");
        !status) {
      return status;
    }
    std::string_view op_text = token_.text;
    const Matcher::Op op = *TakeMatcherOp(&op_text);
    Result<std::string> value = ParseText("expected label value");
    if (!value) return value.error();
    Result<Matcher> matcher =
        Matcher::Make(*std::move(name), op, *std::move(value), Matcher::Dot::kAnyButNewline);
    if (!matcher) return Error{"failed to create matcher: " + matcher.message()};
    matchers_.push_back(*std::move(matcher));
    return {};
  }

  Result<std::string> ParseText(std::string_view what) {
    if (Status status = Expect({TokenKind::kQuoted, TokenKind::kWord}, what); !status) {
      return status.error();
    }
    if (token_.kind == TokenKind::kWord) return std::string(token_.text);
    std::optional<std::string> text = GoUnquote(token_.text);
    if (text) return *std::move(text);
    return Error{fmt::format("{}:{}: {}: invalid input", token_.begin, token_.end, token_.text)};
  }

  Lexer lexer_;
  Token next_;   // kEnd: not read yet, or the end, which may be read again
  Token token_;  // what Expect took last
  std::vector<Matcher> matchers_;
};

}  // namespace

bool IsReservedInMatcher(char32_t c) {
  constexpr std::string_view kReserved = "{}!=~,\\\"'`";
  return IsUnicodeSpace(c) ||
         (c < 0x80 && kReserved.find(static_cast<char>(c)) != std::string_view::npos);
}

Result<std::vector<Matcher>> ParseUtf8Matchers(std::string_view text) {
  if (!IsValidUtf8(text)) {
    return Error{fmt::format("matchers are not valid UTF-8: {}", QuoteForMessage(text))};
  }
  return Parser(text).Parse();
}

}  // namespace tocsin
