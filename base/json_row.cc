#include "base/json_row.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>
#include <utility>

#include "base/json_text.h"

namespace tocsin {

JsonRow::JsonRow(std::size_t typical_bytes) { text_.reserve(typical_bytes); }

std::string& JsonRow::Member(std::string_view name) {
  if (text_.size() > 1) text_.push_back(',');
  text_.push_back('"');
  text_ += name;
  text_ += "\":";
  return text_;
}

JsonRow& JsonRow::Text(std::string_view name, std::string_view value) {
  AppendJsonString(value, &Member(name));
  return *this;
}

JsonRow& JsonRow::TextOrNull(std::string_view name, std::string_view value) {
  return value.empty() ? Null(name) : Text(name, value);
}

JsonRow& JsonRow::Number(std::string_view name, std::int64_t value) {
  fmt::format_to(std::back_inserter(Member(name)), "{}", value);
  return *this;
}

JsonRow& JsonRow::Count(std::string_view name, std::uint64_t value) {
  fmt::format_to(std::back_inserter(Member(name)), "{}", value);
  return *this;
}

JsonRow& JsonRow::Flag(std::string_view name, bool value) {
  Member(name) += value ? "true" : "false";
  return *this;
}

JsonRow& JsonRow::Null(std::string_view name) {
  Member(name) += "null";
  return *this;
}

JsonRow& JsonRow::TimeOrNull(std::string_view name, const std::optional<Timestamp>& value) {
  return value ? Time(name, *value) : Null(name);
}

JsonRow& JsonRow::LabelMap(std::string_view name, LabelsView labels) {
  std::string& text = Member(name);
  char before = '{';
  for (const Label& label : labels) {
    text.push_back(before);
    before = ',';
    AppendJsonString(label.name, &text);
    text.push_back(':');
    AppendJsonString(label.value, &text);
  }
  text += before == '{' ? "{}" : "}";
  return *this;
}

JsonRow& JsonRow::Counts(std::string_view name, std::span<const std::uint64_t> values) {
  fmt::format_to(std::back_inserter(Member(name)), "[{}]", fmt::join(values, ","));
  return *this;
}

JsonRow& JsonRow::Texts(std::string_view name, std::span<const std::string> values) {
  std::string& text = Member(name);
  text.push_back('[');
  for (const std::string& value : values) {
    if (&value != values.data()) text.push_back(',');
    AppendJsonString(value, &text);
  }
  text.push_back(']');
  return *this;
}

JsonRow& JsonRow::Json(std::string_view name, std::string_view json) {
  Member(name) += json;
  return *this;
}

JsonRow& JsonRow::JsonOf(std::string_view any_name, std::string_view json) {
  if (text_.size() > 1) text_.push_back(',');
  AppendJsonString(any_name, &text_);
  text_.push_back(':');
  text_ += json;
  return *this;
}

std::string JsonRow::Finish() {
  text_.push_back('}');
  return std::move(text_);
}

}  // namespace tocsin
