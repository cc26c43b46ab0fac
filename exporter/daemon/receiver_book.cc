#include "exporter/daemon/receiver_book.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sodium/core.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

#include "base/check.h"
#include "base/json_library.h"
#include "base/json_row.h"
#include "base/text.h"
#include "exporter/api/faults.h"

namespace tocsin::daemon {
namespace {

using api::Json;
using api::ReceiverOutcome;

// A bound for those who make receivers by mistake; files may hold any number.
constexpr std::size_t kMostReceivers = 1'000;
// A change waits for one commit; this only bounds a disk that hangs.
constexpr std::chrono::seconds kPatience(10);
constexpr const char* kChanges[] = {"created", "changed", "deleted"};

std::string QuotedNames(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const std::string& name : names) quoted.push_back(QuoteForMessage(name));
  return fmt::format("{}", fmt::join(quoted, ", "));
}

}  // namespace

// What the main thread leaves for the worker that waits.
struct ReceiverBook::Asked {
  ReceiverOutcome outcome;
  // None where nothing was written. Shared with the store: the worker may have given up.
  std::shared_ptr<std::promise<Status>> committed;

  StateStore::Committed Committed() {
    committed = std::make_shared<std::promise<Status>>();
    return [promise = committed](const Status& status) { promise->set_value(status); };
  }
};

ReceiverBook::ReceiverBook(StateStore& store, MainQueue& queue, const Clock& clock,
                           security::KeySource& source, House house, const Logger& log,
                           MetricRegistry& metrics)
    : store_(store),
      queue_(queue),
      clock_(clock),
      source_(source),
      house_(std::move(house)),
      log_(log),
      changes_(CounterFamily(metrics, "tocsin_receiver_changes_total",
                             "Receivers that were created, changed or deleted over the API.")),
      count_(GaugeFamily(metrics, "tocsin_api_receivers",
                         "Receivers that were made over the API and are kept in the database.")
                 .Add({})) {
  CHECK(sodium_init() >= 0);
  for (const char* change : kChanges) changes_.Add({{"change", change}});
}

// ---- start

Status ReceiverBook::Restore() {
  const Result<std::vector<StateStore::Row>> rows = store_.Scan(StateTable::kManagedReceivers);
  if (!rows) return rows.error();
  if (Status made = MakeKeyIfNew(!rows->empty()); !made) return made;
  Result<security::EncryptionKeys> keys = source_.Read();
  if (!keys) return rows->empty() ? keys.error() : WithoutKey(keys.error(), *rows);
  box_.emplace(*std::move(keys));
  if (Status opened = OpenAll(*rows); !opened) return opened;
  count_.Set(static_cast<double>(by_name_.size()));
  const bool is_current = std::all_of(rows->begin(), rows->end(), [this](const auto& row) {
    return security::IsSealedNow(row.second, *box_);
  });
  if (!is_current) SealAnew();
  return {};
}

Error ReceiverBook::WithoutKey(const Error& why, const std::vector<StateStore::Row>& rows) {
  std::vector<std::string> names;
  for (const auto& [name, row] : rows) names.push_back(name);
  return Error{
      fmt::format("{}. The database holds receivers that are encrypted ({}): put the key "
                  "back, or give it in TOCSIN_ENCRYPTION_KEY; or let go of them with "
                  "`tocsin secrets discard`",
                  why.message, QuotedNames(names))};
}

// A new key where something was encrypted would hide that the old one is gone.
Status ReceiverBook::MakeKeyIfNew(bool has_rows) {
  if (!source_.is_own() || source_.exists() || has_rows) return {};
  if (Status written = source_.Write({security::EncryptionKey::Make()}); !written) return written;
  log_.Warn(
      "made a key for the secrets in the database; it lies beside what it protects: keep it "
      "elsewhere, named by TOCSIN_ENCRYPTION_KEY_FILE or tocsin.security.encryption_key_file",
      {{"file", source_.name()}});
  return {};
}

Status ReceiverBook::OpenAll(const std::vector<StateStore::Row>& rows) {
  std::vector<std::string> closed;
  for (const StateStore::Row& row : rows) {
    if (Status opened = Open(row); !opened) closed.push_back(opened.message());
  }
  if (closed.empty()) return {};
  return Error{
      fmt::format("cannot open what is encrypted in the database with the key of {}: {}. "
                  "Give the right key, beside this one or in its place; or let go of "
                  "these receivers with `tocsin secrets discard`",
                  source_.name(), fmt::join(closed, "; "))};
}

Status ReceiverBook::Open(const StateStore::Row& stored) {
  Result<security::ReceiverRow> row = security::OpenReceiverRow(stored.first, stored.second, *box_);
  if (!row) return row.error();
  Json faults = Json::array();
  std::optional<api::ReceiverBody> body =
      api::ReadReceiverBody(ParseJson(row->body.Reveal()), nullptr, &faults);
  if (!body) {
    // Of another version: its settings are kept, and wait for the program that understands them.
    log_.Error("a receiver made over the API is left out: its settings are not understood",
               {{"receiver", stored.first}, {"faults", api::Dump(faults)}});
    left_out_[stored.first] = *std::move(row);
    return {};
  }
  by_name_[stored.first] = {*std::move(row), std::move(body->settings), std::move(body->warnings)};
  return {};
}

// ---- keys

void ReceiverBook::RefreshKeys() {
  if (!source_.HasChanged()) return;
  Result<security::EncryptionKeys> keys = source_.Read();
  if (!keys) {
    log_.Warn("the encryption keys cannot be read anew: those known so far go on",
              {{"err", keys.message()}});
    return;
  }
  UseKeys(*std::move(keys));
}

void ReceiverBook::UseKeys(security::EncryptionKeys keys) {
  const bool is_another = keys.front()->id() != box_->keys().front()->id();
  box_.emplace(std::move(keys));
  if (is_another) SealAnew();
}

void ReceiverBook::SealAnew() {
  WriteBatch batch;
  for (const auto& [name, managed] : by_name_) {
    batch.Put(StateTable::kManagedReceivers, name, security::SealReceiverRow(managed.row, *box_));
  }
  for (const auto& [name, row] : left_out_) {
    batch.Put(StateTable::kManagedReceivers, name, security::SealReceiverRow(row, *box_));
  }
  log_.Info("secrets are encrypted with another key",
            {{"key", box_->keys().front()->id()}, {"receivers", by_name_.size()}});
  if (!batch.empty()) store_.Submit(std::move(batch), nullptr);
  if (house_.sealed_anew) {
    house_.sealed_anew(box_->keys().front()->id(), by_name_.size() + left_out_.size());
  }
}

// ---- views

ReceiverBook::Receivers ReceiverBook::receivers() const {
  Receivers all;
  for (const auto& [name, managed] : by_name_) all.push_back(managed.settings);
  return all;
}

api::ListedReceiver ReceiverBook::Listed(const Managed& managed) const {
  api::ListedReceiver listed = api::ListedFrom(managed.settings);
  listed.created_at = managed.row.created_at;
  listed.updated_at = managed.row.updated_at;
  listed.created_by = managed.row.created_by;
  listed.warnings = managed.warnings;
  return listed;
}

api::ReceiverList ReceiverBook::List(const config::Settings& in_force) const {
  api::ReceiverList list;
  for (const config::ReceiverSettings& receiver : in_force.receivers) {
    const auto own = by_name_.find(receiver.name);
    if (receiver.from_api && own != by_name_.end()) {
      list.push_back(Listed(own->second));
      continue;
    }
    list.push_back(api::ListedFrom(receiver));
    if (own == by_name_.end()) continue;
    list.back().warnings.push_back(
        "a receiver of this name was made over the API and has no effect; DELETE removes it");
  }
  if (in_force.alertmanager == nullptr) return list;
  for (const config::AlertmanagerReceiver& receiver : in_force.alertmanager->receivers) {
    const bool is_listed = std::any_of(list.begin(), list.end(), [&receiver](const auto& other) {
      return other.name == receiver.name;
    });
    if (!is_listed) list.push_back(api::ListedFrom(receiver));
  }
  return list;
}

std::string ReceiverBook::TakenBy(const std::string& name) const {
  const config::Settings& files = house_.of_files();
  for (const config::ReceiverSettings& receiver : files.receivers) {
    if (receiver.name == name) return receiver.source;
  }
  if (files.alertmanager == nullptr) return "";
  for (const config::AlertmanagerReceiver& receiver : files.alertmanager->receivers) {
    if (receiver.name == name) return receiver.place;
  }
  return "";
}

// ---- commands

api::ReceiverCommands ReceiverBook::Commands() {
  return {
      [this](const nlohmann::json& body, const std::string& actor, const std::string& creation_id) {
        return Run([&](Asked* asked) { Create(body, actor, creation_id, asked); });
      },
      [this](const std::string& name, const nlohmann::json& body, const std::string& actor) {
        return Run([&](Asked* asked) { Update(name, body, actor, asked); });
      },
      [this](const std::string& name, const std::string& actor) {
        return Run([&](Asked* asked) { Remove(name, actor, asked); });
      }};
}

ReceiverOutcome ReceiverBook::Run(const std::function<void(Asked*)>& command) {
  Asked asked;
  const Status ran = queue_.RunAndWait([&] {
    RefreshKeys();
    command(&asked);
  });
  if (!ran) return {ReceiverOutcome::Kind::kStopping};
  if (asked.committed == nullptr) return asked.outcome;
  std::future<Status> durable = asked.committed->get_future();
  const bool answered = durable.wait_for(kPatience) == std::future_status::ready;
  if (!answered || !durable.get().ok()) return {ReceiverOutcome::Kind::kUnconfirmed};
  return asked.outcome;
}

const ReceiverBook::Managed* ReceiverBook::MadeBy(const std::string& creation_id) const {
  if (creation_id.empty()) return nullptr;
  for (const auto& [name, managed] : by_name_) {
    if (managed.row.creation_id == creation_id) return &managed;
  }
  return nullptr;
}

std::optional<api::ReceiverBody> ReceiverBook::Read(const nlohmann::json& body,
                                                    const nlohmann::json* before,
                                                    Asked* asked) const {
  Json faults = Json::array();
  std::optional<api::ReceiverBody> read = api::ReadReceiverBody(body, before, &faults);
  if (read) api::CheckReceiver(read->settings, house_.of_files(), &faults);
  if (faults.empty()) return read;
  asked->outcome.kind = ReceiverOutcome::Kind::kFaulty;
  asked->outcome.faults = std::move(faults);
  return std::nullopt;
}

ReceiverBook::Receivers ReceiverBook::With(const config::ReceiverSettings& changed) const {
  Receivers all;
  for (const auto& [name, managed] : by_name_) {
    if (name != changed.name) all.push_back(managed.settings);
  }
  all.push_back(changed);
  return all;
}

std::optional<std::function<void()>> ReceiverBook::Prepare(const config::ReceiverSettings* changed,
                                                           const Receivers& all,
                                                           Asked* asked) const {
  Result<std::function<void()>> ready = house_.prepare(all);
  if (ready) return *std::move(ready);
  const std::string its_own = changed == nullptr ? ""
                                                 : fmt::format("{}: receiver {}: ", changed->source,
                                                               QuoteForMessage(changed->name));
  if (!its_own.empty() && ready.message().starts_with(its_own)) {
    asked->outcome.kind = ReceiverOutcome::Kind::kFaulty;
    asked->outcome.faults =
        Json::array({api::Fault({"body"}, ready.message().substr(its_own.size()), "value_error")});
    return std::nullopt;
  }
  log_.Error("receivers cannot be put in force", {{"err", ready.message()}});
  asked->outcome.kind = ReceiverOutcome::Kind::kUnavailable;
  asked->outcome.detail =
      "Nothing has changed: another part of the configuration is not sound any more, see the log";
  return std::nullopt;
}

std::string ReceiverBook::WhyNotNew(const std::string& name) const {
  if (const std::string place = TakenBy(name); !place.empty()) {
    return fmt::format("Receiver is defined in {}", place);
  }
  if (by_name_.contains(name)) {
    return fmt::format("There is a receiver {} already; PUT changes it", QuoteForMessage(name));
  }
  if (by_name_.size() < kMostReceivers) return "";
  return fmt::format(
      "There are {} receivers made over the API, which is the most; delete some, or write them "
      "into a file",
      kMostReceivers);
}

void ReceiverBook::Create(const nlohmann::json& body, const std::string& actor,
                          const std::string& creation_id, Asked* asked) {
  if (const Managed* made = MadeBy(creation_id)) {
    asked->outcome.after = Listed(*made);
    asked->outcome.repeated = true;
    return;
  }
  std::optional<api::ReceiverBody> read = Read(body, nullptr, asked);
  if (!read) return;
  if (std::string why = WhyNotNew(read->settings.name); !why.empty()) {
    asked->outcome = {ReceiverOutcome::Kind::kConflict, std::move(why)};
    return;
  }
  Managed managed;
  managed.row.name = read->settings.name;
  managed.row.body = Secret(WriteJson(read->text));
  managed.row.created_at = clock_.Now();
  managed.row.created_by = actor;
  managed.row.creation_id = creation_id;
  managed.settings = std::move(read->settings);
  managed.warnings = std::move(read->warnings);
  Put(std::move(managed), "created", actor, asked);
}

void ReceiverBook::Update(const std::string& name, const nlohmann::json& body,
                          const std::string& actor, Asked* asked) {
  if (const std::string taken_by = TakenBy(name); !taken_by.empty()) {
    asked->outcome = {ReceiverOutcome::Kind::kConflict,
                      fmt::format("Receiver is defined in {}", taken_by)};
    return;
  }
  const auto known = by_name_.find(name);
  if (known == by_name_.end()) {
    asked->outcome.kind = ReceiverOutcome::Kind::kNotFound;
    return;
  }
  nlohmann::json named = body;
  if (!named.contains("name")) named["name"] = name;
  if (named["name"] != name) {
    asked->outcome.kind = ReceiverOutcome::Kind::kFaulty;
    asked->outcome.faults = Json::array(
        {api::Fault({"body", "name"}, "a receiver keeps its name, since rules know it by that",
                    "value_error.const", {{"given", name}})});
    return;
  }
  const nlohmann::json before = ParseJson(known->second.row.body.Reveal());
  std::optional<api::ReceiverBody> read = Read(named, &before, asked);
  if (!read) return;
  Managed managed;
  managed.row = known->second.row;
  managed.row.body = Secret(WriteJson(read->text));
  managed.settings = std::move(read->settings);
  managed.warnings = std::move(read->warnings);
  asked->outcome.before = Listed(known->second);
  Put(std::move(managed), "changed", actor, asked);
}

void ReceiverBook::Put(Managed managed, const char* change, const std::string& actor,
                       Asked* asked) {
  const std::optional<std::function<void()>> put_in_force =
      Prepare(&managed.settings, With(managed.settings), asked);
  if (!put_in_force) return;
  managed.row.updated_at = clock_.Now();
  WriteBatch batch;
  batch.Put(StateTable::kManagedReceivers, managed.row.name,
            security::SealReceiverRow(managed.row, *box_));
  batch.Record(EventOf(change, managed, actor));
  asked->outcome.after = Listed(managed);
  log_.Info("receiver put in force", {{"receiver", managed.row.name}, {"by", actor}});
  const std::string name = managed.row.name;
  by_name_[name] = std::move(managed);
  left_out_.erase(name);
  store_.Submit(std::move(batch), asked->Committed());
  Count(change);
  (*put_in_force)();
}

void ReceiverBook::Remove(const std::string& name, const std::string& actor, Asked* asked) {
  const auto known = by_name_.find(name);
  const std::string taken_by = TakenBy(name);
  if (known == by_name_.end()) {
    asked->outcome.kind =
        taken_by.empty() ? ReceiverOutcome::Kind::kNotFound : ReceiverOutcome::Kind::kConflict;
    asked->outcome.detail = fmt::format("Receiver is defined in {}", taken_by);
    return;
  }
  // What a file defines too goes on without it.
  const std::vector<std::string> rules =
      taken_by.empty() ? house_.rules_naming(name) : std::vector<std::string>();
  if (!rules.empty()) {
    asked->outcome = {
        ReceiverOutcome::Kind::kConflict,
        fmt::format("Receiver is named by the alert rules {}, which would tell nobody "
                    "without it; change them first",
                    QuotedNames(rules))};
    return;
  }
  Receivers rest = receivers();
  std::erase_if(rest, [&name](const auto& receiver) { return receiver.name == name; });
  const std::optional<std::function<void()>> put_in_force = Prepare(nullptr, rest, asked);
  if (!put_in_force) return;
  asked->outcome.before = Listed(known->second);
  WriteBatch batch;
  batch.Delete(StateTable::kManagedReceivers, name);
  batch.Record(EventOf("deleted", known->second, actor));
  by_name_.erase(known);
  store_.Submit(std::move(batch), asked->Committed());
  log_.Info("receiver deleted", {{"receiver", name}, {"by", actor}});
  Count("deleted");
  (*put_in_force)();
}

// ---- what is told of changes

Event ReceiverBook::EventOf(const char* change, const Managed& managed,
                            const std::string& actor) const {
  Event event;
  event.at = clock_.Now();
  event.type = fmt::format("receiver.{}", change);
  event.receiver = managed.row.name;
  event.body =
      JsonRow().Text("actor", actor).Json("receiver", api::Dump(Listed(managed).shown)).Finish();
  return event;
}

void ReceiverBook::Count(const char* change) {
  changes_.Add({{"change", change}}).Increment();
  count_.Set(static_cast<double>(by_name_.size()));
}

}  // namespace tocsin::daemon
