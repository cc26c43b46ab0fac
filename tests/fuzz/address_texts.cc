// Where to listen, who asks, where to send and past which proxy: a first byte that chooses the
// reader, then the text. No name is looked up.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/egress_policy.h"
#include "base/http_client.h"
#include "base/text.h"
#include "base/url_user_info.h"
#include "exporter/http/client_address.h"
#include "exporter/http/listen_address.h"
#include "receivers/channels/proxy_choice.h"

namespace tocsin {
namespace {

bool IsDotted(const std::string& text) {
  in_addr address{};
  return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

void CheckMessage(const std::string& message) {
  CHECK(!message.empty() && IsValidUtf8(message));
  CHECK(message.find('\n') == std::string::npos);
}

// ---- --web.listen-address

void CheckListen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const std::string host = text.substr(0, std::min(colon, text.size()));
  const bool is_refused_at_once =
      colon == std::string::npos || host.find_first_of(":[]") != std::string::npos ||
      colon + 1 == text.size() ||
      text.find_first_not_of("0123456789", colon + 1) != std::string::npos;
  if (!is_refused_at_once && !host.empty() && !IsDotted(host)) return;  // a name
  const Result<http::ListenAddress> address = http::ParseListenAddress(text);
  if (!address) return CheckMessage(address.message());
  CHECK(!is_refused_at_once && IsDotted(address->ip));
  const auto again = http::ParseListenAddress(fmt::format("{}:{}", address->ip, address->port));
  CHECK(again.ok() && again->ip == address->ip && again->port == address->port);
}

// ---- X-Forwarded-For: a header on each line

void CheckForwarded(std::string_view text) {
  static const std::vector<IpNetwork> kTrusted = {*IpNetwork::Parse("10.0.0.0/8"),
                                                  *IpNetwork::Parse("fd00::/8")};
  const auto is_trusted = [](const std::string& address) {
    const std::optional<IpAddress> parsed = IpAddress::Parse(address);
    CHECK(parsed && parsed->Text() == address);
    return kTrusted[0].Contains(*parsed) || kTrusted[1].Contains(*parsed);
  };
  std::vector<std::pair<std::string, std::string>> headers;
  for (const std::string_view line : Split(text, '\n')) {
    headers.emplace_back("X-Forwarded-For", line);
  }
  const std::string client = http::ClientAddress("10.0.0.1", headers, kTrusted);
  CHECK(http::ClientAddress("192.0.2.1", headers, kTrusted) == "192.0.2.1");
  const bool is_stranger = !is_trusted(client);
  // What a client sends stands in front: it cannot be another one by that.
  headers.insert(headers.begin(), {"x-forwarded-for", "198.51.100.7, 10.0.0.2"});
  const std::string with_lies = http::ClientAddress("10.0.0.1", headers, kTrusted);
  CHECK(!is_stranger || with_lies == client);
  CHECK(with_lies == client || with_lies == "198.51.100.7");
  // Each proxy that is trusted adds a station and changes nothing.
  headers.emplace_back("X-Forwarded-For", "10.9.9.9, [fd00::5]:4711");
  CHECK(http::ClientAddress("10.0.0.1", headers, kTrusted) == with_lies || client == "10.0.0.1");
}

// ---- networks

void CheckNetwork(std::string_view text) {
  const Result<IpNetwork> network = IpNetwork::Parse(text);
  if (!network) return CheckMessage(network.message());
  CHECK(network->bits >= 0 && network->bits <= 128 && network->Contains(network->address));
  const bool is_v4 = network->address.is_v4() && network->bits >= 96;
  const auto again =
      IpNetwork::Parse(is_v4 ? fmt::format("{}/{}", network->address.Text(), network->bits - 96)
                             : fmt::format("{}/{}", network->address.Text(), network->bits));
  CHECK(again.ok() && *again == *network);
}

// ---- URLs

void CheckAddress(const std::string& url) {
  const Status checked = CheckUrl(url);
  const Status with_user = CheckUrlWithUserInfo(url);
  std::string bare = url;
  const std::optional<UrlUserInfo> user = TakeUserInfo(&bare);
  if (!checked) CheckMessage(checked.message());
  if (!with_user) CheckMessage(with_user.message());
  CHECK(with_user.ok() || !checked.ok());
  CHECK(!checked.ok() || !user);
  if (with_user) CHECK(CheckUrl(bare).ok());
  const std::string shown = RedactUrl(url);
  CHECK(!with_user.ok() || shown == RedactUrl(bare));
  CHECK(IsValidUtf8(shown) && shown.find('@') == std::string::npos);
  CHECK(shown.find_first_of("?#") == std::string::npos);
}

// ---- no_proxy, a blank, a URL

void CheckNoProxy(std::string_view list, const std::string& url) {
  if (!CheckUrl(url)) return;
  const auto none = [](std::string_view) { return std::optional<std::string>(); };
  config::ProxyConfig settings;
  settings.url = Secret("http://proxy.example:3128");
  const std::string always = receivers::ProxyChoice(settings, none).For(url).Reveal();
  CHECK(always == "http://proxy.example:3128");
  const auto choose = [&](const std::string& exceptions) {
    settings.no_proxy = exceptions;
    const std::string chosen = receivers::ProxyChoice(settings, none).For(url).Reveal();
    CHECK(chosen.empty() || chosen == always);
    return !chosen.empty();
  };
  const std::string host_and_port = [&] {
    const std::string rest = url.substr(url.find("://") + 3);
    return rest.substr(0, rest.find_first_of("/?#"));
  }();
  CHECK(!choose("*"));
  CHECK(!choose("a.example, " + host_and_port));
  bool uses_proxy = choose(std::string(list));
  CHECK(uses_proxy == choose(ToLowerAscii(list)) || list.empty());
  if (list.empty()) return;
  for (const std::string_view entry : Split(list, ',')) {
    if (!entry.empty() && !choose(std::string(entry))) {
      CHECK(!uses_proxy);
      return;
    }
  }
  // No entry takes it out: only addresses of this machine go past a proxy for that.
  CHECK(uses_proxy || !choose("a.example"));
}

// ---- HTTP_PROXY

void CheckProxy(const std::string& text) {
  const auto environment = [&text](std::string_view name) {
    return name == "HTTP_PROXY" ? std::optional(text) : std::nullopt;
  };
  config::ProxyConfig settings;
  settings.from_environment = true;
  const receivers::ProxyChoice choice(settings, environment);
  const std::string chosen = choice.For("http://example.org/").Reveal();
  CHECK(choice.For("http://localhost:80/").empty() && choice.For("http://127.1.2.3/").empty());
  CHECK(choice.For("https://example.org/").empty());
  CHECK(chosen.empty() == text.empty());
  if (!CheckUrlWithUserInfo(text)) return;
  CHECK(CheckUrlWithUserInfo(chosen).ok());
  settings.from_environment = false;
  settings.url = Secret(chosen);
  CHECK(receivers::ProxyChoice(settings, environment).For("http://localhost/").Reveal() == chosen);
}

void CheckText(char reader, std::string_view text) {
  const std::size_t blank = std::min(text.find(' '), text.size());
  switch (reader) {
    case 'l':
      return CheckListen(std::string(text));
    case 'f':
      return CheckForwarded(text);
    case 'n':
      return CheckNetwork(text);
    case 'u':
      return CheckAddress(std::string(text));
    case 'e':
      return CheckProxy(std::string(text));
    default:
      return CheckNoProxy(text.substr(0, blank),
                          std::string(text.substr(std::min(blank + 1, text.size()))));
  }
}

}  // namespace
}  // namespace tocsin

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  tocsin::CheckText(text.front(), text.substr(1));
  return 0;
}
