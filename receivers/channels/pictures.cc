#include "receivers/channels/pictures.h"

#include <utility>

namespace tocsin::receivers {
namespace {

// Reasons name no alert, so there are a few; should they be many after all, they are told no more.
constexpr std::size_t kMaxReasons = 32;

prometheus::Family<prometheus::Counter>& Family(MetricRegistry& metrics) {
  return CounterFamily(metrics, "tocsin_pictures_total",
                       "Pictures that messages were to have: drawn, failed, or of alerts that have "
                       "no series.");
}

}  // namespace

Pictures::Pictures(PictureSource source, Executor& executor, const Clock& clock, Warn warn,
                   MetricRegistry& metrics)
    : source_(std::move(source)),
      executor_(executor),
      clock_(clock),
      warn_(std::move(warn)),
      drawn_(Family(metrics).Add({{"result", "drawn"}})),
      failed_(Family(metrics).Add({{"result", "failed"}})),
      none_(Family(metrics).Add({{"result", "none"}})) {}

void Pictures::Draw(const AlertPtr& alert, Duration patience, const Done& done) {
  const auto begin_by = clock_.Monotonic() + patience;
  const bool is_taken = executor_.TrySubmit([this, alert, begin_by, done] {
    if (clock_.Monotonic() <= begin_by) return done(Make(*alert));
    Failed("other pictures took all of the time");
    done(nullptr);
  });
  if (is_taken) return;
  Failed("too many pictures wait to be drawn");
  done(nullptr);
}

Pictures::Picture Pictures::Make(const Alert& alert) {
  Result<std::string> png = source_(alert);
  if (!png) {
    Failed(png.message());
    return nullptr;
  }
  if (png->empty()) {
    none_.Increment();
    return nullptr;
  }
  drawn_.Increment();
  return std::make_shared<const std::string>(*std::move(png));
}

void Pictures::Failed(const std::string& why) {
  failed_.Increment();
  {
    MutexLock lock(mu_);
    if (told_.size() >= kMaxReasons || !told_.insert(why).second) return;
  }
  warn_(why);
}

}  // namespace tocsin::receivers
