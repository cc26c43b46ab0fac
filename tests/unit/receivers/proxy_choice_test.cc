#include "receivers/channels/proxy_choice.h"

#include <gtest/gtest.h>

#include <map>

namespace tocsin::receivers {
namespace {

// Expectations are those of https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config.
TEST(ProxyChoice, SparesWhatNoProxyNames) {
  struct Case {
    const char *no_proxy, *host, *port;
    bool covered;
  };
  const std::vector<Case> cases = {
      {"example.com", "example.com", "80", true},
      {"example.com", "a.example.com", "80", true},
      {"example.com", "badexample.com", "80", false},
      {".example.com", "example.com", "80", false},
      {".example.com", "a.b.example.com", "80", true},
      {"*.example.com", "a.example.com", "80", true},
      {"*.example.com", "example.com", "80", false},
      {"Example.COM", "example.com", "80", true},
      {"example.com:80", "example.com", "80", true},
      {"example.com:80", "example.com", "443", false},
      {" a , example.com ,", "example.com", "80", true},
      {"*", "example.com", "80", true},
      {"", "example.com", "80", false},
      {",,", "example.com", "80", false},
      {"10.0.0.0/8", "10.200.3.4", "80", true},
      {"10.0.0.0/8", "11.0.0.1", "80", false},
      {"10.0.0.0/7", "11.0.0.1", "80", true},
      {"10.0.0.0/33", "10.0.0.0", "80", false},
      {"10.0.0.0/-1", "10.0.0.0", "80", false},
      {"0.0.0.0/0", "9.9.9.9", "80", true},
      {"0.0.0.0/0", "example.com", "80", false},
      {"10.0.0.1", "10.0.0.1", "80", true},
      {"10.0.0.1:80", "10.0.0.1", "443", false},
      {"0.0.1", "10.0.0.1", "80", false},
      {"2001:db8::/32", "2001:db8::1", "80", true},
      {"2001:db8::/32", "2001:db9::1", "80", false},
      {"2001:db8::1", "2001:db8:0:0::1", "80", true},
      {"[2001:db8::1]:80", "2001:db8::1", "80", true},
      {"[2001:db8::1]:80", "2001:db8::1", "443", false},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(NoProxyCovers(one.no_proxy, one.host, one.port), one.covered)
        << one.no_proxy << " " << one.host << ":" << one.port;
  }
}

std::string Chosen(const config::ProxyConfig& settings, std::string_view url,
                   const std::map<std::string, std::string, std::less<>>& variables = {}) {
  const config::Environment environment = [&](std::string_view name) -> std::optional<std::string> {
    const auto it = variables.find(name);
    return it == variables.end() ? std::nullopt : std::optional(it->second);
  };
  return ProxyChoice(settings, environment).For(url).Reveal();
}

TEST(ProxyChoice, IsNoneByDefaultWhateverTheEnvironmentSays) {
  EXPECT_EQ(Chosen({}, "http://a/", {{"HTTP_PROXY", "http://p"}, {"http_proxy", "http://p"}}), "");
}

TEST(ProxyChoice, AProxyUrlAloneIsForEveryAddress) {
  config::ProxyConfig settings;
  settings.url = Secret("http://u:p@proxy:3128/");
  for (const char* url :
       {"http://a/", "https://a:8443/b@c", "http://localhost:9/", "http://[::1]/"}) {
    EXPECT_EQ(Chosen(settings, url), "http://u:p@proxy:3128") << url;
  }
}

TEST(ProxyChoice, NoProxyAlsoSparesThisMachine) {
  config::ProxyConfig settings;
  settings.url = Secret("https://proxy");
  settings.no_proxy = "internal.example:8443";
  EXPECT_EQ(Chosen(settings, "https://a/"), "https://proxy");
  EXPECT_EQ(Chosen(settings, "https://internal.example/"), "https://proxy");
  for (const char* url : {"https://INTERNAL.example:8443/", "https://localhost/",
                          "http://127.8.0.1", "http://[::1]:80/"}) {
    EXPECT_EQ(Chosen(settings, url), "") << url;
  }
}

TEST(ProxyChoice, OfTheEnvironmentGoesByScheme) {
  config::ProxyConfig settings;
  settings.from_environment = true;
  const std::map<std::string, std::string, std::less<>> variables = {
      {"HTTP_PROXY", ""},           {"http_proxy", "plain:3128"}, {"HTTPS_PROXY", "socks5://tls"},
      {"https_proxy", "http://no"}, {"no_proxy", "spared"},       {"ALL_PROXY", "http://no"}};
  EXPECT_EQ(Chosen(settings, "http://a/", variables), "http://plain:3128");
  EXPECT_EQ(Chosen(settings, "HTTPS://a/", variables), "socks5h://tls");
  EXPECT_EQ(Chosen(settings, "http://spared/", variables), "");
  EXPECT_EQ(Chosen(settings, "http://a/"), "");
}

// libcurl would take 1080.
TEST(ProxyChoice, APlainProxyListensOnPort80) {
  config::ProxyConfig settings;
  for (const auto& [url, used] :
       std::map<std::string, std::string>{{"http://proxy", "http://proxy:80"},
                                          {"http://u:p@[::1]", "http://u:p@[::1]:80"},
                                          {"https://proxy", "https://proxy"}}) {
    settings.url = Secret(url);
    EXPECT_EQ(Chosen(settings, "http://a/"), used);
  }
}

}  // namespace
}  // namespace tocsin::receivers
