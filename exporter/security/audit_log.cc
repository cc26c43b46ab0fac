#include "exporter/security/audit_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json_library.h"

namespace tocsin::security {
namespace {

constexpr std::string_view kBelowAll = ":";  // the character behind the digits
constexpr std::uint64_t kPruneAtOnce = 1'000;
constexpr std::string_view kOthers = "many addresses";

std::optional<Timestamp> TimeOf(std::string_view row) {
  const nlohmann::json entry = ParseJson(row);
  const auto at = entry.is_object() ? entry.find("at") : entry.end();
  if (!entry.is_object() || at == entry.end() || !at->is_string()) return std::nullopt;
  return ParseRfc3339(at->get<std::string>());
}

}  // namespace

AuditLog::AuditLog(StateStore& store, const Clock& clock, Logger log, MetricRegistry& metrics,
                   AuditLimits limits)
    : store_(store),
      clock_(clock),
      log_(std::move(log)),
      limits_(limits),
      entries_(CounterFamily(metrics, "tocsin_audit_entries_total", "Entries of the audit log.")
                   .Add({})) {}

Status AuditLog::Restore() {
  const auto read = [this](std::string from, std::string_view below, bool from_end) {
    return store_.ScanPart(StateTable::kAudit, {std::move(from), std::string(below), 1, from_end});
  };
  const Result<std::vector<StateStore::Row>> newest = read("", kBelowAll, true);
  if (!newest) return newest.error();
  const Result<std::vector<StateStore::Row>> oldest = read("", kBelowAll, false);
  if (!oldest) return oldest.error();
  const Result<std::vector<StateStore::Row>> heads =
      read(std::string(kAuditHead), std::string(kAuditHead) + '\0', false);
  if (!heads) return heads.error();

  const std::optional<AuditHead> head =
      heads->empty() ? std::nullopt : ReadHeadRow(heads->front().second);
  const std::optional<ReadEntry> last =
      newest->empty() ? std::nullopt : ReadAuditEntry(newest->front().second);
  const std::optional<ReadEntry> first =
      oldest->empty() ? std::nullopt : ReadAuditEntry(oldest->front().second);
  const bool is_new = heads->empty() && newest->empty();
  MutexLock lock(order_);
  if (is_new) {
    AuditRecord begin;
    begin.action = "audit.begin";
    begin.outcome = "done";
    AppendIn(begin, {});
    return {};
  }
  // The chain goes on from what was written last, so that what happened to it meanwhile stays
  // visible for ever.
  if (last) head_ = {last->number, last->hash};
  if (head && head->number >= head_.number) head_ = *head;
  first_ = first ? first->number : head_.number + 1;
  if (!head || !last || head->number != last->number || head->hash != last->hash ||
      !last->is_sound) {
    log_.Error("the audit log was altered: see `tocsin audit verify`");
  }
  return {};
}

void AuditLog::AppendIn(const AuditRecord& record, WriteBatch batch) {
  const std::uint64_t number = head_.number + 1;
  SealedEntry sealed = SealEntry(number, clock_.Now(), head_.hash, record);
  head_ = {number, std::move(sealed.hash)};
  batch.Put(StateTable::kAudit, AuditKey(number), std::move(sealed.row));
  batch.Put(StateTable::kAudit, std::string(kAuditHead), HeadRow(head_));
  entries_.Increment();
  store_.Submit(std::move(batch), nullptr);
}

void AuditLog::Append(const AuditRecord& record) {
  MutexLock lock(order_);
  AppendIn(record, {});
}

void AuditLog::Refuse(const AuditRecord& record, std::string_view kind) {
  const Timestamp now = clock_.Now();
  std::string name = fmt::format("{} {}", record.from, kind);
  AuditRecord first = record;
  {
    MutexLock lock(mu_);
    if (windows_.size() >= limits_.refusal_windows && !windows_.contains(name)) {
      first.from = kOthers;
      name = kOthers;
    }
    const auto [found, is_new] = windows_.try_emplace(std::move(name));
    Window& window = found->second;
    if (!is_new) {
      ++window.count;
      window.last = std::move(first);
      return;
    }
    window.since = now;
  }
  Append(first);
}

void AuditLog::CloseWindows(const std::optional<Timestamp>& now) {
  std::vector<AuditRecord> counted;
  {
    MutexLock lock(mu_);
    for (auto window = windows_.begin(); window != windows_.end();) {
      if (now && *now - window->second.since < limits_.refusal_window) {
        ++window;
        continue;
      }
      if (window->second.count > 0) {
        counted.push_back(std::move(window->second.last));
        counted.back().count = window->second.count;
      }
      window = windows_.erase(window);
    }
  }
  for (const AuditRecord& record : counted) Append(record);
}

void AuditLog::Tend(Timestamp now) {
  CloseWindows(now);
  while (const std::optional<std::uint64_t> through = NextToPrune(now)) PruneThrough(*through);
}

void AuditLog::Close() { CloseWindows(std::nullopt); }

std::optional<std::uint64_t> AuditLog::NextToPrune(Timestamp now) const {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  {
    MutexLock lock(order_);
    first = first_;
    last = head_.number;
  }
  if (last < first) return std::nullopt;
  const std::uint64_t at_once = std::min(last, first + kPruneAtOnce - 1);
  // A tenth more than wanted, lest every entry prunes one.
  if (last - first + 1 > limits_.most_entries + limits_.most_entries / 10) {
    return std::min(at_once, last - limits_.most_entries);
  }
  const Result<std::vector<StateStore::Row>> rows =
      store_.ScanPart(StateTable::kAudit, {AuditKey(first), AuditKey(at_once + 1), 1, false});
  if (!rows || rows->empty()) return std::nullopt;
  const std::optional<Timestamp> oldest = TimeOf(rows->front().second);
  if (!oldest || now - *oldest <= limits_.longest) return std::nullopt;
  const Result<std::vector<StateStore::Row>> old = store_.ScanPart(
      StateTable::kAudit, {AuditKey(first), AuditKey(at_once + 1), kPruneAtOnce, false});
  if (!old) return std::nullopt;
  std::uint64_t through = first;
  for (const StateStore::Row& row : *old) {
    const std::optional<Timestamp> at = TimeOf(row.second);
    const std::optional<ReadEntry> entry = ReadAuditEntry(row.second);
    if (!at || !entry || now - *at <= limits_.longest) break;
    through = entry->number;
  }
  return through;
}

void AuditLog::PruneThrough(std::uint64_t through) {
  const Result<std::vector<StateStore::Row>> rows =
      store_.ScanPart(StateTable::kAudit, {AuditKey(through), AuditKey(through + 1), 1, false});
  const std::optional<ReadEntry> last =
      rows && !rows->empty() ? ReadAuditEntry(rows->front().second) : std::nullopt;
  AuditRecord note;
  note.action = kPruneAction;
  note.target = fmt::format("entries up to {}", through);
  note.after = PruneNote({through, last ? last->hash : NoAuditHash()});
  note.outcome = "done";
  MutexLock lock(order_);
  WriteBatch batch;
  for (std::uint64_t number = first_; number <= through; ++number) {
    batch.Delete(StateTable::kAudit, AuditKey(number));
  }
  first_ = through + 1;
  AppendIn(note, std::move(batch));
}

// The store keeps the order of what it is given.
void AuditLog::WhenWritten(StateStore::Committed written) const {
  store_.Submit({}, std::move(written));
}

Result<std::vector<std::string>> AuditLog::Newest(const std::optional<Timestamp>& since,
                                                  std::size_t limit) const {
  Result<std::vector<StateStore::Row>> rows =
      store_.ScanPart(StateTable::kAudit, {"", std::string(kBelowAll), limit, true});
  if (!rows) return rows.error();
  std::vector<std::string> entries;
  for (StateStore::Row& row : *rows) {
    const std::optional<Timestamp> at = since ? TimeOf(row.second) : std::nullopt;
    if (at && *at < *since) break;
    entries.push_back(std::move(row.second));
  }
  return entries;
}

}  // namespace tocsin::security
