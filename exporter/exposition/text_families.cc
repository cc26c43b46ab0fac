// Gathers the lines of a text page into families: the second half of text_parser.h.
#include <fmt/format.h>

#include <array>
#include <functional>
#include <unordered_map>
#include <utility>

#include "base/number.h"
#include "base/text.h"
#include "exporter/exposition/text_parser.h"

namespace tocsin::exposition {
namespace {

struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const {
    return std::hash<std::string_view>()(name);
  }
};

// The endings that lines of one type of family may have beside its bare name.
struct Ending {
  std::string_view text;
  MetricType type;
};
constexpr std::array<Ending, 5> kEndings = {{{"_sum", MetricType::kSummary},
                                             {"_count", MetricType::kSummary},
                                             {"_bucket", MetricType::kHistogram},
                                             {"_sum", MetricType::kHistogram},
                                             {"_count", MetricType::kHistogram}}};

class FamilyCollector final : public TextVisitor {
 public:
  explicit FamilyCollector(Dialect dialect) : push_(dialect == Dialect::kPush) {}

  Status OnType(std::string_view family, MetricType type) override {
    Entry& entry = EntryOf(family);
    if (push_ && entry.typed) {
      return Error{
          fmt::format("second TYPE line for metric name {}, or TYPE reported after samples",
                      QuoteForMessage(family))};
    }
    entry.typed = true;
    entry.family.metadata.type = type;
    return {};
  }

  Status OnHelp(std::string_view family, std::string_view help) override {
    Entry& entry = EntryOf(family);
    if (push_ && entry.helped) {
      return Error{fmt::format("second HELP line for metric name {}", QuoteForMessage(family))};
    }
    entry.helped = true;
    entry.family.metadata.help = help;
    return {};
  }

  Status OnSample(const TextSample& sample) override {
    Entry& entry = EntryOfSample(sample.name);
    entry.typed = true;
    if (push_) {
      if (Status status = CheckBoundary(entry.family, sample); !status.ok()) return status;
    }
    builder_.Clear();
    for (const Label& label : sample.labels) builder_.Set(label.name, label.value);
    entry.family.points.push_back(
        {std::string(sample.name), builder_.Build(), sample.value, sample.timestamp_ms});
    return {};
  }

  std::vector<Family> Take() {
    std::vector<Family> families;
    for (Entry& entry : entries_) {
      if (!entry.family.points.empty()) families.push_back(std::move(entry.family));
    }
    return families;
  }

 private:
  struct Entry {
    Family family;
    bool typed = false;  // a sample settles the type too
    bool helped = false;
  };

  std::optional<std::size_t> Find(std::string_view name) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return std::nullopt;
    return found->second;
  }

  Entry& EntryOf(std::string_view name) {
    last_sample_ = {};  // a new family may be nearer to that name
    if (const std::optional<std::size_t> known = Find(name)) return entries_[*known];
    by_name_.emplace(name, entries_.size());
    entries_.emplace_back();
    entries_.back().family.metadata.name = name;
    return entries_.back();
  }

  // A family of the sample's own name comes first; else one that the name is an ending of.
  Entry& EntryOfSample(std::string_view name) {
    if (!entries_.empty() && name == last_sample_) return entries_[last_entry_];
    last_entry_ = IndexOfSample(name);
    last_sample_ = name;
    return entries_[last_entry_];
  }
  std::size_t IndexOfSample(std::string_view name) {
    if (const std::optional<std::size_t> known = Find(name)) return *known;
    for (const Ending& ending : kEndings) {
      if (!name.ends_with(ending.text)) continue;
      const std::optional<std::size_t> known =
          Find(name.substr(0, name.size() - ending.text.size()));
      if (known && entries_[*known].family.metadata.type == ending.type) return *known;
    }
    EntryOf(name);
    return entries_.size() - 1;
  }

  static Status CheckBoundary(const Family& family, const TextSample& sample) {
    std::string_view boundary;
    if (family.metadata.type == MetricType::kHistogram) boundary = "le";
    if (family.metadata.type == MetricType::kSummary) boundary = "quantile";
    if (boundary.empty()) return {};
    for (const Label& label : sample.labels) {
      if (label.name == boundary && !ParseFloat(label.value)) {
        return Error{fmt::format("expected float as value for '{}' label, got {}", boundary,
                                 QuoteForMessage(label.value))};
      }
    }
    return {};
  }

  const bool push_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t, NameHash, std::equal_to<>> by_name_;
  // Lines of one name mostly follow one another. Views into the body, which outlives this.
  std::string_view last_sample_;
  std::size_t last_entry_ = 0;
  LabelsBuilder builder_;
};

}  // namespace

std::optional<ParseError> ParseFamilies(std::string_view body, Dialect dialect,
                                        std::vector<Family>* families, const TextLimits& limits) {
  FamilyCollector collector(dialect);
  std::optional<ParseError> error = ParseText(body, dialect, collector, limits);
  if (!error) *families = collector.Take();
  return error;
}

Result<std::vector<Family>> ParseFamilies(std::string_view body, Dialect dialect,
                                          const TextLimits& limits) {
  std::vector<Family> families;
  if (const std::optional<ParseError> error = ParseFamilies(body, dialect, &families, limits)) {
    return Error{error->ToString()};
  }
  return families;
}

}  // namespace tocsin::exposition
