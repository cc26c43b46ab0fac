// Writes values under the verbs of printf into one text, up to a size. Part of print.cc; values
// that contain others are written piece by piece, so that nothing much larger than the limit is
// made.
//
// Owned by one call.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/template/format_verb.h"
#include "base/template/time_format.h"
#include "base/template/utf8.h"
#include "base/template/value.h"

namespace tocsin::gotemplate {

class Printer {
 public:
  explicit Printer(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void Literal(std::string_view text) {
    if (!overflow_) out_ += text;
    overflow_ = overflow_ || out_.size() > max_bytes_;
  }

  void Argument(const Value& value, char32_t verb) {
    if (verb == 'T') {
      Text(value.is_nil() ? "<nil>" : value.TypeName(), 's');
    } else if (value.is_nil() && verb == 'v') {
      Text("<nil>", 's');
    } else {
      Any(value, verb, 0);
    }
  }

  FormatFlags& flags() { return flags_; }
  bool overflow() const { return overflow_; }

  Result<std::string> Take() {
    if (overflow_) return Error{fmt::format("the text is longer than {} bytes", max_bytes_)};
    return std::move(out_);
  }

 private:
  using Kind = Value::Kind;

  static constexpr int kMaxDepth = 100;

  static bool IsOneOf(char32_t verb, std::string_view verbs) {
    return verb < 0x80 && verbs.find(static_cast<char>(verb)) != std::string_view::npos;
  }

  void Any(const Value& value, char32_t verb, int depth) {
    if (overflow_ || depth > kMaxDepth) return;
    if (!reporting_ && IsOneOf(verb, "vsxXq") && Stringer(value, verb)) return;
    switch (value.kind()) {
      case Kind::kNil:
        return verb == 'v' || depth > 0 ? Literal("<nil>") : BadVerb(value, verb);
      case Kind::kBool:
        return IsOneOf(verb, "tv") ? Text(value.as_bool() ? "true" : "false", 's')
                                   : BadVerb(value, verb);
      case Kind::kInt:
      case Kind::kSpan:
      case Kind::kNamedInt:
        return Integer(value, verb);
      case Kind::kFloat:
        return Float(value, verb);
      case Kind::kString:
      case Kind::kSafe:
        return String(value, verb);
      case Kind::kList:
        return List(value, verb, depth);
      case Kind::kMap:
        return MapEntries(value, verb, depth);
      case Kind::kObject:
        return Structure(value, verb, depth);
      case Kind::kTime:
        return Text(FormatTimeDefault(value.as_time()), 's');
      case Kind::kFunction:
        return Text("func", 's');
    }
  }

  // Values that have a text of their own, for the verbs that show texts.
  bool Stringer(const Value& value, char32_t verb) {
    if (flags_.sharp_v) return false;
    std::optional<std::string> text;
    if (value.kind() == Kind::kTime) text = FormatTimeDefault(value.as_time());
    if (value.kind() == Kind::kSpan) text = FormatSpan(value.as_span());
    if (value.kind() == Kind::kNamedInt) text = std::string(value.as_named_int().name);
    if (value.kind() == Kind::kObject) text = value.as_object().String();
    if (!text) return false;
    Text(*text, verb == 'v' ? U's' : verb);
    return true;
  }

  void Text(std::string_view text, char32_t verb) {
    std::size_t least = text.size();
    if (flags_.has_precision) least = std::min(least, static_cast<std::size_t>(flags_.precision));
    if (HasRoom(verb == 's' || verb == 'q' ? least : 2 * least)) {
      AppendText(text, static_cast<char>(verb), flags_, &out_);
      CheckSize();
    }
  }

  // To be asked before something large is made: whether at least so many bytes still fit.
  bool HasRoom(std::size_t bytes) {
    const std::size_t width = flags_.has_width ? static_cast<std::size_t>(flags_.width) : 0;
    overflow_ = overflow_ || out_.size() + std::max(bytes, width) > max_bytes_;
    return !overflow_;
  }
  bool HasRoomForDigits() {
    return HasRoom(flags_.has_precision ? static_cast<std::size_t>(flags_.precision) : 1);
  }
  void CheckSize() { overflow_ = overflow_ || out_.size() > max_bytes_; }

  void Integer(const Value& value, char32_t verb) {
    if (verb == 'v') verb = 'd';
    if (!IsOneOf(verb, "dboOxXcqU")) return BadVerb(value, verb);
    if (!HasRoomForDigits()) return;
    const auto narrow = static_cast<char>(verb);
    if (IsOneOf(verb, "cqU")) {
      AppendCharacterVerb(*value.integer(), narrow, flags_, &out_);
    } else {
      AppendInteger(*value.integer(), narrow, flags_, &out_);
    }
    CheckSize();
  }

  void Float(const Value& value, char32_t verb) {
    if (verb == 'v') verb = 'g';
    if (!IsOneOf(verb, "eEfFgGbxX")) return BadVerb(value, verb);
    if (!HasRoomForDigits()) return;
    AppendFloat(value.as_float(), static_cast<char>(verb), flags_, &out_);
    CheckSize();
  }

  void String(const Value& value, char32_t verb) {
    if (verb == 'v') verb = flags_.sharp_v ? U'q' : U's';
    if (!IsOneOf(verb, "sqxX")) return BadVerb(value, verb);
    FormatFlags kept = flags_;
    if (flags_.sharp_v) flags_.sharp = false;
    Text(*value.text(), verb);
    flags_ = kept;
  }

  void List(const Value& value, char32_t verb, int depth) {
    Literal(flags_.sharp_v ? value.TypeName() + "{" : "[");
    bool first = true;
    for (const Value& item : value.as_list()) {
      if (overflow_) return;
      if (!std::exchange(first, false)) Literal(flags_.sharp_v ? ", " : " ");
      Element(item, verb, depth);
    }
    Literal(flags_.sharp_v ? "}" : "]");
  }

  void Element(const Value& item, char32_t verb, int depth) {
    if (item.is_nil()) return Literal(flags_.sharp_v ? "interface {}(nil)" : "<nil>");
    Any(item, verb, depth + 1);
  }

  void MapEntries(const Value& value, char32_t verb, int depth) {
    Literal(flags_.sharp_v ? value.TypeName() + "{" : "map[");
    bool first = true;
    for (const auto& [key, item] : value.as_map()) {
      if (overflow_) return;
      if (!std::exchange(first, false)) Literal(flags_.sharp_v ? ", " : " ");
      Any(Value(key), verb, depth + 1);
      Literal(":");
      Element(item, verb, depth);
    }
    Literal(flags_.sharp_v ? "}" : "]");
  }

  void Structure(const Value& value, char32_t verb, int depth) {
    if (const Value plain = value.Plain(); !plain.is_nil() && plain.kind() != Kind::kObject) {
      return Any(plain, verb, depth + 1);
    }
    if (flags_.sharp_v) Literal(value.TypeName());
    Literal("{");
    bool first = true;
    for (const Object::Member& member : value.as_object().Members()) {
      if (overflow_) return;
      if (!std::exchange(first, false)) Literal(flags_.sharp_v ? ", " : " ");
      if (flags_.plus_v || flags_.sharp_v) Literal(member.name + ":");
      Element(member.value, verb, depth);
    }
    Literal("}");
  }

  // %!d(string=hi)
  void BadVerb(const Value& value, char32_t verb) {
    const FormatFlags kept = std::exchange(flags_, {});
    std::string name;
    AppendCharacter(verb, &name);
    Literal("%!" + name + "(");
    if (value.is_nil()) {
      Literal("<nil>");
    } else {
      Literal(value.TypeName() + "=");
      reporting_ = true;
      Any(value, 'v', 0);
      reporting_ = false;
    }
    Literal(")");
    flags_ = kept;
  }

  const std::size_t max_bytes_;
  std::string out_;
  FormatFlags flags_;
  bool overflow_ = false;
  bool reporting_ = false;  // inside of %!d(...): values without their own texts
};

}  // namespace tocsin::gotemplate
