// WebGuard: what a web configuration file asks of every answer of a listener: who may have one, and
// which headers it carries. Without valid credentials every path answers 401, those that do not
// exist as well.
//
// Any thread. Outlives the router that it guards.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "base/snapshot.h"
#include "config/web_file.h"
#include "exporter/http/basic_auth.h"
#include "exporter/http/http.h"

namespace tocsin::api {

class WebGuard {
 public:
  explicit WebGuard(std::shared_ptr<const config::WebFileSettings> settings)
      : settings_(std::move(settings)) {}

  // Before the server starts.
  void Guard(http::Router* router);
  // From the next request on.
  void Apply(std::shared_ptr<const config::WebFileSettings> settings) {
    settings_.Publish(std::move(settings));
  }
  bool asks_for_passwords() const { return !settings_.Get()->users.empty(); }

 private:
  std::optional<http::Response> Refuse(const http::Request& request);

  Snapshot<config::WebFileSettings> settings_;
  http::BasicAuth auth_;
};

}  // namespace tocsin::api
