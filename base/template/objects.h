// Host objects that more than one host needs: sets of labels, lists of texts, and structures put
// together at run time. Made by the host, read-only afterwards; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/template/value.h"

namespace tocsin::gotemplate {

// Labels or annotations: .SortedPairs .Remove .Names .Values, a key as a field, "a=1, b=2" when
// printed. Its order is: alertname, then by name.
class KeyValues final : public Object {
 public:
  using Entries = std::map<std::string, std::string, std::less<>>;

  explicit KeyValues(Entries entries)
      : entries_(std::move(entries)), plain_(Value::OfStringMap(entries_)) {}

  std::string_view type_name() const override { return "template.KV"; }
  std::optional<Result<Value>> Method(std::string_view name, const Values& args) const override;
  std::optional<std::string> String() const override;
  Value Plain() const override { return plain_; }
  std::optional<Value> Field(std::string_view name) const override;

 private:
  const Entries entries_;
  const Value plain_;
};

// A sorted set of labels: each with .Name and .Value, all of them .Names and .Values.
class Pairs final : public Object {
 public:
  using Items = std::vector<std::pair<std::string, std::string>>;

  explicit Pairs(Items items);

  std::string_view type_name() const override { return "template.Pairs"; }
  std::optional<Result<Value>> Method(std::string_view name, const Values& args) const override;
  std::optional<std::string> String() const override;
  Value Plain() const override { return plain_; }

 private:
  const Items items_;
  const Value plain_;
};

// Texts with .Join.
class Strings final : public Object {
 public:
  explicit Strings(std::vector<std::string> items)
      : items_(std::move(items)), plain_(Value::OfStrings(items_)) {}

  std::string_view type_name() const override { return "template.Strings"; }
  std::optional<Result<Value>> Method(std::string_view name, const Values& args) const override;
  std::optional<std::string> String() const override;
  Value Plain() const override { return plain_; }

 private:
  const std::vector<std::string> items_;
  const Value plain_;
};

// A structure: named fields, printed as {a b c}.
class Record final : public Object {
 public:
  // `type_name` must be of static storage.
  Record(std::string_view type_name, std::vector<Member> members)
      : type_name_(type_name), members_(std::move(members)) {}

  std::string_view type_name() const override { return type_name_; }
  std::optional<Value> Field(std::string_view name) const override;
  std::vector<Member> Members() const override { return members_; }

 private:
  const std::string_view type_name_;
  const std::vector<Member> members_;
};

}  // namespace tocsin::gotemplate
