#include "receivers/alerts/alert_store.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/uuid.h"
#include "receivers/alerts/alert_row.h"
#include "receivers/alerts/posted_alert_event.h"

namespace tocsin::receivers {
namespace {

constexpr std::string_view kAlertnameLabel = "alertname";

}  // namespace

AlertStore::AlertStore(MetricRegistry& metrics, AlertStoreOptions options)
    : options_(options),
      limited_(CounterFamily(metrics, "alertmanager_alerts_limited_total",
                             "Alerts that were dropped because their alertname had too many.")),
      refused_(CounterFamily(metrics, "tocsin_alerts_refused_total",
                             "Posted alerts that were refused because too many are stored.")
                   .Add({})) {
  if (!options_.alertnames_in_metrics) limited_.Add({});
  GaugeFamily(metrics, "alertmanager_alerts_per_alert_limit",
              "How many alerts of one alertname are kept; 0: all.")
      .Add({})
      .Set(static_cast<double>(options_.per_alertname_limit));
}

Status AlertStore::Restore(StateStore& store, const Logger& log) {
  store_ = &store;
  const Result<std::vector<StateStore::Row>> rows = store.Scan(StateTable::kPostedAlerts);
  if (!rows) return Error{"reading the stored alerts: " + rows.message()};
  std::vector<PostedAlert> alerts;
  WriteBatch renamed;
  for (const auto& [key, value] : *rows) {
    Result<PostedAlert> alert = ParsePostedAlert(value);
    if (alert) {
      if (key != EpisodeId(*alert)) {  // as earlier versions named it
        renamed.Delete(StateTable::kPostedAlerts, key);
        renamed.Put(StateTable::kPostedAlerts, EpisodeId(*alert), SerializePostedAlert(*alert));
      }
      alerts.push_back(*std::move(alert));
    } else {
      log.Error("a stored alert cannot be read and is left as it is",
                {{"key", key}, {"err", alert.message()}});
    }
  }
  if (!renamed.empty()) store.Submit(std::move(renamed), [](const Status&) {});
  Join(std::move(alerts), /*record=*/false);
  return {};
}

Status AlertStore::Discard(StateStore& store) {
  const Result<std::vector<StateStore::Row>> rows = store.Scan(StateTable::kPostedAlerts);
  if (!rows) return Error{"reading the stored alerts: " + rows.message()};
  WriteBatch batch;
  for (const auto& [key, value] : *rows) batch.Delete(StateTable::kPostedAlerts, key);
  if (!batch.empty()) store.Submit(std::move(batch), [](const Status&) {});
  return {};
}

std::size_t AlertStore::TakeOutBeyondLimit(std::vector<PostedAlert>* alerts) const {
  if (options_.max_alerts == 0) return 0;
  std::vector<PostedAlert> taken;
  {
    MutexLock lock(mu_);
    std::size_t stored = alerts_.size();
    if (stored + alerts->size() <= options_.max_alerts) return 0;
    for (PostedAlert& alert : *alerts) {
      const bool is_known = alert.native != nullptr || alerts_.contains(alert.fingerprint);
      if (!is_known && ++stored > options_.max_alerts) continue;
      taken.push_back(std::move(alert));
    }
  }
  const std::size_t refused = alerts->size() - taken.size();
  alerts->swap(taken);
  refused_.Increment(static_cast<double>(refused));
  return refused;
}

std::vector<PostedAlertPtr> AlertStore::Put(std::vector<PostedAlert> alerts,
                                            const Committed& committed) {
  if (store_ == nullptr) {
    std::vector<PostedAlertPtr> stored = Join(std::move(alerts), /*record=*/false).stored;
    if (committed) committed();
    return stored;
  }
  MutexLock order(write_order_);
  Joined joined = Join(std::move(alerts), options_.record_events);
  WriteBatch batch;
  for (Event& event : joined.events) batch.Record(std::move(event));
  for (std::string& episode : joined.gone) {
    batch.Delete(StateTable::kPostedAlerts, std::move(episode));
  }
  for (const PostedAlertPtr& alert : joined.stored) {
    if (alert->native != nullptr) continue;
    batch.Put(StateTable::kPostedAlerts, EpisodeId(*alert), SerializePostedAlert(*alert));
  }
  if (!batch.empty()) {
    store_->Submit(std::move(batch), [committed](const Status&) {
      if (committed) committed();
    });
  } else if (committed) {
    committed();
  }
  return std::move(joined.stored);
}

AlertStore::Joined AlertStore::Join(std::vector<PostedAlert> alerts, bool record) {
  Joined joined;
  std::vector<PostedAlertPtr>& stored = joined.stored;
  stored.reserve(alerts.size());
  std::vector<std::string> limited;  // their names
  {
    MutexLock lock(mu_);
    for (PostedAlert& alert : alerts) {
      if (IsRecordedAsActive(alert)) first_end_ = std::min(first_end_, alert.ends_at);
      const auto known = alerts_.find(alert.fingerprint);
      if (known != alerts_.end()) {
        const PostedAlertPtr former = std::exchange(
            known->second, std::make_shared<const PostedAlert>(MergeAlerts(*known->second, alert)));
        stored.push_back(known->second);
        const bool is_replaced =
            former->native == nullptr &&
            (alert.native != nullptr || former->began_at != known->second->began_at);
        if (is_replaced) joined.gone.push_back(EpisodeId(*former));
        if (record) RecordEpisodes(former.get(), *known->second, &joined.events);
      } else if (TakePlace(alert)) {
        const std::uint64_t fingerprint = alert.fingerprint;
        stored.push_back(std::make_shared<const PostedAlert>(std::move(alert)));
        alerts_.emplace(fingerprint, stored.back());
        if (record) RecordEpisodes(nullptr, *stored.back(), &joined.events);
      } else {
        limited.emplace_back(alert.labels.Get(kAlertnameLabel));
      }
    }
  }
  CountLimited(limited);
  return joined;
}

void AlertStore::CountLimited(const std::vector<std::string>& alertnames) {
  for (const std::string& name : alertnames) {
    prometheus::Labels labels;
    if (options_.alertnames_in_metrics) labels.emplace(kAlertnameLabel, name);
    limited_.Add(labels).Increment();
  }
}

bool AlertStore::TakePlace(const PostedAlert& alert) {
  if (options_.per_alertname_limit == 0) return true;
  std::size_t& of_name = by_alertname_[std::string(alert.labels.Get(kAlertnameLabel))];
  if (of_name >= options_.per_alertname_limit) return false;
  ++of_name;
  return true;
}

std::vector<PostedAlertPtr> AlertStore::All() const {
  MutexLock lock(mu_);
  std::vector<PostedAlertPtr> all;
  all.reserve(alerts_.size());
  for (const auto& [fingerprint, alert] : alerts_) all.push_back(alert);
  return all;
}

PostedAlertPtr AlertStore::Find(std::uint64_t fingerprint) const {
  MutexLock lock(mu_);
  const auto found = alerts_.find(fingerprint);
  return found == alerts_.end() ? nullptr : found->second;
}

PostedAlertPtr AlertStore::FindById(std::string_view id) const {
  if (const auto fingerprint = ParseHex64(id)) return Find(*fingerprint);
  const std::optional<NumberedUuid> parsed = ParseNumberedUuid(id);
  PostedAlertPtr alert = parsed ? Find(parsed->number) : nullptr;
  return alert != nullptr && EpisodeId(*alert) == id ? alert : nullptr;
}

std::size_t AlertStore::ForgetEndedBy(Timestamp t) {
  if (store_ == nullptr) return RemoveEndedBy(t).size();
  MutexLock order(write_order_);
  const std::vector<PostedAlertPtr> removed = RemoveEndedBy(t);
  WriteBatch batch;
  std::vector<Event> events;
  for (const PostedAlertPtr& alert : removed) {
    if (alert->native != nullptr) continue;
    batch.Delete(StateTable::kPostedAlerts, EpisodeId(*alert));
    if (options_.record_events) RecordForgotten(*alert, &events);
  }
  for (Event& event : events) batch.Record(std::move(event));
  if (!batch.empty()) store_->Submit(std::move(batch), [](const Status&) {});
  return removed.size();
}

void AlertStore::RecordEnds(Timestamp now) {
  if (store_ == nullptr || !options_.record_events) return;
  {
    MutexLock lock(mu_);
    if (now < first_end_) return;
  }
  MutexLock order(write_order_);
  std::vector<Event> events;
  WriteBatch batch;
  for (const PostedAlertPtr& alert : MarkEnded(now, &events)) {
    batch.Put(StateTable::kPostedAlerts, EpisodeId(*alert), SerializePostedAlert(*alert));
  }
  for (Event& event : events) batch.Record(std::move(event));
  if (!batch.empty()) store_->Submit(std::move(batch), [](const Status&) {});
}

std::vector<PostedAlertPtr> AlertStore::MarkEnded(Timestamp now, std::vector<Event>* events) {
  std::vector<PostedAlertPtr> marked;
  MutexLock lock(mu_);
  first_end_ = Timestamp::max();
  for (auto& [fingerprint, alert] : alerts_) {
    if (!IsRecordedAsActive(*alert)) continue;
    if (!alert->ResolvedAt(now)) {
      first_end_ = std::min(first_end_, alert->ends_at);
      continue;
    }
    PostedAlert ended = *alert;
    RecordEnd(&ended, events);
    alert = std::make_shared<const PostedAlert>(std::move(ended));
    marked.push_back(alert);
  }
  return marked;
}

std::vector<PostedAlertPtr> AlertStore::RecordedAsActive() const {
  std::vector<PostedAlertPtr> active;
  MutexLock order(write_order_);
  MutexLock lock(mu_);
  for (const auto& [fingerprint, alert] : alerts_) {
    if (IsRecordedAsActive(*alert)) active.push_back(alert);
  }
  return active;
}

std::vector<PostedAlertPtr> AlertStore::RemoveEndedBy(Timestamp t) {
  std::vector<PostedAlertPtr> removed;
  MutexLock lock(mu_);
  for (auto at = alerts_.begin(); at != alerts_.end();) {
    const PostedAlert& alert = *at->second;
    if (!alert.ResolvedAt(t)) {
      ++at;
      continue;
    }
    const auto of_name = by_alertname_.find(std::string(alert.labels.Get(kAlertnameLabel)));
    if (of_name != by_alertname_.end() && --of_name->second == 0) by_alertname_.erase(of_name);
    removed.push_back(at->second);
    at = alerts_.erase(at);
  }
  return removed;
}

std::size_t AlertStore::size() const {
  MutexLock lock(mu_);
  return alerts_.size();
}

}  // namespace tocsin::receivers
