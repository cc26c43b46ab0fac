#include "base/labels.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace tocsin {
namespace {

// Lengths are base-128 varints: one byte for nearly every name and value.
void AppendLength(std::size_t n, std::string* out) {
  while (n >= 0x80) {
    out->push_back(static_cast<char>((n & 0x7f) | 0x80));
    n >>= 7;
  }
  out->push_back(static_cast<char>(n));
}

std::size_t ReadLength(std::string_view bytes, std::size_t* at) {
  auto byte = static_cast<unsigned char>(bytes[(*at)++]);
  std::size_t n = byte & 0x7fU;
  for (int shift = 7; (byte & 0x80U) != 0; shift += 7) {
    byte = static_cast<unsigned char>(bytes[(*at)++]);
    n |= static_cast<std::size_t>(byte & 0x7fU) << shift;
  }
  return n;
}

void AppendPair(std::string_view name, std::string_view value, std::string* out) {
  AppendLength(name.size(), out);
  out->append(name);
  AppendLength(value.size(), out);
  out->append(value);
}

bool IsNameCharacter(char c, bool first, bool colon) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':') ||
         (!first && c >= '0' && c <= '9');
}

bool IsName(std::string_view name, bool colon) {
  if (name.empty() || !IsNameCharacter(name[0], true, colon)) return false;
  return std::all_of(name.begin() + 1, name.end(),
                     [colon](char c) { return IsNameCharacter(c, false, colon); });
}

std::string MapName(std::string_view name, bool colon) {
  std::string out;
  out.reserve(name.size() + 1);
  if (!name.empty() && name[0] >= '0' && name[0] <= '9') out.push_back('_');
  for (char c : name) out.push_back(IsNameCharacter(c, false, colon) ? c : '_');
  return out;
}

}  // namespace

void LabelsView::iterator::Read() {
  if (rest_.empty()) return;
  std::size_t at = 0;
  std::size_t n = ReadLength(rest_, &at);
  current_.name = rest_.substr(at, n);
  at += n;
  n = ReadLength(rest_, &at);
  current_.value = rest_.substr(at, n);
  length_ = at + n;
}

LabelsView::iterator& LabelsView::iterator::operator++() {
  rest_.remove_prefix(length_);
  Read();
  return *this;
}

LabelsView::iterator LabelsView::iterator::operator++(int) {
  iterator before = *this;
  ++*this;
  return before;
}

std::size_t LabelsView::size() const {
  std::size_t n = 0;
  for (auto it = begin(); it != end(); ++it) ++n;
  return n;
}

std::string_view LabelsView::Get(std::string_view name) const {
  for (const Label& label : *this) {
    if (label.name == name) return label.value;
  }
  return {};
}

std::uint64_t LabelsView::Hash() const { return XXH3_64bits(bytes_.data(), bytes_.size()); }

std::uint64_t LabelsView::Fingerprint() const {
  std::uint64_t hash = 14695981039346656037ULL;
  auto add = [&hash](std::string_view text) {
    for (char c : text) {
      hash ^= static_cast<unsigned char>(c);
      hash *= 1099511628211ULL;
    }
    hash ^= 0xff;
    hash *= 1099511628211ULL;
  };
  for (const Label& label : *this) {
    add(label.name);
    add(label.value);
  }
  return hash;
}

std::string LabelsView::ToString() const {
  std::string out(metric_name());
  bool first = true;
  for (const Label& label : *this) {
    if (label.name == kMetricNameLabel) continue;
    out += first ? "{" : ", ";
    first = false;
    out += label.name;
    out += "=";
    out += QuoteLabelValue(label.value);
  }
  if (!first) out += "}";
  if (out.empty()) out = "{}";
  return out;
}

std::strong_ordering operator<=>(LabelsView a, LabelsView b) {
  auto i = a.begin();
  auto j = b.begin();
  for (; i != a.end() && j != b.end(); ++i, ++j) {
    if (auto order = i->name <=> j->name; order != 0) return order;
    if (auto order = i->value <=> j->value; order != 0) return order;
  }
  return (i != a.end()) <=> (j != b.end());
}

Labels::Labels(std::initializer_list<Label> labels) {
  LabelsBuilder builder;
  for (const Label& label : labels) builder.Set(label.name, label.value);
  builder.AppendBytesTo(&bytes_);
}

LabelsBuilder::LabelsBuilder(LabelsView base) {
  for (const Label& label : base) Set(label.name, label.value);
}

LabelsBuilder& LabelsBuilder::Set(std::string_view name, std::string_view value) {
  if (value.empty()) return Remove(name);
  for (std::size_t i = 0; i < size_; ++i) {
    if (pairs_[i].name == name) {
      pairs_[i].value.assign(value);
      return *this;
    }
  }
  if (size_ == pairs_.size()) pairs_.emplace_back();
  pairs_[size_].name.assign(name);
  pairs_[size_].value.assign(value);
  ++size_;
  return *this;
}

LabelsBuilder& LabelsBuilder::Remove(std::string_view name) {
  for (std::size_t i = 0; i < size_; ++i) {
    if (pairs_[i].name == name) {
      std::swap(pairs_[i], pairs_[size_ - 1]);
      --size_;
      break;
    }
  }
  return *this;
}

std::string_view LabelsBuilder::Get(std::string_view name) const {
  for (std::size_t i = 0; i < size_; ++i) {
    if (pairs_[i].name == name) return pairs_[i].value;
  }
  return {};
}

void LabelsBuilder::Sort() {
  std::sort(pairs_.begin(), pairs_.begin() + static_cast<std::ptrdiff_t>(size_),
            [](const Pair& a, const Pair& b) { return a.name < b.name; });
}

Labels LabelsBuilder::Build() {
  Labels labels;
  AppendBytesTo(&labels.bytes_);
  return labels;
}

void LabelsBuilder::AppendBytesTo(std::string* out) {
  Sort();
  for (std::size_t i = 0; i < size_; ++i) AppendPair(pairs_[i].name, pairs_[i].value, out);
}

bool IsLegacyMetricName(std::string_view name) { return IsName(name, true); }
bool IsLegacyLabelName(std::string_view name) { return IsName(name, false); }
std::string MapMetricName(std::string_view name) { return MapName(name, true); }
std::string MapLabelName(std::string_view name) { return MapName(name, false); }

}  // namespace tocsin
