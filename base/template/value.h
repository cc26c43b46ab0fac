// Value: anything a template can hold. Lists, maps and host objects are shared and never change
// once made, so that a Value is cheap to copy.
//
// A Value belongs to one execution, or is handed in by the host, which may share it among threads
// as long as its Objects can be read by several. Nothing here fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/template/budget.h"
#include "base/template/go_time.h"

namespace tocsin::gotemplate {

class Value;
class Object;
struct Function;
struct ListData;
struct MapData;

using Values = std::vector<Value>;
using Map = std::map<std::string, Value, std::less<>>;

// Text that HTML templates take as it is, at the places where its kind may stand.
struct SafeText {
  enum class Kind : std::uint8_t { kHtml, kUrl };
  Kind kind = Kind::kHtml;
  std::string text;
};

// An integer that prints as a word: months and weekdays.
struct NamedInt {
  std::int64_t number = 0;
  std::string_view type;  // of static storage
  std::string_view name;  // of static storage
};

class Value {
 public:
  // In the order of the variant below.
  enum class Kind : std::uint8_t {
    kNil,
    kBool,
    kInt,
    kFloat,
    kString,
    kSafe,
    kTime,
    kSpan,
    kNamedInt,
    kList,
    kMap,
    kObject,
    kFunction,
  };

  Value() = default;
  explicit Value(bool b) : data_(b) {}
  explicit Value(int n) : data_(std::int64_t{n}) {}
  explicit Value(std::int64_t n) : data_(n) {}
  explicit Value(double d) : data_(d) {}
  explicit Value(std::string text) : data_(std::move(text)) {}
  explicit Value(std::string_view text) : data_(std::string(text)) {}
  explicit Value(const char* text) : data_(std::string(text)) {}
  explicit Value(SafeText text) : data_(std::move(text)) {}
  explicit Value(Time time) : data_(std::move(time)) {}
  explicit Value(Timestamp time) : data_(TimeFromTimestamp(time)) {}
  explicit Value(Span span) : data_(span) {}
  explicit Value(NamedInt number) : data_(number) {}
  // REQUIRES: not null.
  explicit Value(std::shared_ptr<const Object> object) : data_(std::move(object)) {}
  explicit Value(std::shared_ptr<const Function> function) : data_(std::move(function)) {}

  static Value OfList(Values items);
  static Value OfStrings(const std::vector<std::string>& items);
  // A missing key gives "" from a map of strings, nil from a map of anything.
  static Value OfMap(Map entries);
  static Value OfStringMap(const std::map<std::string, std::string, std::less<>>& entries);
  template <typename T, typename... Args>
  static Value OfObject(Args&&... args) {
    return Value(std::shared_ptr<const Object>(std::make_shared<T>(std::forward<Args>(args)...)));
  }

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_nil() const { return kind() == Kind::kNil; }

  // REQUIRES: the kind it names.
  bool as_bool() const { return std::get<bool>(data_); }
  std::int64_t as_int() const { return std::get<std::int64_t>(data_); }
  double as_float() const { return std::get<double>(data_); }
  const SafeText& as_safe() const { return std::get<SafeText>(data_); }
  const Time& as_time() const { return std::get<Time>(data_); }
  Span as_span() const { return std::get<Span>(data_); }
  const NamedInt& as_named_int() const { return std::get<NamedInt>(data_); }
  const Values& as_list() const;
  const Map& as_map() const;
  const Object& as_object() const { return *std::get<std::shared_ptr<const Object>>(data_); }
  const Function& as_function() const { return *std::get<std::shared_ptr<const Function>>(data_); }

  // The text of a string or safe text; nothing for other kinds.
  std::optional<std::string_view> text() const;
  // The number of an int, span or named int.
  std::optional<std::int64_t> integer() const;

  // REQUIRES: kMap. The entry, or the zero value of the map's kind.
  const Value& Entry(std::string_view key) const;

  // A list or map as it is; an object's list or map, or nil where it is a structure.
  Value Plain() const;
  // What `if` thinks of it: false, 0, "" and what is empty or nil are not true.
  bool IsTrue() const;
  // As Go calls its type: "string", "[]string", "map[string]interface {}".
  std::string TypeName() const;
  // How many lists and maps are nested in it; objects count as one.
  int depth() const;
  // About what it occupies by itself: the text's bytes, a list's slots.
  std::size_t ShallowBytes() const;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, SafeText, Time, Span,
               NamedInt, std::shared_ptr<const ListData>, std::shared_ptr<const MapData>,
               std::shared_ptr<const Object>, std::shared_ptr<const Function>>
      data_;
};

// What the host hands in: structures, and lists and maps that have methods. Read-only.
class Object {
 public:
  virtual ~Object() = default;

  // As messages and %T show it: "template.KV".
  virtual std::string_view type_name() const = 0;
  virtual std::optional<Value> Field(std::string_view name) const;
  // Nothing if there is no such method. The work may be proportional to the size of Plain(), which
  // is what the caller pays for.
  virtual std::optional<Result<Value>> Method(std::string_view name, const Values& args) const;
  // What printing shows, where it is neither the plain list or map nor the fields.
  virtual std::optional<std::string> String() const;
  // The list or map that range, len, index and JSON see; nil for a structure. It is asked for
  // often: an object makes its list once and gives copies away.
  virtual Value Plain() const;

  // A structure's fields in order, for printing (`name`) and JSON (`json_name`).
  struct Member {
    std::string name;
    std::string json_name;
    Value value;
  };
  virtual std::vector<Member> Members() const;
};

// A function of the host. `body` gets between min_args and max_args arguments and pays for what it
// makes; its error is shown behind the function's name.
struct Function {
  static constexpr int kAnyNumber = -1;

  int min_args = 0;
  int max_args = kAnyNumber;
  std::function<Result<Value>(const Values& args, Budget& budget)> body;
};

// Names with their $, as the host declares them.
using Variables = std::vector<std::pair<std::string, Value>>;

using FunctionMap = std::map<std::string, Function, std::less<>>;

struct ListData {
  Values items;
  bool strings = false;  // all are, by its type
  int depth = 1;
};

struct MapData {
  Map entries;
  Value zero;  // what a missing key gives
  int depth = 1;
};

}  // namespace tocsin::gotemplate
