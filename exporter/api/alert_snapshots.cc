#include "exporter/api/alert_snapshots.h"

#include <utility>

namespace tocsin::api {
namespace {

constexpr Duration kMoment = std::chrono::milliseconds(200);
constexpr Duration kWhile = std::chrono::seconds(2);

}  // namespace

std::shared_ptr<const std::string> AlertSnapshots::Get(const StreamFilter& filter,
                                                       std::uint64_t sequence) {
  if (!filter.empty()) return std::make_shared<const std::string>(Write(filter));
  const std::chrono::nanoseconds now = clock_.Monotonic();
  {
    MutexLock lock(mu_);
    if (all_ != nullptr && sequence_ >= sequence && now - written_at_ <= kMoment) return all_;
  }
  auto written = std::make_shared<const std::string>(Write(filter));
  MutexLock lock(mu_);
  all_ = written;
  sequence_ = sequence;
  written_at_ = now;
  return written;
}

void AlertSnapshots::Forget() {
  std::shared_ptr<const std::string> forgotten;
  const std::chrono::nanoseconds now = clock_.Monotonic();
  MutexLock lock(mu_);
  if (now - written_at_ > kWhile) forgotten.swap(all_);
}

std::string AlertSnapshots::Write(const StreamFilter& filter) const {
  std::string list = "[";
  for (const AlertPtr& alert : book_.List({AlertState::kFiring})) {
    if (!filter.Selects(*alert)) continue;
    if (list.size() > 1) list.push_back(',');
    list += Dump(render_(*alert));
  }
  return list.append("]");
}

}  // namespace tocsin::api
