#include "base/json_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json_text.h"

namespace tocsin {

JsonRow::JsonRow(std::size_t typical_bytes) : text_(typical_bytes, '\0') { Put('{'); }

char* JsonRow::Room(std::size_t bytes) {
  if (text_.size() - used_ < bytes) text_.resize(std::max(2 * text_.size(), used_ + bytes));
  return text_.data() + used_;
}

void JsonRow::Put(std::string_view text) { Advance(text.copy(Room(text.size()), text.size())); }

void JsonRow::Put(char c) {
  *Room(1) = c;
  Advance(1);
}

void JsonRow::PutJsonString(std::string_view text) {
  if (!IsPlainJsonText(text)) return Put(JsonString(text));
  char* const out = Room(text.size() + 2);
  out[0] = '"';
  text.copy(out + 1, text.size());
  out[text.size() + 1] = '"';
  Advance(text.size() + 2);
}

void JsonRow::PutBefore() {
  if (used_ > 1) Put(',');
}

void JsonRow::PutName(std::string_view name) {
  PutBefore();
  char* const out = Room(name.size() + 3);
  out[0] = '"';
  name.copy(out + 1, name.size());
  out[name.size() + 1] = '"';
  out[name.size() + 2] = ':';
  Advance(name.size() + 3);
}

JsonRow& JsonRow::Text(std::string_view name, std::string_view value) {
  PutName(name);
  PutJsonString(value);
  return *this;
}

JsonRow& JsonRow::TextOrNull(std::string_view name, std::string_view value) {
  return value.empty() ? Null(name) : Text(name, value);
}

JsonRow& JsonRow::Number(std::string_view name, std::int64_t value) {
  const fmt::format_int text(value);
  return Json(name, {text.data(), text.size()});
}

JsonRow& JsonRow::Count(std::string_view name, std::uint64_t value) {
  const fmt::format_int text(value);
  return Json(name, {text.data(), text.size()});
}

JsonRow& JsonRow::Flag(std::string_view name, bool value) {
  return Json(name, value ? "true" : "false");
}

JsonRow& JsonRow::Null(std::string_view name) { return Json(name, "null"); }

JsonRow& JsonRow::TimeOrNull(std::string_view name, const std::optional<Timestamp>& value) {
  return value ? Time(name, *value) : Null(name);
}

JsonRow& JsonRow::LabelMap(std::string_view name, LabelsView labels) {
  PutName(name);
  char before = '{';
  for (const Label& label : labels) {
    Put(std::exchange(before, ','));
    PutJsonString(label.name);
    Put(':');
    PutJsonString(label.value);
  }
  Put(before == '{' ? "{}" : "}");
  return *this;
}

JsonRow& JsonRow::Counts(std::string_view name, std::span<const std::uint64_t> values) {
  PutName(name);
  char before = '[';
  for (const std::uint64_t value : values) {
    Put(std::exchange(before, ','));
    const fmt::format_int text(value);
    Put({text.data(), text.size()});
  }
  Put(before == '[' ? "[]" : "]");
  return *this;
}

JsonRow& JsonRow::Texts(std::string_view name, std::span<const std::string> values) {
  PutName(name);
  char before = '[';
  for (const std::string& value : values) {
    Put(std::exchange(before, ','));
    PutJsonString(value);
  }
  Put(before == '[' ? "[]" : "]");
  return *this;
}

JsonRow& JsonRow::Json(std::string_view name, std::string_view json) {
  PutName(name);
  Put(json);
  return *this;
}

JsonRow& JsonRow::JsonOf(std::string_view any_name, std::string_view json) {
  PutBefore();
  PutJsonString(any_name);
  Put(':');
  Put(json);
  return *this;
}

std::string JsonRow::Finish() {
  Put('}');
  text_.resize(used_);
  return std::move(text_);
}

}  // namespace tocsin
