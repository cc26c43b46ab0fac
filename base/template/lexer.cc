#include "base/template/lexer.h"

#include <utility>

#include "base/template/utf8.h"

namespace tocsin::gotemplate {
namespace {

using TokenKind = Token::Kind;

constexpr std::string_view kSourceBlanks = " \t\r\n";
constexpr std::string_view kLeft = "{{";
constexpr std::string_view kRight = "}}";

bool IsSourceBlank(char c) { return kSourceBlanks.find(c) != std::string_view::npos; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view TrimBlanksRight(std::string_view text) {
  return text.substr(0, text.find_last_not_of(kSourceBlanks) + 1);  // npos + 1 is 0
}

class Lexer {
 public:
  explicit Lexer(const Source& source) : source_(source), text_(source.text()) {}

  Result<std::vector<Token>> Run() {
    while (at_ < text_.size()) {
      Status status = inside_ ? LexInside() : LexOutside();
      if (!status.ok()) return status.error();
    }
    if (inside_) return source_.ErrorAt(action_, "the action is never closed; expected '}}'");
    Push(TokenKind::kEndOfFile, 0);
    return std::move(tokens_);
  }

 private:
  char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool StartsWith(std::string_view prefix, std::size_t ahead = 0) const {
    return at_ + ahead <= text_.size() &&
           text_.substr(at_ + ahead).substr(0, prefix.size()) == prefix;
  }

  void Push(TokenKind kind, std::size_t length) {
    tokens_.push_back({kind, text_.substr(at_, length), at_});
    at_ += length;
  }

  Error Fail(std::string_view what) const { return source_.ErrorAt(at_, what); }

  // A closing delimiter, perhaps with a trim marker in front of it. Its length, or 0.
  std::size_t CloseLength() const {
    if (StartsWith(kRight)) return kRight.size();
    return TrimsRight() ? 2 + kRight.size() : 0;
  }
  bool TrimsRight() const {
    return IsSourceBlank(Peek()) && Peek(1) == '-' && StartsWith(kRight, 2);
  }

  void SkipBlanks() {
    while (at_ < text_.size() && IsSourceBlank(text_[at_])) ++at_;
  }

  Status LexOutside() {
    const std::size_t open = std::min(text_.find(kLeft, at_), text_.size());
    const std::size_t after = open + kLeft.size();
    const bool trims =
        after + 1 < text_.size() && text_[after] == '-' && IsSourceBlank(text_[after + 1]);
    std::string_view literal = text_.substr(at_, open - at_);
    if (trims) literal = TrimBlanksRight(literal);
    if (!literal.empty()) Push(TokenKind::kText, literal.size());
    at_ = open;
    if (open == text_.size()) return {};

    action_ = open;
    const std::size_t delimiter = kLeft.size() + (trims ? 2 : 0);
    if (StartsWith("/*", delimiter)) {
      at_ += delimiter;
      return SkipComment();
    }
    Push(TokenKind::kOpen, kLeft.size());
    if (trims) at_ += 1;  // the blank stays: it separates nothing and hides nothing
    inside_ = true;
    depth_ = 0;
    return {};
  }

  Status SkipComment() {
    const std::size_t end = text_.find("*/", at_ + 2);
    if (end == std::string_view::npos) return Fail("the comment is never closed; expected '*/'");
    at_ = end + 2;
    const std::size_t close = CloseLength();
    if (close == 0) return Fail("a comment must end with '*/}}'");
    Close(close);
    return {};
  }

  void Close(std::size_t length) {
    const bool trims = TrimsRight();
    at_ += length;
    if (trims) SkipBlanks();
    inside_ = false;
  }

  Status LexInside() {
    if (const std::size_t close = CloseLength(); close > 0) {
      if (depth_ > 0) return Fail("the parenthesis is never closed; expected ')'");
      tokens_.push_back({TokenKind::kClose, text_.substr(at_, close), at_});
      Close(close);
      return {};
    }
    const char c = Peek();
    if (IsSourceBlank(c)) return LexSpace();
    if (c == '"') return LexQuoted('"', TokenKind::kString);
    if (c == '\'') return LexQuoted('\'', TokenKind::kCharacter);
    if (c == '`') return LexRaw();
    if (c == '$') return LexName(TokenKind::kVariable);
    if (c == '.') return LexDot();
    if (c == '+' || c == '-' || IsDigit(c)) return LexNumber();
    if (c == '_' || WordLength(at_) > 0) return LexName(TokenKind::kWord);
    return LexPunctuation();
  }

  Status LexSpace() {
    std::size_t length = 0;
    const std::size_t start = at_;
    while (at_ < text_.size() && IsSourceBlank(text_[at_]) && !TrimsRight()) {
      ++at_;
      ++length;
    }
    tokens_.push_back({TokenKind::kSpace, text_.substr(start, length), start});
    return {};
  }

  Status LexQuoted(char quote, TokenKind kind) {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote && text_[end] != '\n') {
      end += text_[end] == '\\' ? 2 : 1;
    }
    if (end >= text_.size() || text_[end] != quote) {
      return Fail(quote == '"' ? "the string is never closed; expected '\"' on the same line"
                               : "the character is never closed; expected \"'\"");
    }
    Push(kind, end + 1 - at_);
    return {};
  }

  Status LexRaw() {
    const std::size_t end = text_.find('`', at_ + 1);
    if (end == std::string_view::npos) return Fail("the raw string is never closed; expected '`'");
    Push(TokenKind::kRawString, end + 1 - at_);
    return {};
  }

  // Letters, digits and underscores from `from` on.
  std::size_t WordLength(std::size_t from) const {
    std::size_t end = from;
    while (end < text_.size()) {
      const Character c = DecodeCharacter(text_, end);
      if (c.value != '_' && !(c.valid && IsLetterOrDigit(c.value))) break;
      end += c.size;
    }
    return end - from;
  }

  // One character and a word: a variable, a field, or the word itself.
  Status LexName(TokenKind kind) {
    const std::size_t lead = kind == TokenKind::kWord ? 0 : 1;
    const std::size_t length = lead + WordLength(at_ + lead);
    Push(kind, length);
    return CheckTerminated();
  }

  // "a+b" is no word, no field and nothing else: say so at the character that is wrong.
  Status CheckTerminated() {
    const char c = Peek();
    if (at_ >= text_.size() || IsSourceBlank(c) || StartsWith(kRight)) return {};
    if (std::string_view(".,|:()=").find(c) != std::string_view::npos) return {};
    return Unexpected();
  }

  Error Unexpected() const {
    const std::size_t size = DecodeCharacter(text_, at_).size;
    return Fail(fmt::format("unexpected character {}", QuoteForMessage(text_.substr(at_, size))));
  }

  Status LexDot() {
    if (IsDigit(Peek(1))) return LexNumber();
    if (WordLength(at_ + 1) > 0) return LexName(TokenKind::kField);
    Push(TokenKind::kDot, 1);
    return CheckTerminated();
  }

  Status LexNumber() {
    const std::size_t start = at_;
    std::size_t end = at_;
    if (text_[end] == '+' || text_[end] == '-') ++end;
    while (end < text_.size()) {
      const char c = text_[end];
      const char before = end > start ? text_[end - 1] : '\0';
      const bool exponent_sign = (c == '+' || c == '-') &&
                                 (before == 'e' || before == 'E' || before == 'p' || before == 'P');
      if (!exponent_sign && c != '.' && WordLength(end) == 0) break;
      end += exponent_sign ? 1 : std::max<std::size_t>(1, WordLength(end));
    }
    Push(TokenKind::kNumber, end - start);
    return {};
  }

  Status LexPunctuation() {
    switch (Peek()) {
      case ':':
        if (Peek(1) != '=') return Fail("unexpected ':'; a variable is declared with ':='");
        Push(TokenKind::kDeclare, 2);
        return {};
      case '=':
        Push(TokenKind::kAssign, 1);
        return {};
      case '|':
        Push(TokenKind::kPipe, 1);
        return {};
      case ',':
        Push(TokenKind::kComma, 1);
        return {};
      case '(':
        ++depth_;
        Push(TokenKind::kOpenParenthesis, 1);
        return {};
      case ')':
        if (depth_-- == 0) return Fail("unexpected ')'; no parenthesis is open");
        Push(TokenKind::kCloseParenthesis, 1);
        return {};
      default:
        return Unexpected();
    }
  }

  const Source& source_;
  const std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t action_ = 0;  // where the current action began
  bool inside_ = false;
  int depth_ = 0;  // of parentheses
};

}  // namespace

Result<std::vector<Token>> Tokenize(const Source& source) { return Lexer(source).Run(); }

}  // namespace tocsin::gotemplate
