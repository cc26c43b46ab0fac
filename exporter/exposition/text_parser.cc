#include "exporter/exposition/text_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/number.h"
#include "base/text.h"

namespace tocsin::exposition {
namespace {

constexpr std::size_t kExcerptBytes = 80;

enum CharClass : std::uint8_t {
  kLabelStart = 1,
  kLabelRest = 2,
  kMetricStart = 4,
  kMetricRest = 8,
  kBlank = 16,     // separates tokens
  kTokenEnd = 32,  // a blank or the line's end
};

constexpr std::array<std::uint8_t, 256> MakeCharClasses() {
  std::array<std::uint8_t, 256> classes{};
  constexpr std::uint8_t kLetter = kLabelStart | kLabelRest | kMetricStart | kMetricRest;
  for (unsigned c = 'a'; c <= 'z'; ++c) classes[c] = kLetter;
  for (unsigned c = 'A'; c <= 'Z'; ++c) classes[c] = kLetter;
  classes['_'] = kLetter;
  for (unsigned c = '0'; c <= '9'; ++c) classes[c] = kLabelRest | kMetricRest;
  classes[':'] = kMetricStart | kMetricRest;
  classes[' '] = kBlank | kTokenEnd;
  classes['\t'] = kBlank | kTokenEnd;
  classes['\n'] = kTokenEnd;
  return classes;
}
constexpr std::array<std::uint8_t, 256> kCharClasses = MakeCharClasses();

bool Is(char c, CharClass what) {
  return (kCharClasses[static_cast<unsigned char>(c)] & what) != 0;
}

struct TypeWord {
  std::string_view word;
  MetricType type;
};
constexpr std::array<TypeWord, 5> kTypeWords = {{{"counter", MetricType::kCounter},
                                                 {"gauge", MetricType::kGauge},
                                                 {"histogram", MetricType::kHistogram},
                                                 {"summary", MetricType::kSummary},
                                                 {"untyped", MetricType::kUnknown}}};

// The Pushgateway compares type words without regard to case.
std::optional<MetricType> TypeOf(std::string_view word, Dialect dialect) {
  for (const TypeWord& known : kTypeWords) {
    if (dialect == Dialect::kPush ? EqualsIgnoreCase(word, known.word) : word == known.word) {
      return known.type;
    }
  }
  return std::nullopt;
}

class TextParser {
 public:
  TextParser(std::string_view body, Dialect dialect, TextVisitor& visitor, const TextLimits& limits)
      : body_(body),
        end_(body.data() + body.size()),
        at_(body.data()),
        push_(dialect == Dialect::kPush),
        dialect_(dialect),
        visitor_(visitor),
        limits_(limits) {}

  std::optional<ParseError> Run() {
    while (at_ != end_ && ParseLine()) {
    }
    return std::move(error_);
  }

 private:
  // Every Parse... below returns false where it has set error_.
  bool ParseLine();
  bool ParseComment();
  bool ParseHelp(std::string_view family);
  bool ParseType(std::string_view family);
  bool ParseSample();
  bool ParseLabels();
  bool ParseLabelName(std::string_view* name);
  bool ParseLabelValue(std::string_view* value);
  bool UnescapeLabelValue(const char* begin, const char* end, std::string_view* value);
  bool ParseValueAndTimestamp();
  bool ParseTimestamp();
  bool EndLine();
  bool ReportSample(const char* line, std::string_view series);

  bool AtEnd() const { return at_ == end_; }
  bool AtLineEnd() const { return at_ == end_ || *at_ == '\n'; }
  void SkipBlanks() {
    while (at_ != end_ && Is(*at_, kBlank)) ++at_;
  }
  std::string_view TakeWhile(CharClass what) {
    const char* const begin = at_;
    while (at_ != end_ && Is(*at_, what)) ++at_;
    return Between(begin, at_);
  }
  // Up to a blank or the line's end; scraped values end at a brace too.
  std::string_view TakeToken() {
    const char* const begin = at_;
    while (at_ != end_ && !Is(*at_, kTokenEnd) && (push_ || *at_ != '{')) ++at_;
    return Between(begin, at_);
  }
  std::string_view RestOfLine() const {
    const void* const newline = std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_));
    return Between(at_, newline == nullptr ? end_ : static_cast<const char*>(newline));
  }
  static std::string_view Between(const char* begin, const char* end) {
    return {begin, static_cast<std::size_t>(end - begin)};
  }
  const char* EndOfBraces() const;

  bool Fail(ParseError::Kind kind, const char* where, std::string reason);
  bool Fail(const char* where, std::string reason) {
    return Fail(ParseError::Kind::kSyntax, where, std::move(reason));
  }
  bool FailHere(std::string_view expected);
  bool FailLimit(const char* where, std::string_view limit, std::size_t value, std::size_t found);
  bool Told(const char* line, const Status& status) {
    return status.ok() || Fail(ParseError::Kind::kVisitor, line, status.message());
  }

  const std::string_view body_;
  const char* const end_;
  const char* at_;
  const bool push_;
  const Dialect dialect_;
  TextVisitor& visitor_;
  const TextLimits& limits_;
  std::optional<ParseError> error_;

  // Of the line being read; they keep their memory.
  std::string_view name_;
  std::vector<Label> labels_;
  std::string unescaped_;
  const char* braces_end_ = nullptr;  // no label reaches beyond
  double value_ = 0;
  std::optional<std::int64_t> timestamp_ms_;
};

bool TextParser::Fail(ParseError::Kind kind, const char* where, std::string reason) {
  const std::string_view before = Between(body_.data(), where);
  const std::size_t newline = before.rfind('\n');
  const std::size_t line_start = newline == std::string_view::npos ? 0 : newline + 1;
  ParseError error;
  error.kind = kind;
  error.line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  error.column = 1 + before.size() - line_start;
  error.reason = std::move(reason);
  // The line from its start, or, if the fault lies far behind it, from somewhat before the fault.
  std::size_t from = line_start;
  if (error.column > kExcerptBytes) from = before.size() - kExcerptBytes / 2;
  const std::string_view rest = body_.substr(from);
  error.excerpt = QuoteForMessage(rest.substr(0, rest.find('\n')), kExcerptBytes);
  error_ = std::move(error);
  return false;
}

// What stands here is not what should.
bool TextParser::FailHere(std::string_view expected) {
  if (AtEnd()) return Fail(at_, "unexpected end of input stream");
  const std::string_view found = Between(at_, at_ + 1);
  return Fail(at_, fmt::format("expected {}, found {}", expected, QuoteForMessage(found)));
}

bool TextParser::FailLimit(const char* where, std::string_view limit, std::size_t value,
                           std::size_t found) {
  return Fail(ParseError::Kind::kLimit, where,
              fmt::format("limit {} ({}) exceeded: {}", limit, value, found));
}

bool TextParser::ParseLine() {
  const char* const line = at_;
  SkipBlanks();
  if (AtEnd()) return true;
  if (*at_ == '\n') {
    ++at_;
    return true;
  }
  if (*at_ == '#') return ParseComment();
  if (!push_ && at_ != line) return Fail(line, "expected a metric name, found a blank");
  return ParseSample();
}

// The line's end must be here. Pushes need a newline, scraped pages may just stop.
bool TextParser::EndLine() {
  if (AtEnd()) return !push_ || Fail(at_, "unexpected end of input stream");
  ++at_;
  return true;
}

bool TextParser::ParseComment() {
  ++at_;
  const char* const after_hash = at_;
  SkipBlanks();
  const std::string_view keyword = TakeToken();
  // "#HELP" is a keyword to the Pushgateway, and a comment to Prometheus, as is "# HELP" alone.
  const bool may_be_keyword =
      push_ || (keyword.data() != after_hash && !AtEnd() && Is(*at_, kBlank));
  if (may_be_keyword && (keyword == "HELP" || keyword == "TYPE")) {
    SkipBlanks();
    const char* const name_at = at_;
    const std::string_view family =
        !AtEnd() && Is(*at_, kMetricStart) ? TakeWhile(kMetricRest) : std::string_view();
    const bool cut_off = !AtLineEnd() && !Is(*at_, kBlank);
    if (family.size() > limits_.label_value_bytes) {
      return FailLimit(name_at, "label_value_bytes", limits_.label_value_bytes, family.size());
    }
    if (push_ && AtLineEnd()) return EndLine();  // a keyword without its rest says nothing
    if (family.empty() || (cut_off && (push_ || keyword == "TYPE"))) {
      return Fail(name_at, "invalid metric name in comment");
    }
    SkipBlanks();
    if (push_ && AtLineEnd()) return EndLine();
    // Prometheus reads on after help for something that is no name; so does this, and forgets it.
    if (!cut_off) return keyword == "HELP" ? ParseHelp(family) : ParseType(family);
  }
  at_ += RestOfLine().size();
  return EndLine();
}

bool TextParser::ParseType(std::string_view family) {
  const char* const begin = at_;
  std::string_view word = RestOfLine();
  at_ += word.size();
  if (!push_) {
    const std::size_t last = word.find_last_not_of(" \t");
    word = word.substr(0, last == std::string_view::npos ? 0 : last + 1);
  }
  const std::optional<MetricType> type = TypeOf(word, dialect_);
  if (!type) return Fail(begin, fmt::format("unknown metric type {}", QuoteForMessage(word)));
  return EndLine() && Told(begin, visitor_.OnType(family, *type));
}

bool TextParser::ParseHelp(std::string_view family) {
  const char* const begin = at_;
  const std::string_view raw = RestOfLine();
  at_ += raw.size();
  if (!IsValidUtf8(raw)) return Fail(begin, "help text is not valid UTF-8");
  if (raw.find('\\') == std::string_view::npos) {
    return EndLine() && Told(begin, visitor_.OnHelp(family, raw));
  }
  unescaped_.clear();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      unescaped_.push_back(raw[i]);
      continue;
    }
    const char next = i + 1 < raw.size() ? raw[i + 1] : '\n';
    if (next == 'n' || next == '\\') {
      unescaped_.push_back(next == 'n' ? '\n' : '\\');
      ++i;
    } else if (push_ && next == '"') {
      unescaped_.push_back('"');
      ++i;
    } else if (push_) {
      const std::string_view escape = raw.substr(i, 2);
      return Fail(begin + i, fmt::format("invalid escape sequence {}", QuoteForMessage(escape)));
    } else {
      unescaped_.push_back('\\');
    }
  }
  return EndLine() && Told(begin, visitor_.OnHelp(family, unescaped_));
}

bool TextParser::ParseSample() {
  const char* const line = at_;
  if (!Is(*at_, kMetricStart)) {
    if (*at_ == '{') {
      return Fail(at_, "expected a metric name before the brace: quoted names are not supported");
    }
    return Fail(at_, "invalid metric name");
  }
  name_ = TakeWhile(kMetricRest);
  if (name_.size() > limits_.label_value_bytes) {
    return FailLimit(line, "label_value_bytes", limits_.label_value_bytes, name_.size());
  }
  const char* series_end = at_;
  SkipBlanks();
  bool known = false;
  labels_.clear();
  if (!AtEnd() && *at_ == '{') {
    series_end = EndOfBraces();
    known = series_end != nullptr && visitor_.Knows(Between(line, series_end));
    if (known) {
      at_ = series_end;
    } else {
      braces_end_ = series_end != nullptr ? series_end : end_;
      if (!ParseLabels()) return false;
      series_end = at_;
    }
    SkipBlanks();
  } else {
    known = visitor_.Knows(Between(line, series_end));
  }
  if (known) name_ = {};
  if (!ParseValueAndTimestamp() || !EndLine()) return false;
  return ReportSample(line, Between(line, series_end));
}

bool TextParser::ReportSample(const char* line, std::string_view series) {
  return Told(line, visitor_.OnSample({series, name_, labels_, value_, timestamp_ms_}));
}

// Behind the brace that closes the one here; null if there is none. Only quotes matter: whether
// what lies between is well-formed is for ParseLabels to say.
const char* TextParser::EndOfBraces() const {
  bool quoted = false;
  for (const char* p = at_ + 1; p != end_; ++p) {
    if (*p == '"') {
      quoted = !quoted;
    } else if (quoted) {
      if (*p == '\\' && ++p == end_) return nullptr;
    } else if (*p == '}') {
      return p + 1;
    } else if (*p == '\n') {
      return nullptr;
    }
  }
  return nullptr;
}

bool TextParser::ParseLabels() {
  ++at_;
  unescaped_.clear();
  while (true) {
    SkipBlanks();
    if (!AtEnd() && *at_ == '}') break;
    const char* const begin = at_;
    Label label;
    if (!ParseLabelName(&label.name) || !ParseLabelValue(&label.value)) return false;
    for (const Label& earlier : labels_) {
      if (earlier.name == label.name) {
        return Fail(begin, fmt::format("duplicate label name {} in metric {}",
                                       QuoteForMessage(label.name), QuoteForMessage(name_)));
      }
    }
    if (labels_.size() == limits_.labels_per_sample) {
      return FailLimit(begin, "labels_per_sample", limits_.labels_per_sample, labels_.size() + 1);
    }
    labels_.push_back(label);
    SkipBlanks();
    if (!AtEnd() && *at_ == ',') {
      ++at_;
    } else if (push_ && (AtEnd() || *at_ != '}')) {
      return FailHere("',' or '}' after label value");
    }
  }
  ++at_;
  return true;
}

bool TextParser::ParseLabelName(std::string_view* name) {
  const char* const begin = at_;
  if (AtEnd()) return FailHere("label name");
  if (!Is(*at_, kLabelStart)) {
    return Fail(at_, fmt::format("invalid label name for metric {}", QuoteForMessage(name_)));
  }
  *name = TakeWhile(kLabelRest);
  if (name->size() > limits_.label_name_bytes) {
    return FailLimit(begin, "label_name_bytes", limits_.label_name_bytes, name->size());
  }
  if (*name == kMetricNameLabel) return Fail(begin, "label name \"__name__\" is reserved");
  SkipBlanks();
  if (AtEnd() || *at_ != '=') return FailHere("'=' after label name");
  ++at_;
  return true;
}

bool TextParser::ParseLabelValue(std::string_view* value) {
  SkipBlanks();
  if (AtEnd() || *at_ != '"') return FailHere("'\"' at start of label value");
  const char* const begin = ++at_;
  unsigned char seen = 0;
  bool escapes = false;
  for (; at_ != end_ && *at_ != '"'; ++at_) {
    seen |= static_cast<unsigned char>(*at_);
    if (*at_ == '\n' && push_) return Fail(at_, "label value contains an unescaped new-line");
    if (*at_ == '\\') {
      escapes = true;
      // The escaped character, which may be a quote. Only a push escapes a newline: into an error.
      if (++at_ == end_) break;
      seen |= static_cast<unsigned char>(*at_);
      if (*at_ == '\n' && !push_) return FailHere("a character after the backslash");
    }
  }
  if (AtEnd()) return Fail(at_, "unexpected end of input stream: label value is not closed");
  const std::string_view raw = Between(begin, at_);
  if (raw.size() > limits_.label_value_bytes) {
    return FailLimit(begin, "label_value_bytes", limits_.label_value_bytes, raw.size());
  }
  if (seen >= 0x80 && !IsValidUtf8(raw)) return Fail(begin, "label value is not valid UTF-8");
  *value = raw;
  if (escapes && !UnescapeLabelValue(begin, at_, value)) return false;
  ++at_;
  return true;
}

// All values of a line share one buffer, whose capacity is enough beforehand: the views stay valid.
bool TextParser::UnescapeLabelValue(const char* begin, const char* end, std::string_view* value) {
  if (unescaped_.empty()) unescaped_.reserve(static_cast<std::size_t>(braces_end_ - begin));
  const std::size_t start = unescaped_.size();
  for (const char* p = begin; p != end; ++p) {
    if (*p != '\\') {
      unescaped_.push_back(*p);
      continue;
    }
    const char next = *++p;
    if (next == 'n') {
      unescaped_.push_back('\n');
    } else if (next == '"' || next == '\\') {
      unescaped_.push_back(next);
    } else if (push_) {
      return Fail(
          p - 1, fmt::format("invalid escape sequence {}", QuoteForMessage(Between(p - 1, p + 1))));
    } else {
      unescaped_.push_back('\\');
      unescaped_.push_back(next);
    }
  }
  *value = std::string_view(unescaped_).substr(start);
  return true;
}

bool TextParser::ParseValueAndTimestamp() {
  const char* const begin = at_;
  const std::string_view token = TakeToken();
  if (AtEnd() && (push_ || token.empty())) return FailHere("a value");
  const std::optional<double> value = ParseFloat(token);
  if (!value) {
    return Fail(begin, fmt::format("expected float as value, got {}", QuoteForMessage(token)));
  }
  value_ = *value;
  timestamp_ms_.reset();
  if (AtLineEnd()) return true;
  SkipBlanks();
  if (!push_ && AtLineEnd()) return true;
  return ParseTimestamp();
}

bool TextParser::ParseTimestamp() {
  const char* const begin = at_;
  const std::string_view token = TakeToken();
  const bool negative = !token.empty() && token[0] == '-';
  if (push_ || !negative) timestamp_ms_ = ParseInt(token);
  if (!timestamp_ms_) {
    if (AtEnd() && push_) return FailHere("a timestamp");
    return Fail(begin,
                fmt::format("expected integer as timestamp, got {}", QuoteForMessage(token)));
  }
  if (!push_) SkipBlanks();
  if (AtLineEnd()) return true;
  return Fail(at_,
              fmt::format("spurious string after timestamp: {}", QuoteForMessage(RestOfLine())));
}

}  // namespace

std::string ParseError::ToString() const {
  return fmt::format("text format parsing error in line {}: {} (column {} of {})", line, reason,
                     column, excerpt);
}

std::optional<ParseError> ParseText(std::string_view body, Dialect dialect, TextVisitor& visitor,
                                    const TextLimits& limits) {
  return TextParser(body, dialect, visitor, limits).Run();
}

}  // namespace tocsin::exposition
