// Sends requests as an http_config says: with its credentials and headers, through its proxy, with
// its certificates, with a token where it has `oauth2`. User name and password in a URL are sent as
// basic authorization. Every channel of alertmanager.yml that speaks HTTP has one.
//
// What is in files is read for each request, so that it can change without a reload; the files of
// tls_config are read when the configuration is loaded, too, and must be sound then. Owned by the
// channel; any thread.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/result.h"
#include "config/environment.h"
#include "config/http_config.h"
#include "receivers/channels/authorized_headers.h"
#include "receivers/channels/channel.h"
#include "receivers/channels/oauth2_tokens.h"
#include "receivers/channels/transfer_metrics.h"
#include "receivers/channels/transport_settings.h"

namespace tocsin::receivers {

class ConfiguredHttp {
 public:
  // What the context refers to outlives it.
  static Result<std::unique_ptr<ConfiguredHttp>> Make(
      const config::HttpConfig& settings, const ChannelContext& context,
      const config::Environment& environment = config::ProcessEnvironment());

  // As HttpClient::Send, but `done` may run before this returns: a file that cannot be read and a
  // token that cannot be had are failures like those of the network. The request's timeout is for
  // the token, too. An answer that is too long is cut. Lives until `done` runs.
  void Send(HttpClientRequest request, HttpClient::Done done) const;
  // Ends what is under way; of what waits for a token, nothing.
  void Cancel() const { http_.Cancel(this); }

 private:
  ConfiguredHttp(const config::HttpConfig& settings, TransportSettings transport,
                 std::shared_ptr<OAuth2Tokens> tokens, const ChannelContext& context);

  Status Complete(HttpClientRequest* request) const;
  void SendComplete(HttpClientRequest request, HttpClient::Done done) const;
  void SendWithToken(HttpClientRequest request, HttpClient::Done done) const;

  const AuthorizedHeaders headers_;
  const TransportSettings transport_;
  const bool follow_redirects_;
  const std::shared_ptr<OAuth2Tokens> tokens_;  // null: none are needed
  HttpClient& http_;
  const Clock& clock_;
  const TransferMetrics metrics_;
};

}  // namespace tocsin::receivers
