// The validation errors of a body, as the alerting API lists them: what is wrong, and where.
//
//   {"detail":[{"loc":["body",2,"value"],"msg":"field required","type":"value_error.missing"}]}
//
// A value for one request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::intake {

// Where in the body: the whole, an item of a batch, a field, a key within a field's object.
struct JsonPlace {
  std::optional<std::uint32_t> item;
  std::string_view field;
  std::optional<std::string_view> key;
};

class JsonFaults {
 public:
  // `context` is the text of a JSON object, or empty.
  void Add(const JsonPlace& place, std::string_view message, std::string_view type,
           std::string_view context = {});
  // Of a text that is no JSON: the place is an offset.
  void AddSyntaxError(std::string_view body);
  void Clear();

  bool empty() const { return count_ == 0; }
  // All of them, listed or not.
  std::size_t count() const { return count_; }
  // `"detail":[...]`, and `,"omitted":n` where a hostile body made more than an answer should hold.
  std::string ToMembers(std::string_view list_name) const;

 private:
  bool BeginEntry();

  std::string list_;
  std::size_t count_ = 0;
  std::size_t omitted_ = 0;
};

}  // namespace tocsin::intake
