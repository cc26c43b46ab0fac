// AlertPictures: the last hour of an alert's series as a chart, for messages about it.
//
// Owned by the composition root; Draw is called by one thread at a time. Cairo is loaded for the
// first picture and stays; where it is missing, each picture asks anew, so that installing it needs
// no restart.
#pragma once

#include <optional>
#include <string>

#include "base/alert.h"
#include "base/cairo_library.h"
#include "base/clock.h"
#include "base/querier.h"
#include "base/result.h"

namespace tocsin::daemon {

class AlertPictures {
 public:
  // Both outlive the object.
  AlertPictures(const Querier& series, const Clock& clock) : series_(series), clock_(clock) {}

  // A PNG; empty for an alert that has no series: one that a sender has posted. Failures name no
  // alert.
  Result<std::string> Draw(const Alert& alert);

 private:
  Result<std::vector<Sample>> SamplesOf(const Alert& alert, Timestamp from, Timestamp to) const;

  const Querier& series_;
  const Clock& clock_;
  std::optional<CairoLibrary> cairo_;
};

}  // namespace tocsin::daemon
