#include "exporter/scrape/scrape_cache.h"

#include "base/number.h"

namespace tocsin::scrape {
namespace {

// Entries live this many pages beyond their last one: series that come and go keep their entry.
constexpr std::uint64_t kKeepPages = 10;
// A target whose lines are new in each page would fill the memory until then: once there are more
// unused lines than the last good page has, and this many, they go at once. (A bad page says
// nothing about what a good one will have: after it a large target goes on with its lines.)
constexpr std::size_t kUnusedLinesLetBe = 1000;

void AddMarker(LabelsView labels, Timestamp timestamp, SampleBatch* batch) {
  batch->Add(labels, {timestamp, StaleNan()});
}

}  // namespace

std::size_t ScrapeCache::BytesHash::operator()(std::string_view bytes) const {
  return std::hash<std::string_view>()(bytes);
}

void ScrapeCache::BeginPage() {
  ++page_;
  lines_in_page_ = 0;
}

ScrapeCache::Series* ScrapeCache::FindLine(std::string_view raw) {
  const auto it = lines_.find(raw);
  if (it == lines_.end()) return nullptr;
  it->second.page = page_;
  it->second.series->touched = page_;
  ++lines_in_page_;
  return it->second.series;
}

ScrapeCache::Series* ScrapeCache::AddLine(std::string_view raw, LabelsView labels) {
  Series* series = FindOrAddSeries(labels);
  series->touched = page_;
  lines_.insert_or_assign(std::string(raw), Line{series, page_});
  ++lines_in_page_;
  return series;
}

ScrapeCache::Series* ScrapeCache::FindOrAddSeries(LabelsView labels) {
  auto it = series_.find(labels.bytes());
  if (it == series_.end()) {
    it = series_.emplace(labels.bytes(), Series()).first;
    it->second.labels = LabelsView::FromBytes(it->first);
  }
  return &it->second;
}

bool ScrapeCache::MarkSeen(Series* series, bool tracked) {
  if (series->synthetic || series->page == page_) return false;
  series->page = page_;
  series->tracked = tracked;
  return true;
}

ScrapeCache::Family& ScrapeCache::FamilyOf(std::string_view name) {
  auto it = families_.find(name);
  if (it == families_.end()) {
    it = families_.emplace(name, Family()).first;
    it->second.metadata.name = name;
  }
  it->second.page = page_;
  return it->second;
}

void ScrapeCache::SetType(std::string_view family, MetricType type) {
  Family& known = FamilyOf(family);
  known.told = known.told && known.metadata.type == type;
  known.metadata.type = type;
}

void ScrapeCache::SetHelp(std::string_view family, std::string_view help) {
  Family& known = FamilyOf(family);
  known.told = known.told && known.metadata.help == help;
  known.metadata.help = help;
}

void ScrapeCache::AddNewMetadata(SampleBatch* batch) {
  for (auto& [name, family] : families_) {
    if (family.told) continue;
    batch->AddMetadata(family.metadata);
    family.told = true;
  }
}

std::size_t ScrapeCache::CommitPage(Timestamp timestamp, SampleBatch* batch) {
  std::size_t added = 0;
  for (auto& [bytes, series] : series_) {
    if (series.synthetic) continue;
    const bool in_page = series.page == page_;
    if (in_page && !series.stored) ++added;
    if (!in_page && series.live) AddMarker(series.labels, timestamp, batch);
    series.stored = in_page;
    series.live = in_page && series.tracked;
  }
  lines_in_good_page_ = lines_in_page_;
  AddNewMetadata(batch);
  Sweep();
  return added;
}

void ScrapeCache::FailPage(Timestamp timestamp, SampleBatch* batch) {
  for (auto& [bytes, series] : series_) {
    if (series.live) AddMarker(series.labels, timestamp, batch);
    series.stored = false;
    series.live = false;
  }
  Sweep();
}

void ScrapeCache::AddSynthetic(LabelsView labels) { FindOrAddSeries(labels)->synthetic = true; }

void ScrapeCache::EndAll(Timestamp timestamp, SampleBatch* batch) {
  for (const auto& [bytes, series] : series_) {
    if (series.live || series.synthetic) AddMarker(series.labels, timestamp, batch);
  }
  lines_.clear();
  series_.clear();
  families_.clear();
}

void ScrapeCache::Sweep() {
  if (lines_.size() > 2 * lines_in_good_page_ + kUnusedLinesLetBe) {
    DropUnseenSince(page_);
  } else if (page_ > kKeepPages && page_ % kKeepPages == 0) {
    DropUnseenSince(page_ - kKeepPages);
  }
}

void ScrapeCache::DropUnseenSince(std::uint64_t page) {
  std::erase_if(lines_, [page](const auto& entry) { return entry.second.page < page; });
  // What no line has led to since then, no line that is left leads to.
  std::erase_if(series_, [page](const auto& entry) {
    return !entry.second.synthetic && entry.second.touched < page;
  });
  std::erase_if(families_, [page](const auto& entry) { return entry.second.page < page; });
}

}  // namespace tocsin::scrape
