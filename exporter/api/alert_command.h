// What people do to an alert, over HTTP or a WebSocket, as the audit log has it. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/alert.h"
#include "base/time.h"
#include "evaluator/lifecycle/lifecycle.h"
#include "exporter/api/known_alerts.h"
#include "exporter/http/http.h"

namespace tocsin::api {

struct CommandBody {
  static constexpr std::size_t kLongestActor = 255;   // characters
  static constexpr std::size_t kLongestNote = 4'000;  // characters

  std::string actor = "api";
  std::string note;
  std::optional<Duration> expires_in;
  std::optional<Duration> sticky;
};

// `action` is "alert.acknowledge", say; `alert` is as it was before, null where we have none.
http::Change ChangeOf(const char* action, const std::string& id, const AlertPtr& alert,
                      const CommandBody& body);

// The answer to whoever wants to resolve an alert that a sender has posted.
evaluator::CommandResult ResolvingPosted(const KnownAlert& posted);

}  // namespace tocsin::api
