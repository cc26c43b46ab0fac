#include "receivers/channels/configured_http.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/url_user_info.h"
#include "receivers/channels/sent_secrets.h"

namespace tocsin::receivers {
namespace {

HttpClientResult NotSent(const Error& error) {
  HttpClientResult result;
  result.failure.message = error.message;
  return result;
}

void SetAuthorization(const std::string& value, HttpClientRequest* request) {
  std::erase_if(request->headers,
                [](const auto& header) { return EqualsIgnoreCase(header.first, "authorization"); });
  request->headers.emplace_back("Authorization", value);
}

}  // namespace

ConfiguredHttp::ConfiguredHttp(const config::HttpConfig& settings, TransportSettings transport,
                               std::shared_ptr<OAuth2Tokens> tokens, const ChannelContext& context)
    : headers_(settings),
      transport_(std::move(transport)),
      follow_redirects_(settings.follow_redirects),
      tokens_(std::move(tokens)),
      http_(context.http),
      clock_(context.clock),
      metrics_(TransferMetrics::Protocol::kHttp, context.metrics) {}

Result<std::unique_ptr<ConfiguredHttp>> ConfiguredHttp::Make(
    const config::HttpConfig& settings, const ChannelContext& context,
    const config::Environment& environment) {
  Result<TransportSettings> transport = TransportSettings::Make(
      settings.tls, settings.proxy, settings.enable_http2, context.egress, environment);
  if (!transport) return transport.error();
  std::shared_ptr<OAuth2Tokens> tokens;
  if (settings.oauth2) {
    Result<std::shared_ptr<OAuth2Tokens>> made = OAuth2Tokens::Make(
        *settings.oauth2, context.http, context.clock, context.egress, environment);
    if (!made) return made.error();
    tokens = *std::move(made);
  }
  return std::unique_ptr<ConfiguredHttp>(
      new ConfiguredHttp(settings, *std::move(transport), std::move(tokens), context));
}

void ConfiguredHttp::Send(HttpClientRequest request, HttpClient::Done done) const {
  if (const Status status = Complete(&request); !status) return done(NotSent(status.error()));
  HttpClient::Done measured = [this, done = std::move(done)](HttpClientResult result) {
    metrics_.Observe(result.phases, result.response.has_value());
    done(std::move(result));
  };
  if (!tokens_) return SendComplete(std::move(request), std::move(measured));
  SendWithToken(std::move(request), std::move(measured));
}

// Whoever reads the answer quotes it, and knows but some of the secrets.
void ConfiguredHttp::SendComplete(HttpClientRequest request, HttpClient::Done done) const {
  std::vector<std::string> secrets = SecretsIn(request);
  http_.Send(std::move(request),
             [secrets = std::move(secrets), done = std::move(done)](HttpClientResult result) {
               if (result.response) StrikeOut(secrets, &result.response->body);
               done(std::move(result));
             });
}

// What stands in the URL wins over basic_auth and authorization, as with Go's client.
Status ConfiguredHttp::Complete(HttpClientRequest* request) const {
  if (const std::optional<UrlUserInfo> info = TakeUserInfo(&request->url)) {
    SetAuthorization(BasicAuthorization(info->user, info->password.Reveal()), request);
  }
  if (Status status = CheckUrl(request->url); !status) return status;
  if (Status added = headers_.AddTo(request); !added) return added;
  Result<std::shared_ptr<const HttpTransport>> transport = transport_.For(request->url);
  if (!transport) return transport.error();
  request->transport = *std::move(transport);
  request->follow_redirects = follow_redirects_;
  request->cut_response = true;
  request->owner = this;
  return {};
}

// A token that the receiver refuses is not tried again: the answer stands, the next message gets a
// new one.
void ConfiguredHttp::SendWithToken(HttpClientRequest request, HttpClient::Done done) const {
  const Duration timeout = request.timeout;
  const std::chrono::nanoseconds began = clock_.Monotonic();
  tokens_->Get(timeout, [this, began, request = std::move(request),
                         done = std::move(done)](const Result<Secret>& token) mutable {
    if (!token) return done(NotSent(token.error()));
    SetAuthorization(token->Reveal(), &request);
    const auto waited = std::chrono::duration_cast<Duration>(clock_.Monotonic() - began);
    request.timeout = std::max(request.timeout - waited, Duration(1));
    SendComplete(std::move(request), [tokens = tokens_, token = *token,
                                      done = std::move(done)](HttpClientResult result) {
      if (result.response && result.response->status == 401) tokens->Forget(token);
      done(std::move(result));
    });
  });
}

}  // namespace tocsin::receivers
