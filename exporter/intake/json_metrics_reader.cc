// simdjson's on-demand parser sees a text's structure in one pass of wide instructions and reads
// values only where they are asked for. The price: it notices an error in a value when, and if,
// that value is looked at. So every value is looked at, also those of fields that nobody knows;
// samples are gathered in a batch that is used only once the end was reached; and whenever
// something is odd, the slow and exact scanner of json_syntax.h says whether it is JSON and where
// it is not.
#include "exporter/intake/json_metrics_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "base/number.h"
#include "base/text.h"
#include "exporter/http/http.h"
#include "exporter/intake/json_syntax.h"

namespace tocsin::intake {

static_assert(http::kBodyPadding >= simdjson::SIMDJSON_PADDING);

namespace {

constexpr std::string_view kNameField = "metric_name";
constexpr std::string_view kValueField = "value";
constexpr std::string_view kTimestampField = "timestamp";
constexpr std::string_view kMetadataField = "metadata";

// Numbers above are milliseconds: as seconds they would lie beyond the year 2600.
constexpr double kMostSeconds = 2e10;
// Far outside every window, and safe to turn into an integer.
constexpr double kMostMillis = 1e15;

// Parsers keep memory up to this size of body.
constexpr std::size_t kKeptCapacity = 1 << 20;
constexpr std::size_t kFirstCapacity = 16 << 10;

std::size_t CountCharacters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

// simdjson lets a lone second half of a surrogate pair through, as bytes that are no UTF-8. They
// begin with this byte, which is rare enough to make the check free.
bool IsSound(std::string_view text) {
  return std::memchr(text.data(), 0xed, text.size()) == nullptr || IsValidUtf8(text);
}

bool GetString(simdjson::ondemand::value value, std::string_view* text) {
  return value.get_string().get(*text) == simdjson::SUCCESS && IsSound(*text);
}

std::string LimitContext(std::size_t limit) {
  return fmt::format(R"({{"limit_value":{}}})", limit);
}

enum class Kind : std::uint8_t {
  kObject,
  kArray,
  kString,
  kNumber,
  kNotFinite,  // the bare words NaN, Infinity, -Infinity
  kTrue,
  kFalse,
  kNull,
  kNone,  // no value begins so
};

// The first token of a value: all of a scalar, one bracket of a container.
std::string_view TokenOf(simdjson::ondemand::value value) {
  return TrimSpace(value.raw_json_token());
}

// What a value is. Of scalars every character is looked at, but for those of strings.
Kind KindOf(std::string_view token) {
  switch (token.empty() ? '\0' : token[0]) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 't':
      return token == "true" ? Kind::kTrue : Kind::kNone;
    case 'f':
      return token == "false" ? Kind::kFalse : Kind::kNone;
    case 'n':
      return token == "null" ? Kind::kNull : Kind::kNone;
    case 'N':
      return token == "NaN" ? Kind::kNotFinite : Kind::kNone;
    case 'I':
      return token == "Infinity" ? Kind::kNotFinite : Kind::kNone;
    default:
      break;
  }
  if (token == "-Infinity") return Kind::kNotFinite;
  return IsJsonNumber(token) ? Kind::kNumber : Kind::kNone;
}

// A number in a string: not finite where it says so, or is more than a double can hold.
struct TextNumber {
  bool is_number = false;
  double value = std::numeric_limits<double>::infinity();
};
TextNumber ParseTextNumber(std::string_view text) {
  text = TrimSpace(text);
  if (const std::optional<double> value = ParseFloat(text)) return {true, *value};
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  return {IsJsonNumber(text), std::numeric_limits<double>::infinity()};
}

// Containers that are open around a field of an item.
std::size_t FieldDepth(bool in_batch) { return in_batch ? 2 : 1; }

}  // namespace

auto JsonMetricsReader::ReadOne(const std::string& body, const JsonMetricsLimits& limits,
                                Timestamp now) -> Outcome {
  Begin(limits, now);
  simdjson::ondemand::document document;
  if (!Open(body, &document)) return Malformed(body);
  Object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) {
    return NotA(body, "value is not a valid dict", "type_error.dict");
  }
  items_ = 1;
  if (!ReadItem(object, Item())) return Malformed(body);
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS ? Outcome::kRead
                                                                        : Malformed(body);
}

auto JsonMetricsReader::ReadBatch(const std::string& body, const JsonMetricsLimits& limits,
                                  Timestamp now) -> Outcome {
  Begin(limits, now);
  simdjson::ondemand::document document;
  if (!Open(body, &document)) return Malformed(body);
  simdjson::ondemand::array array;
  if (document.get_array().get(array) != simdjson::SUCCESS) {
    return NotA(body, "value is not a valid list", "type_error.list");
  }
  for (simdjson::simdjson_result<Value> element : array) {
    Value value;
    if (element.get(value) != simdjson::SUCCESS) return Malformed(body);
    if (items_ == limits_.batch_items) {
      Forget();
      return Outcome::kTooManyItems;
    }
    if (!ReadElement(value)) return Malformed(body);
  }
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS ? Outcome::kRead
                                                                        : Malformed(body);
}

void JsonMetricsReader::ReleaseLargeBuffers() {
  if (parser_.capacity() <= kKeptCapacity) return;
  parser_ = simdjson::ondemand::parser();
  copy_ = simdjson::padded_string();
  samples_ = SampleBatch(Origin::kJson);
  sources_ = {};
}

void JsonMetricsReader::Begin(const JsonMetricsLimits& limits, Timestamp now) {
  limits_ = limits;
  now_ = now;
  Forget();
}

void JsonMetricsReader::Forget() {
  samples_.Clear();
  sources_.clear();
  faults_.Clear();
  items_ = 0;
}

bool JsonMetricsReader::Open(const std::string& body, simdjson::ondemand::document* document) {
  simdjson::error_code error = simdjson::SUCCESS;
  if (parser_.capacity() == 0) error = parser_.allocate(kFirstCapacity);
  if (error == simdjson::SUCCESS) {
    if (body.capacity() - body.size() >= simdjson::SIMDJSON_PADDING) {
      error = parser_.iterate(simdjson::padded_string_view(body, body.capacity())).get(*document);
    } else {
      copy_ = simdjson::padded_string(body);
      error = parser_.iterate(copy_).get(*document);
    }
  }
  if (error == simdjson::MEMALLOC) throw std::bad_alloc();
  return error == simdjson::SUCCESS;
}

auto JsonMetricsReader::Malformed(const std::string& body) -> Outcome {
  Forget();
  if (body.empty()) {
    faults_.Add({}, "field required", "value_error.missing");
  } else {
    faults_.AddSyntaxError(body);
  }
  return Outcome::kMalformed;
}

auto JsonMetricsReader::NotA(const std::string& body, const char* message, const char* type)
    -> Outcome {
  if (FindJsonSyntaxError(body)) return Malformed(body);
  faults_.Add({}, message, type);
  return Outcome::kMalformed;
}

bool JsonMetricsReader::ReadElement(Value value) {
  Item item;
  item.place = static_cast<std::uint32_t>(items_++);
  if (KindOf(TokenOf(value)) != Kind::kObject) {
    faults_.Add({item.place, {}, {}}, "value is not a valid dict", "type_error.dict");
    return Skip(value, 1);
  }
  Object object;
  return value.get_object().get(object) == simdjson::SUCCESS && ReadItem(object, item);
}

bool JsonMetricsReader::ReadItem(Object object, Item item) {
  const std::size_t faults_before = faults_.count();
  item.timestamp = now_;
  label_count_ = 0;
  for (simdjson::simdjson_result<simdjson::ondemand::field> field : object) {
    std::string_view key;
    Value value;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS || !IsSound(key) ||
        field.value().get(value) != simdjson::SUCCESS || !ReadField(key, value, &item)) {
      return false;
    }
  }
  for (const auto& [there, name] :
       {std::pair(item.has_name, kNameField), std::pair(item.has_value, kValueField)}) {
    if (!there) faults_.Add({item.place, name, {}}, "field required", "value_error.missing");
  }
  if (faults_.count() == faults_before) AddSample(item);
  return true;
}

// Of a field that is there twice the first one counts.
bool JsonMetricsReader::ReadField(std::string_view key, Value value, Item* item) {
  if (key == kNameField && !std::exchange(item->has_name, true)) return ReadName(value, item);
  if (key == kValueField && !std::exchange(item->has_value, true)) return ReadValue(value, item);
  if (key == kTimestampField && !std::exchange(item->has_timestamp, true)) {
    return ReadTimestamp(value, item);
  }
  if (key == kMetadataField && !std::exchange(item->has_metadata, true)) {
    return ReadMetadata(value, *item);
  }
  return Skip(value, FieldDepth(item->place.has_value()));
}

bool JsonMetricsReader::ReadName(Value value, Item* item) {
  const JsonPlace place{item->place, kNameField, {}};
  switch (KindOf(TokenOf(value))) {
    case Kind::kString: {
      std::string_view name;
      if (!GetString(value, &name)) return false;
      CheckName(name, item);
      return true;
    }
    case Kind::kNull:
      faults_.Add(place, "none is not an allowed value", "type_error.none.not_allowed");
      return true;
    default:
      faults_.Add(place, "str type expected", "type_error.str");
      return Skip(value, FieldDepth(item->place.has_value()));
  }
}

void JsonMetricsReader::CheckName(std::string_view name, Item* item) {
  const JsonPlace place{item->place, kNameField, {}};
  const std::size_t limit = limits_.name_characters;
  if (name.empty()) {
    faults_.Add(place, "ensure this value has at least 1 characters",
                "value_error.any_str.min_length", LimitContext(1));
  } else if (name.size() > limit && CountCharacters(name) > limit) {
    faults_.Add(place, fmt::format("ensure this value has at most {} characters", limit),
                "value_error.any_str.max_length", LimitContext(limit));
  }
  item->name = name;
}

bool JsonMetricsReader::ReadValue(Value value, Item* item) {
  const JsonPlace place{item->place, kValueField, {}};
  TextNumber number;
  const Kind kind = KindOf(TokenOf(value));
  switch (kind) {
    case Kind::kNumber:
      number.is_number = true;
      // The only thing that can be wrong with it now is its size.
      if (value.get_double().get(number.value) != simdjson::SUCCESS) number = {true};
      break;
    case Kind::kNotFinite:
      number.is_number = true;
      break;
    case Kind::kString: {
      std::string_view text;
      if (!GetString(value, &text)) return false;
      number = ParseTextNumber(text);
      break;
    }
    case Kind::kNull:
      faults_.Add(place, "none is not an allowed value", "type_error.none.not_allowed");
      return true;
    default:
      faults_.Add(place, "value is not a valid float", "type_error.float");
      return Skip(value, FieldDepth(item->place.has_value()));
  }
  if (!number.is_number) {
    faults_.Add(place, "value is not a valid float", "type_error.float");
  } else if (!std::isfinite(number.value)) {
    faults_.Add(place, "value must be a finite number", "type_error.float");
  }
  item->value = number.value;
  return true;
}

bool JsonMetricsReader::ReadTimestamp(Value value, Item* item) {
  const auto invalid = [&] {
    faults_.Add({item->place, kTimestampField, {}}, "invalid datetime format",
                "value_error.datetime");
    return true;
  };
  switch (KindOf(TokenOf(value))) {
    case Kind::kNull:
      return true;
    case Kind::kString: {
      std::string_view text;
      if (!GetString(value, &text)) return false;
      const std::optional<Timestamp> time = ParseRfc3339(text);
      if (!time) return invalid();
      TakeTime(static_cast<double>(ToUnixMillis(*time)), item);
      return true;
    }
    case Kind::kNumber: {
      double number = 0;
      if (value.get_double().get(number) != simdjson::SUCCESS) return invalid();
      TakeTime(number > kMostSeconds ? number : number * 1000, item);
      return true;
    }
    default:
      invalid();
      return Skip(value, FieldDepth(item->place.has_value()));
  }
}

void JsonMetricsReader::TakeTime(double millis, Item* item) {
  const Timestamp earliest = now_ - limits_.past;
  const Timestamp latest = now_ + limits_.future;
  const double kept = std::clamp(millis, -kMostMillis, kMostMillis);
  item->timestamp = FromUnixMillis(std::llround(kept));
  if (item->timestamp >= earliest && item->timestamp <= latest) return;
  faults_.Add({item->place, kTimestampField, {}},
              fmt::format("timestamp must lie between {} and {} (at most {} in the past and {} in "
                          "the future)",
                          FormatRfc3339(earliest), FormatRfc3339(latest),
                          FormatDuration(limits_.past), FormatDuration(limits_.future)),
              "value_error.datetime.out_of_window");
}

bool JsonMetricsReader::ReadMetadata(Value value, const Item& item) {
  const Kind kind = KindOf(TokenOf(value));
  if (kind == Kind::kNull) return true;
  if (kind != Kind::kObject) {
    faults_.Add({item.place, kMetadataField, {}}, "value is not a valid dict", "type_error.dict");
    return Skip(value, FieldDepth(item.place.has_value()));
  }
  Object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return false;
  std::size_t keys = 0;
  for (simdjson::simdjson_result<simdjson::ondemand::field> field : object) {
    std::string_view key;
    Value text;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS || !IsSound(key) ||
        field.value().get(text) != simdjson::SUCCESS) {
      return false;
    }
    const bool beyond = ++keys > limits_.labels;
    if (beyond && keys == limits_.labels + 1) {
      faults_.Add({item.place, kMetadataField, {}},
                  fmt::format("ensure this value has at most {} labels", limits_.labels),
                  "value_error.dict.max_items", LimitContext(limits_.labels));
    }
    const std::size_t depth = FieldDepth(item.place.has_value()) + 1;
    if (beyond ? !Skip(text, depth) : !ReadLabel(key, text, item)) return false;
  }
  return true;
}

// Numbers keep the digits they were written with; null drops the key.
bool JsonMetricsReader::ReadLabel(std::string_view key, Value value, const Item& item) {
  const std::string_view token = TokenOf(value);
  switch (KindOf(token)) {
    case Kind::kNull:
      return true;
    case Kind::kString: {
      std::string_view text;
      if (!GetString(value, &text)) return false;
      AddLabel(key, text, item);
      return true;
    }
    case Kind::kNumber:
    case Kind::kTrue:
    case Kind::kFalse:
      AddLabel(key, token, item);
      return true;
    default:
      faults_.Add({item.place, kMetadataField, key}, "str type expected", "type_error.str");
      return Skip(value, FieldDepth(item.place.has_value()) + 1);
  }
}

void JsonMetricsReader::AddLabel(std::string_view key, std::string_view text, const Item& item) {
  const auto fault = [&](std::string_view message, std::string_view type,
                         std::string_view context) {
    faults_.Add({item.place, kMetadataField, key}, message, type, context);
  };
  const auto too_long = [&](const char* what, std::size_t limit) {
    fault(fmt::format("ensure this {} has at most {} bytes", what, limit),
          "value_error.any_str.max_length", LimitContext(limit));
  };
  if (key.empty()) {
    return fault("ensure this label name has at least 1 characters",
                 "value_error.any_str.min_length", LimitContext(1));
  }
  if (key.size() > limits_.label_name_bytes)
    return too_long("label name", limits_.label_name_bytes);
  if (text.size() > limits_.label_value_bytes) {
    return too_long("label value", limits_.label_value_bytes);
  }
  if (label_count_ == labels_.size()) labels_.emplace_back();
  LabelText& label = labels_[label_count_];
  if (IsLegacyLabelName(key)) {
    label.name.assign(key);
  } else {
    label.name = MapLabelName(key);
  }
  if (label.name.starts_with("__")) {
    return fault(R"(label names that begin with "__" are reserved)", "value_error.reserved", {});
  }
  label.original = key;
  label.value = text;
  const auto in_use = labels_.begin() + static_cast<std::ptrdiff_t>(label_count_);
  const auto known = std::find_if(labels_.begin(), in_use, [&](const LabelText& earlier) {
    return earlier.name == label.name;
  });
  if (known == in_use) {
    ++label_count_;
  } else if (known->original != key) {
    fault(fmt::format("becomes the label {}, as {} does", label.name,
                      QuoteForMessage(known->original)),
          "value_error.duplicate_label", {});
  }
}

void JsonMetricsReader::AddSample(const Item& item) {
  builder_.Clear();
  for (std::size_t i = 0; i < label_count_; ++i) builder_.Set(labels_[i].name, labels_[i].value);
  const Sample sample{item.timestamp, item.value};
  if (IsLegacyMetricName(item.name)) {
    builder_.Set(kMetricNameLabel, item.name);
    samples_.Add(builder_, sample);
    sources_.push_back({item.place.value_or(0), {}});
  } else {
    builder_.Set(kMetricNameLabel, MapMetricName(item.name));
    samples_.Add(builder_, sample, SpellingOf(item.name));
    sources_.push_back({item.place.value_or(0), item.name});
  }
}

bool JsonMetricsReader::Skip(Value value, std::size_t depth) {
  switch (KindOf(TokenOf(value))) {
    case Kind::kObject: {
      Object object;
      if (depth == kMaxJsonDepth || value.get_object().get(object) != simdjson::SUCCESS)
        return false;
      for (simdjson::simdjson_result<simdjson::ondemand::field> field : object) {
        std::string_view key;
        Value inner;
        if (field.unescaped_key().get(key) != simdjson::SUCCESS || !IsSound(key) ||
            field.value().get(inner) != simdjson::SUCCESS || !Skip(inner, depth + 1)) {
          return false;
        }
      }
      return true;
    }
    case Kind::kArray: {
      simdjson::ondemand::array array;
      if (depth == kMaxJsonDepth || value.get_array().get(array) != simdjson::SUCCESS) return false;
      for (simdjson::simdjson_result<Value> element : array) {
        Value inner;
        if (element.get(inner) != simdjson::SUCCESS || !Skip(inner, depth + 1)) return false;
      }
      return true;
    }
    case Kind::kString: {
      std::string_view text;
      return GetString(value, &text);
    }
    case Kind::kNone:
      return false;
    default:
      return true;
  }
}

}  // namespace tocsin::intake
