#include "exporter/exposition/page.h"

#include <iterator>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/bytes.h"
#include "exporter/exposition/arrange.h"
#include "exporter/exposition/negotiation.h"
#include "exporter/exposition/writer.h"

namespace tocsin::exposition {
namespace {

// Smaller pages fit into a packet or two as they are.
constexpr std::size_t kWorthCompressing = 1400;
// A third of the default level's time, for a page that is a half larger
// (tests/bench/bench_exposition): the reader is mostly on the same host or network.
constexpr int kGzipLevel = 3;

// Lines of these types look alike: `name{labels} value`.
bool IsPlain(MetricType type) { return BoundaryLabel(type).empty(); }

// A family without a type says nothing that a plain type could contradict.
bool Agree(MetricType a, MetricType b) {
  const bool one_unknown = a == MetricType::kUnknown || b == MetricType::kUnknown;
  return a == b || (one_unknown && IsPlain(a) && IsPlain(b));
}

class Merger {
 public:
  void Add(Family family) {
    const auto [at, is_new] = by_name_.emplace(family.metadata.name, families_.size());
    if (is_new) {
      families_.push_back(std::move(family));
      return;
    }
    Family& first = families_[at->second];
    if (!Agree(first.metadata.type, family.metadata.type)) {
      conflicts_ += family.points.size();
      return;
    }
    if (first.metadata.help.empty()) first.metadata.help = std::move(family.metadata.help);
    first.points.insert(first.points.end(), std::make_move_iterator(family.points.begin()),
                        std::make_move_iterator(family.points.end()));
  }

  std::vector<Family> Take() {
    DropReservedNames();
    duplicates_ = Arrange(&families_);
    return std::move(families_);
  }

  void Report(const DropCallback& on_dropped) const {
    if (conflicts_ > 0) on_dropped(Dropped::kTypeConflict, conflicts_);
    if (duplicates_ > 0) on_dropped(Dropped::kDuplicate, duplicates_);
  }

 private:
  // A family x_count beside a histogram x would show lines that are taken for the histogram's.
  void DropReservedNames() {
    std::unordered_set<std::string> reserved;
    for (const Family& family : families_) {
      if (IsPlain(family.metadata.type)) continue;
      reserved.insert(family.metadata.name + "_sum");
      reserved.insert(family.metadata.name + "_count");
      if (family.metadata.type == MetricType::kHistogram) {
        reserved.insert(family.metadata.name + "_bucket");
      }
    }
    std::erase_if(families_, [&](const Family& family) {
      if (reserved.count(family.metadata.name) == 0) return false;
      conflicts_ += family.points.size();
      return true;
    });
  }

  std::vector<Family> families_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::size_t conflicts_ = 0;
  std::size_t duplicates_ = 0;
};

}  // namespace

std::string_view DroppedName(Dropped why) {
  return why == Dropped::kTypeConflict ? "type_conflict" : "duplicate";
}

std::vector<Family> MergeSources(const std::vector<FamilySource>& sources,
                                 const DropCallback& on_dropped) {
  Merger merger;
  for (const FamilySource& source : sources) {
    for (Family& family : source()) merger.Add(std::move(family));
  }
  std::vector<Family> families = merger.Take();
  merger.Report(on_dropped);
  return families;
}

http::Response RenderPage(const std::vector<FamilySource>& sources, const http::Request& request,
                          const DropCallback& on_dropped) {
  std::vector<Family> families = MergeSources(sources, on_dropped);
  const Negotiated negotiated = NegotiateFormat(request.Header("Accept"));
  http::Response response;
  response.content_type = negotiated.content_type;
  if (negotiated.format == Format::kOpenMetrics) {
    const std::size_t unfit = WriteOpenMetrics(std::move(families), &response.body);
    if (unfit > 0) on_dropped(Dropped::kTypeConflict, unfit);
  } else {
    WriteText(families, &response.body);
  }
  response.headers.emplace_back("Vary", "Accept, Accept-Encoding");
  if (response.body.size() >= kWorthCompressing && AcceptsGzip(request.Header("Accept-Encoding"))) {
    response.body = GzipCompress(response.body, kGzipLevel);
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  return response;
}

}  // namespace tocsin::exposition
