// An HttpClient that is made when it is first needed: a daemon that sends nothing over HTTP (host
// metrics and the console) spares the memory of the TLS library, several MiB.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "base/http_client.h"

namespace tocsin::daemon {

class OnDemandHttpClient final : public HttpClient {
 public:
  using Factory = std::function<std::unique_ptr<HttpClient>()>;
  explicit OnDemandHttpClient(Factory make) : make_(std::move(make)) {}

  // Makes it now, so that the first message need not wait for that. Any thread.
  void Prepare() { Client(); }

  void Send(HttpClientRequest request, Done done) override {
    Client().Send(std::move(request), std::move(done));
  }
  void Cancel(const void* owner) override { Client().Cancel(owner); }

 private:
  HttpClient& Client() {
    std::call_once(made_, [this] { client_ = make_(); });
    return *client_;
  }

  const Factory make_;
  std::once_flag made_;
  std::unique_ptr<HttpClient> client_;
};

}  // namespace tocsin::daemon
