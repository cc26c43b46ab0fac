// A series that CpuRule() watches, and the time at which tests look at it.
#pragma once

#include "base/labels.h"
#include "base/time.h"

namespace tocsin::evaluator {

inline const Timestamp kNow = FromUnixMillis(1'700'000'000'000);
inline const Labels kCpuSeries{{"__name__", "cpu"}, {"host", "a"}};

}  // namespace tocsin::evaluator
