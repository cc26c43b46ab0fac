#include "base/template/value.h"

#include <algorithm>

namespace tocsin::gotemplate {
namespace {

template <typename Range, typename Project>
int DepthAround(const Range& range, const Project& project) {
  int depth = 0;
  for (const auto& item : range) depth = std::max(depth, project(item).depth());
  return depth + 1;
}

}  // namespace

Value Value::OfList(Values items) {
  auto list = std::make_shared<ListData>();
  list->depth = DepthAround(items, [](const Value& item) -> const Value& { return item; });
  list->items = std::move(items);
  Value value;
  value.data_ = std::shared_ptr<const ListData>(std::move(list));
  return value;
}

Value Value::OfStrings(const std::vector<std::string>& items) {
  auto list = std::make_shared<ListData>();
  list->items.reserve(items.size());
  for (const std::string& item : items) list->items.emplace_back(item);
  list->strings = true;
  Value value;
  value.data_ = std::shared_ptr<const ListData>(std::move(list));
  return value;
}

Value Value::OfMap(Map entries) {
  auto map = std::make_shared<MapData>();
  map->depth = DepthAround(entries, [](const auto& entry) -> const Value& { return entry.second; });
  map->entries = std::move(entries);
  Value value;
  value.data_ = std::shared_ptr<const MapData>(std::move(map));
  return value;
}

Value Value::OfStringMap(const std::map<std::string, std::string, std::less<>>& entries) {
  auto map = std::make_shared<MapData>();
  for (const auto& [key, text] : entries) map->entries.emplace(key, Value(text));
  map->zero = Value("");
  Value value;
  value.data_ = std::shared_ptr<const MapData>(std::move(map));
  return value;
}

const Values& Value::as_list() const {
  return std::get<std::shared_ptr<const ListData>>(data_)->items;
}

const Map& Value::as_map() const {
  return std::get<std::shared_ptr<const MapData>>(data_)->entries;
}

std::optional<std::string_view> Value::text() const {
  if (kind() == Kind::kString) return std::get<std::string>(data_);
  if (kind() == Kind::kSafe) return as_safe().text;
  return std::nullopt;
}

std::optional<std::int64_t> Value::integer() const {
  if (kind() == Kind::kInt) return as_int();
  if (kind() == Kind::kSpan) return as_span().nanos;
  if (kind() == Kind::kNamedInt) return as_named_int().number;
  return std::nullopt;
}

const Value& Value::Entry(std::string_view key) const {
  const MapData& map = *std::get<std::shared_ptr<const MapData>>(data_);
  const auto found = map.entries.find(key);
  return found == map.entries.end() ? map.zero : found->second;
}

Value Value::Plain() const { return kind() == Kind::kObject ? as_object().Plain() : *this; }

bool Value::IsTrue() const {
  switch (kind()) {
    case Kind::kNil:
      return false;
    case Kind::kBool:
      return as_bool();
    case Kind::kInt:
    case Kind::kSpan:
    case Kind::kNamedInt:
      return *integer() != 0;
    case Kind::kFloat:
      return as_float() != 0;
    case Kind::kString:
    case Kind::kSafe:
      return !text()->empty();
    case Kind::kList:
      return !as_list().empty();
    case Kind::kMap:
      return !as_map().empty();
    case Kind::kObject: {
      const Value plain = Plain();
      return plain.is_nil() || plain.IsTrue();
    }
    case Kind::kTime:
    case Kind::kFunction:
      return true;
  }
  return false;
}

std::string Value::TypeName() const {
  switch (kind()) {
    case Kind::kNil:
      return "nil";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float64";
    case Kind::kString:
      return "string";
    case Kind::kSafe:
      return as_safe().kind == SafeText::Kind::kHtml ? "template.HTML" : "template.URL";
    case Kind::kTime:
      return "time.Time";
    case Kind::kSpan:
      return "time.Duration";
    case Kind::kNamedInt:
      return std::string(as_named_int().type);
    case Kind::kList:
      return std::get<std::shared_ptr<const ListData>>(data_)->strings ? "[]string"
                                                                       : "[]interface {}";
    case Kind::kMap:
      return std::get<std::shared_ptr<const MapData>>(data_)->zero.is_nil()
                 ? "map[string]interface {}"
                 : "map[string]string";
    case Kind::kObject:
      return std::string(as_object().type_name());
    case Kind::kFunction:
      return "func";
  }
  return "?";
}

int Value::depth() const {
  if (kind() == Kind::kList) return std::get<std::shared_ptr<const ListData>>(data_)->depth;
  if (kind() == Kind::kMap) return std::get<std::shared_ptr<const MapData>>(data_)->depth;
  return kind() == Kind::kObject ? 1 : 0;
}

std::size_t Value::ShallowBytes() const {
  if (const std::optional<std::string_view> bytes = text()) return bytes->size();
  if (kind() == Kind::kList) return as_list().size() * sizeof(Value);
  if (kind() == Kind::kMap) return as_map().size() * 2 * sizeof(Value);
  return 0;
}

std::optional<Value> Object::Field(std::string_view /*name*/) const { return std::nullopt; }

std::optional<Result<Value>> Object::Method(std::string_view /*name*/,
                                            const Values& /*args*/) const {
  return std::nullopt;
}

std::optional<std::string> Object::String() const { return std::nullopt; }

Value Object::Plain() const { return {}; }

std::vector<Object::Member> Object::Members() const { return {}; }

}  // namespace tocsin::gotemplate
