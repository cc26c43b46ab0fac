// The Pushgateway's protocol: PUT, POST and DELETE of /metrics/job/<job>{/<label>/<value>}.
// https://github.com/prometheus/pushgateway#api
//
// Understands the path, the content codings and the text format; what a push means is PushStore's.
// Accepted changes are answered with an empty body, 200 or, to DELETE, 202 as clients expect;
// refused ones with one line of text/plain that says why. Handlers run on web workers, several at
// once.
#pragma once

#include <memory>
#include <vector>

#include "exporter/intake/intake.h"
#include "exporter/intake/push_store.h"

namespace tocsin::intake {

class PushIntake final : public Intake {
 public:
  // `store` outlives the intake; it is the daemon's, which also re-samples and shows it.
  PushIntake(const Context& context, PushStore& store);
  ~PushIntake() override;

  std::vector<http::Route> Routes() override;

 private:
  struct Metrics;

  http::Response Push(const http::Request& request, PushMode mode);
  http::Response Delete(const http::Request& request);

  PushStore& store_;
  const Admission admission_;
  const std::unique_ptr<const Metrics> metrics_;
};

}  // namespace tocsin::intake
