// Clients that are made when they are first needed: a daemon that sends nothing (host metrics and
// the console) spares the memory of the TLS library, several MiB, and one without mail a thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "base/http_client.h"
#include "base/mail_client.h"

namespace tocsin::daemon {

// The HttpClient or MailClient that `make` makes. Synchronises itself.
template <typename Client, typename Request>
class OnDemandClient final : public Client {
 public:
  using Factory = std::function<std::unique_ptr<Client>()>;
  explicit OnDemandClient(Factory make) : make_(std::move(make)) {}

  // Makes it now, so that the first message need not wait for that. Any thread.
  void Prepare() { Made(); }

  void Send(Request request, typename Client::Done done) override {
    Made().Send(std::move(request), std::move(done));
  }
  void Cancel(const void* owner) override { Made().Cancel(owner); }

 private:
  Client& Made() {
    std::call_once(made_, [this] { client_ = make_(); });
    return *client_;
  }

  const Factory make_;
  std::once_flag made_;
  std::unique_ptr<Client> client_;
};

using OnDemandHttpClient = OnDemandClient<HttpClient, HttpClientRequest>;
using OnDemandMailClient = OnDemandClient<MailClient, MailRequest>;

}  // namespace tocsin::daemon
