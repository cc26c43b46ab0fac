// The access tokens of one `oauth2` of an http_config: client credentials
// (https://www.rfc-editor.org/rfc/rfc6749#section-4.4), as golang.org/x/oauth2 asks for them.
//
// A token is kept until ten seconds before its end. Who asks while one is being fetched waits for
// that one. How the server wants the client's secret is found out once: in a header first, in the
// body if that is refused. Nothing here blocks but the reading of client_secret_file.
//
// Shared by its owner and the fetch under way. Synchronises itself; any thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/mutex.h"
#include "base/result.h"
#include "config/environment.h"
#include "config/http_config.h"
#include "receivers/channels/oauth2_answer.h"
#include "receivers/channels/transport_settings.h"

namespace tocsin::receivers {

class OAuth2Tokens : public std::enable_shared_from_this<OAuth2Tokens> {
 public:
  // Takes the value of the Authorization header, or why there is none, without secrets.
  using Waiter = std::function<void(const Result<Secret>&)>;

  // Fails as TransportSettings::Make. `http` and `clock` outlive it.
  static Result<std::shared_ptr<OAuth2Tokens>> Make(const config::OAuth2Config& settings,
                                                    HttpClient& http, const Clock& clock,
                                                    std::shared_ptr<const EgressPolicy> egress,
                                                    const config::Environment& environment);

  // `waiter` runs exactly once: at once, or on the HTTP client's thread.
  void Get(Duration timeout, const Waiter& waiter) EXCLUDES(mu_);

  // The receiver did not accept this one: the next to ask gets another.
  void Forget(const Secret& authorization) EXCLUDES(mu_);

 private:
  enum class Style : std::uint8_t { kHeader, kBody };
  struct Fetch {
    Secret client_secret;
    Style style = Style::kHeader;
    bool is_probe = false;  // the other style is worth a try
    Duration left{0};
    std::chrono::nanoseconds began{0};
  };
  struct Kept {
    Secret client_secret;
    Secret authorization;
    std::optional<std::chrono::nanoseconds> ends;  // on the monotonic clock
  };

  OAuth2Tokens(const config::OAuth2Config& settings, TransportSettings transport, HttpClient& http,
               const Clock& clock);

  std::optional<Secret> Usable(const Secret& client_secret) const REQUIRES_LOCK(mu_);
  Result<HttpClientRequest> MakeRequest(const Fetch& fetch) const;
  std::string Body(const Fetch& fetch) const;
  void Send(Fetch fetch);
  void OnAnswer(Fetch fetch, const HttpClientResult& result);
  void Keep(const Fetch& fetch, const OAuth2Token& token) EXCLUDES(mu_);
  void Tell(const Result<Secret>& authorization) EXCLUDES(mu_);

  const config::OAuth2Config settings_;
  const TransportSettings transport_;
  HttpClient& http_;
  const Clock& clock_;

  mutable Mutex mu_;
  std::optional<Kept> kept_ GUARDED_BY(mu_);
  std::optional<Style> style_ GUARDED_BY(mu_);  // once the server has accepted one
  std::vector<Waiter> waiters_ GUARDED_BY(mu_);
  bool is_fetching_ GUARDED_BY(mu_) = false;
};

}  // namespace tocsin::receivers
