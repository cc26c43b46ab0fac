// An HttpClient without a network: keeps what was sent, answers when the test says so.
#pragma once

#include <deque>
#include <utility>
#include <vector>

#include "base/http_client.h"
#include "base/mutex.h"

namespace tocsin::testing {

class FakeHttpClient final : public HttpClient {
 public:
  struct Exchange {
    HttpClientRequest request;
    Done done;  // empty once answered
  };

  void Send(HttpClientRequest request, Done done) override {
    MutexLock lock(mu_);
    exchanges_.push_back({std::move(request), std::move(done)});
  }

  void Cancel(const void* owner) override {
    std::vector<std::size_t> cancelled;
    {
      MutexLock lock(mu_);
      for (std::size_t i = 0; i < exchanges_.size(); ++i) {
        if (exchanges_[i].done && exchanges_[i].request.owner == owner) cancelled.push_back(i);
      }
    }
    HttpClientFailure failure;
    failure.message = "cancelled";
    failure.cancelled = true;
    for (const std::size_t i : cancelled) Fail(i, failure);
  }

  std::size_t sent() const {
    MutexLock lock(mu_);
    return exchanges_.size();
  }
  HttpClientRequest request(std::size_t i) const {
    MutexLock lock(mu_);
    return exchanges_.at(i).request;
  }
  void Answer(std::size_t i, int status, std::string body = "",
              std::vector<std::pair<std::string, std::string>> headers = {}) {
    HttpClientResult result;
    result.response = HttpClientResponse{status, std::move(headers), std::move(body)};
    Finish(i, std::move(result));
  }
  void Fail(std::size_t i, HttpClientFailure failure) {
    HttpClientResult result;
    result.failure = std::move(failure);
    Finish(i, std::move(result));
  }

 private:
  void Finish(std::size_t i, HttpClientResult result) {
    Done done;
    {
      MutexLock lock(mu_);
      done = std::exchange(exchanges_.at(i).done, nullptr);
    }
    CHECK(done != nullptr);
    done(std::move(result));
  }

  mutable Mutex mu_;
  std::deque<Exchange> exchanges_ GUARDED_BY(mu_);
};

}  // namespace tocsin::testing
