#include "base/json_value.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/json_text.h"

namespace tocsin {

// Here, where the type of a member is complete.
JsonValue::JsonValue() = default;
JsonValue::JsonValue(bool b) : data_(b) {}
JsonValue::JsonValue(int n) : data_(std::int64_t{n}) {}
JsonValue::JsonValue(std::int64_t n) : data_(n) {}
JsonValue::JsonValue(const char* text) : data_(std::string(text)) {}
JsonValue::JsonValue(std::string text) : data_(std::move(text)) {}
JsonValue::JsonValue(std::string_view text) : data_(std::string(text)) {}
JsonValue::JsonValue(const JsonValue& other) = default;
JsonValue::JsonValue(JsonValue&& other) noexcept = default;
JsonValue& JsonValue::operator=(const JsonValue& other) = default;
JsonValue& JsonValue::operator=(JsonValue&& other) noexcept = default;
JsonValue::~JsonValue() = default;

JsonValue JsonValue::Object(std::initializer_list<JsonMember> members) {
  JsonValue value;
  value.data_ = std::vector<JsonMember>(members);
  return value;
}

JsonValue JsonValue::List(std::initializer_list<JsonValue> items) {
  JsonValue value;
  value.data_ = std::vector<JsonValue>(items);
  return value;
}

JsonValue JsonValue::Written(std::string json) {
  JsonValue value;
  value.data_ = Json{std::move(json)};
  return value;
}

std::vector<JsonMember>& JsonValue::members() {
  auto* members = std::get_if<std::vector<JsonMember>>(&data_);
  CHECK(members != nullptr);
  return *members;
}

JsonValue& JsonValue::operator[](std::string_view name) {
  std::vector<JsonMember>& all = members();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [name](const JsonMember& member) { return member.name == name; });
  if (found != all.end()) return found->value;
  all.push_back({std::string(name), {}});
  return all.back().value;
}

void JsonValue::Set(std::string_view name, JsonValue value) { (*this)[name] = std::move(value); }

void JsonValue::SetUnlessEmpty(std::string_view name, JsonValue value) {
  if (!value.empty()) Set(name, std::move(value));
}

void JsonValue::Append(JsonValue item) {
  auto* items = std::get_if<std::vector<JsonValue>>(&data_);
  CHECK(items != nullptr);
  items->push_back(std::move(item));
}

bool JsonValue::empty() const {
  if (const auto* text = std::get_if<std::string>(&data_)) return text->empty();
  if (const auto* items = std::get_if<std::vector<JsonValue>>(&data_)) return items->empty();
  if (const auto* all = std::get_if<std::vector<JsonMember>>(&data_)) return all->empty();
  return std::holds_alternative<std::monostate>(data_);
}

std::string JsonValue::Write() const {
  std::string out;
  AppendTo(&out);
  return out;
}

void JsonValue::AppendTo(std::string* out) const {
  if (const auto* b = std::get_if<bool>(&data_)) {
    *out += *b ? "true" : "false";
  } else if (const auto* number = std::get_if<std::int64_t>(&data_)) {
    *out += fmt::to_string(*number);
  } else if (const auto* text = std::get_if<std::string>(&data_)) {
    AppendHtmlSafeJsonString(*text, out);
  } else if (const auto* json = std::get_if<Json>(&data_)) {
    *out += json->text;
  } else if (const auto* items = std::get_if<std::vector<JsonValue>>(&data_)) {
    const char* separator = "[";
    for (const JsonValue& item : *items) {
      *out += std::exchange(separator, ",");
      item.AppendTo(out);
    }
    *out += items->empty() ? "[]" : "]";
  } else if (const auto* all = std::get_if<std::vector<JsonMember>>(&data_)) {
    const char* separator = "{";
    for (const JsonMember& member : *all) {
      *out += std::exchange(separator, ",");
      AppendHtmlSafeJsonString(member.name, out);
      *out += ":";
      member.value.AppendTo(out);
    }
    *out += all->empty() ? "{}" : "}";
  } else {
    *out += "null";
  }
}

}  // namespace tocsin
