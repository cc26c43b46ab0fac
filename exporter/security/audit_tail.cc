#include "exporter/security/audit_tail.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tocsin::security {

Result<AuditTail> AuditTail::Read(const StateStore& store) {
  const std::string head_key(kAuditHead);
  const Result<std::vector<StateStore::Row>> heads =
      store.ScanPart(StateTable::kAudit, {head_key, head_key + '\0', 1, false});
  if (!heads) return heads.error();
  const Result<std::vector<StateStore::Row>> newest =
      store.ScanPart(StateTable::kAudit, {"", head_key, 1, true});
  if (!newest) return newest.error();
  AuditTail tail;
  tail.is_new_ = heads->empty() && newest->empty();
  // As AuditLog does, so that what happened to the chain stays visible.
  if (!newest->empty()) {
    if (const std::optional<ReadEntry> last = ReadAuditEntry(newest->front().second)) {
      tail.head_ = {last->number, last->hash};
    }
  }
  if (!heads->empty()) {
    const std::optional<AuditHead> head = ReadHeadRow(heads->front().second);
    if (head && head->number >= tail.head_.number) tail.head_ = *head;
  }
  return tail;
}

void AuditTail::Append(Timestamp at, const AuditRecord& record, WriteBatch* batch) {
  if (std::exchange(is_new_, false)) {
    AuditRecord begin;
    begin.action = "audit.begin";
    begin.outcome = "done";
    Seal(at, begin, batch);
  }
  Seal(at, record, batch);
}

void AuditTail::Seal(Timestamp at, const AuditRecord& record, WriteBatch* batch) {
  const std::uint64_t number = head_.number + 1;
  SealedEntry sealed = SealEntry(number, at, head_.hash, record);
  head_ = {number, std::move(sealed.hash)};
  batch->Put(StateTable::kAudit, AuditKey(number), std::move(sealed.row));
  batch->Put(StateTable::kAudit, std::string(kAuditHead), HeadRow(head_));
}

}  // namespace tocsin::security
