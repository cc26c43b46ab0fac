// ReceiverBook: the receivers of the API, encrypted in the state store, on their way into force.
//
// As with rules (rule_book.h), everything happens on the main thread, in one order with reloads;
// web workers ask for it by the MainQueue, and wait until it is durable too. A receiver is built
// with all the others before it is written: what cannot work never gets into the store.
//
// When the first of the keys changes, all rows are sealed anew from what is known here, in one
// batch: so keys are changed while the daemon runs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/state_store.h"
#include "config/settings.h"
#include "exporter/api/receiver_body.h"
#include "exporter/api/receivers_api.h"
#include "exporter/daemon/main_queue.h"
#include "exporter/security/key_source.h"
#include "exporter/security/receiver_row.h"

namespace tocsin::daemon {

class ReceiverBook {
 public:
  using Receivers = std::vector<config::ReceiverSettings>;

  // What the rest of the daemon does for the book; the main thread.
  struct House {
    // The configuration of the files.
    std::function<const config::Settings&()> of_files;
    // All that may fail of putting these receivers in force; what it gives does the rest.
    std::function<Result<std::function<void()>>(const Receivers& of_api)> prepare;
    // The names of the rules that name a receiver.
    std::function<std::vector<std::string>(const std::string& receiver)> rules_naming;
    // Hears that so many receivers are encrypted with another key than before, by its id.
    std::function<void(const std::string& key_id, std::size_t receivers)> sealed_anew = {};
  };

  // Everything outlives the object.
  ReceiverBook(StateStore& store, MainQueue& queue, const Clock& clock, security::KeySource& source,
               House house, const Logger& log, MetricRegistry& metrics);

  // Before all else: reads the keys, makes one where there is neither a key nor anything that was
  // encrypted, and reads what an earlier process left. Fails, naming the receivers, where one of
  // them does not open: whoever goes on would lose it.
  Status Restore();

  // The main thread.
  Receivers receivers() const;
  // Those of a configuration in force, with what only the book knows of its own.
  api::ReceiverList List(const config::Settings& in_force) const;
  // Takes the keys anew if their file has changed; a file that cannot be read changes nothing.
  void RefreshKeys();

  // Any thread but the main one. The book must outlive them.
  api::ReceiverCommands Commands();

 private:
  struct Managed {
    security::ReceiverRow row;
    config::ReceiverSettings settings;
    std::vector<std::string> warnings;
  };
  struct Asked;

  static Error WithoutKey(const Error& why, const std::vector<StateStore::Row>& rows);
  Status MakeKeyIfNew(bool has_rows);
  Status OpenAll(const std::vector<StateStore::Row>& rows);
  Status Open(const StateStore::Row& row);
  void SealAnew();
  void UseKeys(security::EncryptionKeys keys);

  void Create(const nlohmann::json& body, const std::string& actor, const std::string& creation_id,
              Asked* asked);
  void Update(const std::string& name, const nlohmann::json& body, const std::string& actor,
              Asked* asked);
  void Remove(const std::string& name, const std::string& actor, Asked* asked);
  api::ReceiverOutcome Run(const std::function<void(Asked*)>& command);

  // Where a receiver of this name is defined beside the API; empty: nowhere.
  std::string TakenBy(const std::string& name) const;
  // The conflict of a new receiver of this name; empty: there is none.
  std::string WhyNotNew(const std::string& name) const;
  const Managed* MadeBy(const std::string& creation_id) const;
  // Both leave an outcome where they fail.
  std::optional<api::ReceiverBody> Read(const nlohmann::json& body, const nlohmann::json* before,
                                        Asked* asked) const;
  std::optional<std::function<void()>> Prepare(const config::ReceiverSettings* changed,
                                               const Receivers& all, Asked* asked) const;
  Receivers With(const config::ReceiverSettings& changed) const;
  void Put(Managed managed, const char* change, const std::string& actor, Asked* asked);

  api::ListedReceiver Listed(const Managed& managed) const;
  Event EventOf(const char* change, const Managed& managed, const std::string& actor) const;
  void Count(const char* change);

  StateStore& store_;
  MainQueue& queue_;
  const Clock& clock_;
  security::KeySource& source_;
  const House house_;
  const Logger log_;
  prometheus::Family<prometheus::Counter>& changes_;
  prometheus::Gauge& count_;

  // the main thread only
  std::optional<security::SecretBox> box_;
  std::map<std::string, Managed> by_name_;
  std::map<std::string, security::ReceiverRow> left_out_;  // by name: not understood
};

}  // namespace tocsin::daemon
