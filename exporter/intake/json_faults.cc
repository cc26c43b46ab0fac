#include "exporter/intake/json_faults.h"

#include <fmt/format.h>

#include <iterator>

#include "base/json_text.h"
#include "base/text.h"
#include "exporter/intake/json_syntax.h"

namespace tocsin::intake {
namespace {

// A batch of 10,000 items can be wrong in every field; an answer need not be larger than this.
constexpr std::size_t kMostListedBytes = 4 << 20;
// Keys are the client's: an excerpt is enough to find one.
constexpr std::size_t kMostKeyBytes = 128;

void AppendPlace(const JsonPlace& place, std::string* out) {
  *out += "[\"body\"";
  if (place.item) fmt::format_to(std::back_inserter(*out), ",{}", *place.item);
  if (!place.field.empty()) {
    *out += ",";
    AppendJsonString(place.field, out);
  }
  if (place.key) {
    *out += ",";
    AppendJsonString(TruncateUtf8(*place.key, kMostKeyBytes), out);
  }
  *out += "]";
}

void AppendRest(std::string_view message, std::string_view type, std::string_view context,
                std::string* out) {
  *out += ",\"msg\":";
  AppendJsonString(message, out);
  *out += ",\"type\":";
  AppendJsonString(type, out);
  if (!context.empty()) out->append(",\"ctx\":").append(context);
  *out += "}";
}

}  // namespace

bool JsonFaults::BeginEntry() {
  ++count_;
  if (list_.size() >= kMostListedBytes) {
    ++omitted_;
    return false;
  }
  list_ += list_.empty() ? "{\"loc\":" : ",{\"loc\":";
  return true;
}

void JsonFaults::Add(const JsonPlace& place, std::string_view message, std::string_view type,
                     std::string_view context) {
  if (!BeginEntry()) return;
  AppendPlace(place, &list_);
  AppendRest(message, type, context, &list_);
}

void JsonFaults::AddSyntaxError(std::string_view body) {
  std::optional<JsonSyntaxError> error = FindJsonSyntaxError(body);
  // Both readers follow one grammar; should they ever differ, the sender still gets an answer.
  if (!error) error = JsonSyntaxError{"Unreadable"};
  if (!BeginEntry()) return;
  fmt::format_to(std::back_inserter(list_), "[\"body\",{}]", error->pos);
  const std::string context =
      fmt::format(R"({{"msg":{},"pos":{},"lineno":{},"colno":{}}})", JsonString(error->reason),
                  error->pos, error->line, error->column);
  AppendRest(error->ToString(), "value_error.jsondecode", context, &list_);
}

void JsonFaults::Clear() {
  list_.clear();
  count_ = 0;
  omitted_ = 0;
}

std::string JsonFaults::ToMembers(std::string_view list_name) const {
  std::string members = fmt::format("\"{}\":[{}]", list_name, list_);
  if (omitted_ > 0) fmt::format_to(std::back_inserter(members), ",\"omitted\":{}", omitted_);
  return members;
}

}  // namespace tocsin::intake
