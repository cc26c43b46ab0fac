// Entries of the audit log for a command that changes the database while no daemon does: into the
// batch of the change itself. Beside a daemon the chain is the daemon's (audit_log.h).
#pragma once

#include "base/result.h"
#include "base/state_store.h"
#include "base/time.h"
#include "exporter/security/audit_chain.h"

namespace tocsin::security {

// A plain value; one thread.
class AuditTail {
 public:
  // Where the chain of that store goes on, or begins. REQUIRES, until the batch is written: nobody
  // else appends.
  static Result<AuditTail> Read(const StateStore& store);

  // What is put into a batch must be written before a later one.
  void Append(Timestamp at, const AuditRecord& record, WriteBatch* batch);

 private:
  void Seal(Timestamp at, const AuditRecord& record, WriteBatch* batch);

  AuditHead head_;
  bool is_new_ = false;
};

}  // namespace tocsin::security
