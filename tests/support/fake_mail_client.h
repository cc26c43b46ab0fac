// A MailClient without a network: keeps what was sent, answers when the test says so.
#pragma once

#include <deque>
#include <utility>

#include "base/check.h"
#include "base/mail_client.h"

namespace tocsin::testing {

// One thread.
class FakeMailClient final : public MailClient {
 public:
  struct Exchange {
    MailRequest request;
    Done done;  // empty once answered
  };

  void Send(MailRequest request, Done done) override {
    exchanges.push_back({std::move(request), std::move(done)});
  }
  void Cancel(const void* owner) override {
    for (std::size_t i = 0; i < exchanges.size(); ++i) {
      if (exchanges[i].done == nullptr || exchanges[i].request.owner != owner) continue;
      MailResult result;
      result.cancelled = true;
      result.message = "cancelled";
      Answer(i, std::move(result));
    }
  }
  void Answer(std::size_t i, MailResult result) {
    const Done done = std::exchange(exchanges.at(i).done, nullptr);
    CHECK(done != nullptr);
    done(std::move(result));
  }

  std::deque<Exchange> exchanges;
};

}  // namespace tocsin::testing
