// GET, POST, PUT and DELETE /receivers: the receivers there are, and those that are made, changed
// and deleted over the API. Served under /api/v1/alerting and /alerting, as /channels too. Admin's
// alone: whoever changes a receiver decides where its secrets are sent.
//
// Handlers run on web workers. A change is in force and durable when its answer is given.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/alertmanager_settings.h"
#include "config/settings.h"
#include "exporter/api/alerting_json.h"
#include "exporter/http/http.h"

namespace tocsin::api {

// A receiver as answers show it.
struct ListedReceiver {
  std::string name;
  std::string source;      // "api", "file", "environment", "built in"
  std::string defined_in;  // "tocsin.yml:12:5"; empty where the API is the place
  Json shown;              // an entry of tocsin.receivers, without secrets
  std::optional<Timestamp> created_at;
  std::optional<Timestamp> updated_at;
  std::string created_by;
  std::vector<std::string> warnings;
};
using ReceiverList = std::vector<ListedReceiver>;

// Of the configuration in force; what only the API knows is left open.
ListedReceiver ListedFrom(const config::ReceiverSettings& receiver);
// Of alertmanager.yml: its name, and what it reaches.
ListedReceiver ListedFrom(const config::AlertmanagerReceiver& receiver);

struct ReceiverOutcome {
  enum class Kind : std::uint8_t {
    kDone,
    kNotFound,
    kConflict,     // the detail says with what
    kFaulty,       // faults
    kUnavailable,  // nothing has changed; the detail says why
    kUnconfirmed,  // in force, but the state store has not confirmed it
    kStopping,     // nothing has changed: the daemon stops
  };
  Kind kind = Kind::kDone;
  std::string detail = {};
  Json faults = {};
  std::optional<ListedReceiver> before = {};
  std::optional<ListedReceiver> after = {};
  bool repeated = false;  // an earlier request had made it: nothing has changed
};

// Each waits until the change is in force and durable. Called on web workers.
struct ReceiverCommands {
  // One creation_id (http::Request) makes one receiver, however often it is asked for.
  std::function<ReceiverOutcome(const nlohmann::json& body, const std::string& actor,
                                const std::string& creation_id)>
      create;
  std::function<ReceiverOutcome(const std::string& name, const nlohmann::json& body,
                                const std::string& actor)>
      update;
  std::function<ReceiverOutcome(const std::string& name, const std::string& actor)> remove;
};

struct ReceiverSources {
  ReceiverCommands commands;
  std::function<std::shared_ptr<const ReceiverList>()> receivers;
};

class ReceiversApi {
 public:
  // A certificate authority's bundle may stand in it.
  static constexpr std::size_t kLongestBody = 256 << 10;

  explicit ReceiversApi(ReceiverSources sources) : sources_(std::move(sources)) {}

  // The object must outlive the routes.
  std::vector<http::Route> Routes();

 private:
  http::Response List() const;
  http::Response Show(const std::string& name) const;
  http::Response Create(const http::Request& request) const;
  http::Response Update(const http::Request& request) const;
  http::Response Remove(const http::Request& request) const;

  const ReceiverSources sources_;
};

}  // namespace tocsin::api
