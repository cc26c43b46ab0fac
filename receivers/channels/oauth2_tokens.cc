#include "receivers/channels/oauth2_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.h"
#include "base/url_user_info.h"
#include "receivers/channels/authorized_headers.h"

namespace tocsin::receivers {
namespace {

// https://pkg.go.dev/golang.org/x/oauth2: tokens are renewed so long before their end.
constexpr Duration kRenewBefore = std::chrono::seconds(10);
constexpr std::size_t kMaxTokenAnswerBytes = 256 << 10;
// All who wait have deadlines of their own; a server that hangs must not hold up the next ones.
constexpr Duration kLongestFetch = std::chrono::seconds(30);

void AppendParameter(std::string_view name, std::string_view value, std::string* body) {
  if (!body->empty()) body->push_back('&');
  *body += fmt::format("{}={}", PercentEncode(name), PercentEncode(value));
}

std::string Joined(const std::vector<std::string>& scopes) {
  return fmt::format("{}", fmt::join(scopes, " "));
}

}  // namespace

OAuth2Tokens::OAuth2Tokens(const config::OAuth2Config& settings, TransportSettings transport,
                           HttpClient& http, const Clock& clock)
    : settings_(settings), transport_(std::move(transport)), http_(http), clock_(clock) {}

Result<std::shared_ptr<OAuth2Tokens>> OAuth2Tokens::Make(const config::OAuth2Config& settings,
                                                         HttpClient& http, const Clock& clock,
                                                         std::shared_ptr<const EgressPolicy> egress,
                                                         const config::Environment& environment) {
  Result<TransportSettings> transport = TransportSettings::Make(
      settings.tls, settings.proxy, /*http2=*/false, std::move(egress), environment);
  if (!transport) return Error{fmt::format("oauth2: {}", transport.message())};
  return std::shared_ptr<OAuth2Tokens>(
      new OAuth2Tokens(settings, *std::move(transport), http, clock));
}

void OAuth2Tokens::Get(Duration timeout, const Waiter& waiter) {
  Result<std::string> secret = settings_.client_secret.Reveal();
  if (!settings_.client_secret_file.empty()) secret = ReadSecretFile(settings_.client_secret_file);
  if (!secret) return waiter(Error{fmt::format("oauth2: {}", secret.message())});
  Fetch fetch;
  fetch.client_secret = Secret(*std::move(secret));
  fetch.left = std::min(timeout, kLongestFetch);
  fetch.began = clock_.Monotonic();
  std::optional<Secret> usable;
  {
    MutexLock lock(mu_);
    usable = Usable(fetch.client_secret);
    if (!usable) {
      waiters_.push_back(waiter);
      if (std::exchange(is_fetching_, true)) return;
      fetch.style = style_.value_or(Style::kHeader);
      fetch.is_probe = !style_.has_value();
    }
  }
  if (usable) return waiter(*std::move(usable));
  Send(std::move(fetch));
}

std::optional<Secret> OAuth2Tokens::Usable(const Secret& client_secret) const {
  if (!kept_ || kept_->client_secret != client_secret) return std::nullopt;
  if (kept_->ends && clock_.Monotonic() >= *kept_->ends - kRenewBefore) return std::nullopt;
  return kept_->authorization;
}

void OAuth2Tokens::Forget(const Secret& authorization) {
  MutexLock lock(mu_);
  if (kept_ && kept_->authorization == authorization) kept_.reset();
}

std::string OAuth2Tokens::Body(const Fetch& fetch) const {
  std::map<std::string, std::string> parameters = {{"grant_type", "client_credentials"}};
  if (!settings_.scopes.empty()) parameters["scope"] = Joined(settings_.scopes);
  for (const auto& [name, value] : settings_.endpoint_params) parameters[name] = value;
  if (fetch.style == Style::kBody) {
    parameters["client_id"] = settings_.client_id;
    if (!fetch.client_secret.empty()) parameters["client_secret"] = fetch.client_secret.Reveal();
  }
  std::string body;
  for (const auto& [name, value] : parameters) AppendParameter(name, value, &body);
  return body;
}

// No redirect is followed: the body may hold the client's secret.
Result<HttpClientRequest> OAuth2Tokens::MakeRequest(const Fetch& fetch) const {
  HttpClientRequest request;
  request.method = "POST";
  request.url = settings_.token_url;
  request.max_response_bytes = kMaxTokenAnswerBytes;
  const std::optional<UrlUserInfo> info = TakeUserInfo(&request.url);
  Result<std::shared_ptr<const HttpTransport>> transport = transport_.For(request.url);
  if (!transport) return transport.error();
  request.transport = *std::move(transport);
  request.timeout = fetch.left;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  if (fetch.style == Style::kHeader) {
    request.headers.emplace_back("Authorization",
                                 BasicAuthorization(PercentEncode(settings_.client_id),
                                                    PercentEncode(fetch.client_secret.Reveal())));
  } else if (info) {
    request.headers.emplace_back("Authorization",
                                 BasicAuthorization(info->user, info->password.Reveal()));
  }
  request.body = Body(fetch);
  return request;
}

void OAuth2Tokens::Send(Fetch fetch) {
  Result<HttpClientRequest> request = MakeRequest(fetch);
  if (!request) return Tell(Error{fmt::format("oauth2: {}", request.message())});
  http_.Send(*std::move(request),
             [self = shared_from_this(), fetch = std::move(fetch)](const HttpClientResult& result) {
               self->OnAnswer(fetch, result);
             });
}

void OAuth2Tokens::OnAnswer(Fetch fetch, const HttpClientResult& result) {
  const auto fail = [this](std::string_view why) {
    Tell(Error{fmt::format("cannot fetch an OAuth 2 token: {}", why)});
  };
  if (!result.response) return fail(result.failure.message);
  const Result<OAuth2Token> token = ReadTokenAnswer(*result.response);
  if (token) {
    Keep(fetch, *token);
    return Tell(token->authorization);
  }
  fetch.left -= result.elapsed;
  if (fetch.is_probe && fetch.style == Style::kHeader && fetch.left > Duration(0)) {
    fetch.style = Style::kBody;
    return Send(std::move(fetch));
  }
  fail(fmt::format("{}: {}", RedactUrl(settings_.token_url), token.message()));
}

void OAuth2Tokens::Keep(const Fetch& fetch, const OAuth2Token& token) {
  Kept kept{fetch.client_secret, token.authorization, std::nullopt};
  if (token.lifetime) kept.ends = fetch.began + *token.lifetime;
  MutexLock lock(mu_);
  style_ = fetch.style;
  kept_ = std::move(kept);
}

void OAuth2Tokens::Tell(const Result<Secret>& authorization) {
  std::vector<Waiter> waiters;
  {
    MutexLock lock(mu_);
    waiters.swap(waiters_);
    is_fetching_ = false;
  }
  for (const Waiter& waiter : waiters) waiter(authorization);
}

}  // namespace tocsin::receivers
