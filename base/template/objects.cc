#include "base/template/objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/template/functions.h"

namespace tocsin::gotemplate {
namespace {

constexpr std::string_view kAlertName = "alertname";

Result<Value> WrongCount(std::size_t wanted, const Values& args) {
  return Error{fmt::format("wrong number of arguments: want {}, got {}", wanted, args.size())};
}

Pairs::Items Sorted(const KeyValues::Entries& entries) {
  Pairs::Items items;
  items.reserve(entries.size());
  if (const auto name = entries.find(kAlertName); name != entries.end()) items.push_back(*name);
  for (const auto& entry : entries) {
    if (entry.first != kAlertName) items.push_back(entry);
  }
  return items;
}

std::vector<std::string> NamesOf(const Pairs::Items& items) {
  std::vector<std::string> names;
  names.reserve(items.size());
  for (const auto& [name, value] : items) names.push_back(name);
  return names;
}

std::vector<std::string> ValuesOf(const Pairs::Items& items) {
  std::vector<std::string> values;
  values.reserve(items.size());
  for (const auto& [name, value] : items) values.push_back(value);
  return values;
}

std::string Joined(const std::vector<std::string>& items, std::string_view separator) {
  return fmt::format("{}", fmt::join(items, separator));
}

std::string AssignmentsOf(const Pairs::Items& items) {
  std::vector<std::string> texts;
  texts.reserve(items.size());
  for (const auto& [name, value] : items) texts.push_back(fmt::format("{}={}", name, value));
  return Joined(texts, ", ");
}

Result<Value> Without(const KeyValues::Entries& entries, const Values& args) {
  if (args.size() != 1) return WrongCount(1, args);
  const Value names = args[0].Plain();
  if (names.kind() != Value::Kind::kList) return WrongType(args[0], "[]string");
  std::set<std::string_view> removed;
  for (const Value& name : names.as_list()) {
    if (!name.text()) return WrongType(name, "string");
    removed.insert(*name.text());
  }
  KeyValues::Entries left;
  for (const auto& entry : entries) {
    if (removed.count(entry.first) == 0) left.insert(entry);
  }
  return Value::OfObject<KeyValues>(std::move(left));
}

Value RecordsOf(const Pairs::Items& items) {
  using Member = Object::Member;
  Values list;
  list.reserve(items.size());
  for (const auto& [name, value] : items) {
    list.push_back(Value::OfObject<Record>(
        "template.Pair",
        std::vector<Member>{{"Name", "Name", Value(name)}, {"Value", "Value", Value(value)}}));
  }
  return Value::OfList(std::move(list));
}

}  // namespace

std::optional<Result<Value>> KeyValues::Method(std::string_view name, const Values& args) const {
  if (name == "Remove") return Without(entries_, args);
  const bool known =
      name == "SortedPairs" || name == "Names" || name == "Values" || name == "String";
  if (!known) return std::nullopt;
  if (!args.empty()) return WrongCount(0, args);
  if (name == "SortedPairs") return Value::OfObject<Pairs>(Sorted(entries_));
  if (name == "String") return Value(*String());
  return Value::OfObject<Strings>(name == "Names" ? NamesOf(Sorted(entries_))
                                                  : ValuesOf(Sorted(entries_)));
}

std::optional<Value> KeyValues::Field(std::string_view name) const {
  const auto found = entries_.find(name);
  return Value(found == entries_.end() ? std::string() : found->second);
}

std::optional<std::string> KeyValues::String() const { return AssignmentsOf(Sorted(entries_)); }

Pairs::Pairs(Items items) : items_(std::move(items)), plain_(RecordsOf(items_)) {}

std::optional<Result<Value>> Pairs::Method(std::string_view name, const Values& args) const {
  if (name != "Names" && name != "Values" && name != "String") return std::nullopt;
  if (!args.empty()) return WrongCount(0, args);
  if (name == "String") return Value(*String());
  return Value::OfObject<Strings>(name == "Names" ? NamesOf(items_) : ValuesOf(items_));
}

std::optional<std::string> Pairs::String() const { return AssignmentsOf(items_); }

std::optional<Result<Value>> Strings::Method(std::string_view name, const Values& args) const {
  if (name == "String" && args.empty()) return Value(*String());
  if (name != "Join") return std::nullopt;
  if (args.size() != 1) return WrongCount(1, args);
  const Result<std::string_view> separator = TextArgument(args, 0);
  if (!separator) return Result<Value>(separator.error());
  return Value(Joined(items_, *separator));
}

std::optional<std::string> Strings::String() const { return Joined(items_, ", "); }

std::optional<Value> Record::Field(std::string_view name) const {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [name](const Member& member) { return member.name == name; });
  if (found == members_.end()) return std::nullopt;
  return found->value;
}

}  // namespace tocsin::gotemplate
