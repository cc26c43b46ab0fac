#include "exporter/daemon/dead_letter_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <utility>

#include "base/http_client.h"
#include "base/json_library.h"
#include "base/log.h"
#include "base/text.h"
#include "exporter/daemon/command_output.h"
#include "exporter/daemon/version.h"

namespace tocsin::daemon {
namespace {

using nlohmann::json;

constexpr const char* kPath = "/api/v1/alerting/dead-letters";
constexpr std::size_t kLongestAnswer = 256U << 20;

// What the HTTP client has to say stands in its answers.
class SilentSink final : public LogSink {
 public:
  bool Enabled(LogLevel /*level*/) const override { return false; }
  void Write(LogLevel /*level*/, std::string_view /*component*/, std::string_view /*message*/,
             std::initializer_list<LogField> /*fields*/) override {}
};

Result<std::string> UrlOf(const DaemonAddress& daemon) {
  if (!daemon.url.empty()) {
    if (Status status = CheckUrl(daemon.url); !status) return Error{"--url: " + status.message()};
    std::string url = daemon.url;
    while (url.ends_with('/')) url.pop_back();
    return url;
  }
  const std::string file = (std::filesystem::path(daemon.storage_path) / "address").string();
  std::ifstream in(file);
  std::string address;
  if (!std::getline(in, address) || address.empty()) {
    return Error{
        fmt::format("no daemon runs on {}: there is no {}; name its --storage.path or --url",
                    daemon.storage_path, file)};
  }
  return "http://" + address;
}

// One exchange with the daemon.
class Client {
 public:
  explicit Client(std::string url)
      : url_(std::move(url)),
        http_(MakeCurlHttpClient(fmt::format("tocsin/{}", Version()), Logger(sink_, "client"))) {}

  Result<HttpClientResponse> Exchange(const std::string& method, const std::string& path) {
    HttpClientRequest request;
    request.method = method;
    request.url = url_ + path;
    request.max_response_bytes = kLongestAnswer;
    // As everywhere: not on the command line, where every user of the machine sees it.
    if (const char* key = std::getenv("TOCSIN_API_KEY"); key != nullptr && *key != '\0') {
      request.headers.emplace_back("X-API-Key", key);
    }
    std::promise<HttpClientResult> promise;
    http_->Send(std::move(request),
                [&promise](const HttpClientResult& result) { promise.set_value(result); });
    const HttpClientResult result = promise.get_future().get();
    if (result.response) return *result.response;
    return Error{result.failure.message};
  }

 private:
  const std::string url_;
  SilentSink sink_;
  const std::unique_ptr<HttpClient> http_;
};

Result<json> Letters(Client* client) {
  const Result<HttpClientResponse> answer = client->Exchange("GET", kPath);
  if (!answer) return Error{"asking for the dead letters: " + answer.message()};
  if (answer->status != 200) {
    return Error{fmt::format("asking for the dead letters: HTTP status {}{}", answer->status,
                             answer->status == 401 || answer->status == 403
                                 ? "; set TOCSIN_API_KEY to a key with the scope admin"
                                 : "")};
  }
  json letters = ParseJson(answer->body);
  if (!letters.is_array()) return Error{"asking for the dead letters: no Tocsin answers there"};
  return letters;
}

// Names come from senders: nothing in them may move the cursor.
std::string Plain(const json& letter, const char* key) {
  const auto found = letter.find(key);
  if (found == letter.end() || !found->is_string()) return "";
  const std::string text = found->get<std::string>();
  const std::string quoted = QuoteForMessage(text, text.size());
  return quoted.substr(1, quoted.size() - 2);
}

std::string LineOf(const json& letter) {
  const std::size_t alerts = letter.contains("alerts") ? letter["alerts"].size() : 0;
  const int attempts = letter.value("attempts", 0);
  return fmt::format("{}  {}  {}  {}  {} alert{}, {} attempt{}: {}{}", Plain(letter, "id"),
                     Plain(letter, "created_at"), Plain(letter, "integration"),
                     Plain(letter, "status"), alerts, alerts == 1 ? "" : "s", attempts,
                     attempts == 1 ? "" : "s", Plain(letter, "last_error"),
                     letter.value("superseded", false) ? " (superseded)" : "");
}

}  // namespace

int ListDeadLetters(const DaemonAddress& daemon) {
  Result<std::string> url = UrlOf(daemon);
  if (!url) return FailWith(url.message());
  Client client(*std::move(url));
  const Result<json> letters = Letters(&client);
  if (!letters) return FailWith(letters.message());
  for (const json& letter : *letters) fmt::print("{}\n", LineOf(letter));
  return 0;
}

int ResendDeadLetters(const DaemonAddress& daemon, const std::vector<std::string>& ids) {
  Result<std::string> url = UrlOf(daemon);
  if (!url) return FailWith(url.message());
  Client client(*std::move(url));
  std::vector<std::string> wanted = ids;
  if (ids == std::vector<std::string>{"all"}) {
    const Result<json> letters = Letters(&client);
    if (!letters) return FailWith(letters.message());
    wanted.clear();
    for (const json& letter : *letters) wanted.push_back(Plain(letter, "id"));
  }
  int status = 0;
  for (const std::string& id : wanted) {
    const bool is_number = !id.empty() && std::all_of(id.begin(), id.end(),
                                                      [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number) {
      status = FailWith(QuoteForMessage(id) + " is no id: see `tocsin deadletters list`");
      continue;
    }
    const Result<HttpClientResponse> answer =
        client.Exchange("POST", fmt::format("{}/{}/resend", kPath, id));
    if (!answer) {
      status = FailWith(fmt::format("{}: {}", id, answer.message()));
    } else if (answer->status == 202) {
      fmt::print("{}: sent again\n", id);
    } else {
      const json body = ParseJson(answer->body);
      const std::string detail = body.is_object() ? Plain(body, "detail") : "";
      status = FailWith(fmt::format(
          "{}: {}", id, detail.empty() ? fmt::format("HTTP status {}", answer->status) : detail));
    }
  }
  return status;
}

}  // namespace tocsin::daemon
