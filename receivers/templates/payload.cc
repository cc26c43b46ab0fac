// The types of plain scalars are those of YAML 1.1, as Alertmanager's reader has them
// (https://pkg.go.dev/gopkg.in/yaml.v2): `yes` and `on` are truth values, 010 is eight. JSON knows
// neither infinities nor dates: they stay texts.
#include "receivers/templates/payload.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "base/number.h"
#include "base/template/json_text.h"
#include "base/template/value.h"
#include "config/diagnostics.h"

namespace tocsin::receivers {
namespace {

using config::YamlNode;
using gotemplate::Value;

// Of one text, and of the body as a whole.
constexpr std::size_t kMaxBytes = std::size_t{8} << 20U;

constexpr std::array<std::string_view, 11> kTrue = {"y",    "Y",    "yes", "Yes", "YES", "true",
                                                    "True", "TRUE", "on",  "On",  "ON"};
constexpr std::array<std::string_view, 11> kFalse = {"n",     "N",     "no",  "No",  "NO", "false",
                                                     "False", "FALSE", "off", "Off", "OFF"};

template <std::size_t kSize>
bool IsOneOf(const std::array<std::string_view, kSize>& words, std::string_view text) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The base that a prefix tells, without the prefix: 0x1f, 0b11, 0o17, 017.
int TakeBase(std::string_view* digits) {
  if (digits->size() < 2 || digits->front() != '0') return 10;
  const char letter = (*digits)[1];
  const int base = letter == 'x' || letter == 'X' ? 16 : letter == 'b' || letter == 'B' ? 2 : 8;
  const bool has_letter = base != 8 || letter == 'o' || letter == 'O';
  digits->remove_prefix(has_letter ? 2 : 1);
  return base;
}

std::optional<Value> WholeNumber(std::string_view text) {
  const bool is_negative = text.front() == '-';
  if (is_negative || text.front() == '+') text.remove_prefix(1);
  if (text.empty() || !IsDigit(text.front())) return std::nullopt;
  const int base = TakeBase(&text);
  std::string digits = is_negative ? "-" : "";
  digits += text;
  std::int64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, number, base);
  const bool is_number =
      error == std::errc() && stop == end && !text.empty() && text.front() != '-';
  return is_number ? std::optional(Value(number)) : std::nullopt;
}

std::optional<Value> Number(std::string_view text) {
  std::string digits(text);
  std::erase(digits, '_');
  if (digits.empty() ||
      (!IsDigit(digits[0]) && std::string_view("+-.").find(digits[0]) == std::string_view::npos)) {
    return std::nullopt;
  }
  if (std::optional<Value> whole = WholeNumber(digits)) return whole;
  const bool is_decimal = std::all_of(digits.begin(), digits.end(), [](char c) {
    return IsDigit(c) || std::string_view("+-.eE").find(c) != std::string_view::npos;
  });
  const std::optional<double> number = is_decimal ? ParseFloat(digits) : std::nullopt;
  return number ? std::optional(Value(*number)) : std::nullopt;
}

// What a scalar without quotes is, if it is no text.
std::optional<Value> TypedScalar(std::string_view text) {
  if (IsOneOf(kTrue, text)) return Value(true);
  if (IsOneOf(kFalse, text)) return Value(false);
  return Number(text);
}

std::optional<Value> TypedScalar(const YamlNode& node) {
  return node.quoted ? std::nullopt : TypedScalar(node.text);
}

// As it stands, without templates.
Value PlainValue(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return Value();
    case YamlNode::Kind::kScalar:
      return TypedScalar(node).value_or(Value(node.text));
    case YamlNode::Kind::kList: {
      gotemplate::Values items;
      for (const YamlNode& item : node.items) items.push_back(PlainValue(item));
      return Value::OfList(std::move(items));
    }
    case YamlNode::Kind::kMap: {
      gotemplate::Map entries;
      for (const config::YamlEntry& entry : node.entries) {
        entries.insert_or_assign(entry.key, PlainValue(entry.value));
      }
      return Value::OfMap(std::move(entries));
    }
  }
  return Value();
}

// What a rendered text means.
Value ReadAgain(std::string text) {
  config::Diagnostics ignored;
  config::FileReport report("payload", ignored);
  // The line feed: yaml-cpp 0.7 finds nothing in a text of a single character.
  const std::optional<YamlNode> node = config::ParseYaml(text + "\n", report);
  const bool is_text =
      !node || report.errors() > 0 ||
      (node->kind == YamlNode::Kind::kScalar && !TypedScalar(*node)) ||
      (node->is_null() && text != "~" && text != "null" && text != "Null" && text != "NULL");
  return is_text ? Value(std::move(text)) : PlainValue(*node);
}

class PayloadRenderer {
 public:
  // `texts_only`: keys are no templates, and what is filled in is a text.
  explicit PayloadRenderer(const TemplateFiller& fill, bool texts_only = false)
      : fill_(fill), texts_only_(texts_only) {}

  // Recursion is bounded by the reader of the tree: kMaxYamlDepth.
  Result<Value> Render(const YamlNode& node) {
    switch (node.kind) {
      case YamlNode::Kind::kNull:
        return Value();
      case YamlNode::Kind::kScalar:
        return RenderScalar(node);
      case YamlNode::Kind::kList:
        return RenderList(node);
      case YamlNode::Kind::kMap:
        return RenderMap(node);
    }
    return Value();
  }

 private:
  Result<std::string> RenderPart(const std::string& text) {
    Result<std::string> rendered = fill_(text);
    if (!rendered) return rendered;
    if (rendered->size() > bytes_left_) return Error{"the payload becomes too large"};
    bytes_left_ -= rendered->size();
    return rendered;
  }

  Result<Value> RenderScalar(const YamlNode& node) {
    if (std::optional<Value> typed = TypedScalar(node)) return *std::move(typed);
    Result<std::string> rendered = RenderPart(node.text);
    if (!rendered) return rendered.error();
    return texts_only_ ? Value(*std::move(rendered)) : ReadAgain(*std::move(rendered));
  }

  Result<Value> RenderList(const YamlNode& node) {
    gotemplate::Values items;
    for (const YamlNode& item : node.items) {
      Result<Value> rendered = Render(item);
      if (!rendered) return rendered;
      items.push_back(*std::move(rendered));
    }
    return Value::OfList(std::move(items));
  }

  Result<Value> RenderMap(const YamlNode& node) {
    gotemplate::Map entries;
    for (const config::YamlEntry& entry : node.entries) {
      Result<std::string> key = texts_only_ ? entry.key : RenderPart(entry.key);
      if (!key) return key.error();
      Result<Value> rendered = Render(entry.value);
      if (!rendered) return rendered;
      entries.insert_or_assign(*std::move(key), *std::move(rendered));
    }
    return Value::OfMap(std::move(entries));
  }

  const TemplateFiller& fill_;
  const bool texts_only_;
  std::size_t bytes_left_ = kMaxBytes;
};

Result<std::string> JsonOf(const Result<Value>& value) {
  if (!value) return value.error();
  // Escapes may take several bytes where there was one.
  Result<std::string> body = gotemplate::ToJson(*value, 6 * kMaxBytes);
  if (body) body->push_back('\n');
  return body;
}

}  // namespace

Result<std::string> RenderPayload(const YamlNode& payload, const TemplateFiller& fill) {
  return JsonOf(PayloadRenderer(fill).Render(payload));
}

Result<std::string> RenderJsonTemplate(const YamlNode& json, const TemplateFiller& fill) {
  return JsonOf(PayloadRenderer(fill, /*texts_only=*/true).Render(json));
}

}  // namespace tocsin::receivers
