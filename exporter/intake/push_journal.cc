#include "exporter/intake/push_journal.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "exporter/exposition/text_parser.h"
#include "exporter/exposition/writer.h"

namespace tocsin::intake {
namespace {

// A comment to the parser of what follows.
constexpr std::string_view kVersion = "# v1\n";

// What was accepted under yesterday's limits is still good.
exposition::TextLimits NoLimits() {
  constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  return {kNone, kNone, kNone};
}

std::string FamilyKey(LabelsView group, std::string_view family) {
  return fmt::format("{} {}", group.ToString(), family);
}

Result<std::vector<exposition::Family>> ParseRow(std::string_view value) {
  if (!value.starts_with(kVersion)) {
    return Error{
        fmt::format("unknown version {}", QuoteForMessage(value.substr(0, value.find('\n'))))};
  }
  return exposition::ParseFamilies(value, exposition::Dialect::kScrape, NoLimits());
}

std::int64_t ToMillis(double seconds) { return std::llround(seconds * 1000.0); }

PushedFamilyPtr ToPushed(const exposition::Family& family) {
  auto pushed = std::make_shared<PushedFamily>();
  pushed->metadata = family.metadata;
  pushed->series.reserve(family.points.size());
  for (const exposition::Point& point : family.points) {
    LabelsBuilder builder(point.labels);
    builder.Set(kMetricNameLabel, point.name);
    pushed->series.push_back({builder.Build(), point.value});
  }
  return pushed;
}

class JournalReader {
 public:
  // Families find their group by its key, so the rows of groups are read first.
  JournalContent Read(const std::vector<StateStore::Row>& rows) {
    for (const auto& [key, value] : rows) {
      if (key.ends_with('}')) Note(key, ReadTimes(key, value));
    }
    for (const auto& [key, value] : rows) {
      if (!key.ends_with('}')) Note(key, ReadFamily(key, value));
    }
    return std::move(content_);
  }

 private:
  void Note(const std::string& key, const Status& status) {
    if (!status.ok()) content_.damaged.push_back(fmt::format("{}: {}", key, status.message()));
  }

  Status ReadTimes(const std::string& key, std::string_view value) {
    const Result<std::vector<exposition::Family>> parsed = ParseRow(value);
    if (!parsed) return parsed.error();
    if (parsed->size() != 2) return Error{"not the two times of a group"};
    const exposition::Point& pushed = (*parsed)[0].points.front();
    const exposition::Point& failed = (*parsed)[1].points.front();
    JournalledGroup& group = content_.groups[pushed.labels];
    group.times = {ToMillis(pushed.value), ToMillis(failed.value)};
    by_key_[key] = &group;
    return {};
  }

  Status ReadFamily(const std::string& key, std::string_view value) {
    const auto group = by_key_.find(key.substr(0, key.rfind(' ')));
    if (group == by_key_.end()) return Error{"its group is missing"};
    const Result<std::vector<exposition::Family>> parsed = ParseRow(value);
    if (!parsed) return parsed.error();
    if (parsed->size() != 1) return Error{"not one family"};
    PushedFamilyPtr family = ToPushed(parsed->front());
    group->second->families.emplace(family->metadata.name, std::move(family));
    return {};
  }

  JournalContent content_;
  std::unordered_map<std::string, JournalledGroup*> by_key_;
};

}  // namespace

void PutTimes(LabelsView group, const PushTimes& times, WriteBatch* batch) {
  std::string value(kVersion);
  for (const PushedFamilyPtr& family : TimesAsFamilies(times, group)) {
    exposition::Family shown = ToExposition(*family);
    shown.metadata.help.clear();
    exposition::WriteTextFamily(shown, &value);
  }
  batch->Put(StateTable::kPushedGroups, group.ToString(), std::move(value));
}

void PutFamily(LabelsView group, const PushedFamily& family, WriteBatch* batch) {
  std::string value(kVersion);
  exposition::WriteTextFamily(ToExposition(family), &value);
  batch->Put(StateTable::kPushedGroups, FamilyKey(group, family.metadata.name), std::move(value));
}

void DeleteTimes(LabelsView group, WriteBatch* batch) {
  batch->Delete(StateTable::kPushedGroups, group.ToString());
}

void DeleteFamily(LabelsView group, const std::string& family, WriteBatch* batch) {
  batch->Delete(StateTable::kPushedGroups, FamilyKey(group, family));
}

JournalContent ReadJournal(const std::vector<StateStore::Row>& rows) {
  return JournalReader().Read(rows);
}

}  // namespace tocsin::intake
