// A JSON document to be written, put together piece by piece. Reading JSON is the business of the
// libraries; they write it too, but including them costs seconds for each file that does, and there
// is a file for each vendor that takes JSON.
//
// A plain value; members keep their order. Texts come out as AppendHtmlSafeJsonString has them:
// valid JSON whatever they hold, safe to stand in a page.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tocsin {

struct JsonMember;

class JsonValue {
 public:
  JsonValue();  // null
  // NOLINTBEGIN(google-explicit-constructor): documents are written down as they look.
  JsonValue(bool b);
  JsonValue(int n);
  JsonValue(std::int64_t n);
  JsonValue(const char* text);
  JsonValue(std::string text);
  JsonValue(std::string_view text);
  // NOLINTEND(google-explicit-constructor)
  JsonValue(const JsonValue& other);
  JsonValue(JsonValue&& other) noexcept;
  JsonValue& operator=(const JsonValue& other);
  JsonValue& operator=(JsonValue&& other) noexcept;
  ~JsonValue();
  static JsonValue Object(std::initializer_list<JsonMember> members = {});
  static JsonValue List(std::initializer_list<JsonValue> items = {});
  // REQUIRES: the text is JSON.
  static JsonValue Written(std::string json);

  // Of an object. A member of that name is replaced.
  void Set(std::string_view name, JsonValue value);
  // Leaves out what says nothing: an empty text, object or list.
  void SetUnlessEmpty(std::string_view name, JsonValue value);
  // The member of an object, made where it is missing.
  JsonValue& operator[](std::string_view name);
  // Of a list.
  void Append(JsonValue item);
  bool empty() const;

  std::string Write() const;

 private:
  struct Json {
    std::string text;
  };

  void AppendTo(std::string* out) const;
  std::vector<JsonMember>& members();

  std::variant<std::monostate, bool, std::int64_t, std::string, Json, std::vector<JsonValue>,
               std::vector<JsonMember>>
      data_;
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

}  // namespace tocsin
