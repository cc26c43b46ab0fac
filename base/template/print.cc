#include "base/template/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/template/format_verb.h"
#include "base/template/printer.h"
#include "base/template/utf8.h"

namespace tocsin::gotemplate {
namespace {

// As in Go: a larger width or precision is a mistake.
constexpr int kMaxNumber = 1'000'000;

// Goes through a format of printf.
class Formatter {
 public:
  Formatter(std::string_view format, const Value* first, std::size_t count, std::size_t max_bytes)
      : format_(format), first_(first), count_(count), printer_(max_bytes) {}

  Result<std::string> Run() {
    while (at_ < format_.size() && !printer_.overflow()) {
      const std::size_t percent = std::min(format_.find('%', at_), format_.size());
      printer_.Literal(format_.substr(at_, percent - at_));
      at_ = percent + 1;
      if (percent < format_.size()) Directive();
    }
    if (!reordered_ && next_ < count_) Extra();
    return printer_.Take();
  }

 private:
  FormatFlags& flags() { return printer_.flags(); }
  char Peek() const { return at_ < format_.size() ? format_[at_] : '\0'; }

  void Directive() {
    flags() = {};
    index_is_good_ = true;
    after_index_ = false;
    Flags();
    ArgumentIndex();
    Width();
    Precision();
    if (!after_index_) ArgumentIndex();
    if (at_ >= format_.size()) return printer_.Literal("%!(NOVERB)");
    const Character verb = DecodeCharacter(format_, at_);
    at_ += verb.size;
    Verb(verb.value);
  }

  void Verb(char32_t verb) {
    if (verb == '%') return printer_.Literal("%");
    if (!index_is_good_) return Complain(verb, "(BADINDEX)");
    if (next_ >= count_) return Complain(verb, "(MISSING)");
    if (verb == 'w') return printer_.Argument(first_[next_++], verb);
    if (verb == 'v') {
      flags().sharp_v = std::exchange(flags().sharp, false);
      flags().plus_v = std::exchange(flags().plus, false);
    }
    printer_.Argument(first_[next_++], verb);
  }

  void Complain(char32_t verb, std::string_view what) {
    std::string text = "%!";
    AppendCharacter(verb, &text);
    flags() = {};
    printer_.Literal(text + std::string(what));
  }

  void Flags() {
    for (;; ++at_) {
      switch (Peek()) {
        case '#':
          flags().sharp = true;
          break;
        case '0':
          flags().zero = !flags().minus;
          break;
        case '+':
          flags().plus = true;
          break;
        case '-':
          flags().minus = true;
          flags().zero = false;
          break;
        case ' ':
          flags().space = true;
          break;
        default:
          return;
      }
    }
  }

  // [n]: the next argument is the n-th.
  void ArgumentIndex() {
    if (Peek() != '[') return;
    reordered_ = true;
    const std::size_t close = format_.find(']', at_);
    if (close == std::string_view::npos) {
      index_is_good_ = false;
      ++at_;
      return;
    }
    const std::string_view inside = format_.substr(at_ + 1, close - at_ - 1);
    at_ = close + 1;
    std::size_t number = 0;
    for (char c : inside) {
      if (c < '0' || c > '9' || number > count_) {
        number = 0;
        break;
      }
      number = number * 10 + static_cast<std::size_t>(c - '0');
    }
    after_index_ = true;
    if (number == 0 || number > count_) {
      index_is_good_ = false;
    } else {
      next_ = number - 1;
    }
  }

  void Width() {
    if (Peek() == '*') {
      ++at_;
      flags().has_width = FromArgument(&flags().width);
      if (!flags().has_width) printer_.Literal("%!(BADWIDTH)");
      if (flags().width < 0) {
        flags().width = -flags().width;
        flags().minus = true;
        flags().zero = false;
      }
      after_index_ = false;
      return;
    }
    flags().has_width = Number(&flags().width);
    if (after_index_ && flags().has_width) index_is_good_ = false;
  }

  void Precision() {
    if (Peek() != '.') return;
    ++at_;
    if (after_index_) index_is_good_ = false;
    ArgumentIndex();
    if (Peek() == '*') {
      ++at_;
      flags().has_precision = FromArgument(&flags().precision);
      if (flags().precision < 0) {
        flags().precision = 0;
        flags().has_precision = false;
      }
      if (!flags().has_precision) printer_.Literal("%!(BADPREC)");
      after_index_ = false;
      return;
    }
    Number(&flags().precision);
    flags().has_precision = true;
  }

  bool FromArgument(int* number) {
    const std::optional<std::int64_t> given =
        next_ < count_ && first_[next_].kind() == Value::Kind::kInt
            ? std::optional(first_[next_].as_int())
            : std::nullopt;
    next_ = std::min(next_ + 1, count_);
    if (!given || *given > kMaxNumber || *given < -kMaxNumber) return false;
    *number = static_cast<int>(*given);
    return true;
  }

  // A number that is far too large ends the format, as in Go.
  bool Number(int* number) {
    bool present = false;
    while (Peek() >= '0' && Peek() <= '9') {
      *number = *number * 10 + (Peek() - '0');
      present = true;
      ++at_;
      if (*number <= kMaxNumber) continue;
      *number = 0;
      at_ = format_.size();
      return false;
    }
    return present;
  }

  void Extra() {
    flags() = {};
    printer_.Literal("%!(EXTRA ");
    for (std::size_t i = next_; i < count_ && !printer_.overflow(); ++i) {
      if (i > next_) printer_.Literal(", ");
      if (first_[i].is_nil()) {
        printer_.Literal("<nil>");
        continue;
      }
      printer_.Literal(first_[i].TypeName() + "=");
      printer_.Argument(first_[i], 'v');
    }
    printer_.Literal(")");
  }

  const std::string_view format_;
  const Value* const first_;
  const std::size_t count_;
  Printer printer_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
  bool reordered_ = false;
  bool after_index_ = false;
  bool index_is_good_ = true;
};

}  // namespace

Result<std::string> Print(const Value* first, std::size_t count, std::size_t max_bytes) {
  Printer printer(max_bytes);
  const auto is_text = [](const Value& value) { return value.text().has_value(); };
  for (std::size_t i = 0; i < count && !printer.overflow(); ++i) {
    if (i > 0 && !is_text(first[i]) && !is_text(first[i - 1])) printer.Literal(" ");
    printer.Argument(first[i], 'v');
  }
  return printer.Take();
}

Result<std::string> PrintLine(const Value* first, std::size_t count, std::size_t max_bytes) {
  Printer printer(max_bytes);
  for (std::size_t i = 0; i < count && !printer.overflow(); ++i) {
    if (i > 0) printer.Literal(" ");
    printer.Argument(first[i], 'v');
  }
  printer.Literal("\n");
  return printer.Take();
}

Result<std::string> PrintFormatted(std::string_view format, const Value* first, std::size_t count,
                                   std::size_t max_bytes) {
  return Formatter(format, first, count, max_bytes).Run();
}

Result<std::string> PrintValue(const Value& value, std::size_t max_bytes) {
  if (value.is_nil()) return std::string("<no value>");
  return Print(&value, 1, max_bytes);
}

}  // namespace tocsin::gotemplate
