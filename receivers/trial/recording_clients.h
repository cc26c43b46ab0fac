// Clients that keep what passes through them. Where nothing is to leave they answer themselves, so
// that a channel shows the request it would send.
#pragma once

#include <memory>
#include <vector>

#include "base/http_client.h"
#include "base/mail_client.h"
#include "base/mutex.h"
#include "receivers/trial/secret_mask.h"
#include "receivers/trial/trial.h"

namespace tocsin::receivers {

// Any thread.
class TrialRecord {
 public:
  explicit TrialRecord(SecretMask mask) : mask_(std::move(mask)) {}

  const SecretMask& mask() const { return mask_; }
  // The number of the exchange, for Answered.
  std::size_t Add(TrialExchange exchange) EXCLUDES(mu_);
  void Update(std::size_t number, const std::function<void(TrialExchange&)>& update) EXCLUDES(mu_);
  std::vector<TrialExchange> exchanges() const EXCLUDES(mu_);

 private:
  const SecretMask mask_;
  mutable Mutex mu_;
  std::vector<TrialExchange> exchanges_ GUARDED_BY(mu_);
};

class RecordingHttpClient final : public HttpClient {
 public:
  // Without `http` nothing is sent.
  RecordingHttpClient(HttpClient* http, std::shared_ptr<TrialRecord> record)
      : http_(http), record_(std::move(record)) {}

  void Send(HttpClientRequest request, Done done) override;
  void Cancel(const void* owner) override;

 private:
  HttpClient* const http_;
  const std::shared_ptr<TrialRecord> record_;
};

class RecordingMailClient final : public MailClient {
 public:
  RecordingMailClient(MailClient* mail, std::shared_ptr<TrialRecord> record)
      : mail_(mail), record_(std::move(record)) {}

  void Send(MailRequest request, Done done) override;
  void Cancel(const void* owner) override;

 private:
  MailClient* const mail_;
  const std::shared_ptr<TrialRecord> record_;
};

}  // namespace tocsin::receivers
