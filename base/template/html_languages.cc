// The half of the scanner that follows URLs, JavaScript and CSS: how far in a URL, inside which
// string, comment or regular expression. An approximation: whether a slash begins a regular
// expression is told from the word or sign in front of it, as in html/template.
#include <algorithm>
#include <array>

#include "base/template/html_scanner.h"

namespace tocsin::gotemplate {
namespace {

using Place = HtmlPlace;

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }

bool IsCssString(Place::State state) {
  return state == Place::State::kCssDouble || state == Place::State::kCssSingle ||
         state == Place::State::kCssUrl || state == Place::State::kCssDoubleUrl ||
         state == Place::State::kCssSingleUrl;
}

}  // namespace

void HtmlScanner::FollowLanguage(std::string_view code) {
  if (place_.state == State::kUrl || place_.state == State::kSrcset) {
    FollowUrl(code);
    return;
  }
  while (!code.empty()) {
    const State state = place_.state;
    if (place_.escape_pending) {
      place_.escape_pending = false;
      code.remove_prefix(1);
    } else if (state >= State::kJs && state <= State::kJsComment) {
      code.remove_prefix(StepJs(code));
    } else if (state >= State::kCss) {
      code.remove_prefix(StepCss(code));
    } else {
      return;
    }
  }
}

void HtmlScanner::FollowUrl(std::string_view url) {
  if (url.find_first_of("?#") != std::string_view::npos) {
    place_.url_part = Place::UrlPart::kQuery;
  } else if (place_.url_part == Place::UrlPart::kStart &&
             url.find_first_not_of(" \t\n\f\r") != std::string_view::npos) {
    place_.url_part = Place::UrlPart::kPath;
  }
}

std::size_t HtmlScanner::StepJs(std::string_view code) {
  switch (place_.state) {
    case State::kJsDouble:
      return StepJsQuoted(code, '"');
    case State::kJsSingle:
      return StepJsQuoted(code, '\'');
    case State::kJsTemplate:
      return StepJsTemplate(code);
    case State::kJsRegexp:
      return StepJsRegexp(code);
    case State::kJsComment:
      return StepComment(code, State::kJs);
    default:
      return StepJsCode(code);
  }
}

std::size_t HtmlScanner::StepJsCode(std::string_view code) {
  const char c = code.front();
  if (IsBlank(c)) return 1;
  if (IsWordCharacter(c)) return StepJsWord(code);
  switch (c) {
    case '"':
      place_.state = State::kJsDouble;
      return 1;
    case '\'':
      place_.state = State::kJsSingle;
      return 1;
    case '`':
      place_.state = State::kJsTemplate;
      return 1;
    case '/':
      return StepJsSlash(code);
    case '{':
    case '}':
      return StepJsBrace(c);
    case '+':
    case '-': {
      // An even run is of increments, behind which one divides.
      const std::size_t run = std::min(code.find_first_not_of(c), code.size());
      regexp_may_follow_ = run % 2 == 1;
      return run;
    }
    case '<':
      if (!StartsWith(code, "<!--")) break;
      place_.state = State::kJsComment;
      line_comment_ = true;
      return 4;
    default:
      break;
  }
  regexp_may_follow_ = c != ')' && c != ']' && c != '.';
  return 1;
}

std::size_t HtmlScanner::StepJsWord(std::string_view code) {
  constexpr std::array<std::string_view, 14> kBeforeExpressions = {
      "break", "case",       "continue", "delete", "do",  "else",   "finally",
      "in",    "instanceof", "return",   "throw",  "try", "typeof", "void"};
  std::size_t end = 0;
  while (end < code.size() && IsWordCharacter(code[end])) ++end;
  const std::string_view word = code.substr(0, end);
  regexp_may_follow_ = std::find(kBeforeExpressions.begin(), kBeforeExpressions.end(), word) !=
                       kBeforeExpressions.end();
  return end;
}

std::size_t HtmlScanner::StepJsSlash(std::string_view code) {
  if (StartsWith(code, "//") || StartsWith(code, "/*")) {
    place_.state = State::kJsComment;
    line_comment_ = code[1] == '/';
    return 2;
  }
  if (regexp_may_follow_) {
    place_.state = State::kJsRegexp;
    in_class_ = false;
  }
  regexp_may_follow_ = true;
  return 1;
}

std::size_t HtmlScanner::StepJsBrace(char brace) {
  regexp_may_follow_ = true;
  if (braces_.empty()) return 1;
  if (brace == '{') {
    ++braces_.back();
  } else if (braces_.back() > 0) {
    --braces_.back();
  } else {
    braces_.pop_back();
    place_.state = State::kJsTemplate;
  }
  return 1;
}

std::size_t HtmlScanner::StepJsQuoted(std::string_view code, char quote) {
  const char c = code.front();
  if (c == '\\') place_.escape_pending = true;
  if (c == quote) {
    place_.state = State::kJs;
    regexp_may_follow_ = false;
  }
  return 1;
}

std::size_t HtmlScanner::StepJsTemplate(std::string_view code) {
  if (StartsWith(code, "${")) {
    braces_.push_back(0);
    place_.state = State::kJs;
    regexp_may_follow_ = true;
    return 2;
  }
  return StepJsQuoted(code, '`');
}

std::size_t HtmlScanner::StepJsRegexp(std::string_view code) {
  const char c = code.front();
  if (c == '\\') place_.escape_pending = true;
  if (c == '[') in_class_ = true;
  if (c == ']') in_class_ = false;
  if (c == '/' && !in_class_) {
    place_.state = State::kJs;
    regexp_may_follow_ = false;
  }
  return 1;
}

std::size_t HtmlScanner::StepComment(std::string_view code, State after) {
  if (line_comment_ ? (code.front() == '\n' || code.front() == '\r') : StartsWith(code, "*/")) {
    place_.state = after;
    return line_comment_ ? 1 : 2;
  }
  return 1;
}

std::size_t HtmlScanner::StepCss(std::string_view code) {
  if (IsCssString(place_.state)) {
    switch (place_.state) {
      case State::kCssDouble:
      case State::kCssDoubleUrl:
        return StepCssQuoted(code, '"');
      case State::kCssSingle:
      case State::kCssSingleUrl:
        return StepCssQuoted(code, '\'');
      default:
        return StepCssQuoted(code, ')');
    }
  }
  if (place_.state == State::kCssComment) return StepComment(code, State::kCss);
  return StepCssCode(code);
}

std::size_t HtmlScanner::StepCssCode(std::string_view code) {
  place_.url_part = Place::UrlPart::kStart;
  const char c = code.front();
  if (c == '"' || c == '\'') {
    place_.state = c == '"' ? State::kCssDouble : State::kCssSingle;
    return 1;
  }
  if (StartsWith(code, "/*") || StartsWith(code, "//")) {
    place_.state = State::kCssComment;
    line_comment_ = code[1] == '/';
    return 2;
  }
  if (c == '\\') place_.escape_pending = true;
  const bool url = code.size() >= 4 && (code[0] | 0x20) == 'u' && (code[1] | 0x20) == 'r' &&
                   (code[2] | 0x20) == 'l' && code[3] == '(';
  if (!url) return 1;
  std::size_t at = 4;
  while (at < code.size() && IsBlank(code[at])) ++at;
  const char quote = at < code.size() ? code[at] : '\0';
  if (quote == '"' || quote == '\'') {
    place_.state = quote == '"' ? State::kCssDoubleUrl : State::kCssSingleUrl;
    return at + 1;
  }
  place_.state = State::kCssUrl;
  return at;
}

std::size_t HtmlScanner::StepCssQuoted(std::string_view code, char quote) {
  const char c = code.front();
  if (c == quote) {
    place_.state = State::kCss;
    return 1;
  }
  if (c == '\\') place_.escape_pending = true;
  FollowUrl(code.substr(0, 1));
  return 1;
}

}  // namespace tocsin::gotemplate
