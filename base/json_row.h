// A JSON object that is written member by member: rows of the state store, of which there may be as
// many as alerts, and bodies that are sent as often. A tree of values (json_value.h, the libraries)
// costs ten times as much.
//
// A plain value. Members are written in the order of the calls; names stand in the code and are
// written as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/labels.h"
#include "base/time.h"

namespace tocsin {

class JsonRow {
 public:
  explicit JsonRow(std::size_t typical_bytes = 512);  // REQUIRES: > 0

  JsonRow& Text(std::string_view name, std::string_view value);
  JsonRow& TextOrNull(std::string_view name, std::string_view value);  // null where it is empty
  JsonRow& Number(std::string_view name, std::int64_t value);
  JsonRow& Count(std::string_view name, std::uint64_t value);
  JsonRow& Flag(std::string_view name, bool value);
  JsonRow& Null(std::string_view name);
  // Milliseconds since 1970.
  JsonRow& Time(std::string_view name, Timestamp value) {
    return Number(name, ToUnixMillis(value));
  }
  JsonRow& TimeOrNull(std::string_view name, const std::optional<Timestamp>& value);
  JsonRow& LabelMap(std::string_view name, LabelsView labels);
  JsonRow& Counts(std::string_view name, std::span<const std::uint64_t> values);
  JsonRow& Texts(std::string_view name, std::span<const std::string> values);
  // REQUIRES: `json` is JSON.
  JsonRow& Json(std::string_view name, std::string_view json);
  // The same under a name that comes from elsewhere.
  JsonRow& JsonOf(std::string_view any_name, std::string_view json);

  // Once.
  std::string Finish();

 private:
  // Where that many bytes may be written next; Advance() tells how many were.
  char* Room(std::size_t bytes);
  void Advance(std::size_t bytes) { used_ += bytes; }
  void Put(std::string_view text);
  void Put(char c);
  void PutJsonString(std::string_view text);
  void PutName(std::string_view name);
  void PutBefore();

  // Written up to used_, and longer: appending to a string costs more than the few bytes that most
  // values have.
  std::string text_;
  std::size_t used_ = 0;
};

}  // namespace tocsin
