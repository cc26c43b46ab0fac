// The HttpClient over libcurl: each request is a CurlExchange on a CurlLoop. Send() puts it into
// the loop's inbox and wakes the thread, which sends it at once: nothing waits for "100 Continue".
#include <limits>

#include "base/curl_exchange.h"
#include "base/curl_loop.h"
#include "base/http_client.h"

namespace tocsin {
namespace {

class CurlHttpClient final : public HttpClient {
 public:
  CurlHttpClient(std::string user_agent, const Logger& log)
      : user_agent_(std::move(user_agent)),
        loop_("outgoing HTTP", std::numeric_limits<std::size_t>::max(), log) {}

  void Send(HttpClientRequest request, Done done) override {
    loop_.Add(std::make_unique<CurlExchange>(std::move(request), std::move(done), user_agent_));
  }
  void Cancel(const void* owner) override { loop_.Cancel(owner); }

 private:
  const std::string user_agent_;
  CurlLoop loop_;
};

}  // namespace

std::unique_ptr<HttpClient> MakeCurlHttpClient(std::string user_agent, const Logger& log) {
  return std::make_unique<CurlHttpClient>(std::move(user_agent), log);
}

}  // namespace tocsin
