// Label sets: sorted, unique names, each with a non-empty value; `__name__` is the metric's name.
//
// A set is one string of bytes (length, name, length, value, ...), so that copying is one
// allocation, comparing is memcmp and hashing is one pass. LabelsView borrows such bytes; Labels
// owns them. Both are values without a lock: share them between threads as const.
#pragma once

#include <compare>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin {

inline constexpr std::string_view kMetricNameLabel = "__name__";

struct Label {
  std::string_view name;
  std::string_view value;
  friend bool operator==(const Label&, const Label&) = default;
};

class LabelsView {
 public:
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Label;
    using difference_type = std::ptrdiff_t;
    using pointer = const Label*;
    using reference = const Label&;

    iterator() = default;
    explicit iterator(std::string_view rest) : rest_(rest) { Read(); }
    reference operator*() const { return current_; }
    pointer operator->() const { return &current_; }
    iterator& operator++();
    iterator operator++(int);
    friend bool operator==(const iterator& a, const iterator& b) {
      return a.rest_.size() == b.rest_.size();
    }

   private:
    void Read();
    std::string_view rest_;  // begins with the current label
    std::size_t length_ = 0;
    Label current_;
  };

  LabelsView() = default;
  // REQUIRES: bytes come from bytes() of a set.
  static LabelsView FromBytes(std::string_view bytes) { return LabelsView(bytes); }

  iterator begin() const { return iterator(bytes_); }
  iterator end() const { return iterator(std::string_view()); }
  bool empty() const { return bytes_.empty(); }
  std::size_t size() const;

  // The value of a label, empty where it is absent: an absent label equals an empty one everywhere.
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const { return !Get(name).empty(); }
  std::string_view metric_name() const { return Get(kMetricNameLabel); }

  std::string_view bytes() const { return bytes_; }
  // Fast and unspecified: for tables in memory, never for anything written down.
  std::uint64_t Hash() const;
  // Prometheus's label-set fingerprint (FNV-1a over name, 0xff, value, 0xff): stable for ever.
  // https://github.com/prometheus/common/blob/main/model/signature.go
  std::uint64_t Fingerprint() const;

  // {__name__="up", job="node"} is written up{job="node"}.
  std::string ToString() const;

  friend bool operator==(LabelsView a, LabelsView b) { return a.bytes_ == b.bytes_; }
  // Prometheus's order: pair by pair, names before values.
  friend std::strong_ordering operator<=>(LabelsView a, LabelsView b);

 private:
  explicit LabelsView(std::string_view bytes) : bytes_(bytes) {}
  std::string_view bytes_;
};

class Labels {
 public:
  Labels() = default;
  // Sorts; of equal names the last wins; empty values are left out.
  Labels(std::initializer_list<Label> labels);
  explicit Labels(LabelsView view) : bytes_(view.bytes()) {}

  LabelsView view() const { return LabelsView::FromBytes(bytes_); }
  operator LabelsView() const { return view(); }  // NOLINT(google-explicit-constructor)

  LabelsView::iterator begin() const { return view().begin(); }
  LabelsView::iterator end() const { return view().end(); }
  bool empty() const { return bytes_.empty(); }
  std::size_t size() const { return view().size(); }
  std::string_view Get(std::string_view name) const { return view().Get(name); }
  bool Has(std::string_view name) const { return view().Has(name); }
  std::string_view metric_name() const { return view().metric_name(); }
  std::string ToString() const { return view().ToString(); }

  friend bool operator==(const Labels& a, const Labels& b) { return a.bytes_ == b.bytes_; }
  friend std::strong_ordering operator<=>(const Labels& a, const Labels& b) {
    return a.view() <=> b.view();
  }

 private:
  friend class LabelsBuilder;
  std::string bytes_;
};

// Gathers labels in any order and makes a set of them. Reusable after Clear(), without allocating.
class LabelsBuilder {
 public:
  LabelsBuilder() = default;
  explicit LabelsBuilder(LabelsView base);

  // Replaces; an empty value removes.
  LabelsBuilder& Set(std::string_view name, std::string_view value);
  LabelsBuilder& Remove(std::string_view name);
  // Empty where absent.
  std::string_view Get(std::string_view name) const;
  void Clear() { size_ = 0; }

  Labels Build();
  // Appends the set's bytes to `out`: for whoever keeps many sets in one buffer.
  void AppendBytesTo(std::string* out);

 private:
  struct Pair {
    std::string name;
    std::string value;
  };
  void Sort();
  std::vector<Pair> pairs_;  // the first size_ are in use; the others keep their memory
  std::size_t size_ = 0;
};

// The legacy grammars of Prometheus: [a-zA-Z_:][a-zA-Z0-9_:]* and, without colons, for labels.
bool IsLegacyMetricName(std::string_view name);
bool IsLegacyLabelName(std::string_view name);

// Dotted names of the alerting API to names every tool reads: each character outside [a-zA-Z0-9_:]
// becomes `_`; a leading digit gets one in front. Labels may not hold colons.
// This is the one place where that mapping is written.
std::string MapMetricName(std::string_view name);
std::string MapLabelName(std::string_view name);

}  // namespace tocsin
