#include "config/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/number.h"
#include "base/text.h"

namespace tocsin::config {
namespace {

const char* KindName(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "a text";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  return "nothing";
}

void ReportKind(const YamlNode& node, std::string_view what, std::string_view wanted,
                FileReport& report) {
  report.Error(node.mark, fmt::format("{} must be {}, not {}", what, wanted, KindName(node)));
}

// The text of a plain or quoted scalar, for the readers below.
const std::string* ScalarText(const YamlNode& node, std::string_view what, std::string_view wanted,
                              FileReport& report) {
  if (node.kind == YamlNode::Kind::kScalar) return &node.text;
  ReportKind(node, what, wanted, report);
  return nullptr;
}

std::optional<Duration> ParseSeconds(std::string_view text) {
  const std::optional<std::int64_t> seconds = ParseInt(text);
  // ParseDuration guards the range: beyond 292 years it gives nothing.
  if (!seconds || *seconds < 0) return std::nullopt;
  return ParseDuration(fmt::format("{}s", *seconds));
}

// "GB" and "GiB" are 2^30, "B" is 1.
std::optional<double> SizeUnit(std::string_view unit) {
  constexpr std::string_view kPrefixes = "KMGTPE";
  if (unit.empty() || unit.back() != 'B') return std::nullopt;
  unit.remove_suffix(1);
  if (unit.empty()) return 1;
  const std::size_t power = kPrefixes.find(unit.front());
  if (power == std::string_view::npos || (unit.size() > 1 && unit.substr(1) != "i")) {
    return std::nullopt;
  }
  return std::ldexp(1.0, static_cast<int>(10 * (power + 1)));
}

}  // namespace

std::string NameForMessage(std::string_view name) {
  std::string quoted = QuoteForMessage(name);
  const bool is_plain = !name.empty() && quoted.size() == name.size() + 2;
  return is_plain ? std::string(name) : quoted;
}

bool ReadText(const YamlNode& node, std::string_view what, FileReport& report, std::string* out) {
  const std::string* text = ScalarText(node, what, "a text", report);
  if (text != nullptr) *out = *text;
  return text != nullptr;
}

std::optional<std::uint64_t> ParseSize(std::string_view text) {
  if (const std::optional<std::int64_t> bytes = ParseInt(text); bytes && *bytes >= 0) {
    return static_cast<std::uint64_t>(*bytes);
  }
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const std::size_t number_end = std::min(text.find_first_not_of("0123456789."), text.size());
    const std::optional<double> number = ParseFloat(text.substr(0, number_end));
    text.remove_prefix(number_end);
    const std::size_t unit_end = std::min(text.find_first_of("0123456789."), text.size());
    const std::optional<double> unit = SizeUnit(text.substr(0, unit_end));
    text.remove_prefix(unit_end);
    if (!number || !unit) return std::nullopt;
    total += *number * *unit;
  }
  if (total >= 0x1p63) return std::nullopt;
  return static_cast<std::uint64_t>(total);
}

MapDecoder::MapDecoder(const YamlNode& node, std::string name, FileReport& report)
    : node_(node), name_(std::move(name)), report_(report) {
  if (node.kind != YamlNode::Kind::kMap && !node.is_null()) {
    ReportKind(node, name_, "a map", report);
  }
}

const YamlEntry* MapDecoder::Entry(std::string_view key) const {
  const auto found = std::find_if(node_.entries.begin(), node_.entries.end(),
                                  [key](const YamlEntry& entry) { return entry.key == key; });
  return found == node_.entries.end() ? nullptr : &*found;
}

const YamlNode* MapDecoder::Find(std::string_view key) {
  known_.push_back(key);
  const YamlEntry* entry = Entry(key);
  return entry == nullptr || entry->value.is_null() ? nullptr : &entry->value;
}

const YamlNode* MapDecoder::Require(std::string_view key) {
  const YamlNode* value = Find(key);
  if (value == nullptr) {
    report_.Error(PlaceOf(key), fmt::format("{} is missing in {}", key, name_));
  }
  return value;
}

Mark MapDecoder::PlaceOf(std::string_view key) const {
  const YamlEntry* entry = Entry(key);
  if (entry == nullptr) return node_.mark;
  // The place of a null is that of whatever comes next.
  return entry->value.is_null() ? entry->mark : entry->value.mark;
}

Mark MapDecoder::PlaceOfKey(std::string_view key) const {
  const YamlEntry* entry = Entry(key);
  return entry == nullptr ? node_.mark : entry->mark;
}

bool MapDecoder::ReadText(std::string_view key, std::string* out) {
  const YamlNode* value = Find(key);
  return value != nullptr && config::ReadText(*value, key, report_, out);
}

bool MapDecoder::ReadBool(std::string_view key, bool* out) {
  const YamlNode* value = Find(key);
  if (value == nullptr) return false;
  const std::string* text = ScalarText(*value, key, "true or false", report_);
  if (text == nullptr) return false;
  const bool is_true = *text == "true" || *text == "True" || *text == "TRUE";
  const bool is_false = *text == "false" || *text == "False" || *text == "FALSE";
  if (value->quoted || (!is_true && !is_false)) {
    report_.Error(value->mark, fmt::format("{} must be true or false, without quotes, not {}", key,
                                           QuoteForMessage(*text)));
    return false;
  }
  *out = is_true;
  return true;
}

bool MapDecoder::ReadCount(std::string_view key, std::uint64_t* out, std::uint64_t least,
                           std::uint64_t most) {
  const YamlNode* value = Find(key);
  if (value == nullptr) return false;
  const std::string* text = ScalarText(*value, key, "a whole number", report_);
  if (text == nullptr) return false;
  const std::optional<std::int64_t> number = ParseInt(*text);
  if (value->quoted || !number) {
    report_.Error(value->mark, fmt::format("{} must be a whole number, without quotes, not {}", key,
                                           QuoteForMessage(*text)));
    return false;
  }
  if (*number < 0 || static_cast<std::uint64_t>(*number) < least ||
      static_cast<std::uint64_t>(*number) > most) {
    report_.Error(value->mark,
                  fmt::format("{} must be between {} and {}, not {}", key, least, most, *number));
    return false;
  }
  *out = static_cast<std::uint64_t>(*number);
  return true;
}

bool MapDecoder::ReadSize(std::string_view key, std::uint64_t* out) {
  const YamlNode* value = Find(key);
  if (value == nullptr) return false;
  const std::string* text = ScalarText(*value, key, "a size", report_);
  if (text == nullptr) return false;
  const std::optional<std::uint64_t> size = ParseSize(*text);
  if (!size) {
    report_.Error(value->mark, fmt::format("{}: not a valid size: {}; write a number with a unit, "
                                           "such as 512KB or 10MB",
                                           key, QuoteForMessage(*text)));
    return false;
  }
  *out = *size;
  return true;
}

bool MapDecoder::ReadDuration(std::string_view key, Duration* out, DurationForm form) {
  const YamlNode* value = Find(key);
  if (value == nullptr) return false;
  const std::string* text = ScalarText(*value, key, "a duration", report_);
  if (text == nullptr) return false;
  std::optional<Duration> duration = ParseDuration(*text);
  if (!duration && form == DurationForm::kOrSeconds) duration = ParseSeconds(*text);
  if (!duration) {
    report_.Error(
        value->mark,
        fmt::format("{}: not a valid duration string: {}; write {}such as 30s, 5m or 1h30m", key,
                    QuoteForMessage(*text),
                    form == DurationForm::kOrSeconds ? "whole seconds, or units " : "units "));
    return false;
  }
  *out = *duration;
  return true;
}

const std::vector<YamlNode>& MapDecoder::ReadList(std::string_view key) {
  static const std::vector<YamlNode> kNone;
  const YamlNode* value = Find(key);
  if (value == nullptr) return kNone;
  if (value->kind != YamlNode::Kind::kList) {
    ReportKind(*value, NameForMessage(key), "a list", report_);
  }
  return value->items;
}

const std::vector<YamlEntry>& MapDecoder::ReadEntries(std::string_view key) {
  static const std::vector<YamlEntry> kNone;
  const YamlNode* value = Find(key);
  if (value == nullptr) return kNone;
  if (value->kind != YamlNode::Kind::kMap) ReportKind(*value, key, "a map", report_);
  return value->entries;
}

std::vector<PlacedText> MapDecoder::ReadTexts(std::string_view key) {
  std::vector<PlacedText> texts;
  const std::string what = fmt::format("an item of {}", NameForMessage(key));
  for (const YamlNode& item : ReadList(key)) {
    std::string text;
    if (config::ReadText(item, what, report_, &text)) texts.push_back({std::move(text), item.mark});
  }
  return texts;
}

bool MapDecoder::ReadLabels(std::string_view key, Labels* out) {
  LabelsBuilder labels;
  bool good = true;
  for (const YamlEntry& entry : ReadEntries(key)) {
    if (entry.key.empty() || entry.key == kMetricNameLabel) {
      report_.Error(entry.mark,
                    fmt::format("{} is not a valid label name", QuoteForMessage(entry.key)));
      good = false;
      continue;
    }
    if (entry.value.is_null()) continue;
    std::string value;
    if (config::ReadText(entry.value, fmt::format("label {}", NameForMessage(entry.key)), report_,
                         &value)) {
      labels.Set(entry.key, value);
    } else {
      good = false;
    }
  }
  if (good) *out = labels.Build();
  return good;
}

void MapDecoder::Refuse(std::span<const std::string_view> keys, std::string_view prefix) {
  for (std::string_view key : keys) {
    if (Find(key) == nullptr) continue;
    report_.Error(Entry(key)->mark, fmt::format("{}{} is not supported yet", prefix, key));
  }
}

void MapDecoder::Ignore(std::span<const std::string_view> keys) {
  for (std::string_view key : keys) {
    if (Find(key) == nullptr) continue;
    report_.Warning(Entry(key)->mark,
                    fmt::format("{} is not supported yet and has no effect", key));
  }
}

void MapDecoder::Finish() {
  for (const YamlEntry& entry : node_.entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    const std::string_view nearest = NearestName(entry.key, known_);
    report_.Error(
        entry.mark,
        fmt::format("unknown key {} in {}{}", QuoteForMessage(entry.key), name_,
                    nearest.empty() ? std::string() : fmt::format("; did you mean {}?", nearest)));
  }
}

}  // namespace tocsin::config
