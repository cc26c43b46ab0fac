#include "receivers/trial/recording_clients.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "receivers/trial/picture_mask.h"

namespace tocsin::receivers {
namespace {

constexpr std::size_t kMaxShownBytes = 64 << 10;

std::string Shown(const std::string& text) {
  if (text.size() <= kMaxShownBytes) return text;
  return fmt::format("{}… ({} bytes in all)", TruncateUtf8(text, kMaxShownBytes), text.size());
}

using Headers = std::vector<std::pair<std::string, std::string>>;

Headers Shown(const Headers& headers, const SecretMask& mask) {
  Headers shown;
  for (const auto& [name, value] : headers) {
    shown.emplace_back(name, Shown(mask.HideHeader(name, value)));
  }
  return shown;
}

}  // namespace

std::size_t TrialRecord::Add(TrialExchange exchange) {
  MutexLock lock(mu_);
  exchanges_.push_back(std::move(exchange));
  return exchanges_.size() - 1;
}

void TrialRecord::Update(std::size_t number, const std::function<void(TrialExchange&)>& update) {
  MutexLock lock(mu_);
  update(exchanges_.at(number));
}

std::vector<TrialExchange> TrialRecord::exchanges() const {
  MutexLock lock(mu_);
  return exchanges_;
}

void RecordingHttpClient::Send(HttpClientRequest request, Done done) {
  const SecretMask& mask = record_->mask();
  const bool is_token = mask.IsTokenUrl(request.url);
  if (is_token && http_ == nullptr) {
    // The request that wants the token is the one to show.
    HttpClientResult token;
    token.response = HttpClientResponse{
        200, {{"content-type", "application/json"}}, R"({"access_token":"rendered"})"};
    return done(std::move(token));
  }
  TrialExchange exchange;
  exchange.request = fmt::format("{} {}", request.method, Shown(mask.HideUrl(request.url)));
  exchange.headers = Shown(request.headers, mask);
  const bool is_secret = is_token || request.carries_credentials;
  if (!is_secret) exchange.body = Shown(mask.Hide(HidePictures(request.body)));
  const std::size_t number = record_->Add(std::move(exchange));
  if (http_ == nullptr) {
    HttpClientResult nothing;
    nothing.failure.message = "not sent: only rendered";
    return done(std::move(nothing));
  }
  http_->Send(std::move(request), [record = record_, number, is_secret,
                                   done = std::move(done)](HttpClientResult result) {
    record->Update(number, [&](TrialExchange& shown) {
      shown.phases = result.phases;
      shown.elapsed = result.elapsed;
      shown.failure = record->mask().Hide(result.failure.message);
      if (!result.response) return;
      shown.status = result.response->status;
      shown.answer_headers = Shown(result.response->headers, record->mask());
      if (!is_secret) shown.answer = Shown(record->mask().Hide(result.response->body));
    });
    done(std::move(result));
  });
}

void RecordingHttpClient::Cancel(const void* owner) {
  if (http_ != nullptr) http_->Cancel(owner);
}

void RecordingMailClient::Send(MailRequest request, Done done) {
  const SecretMask& mask = record_->mask();
  TrialExchange exchange;
  exchange.request = fmt::format("MAIL {}:{} from {} to {}", request.host, request.port,
                                 request.from, fmt::join(request.to, ", "));
  exchange.body = Shown(mask.Hide(HidePictures(request.message)));
  const std::size_t number = record_->Add(std::move(exchange));
  if (mail_ == nullptr) {
    MailResult nothing;
    nothing.message = "not sent: only rendered";
    return done(std::move(nothing));
  }
  mail_->Send(std::move(request),
              [record = record_, number, done = std::move(done)](const MailResult& result) {
                record->Update(number, [&](TrialExchange& shown) {
                  shown.phases = result.phases;
                  shown.elapsed = result.elapsed;
                  shown.failure = record->mask().Hide(result.message);
                  shown.status = result.reply;
                  if (!result.accepted) return;
                  shown.answer = "taken";
                  for (const RefusedRecipient& refused : result.refused) {
                    shown.answer += fmt::format(", but not for {}: {}", refused.address,
                                                Shown(record->mask().Hide(refused.reply)));
                  }
                });
                done(result);
              });
}

void RecordingMailClient::Cancel(const void* owner) {
  if (mail_ != nullptr) mail_->Cancel(owner);
}

}  // namespace tocsin::receivers
