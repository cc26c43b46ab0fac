// ScrapeCache: what a target showed before. It makes a steady scrape cheap (the bytes of a line's
// series part lead to its prepared label set, so that only values are parsed), and it is what
// staleness is told by.
//
// Lines and series are two tables, because two spellings may name one series ({a="1",b="2"} and
// {b="2",a="1"}). Each page has a number; `page` members hold the number of the last page in which
// an entry stood, so that nothing has to be cleared between pages. A series is live from a page
// that was stored until its stale marker.
// https://prometheus.io/docs/prometheus/latest/querying/basics/#staleness
//
// Owned by one ScrapeLoop; used by one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/labels.h"
#include "base/sample.h"

namespace tocsin::scrape {

class ScrapeCache {
 public:
  struct Series {
    LabelsView labels;          // of the table's key
    std::uint64_t page = 0;     // 0: in none
    std::uint64_t touched = 0;  // the last page with a line that leads here
    bool tracked = false;       // in its last page without a timestamp of its own
    bool stored = false;        // in the last good page
    bool live = false;          // holds a value that a stale marker must end
    bool synthetic = false;     // up and its like: not of the page
  };

  ScrapeCache() = default;
  ScrapeCache(const ScrapeCache&) = delete;
  ScrapeCache& operator=(const ScrapeCache&) = delete;

  // The next page begins.
  void BeginPage();

  // The series that the bytes of a line name, null where they are new. Valid until the page ends.
  Series* FindLine(std::string_view raw);
  Series* AddLine(std::string_view raw, LabelsView labels);
  // False where the series stands in this page already, as a synthetic one always does.
  bool MarkSeen(Series* series, bool tracked);

  void SetType(std::string_view family, MetricType type);
  void SetHelp(std::string_view family, std::string_view help);

  // The page is good: adds stale markers of what it lacks and metadata that is new; returns how
  // many of its series the last good page did not have.
  std::size_t CommitPage(Timestamp timestamp, SampleBatch* batch);
  // The page is bad, or there is none: adds stale markers of everything that lives.
  void FailPage(Timestamp timestamp, SampleBatch* batch);

  // Synthetic series are never marked stale but by EndAll.
  void AddSynthetic(LabelsView labels);
  // The target is gone: stale markers of everything, synthetic series included; then forgets all.
  void EndAll(Timestamp timestamp, SampleBatch* batch);

  // The labels that lines lead to are made in another way now: lines must be read anew. Series and
  // their staleness are kept.
  void ForgetLines() { lines_.clear(); }

  std::size_t lines() const { return lines_.size(); }

 private:
  struct BytesHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view bytes) const;
  };
  template <typename T>
  using Table = std::unordered_map<std::string, T, BytesHash, std::equal_to<>>;
  struct Line {
    Series* series = nullptr;
    std::uint64_t page = 0;
  };
  struct Family {
    FamilyMetadata metadata;
    std::uint64_t page = 0;
    bool told = false;  // the store knows this version
  };

  Series* FindOrAddSeries(LabelsView labels);
  Family& FamilyOf(std::string_view name);
  void AddNewMetadata(SampleBatch* batch);
  // Drops what has not been seen for a while, sooner when it outweighs what has.
  void Sweep();
  void DropUnseenSince(std::uint64_t page);

  std::uint64_t page_ = 0;
  std::size_t lines_in_page_ = 0;
  std::size_t lines_in_good_page_ = 0;  // the last one
  Table<Line> lines_;
  Table<Series> series_;
  Table<Family> families_;
};

}  // namespace tocsin::scrape
