#include "config/http_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "base/url_user_info.h"
#include "config/files.h"

namespace tocsin::config {
namespace {

constexpr std::string_view kTlsVersions[] = {"TLS10", "TLS11", "TLS12", "TLS13"};

// Set by the client itself, or by the keys that are made for it:
// https://github.com/prometheus/common/blob/main/config/headers.go
constexpr std::string_view kReservedHeaders[] = {"Authorization",
                                                 "Host",
                                                 "Content-Encoding",
                                                 "Content-Length",
                                                 "Content-Type",
                                                 "User-Agent",
                                                 "Connection",
                                                 "Keep-Alive",
                                                 "Proxy-Authenticate",
                                                 "Proxy-Authorization",
                                                 "Www-Authenticate",
                                                 "Accept-Encoding",
                                                 "X-Prometheus-Remote-Write-Version",
                                                 "X-Prometheus-Remote-Read-Version",
                                                 "X-Prometheus-Scrape-Timeout-Seconds",
                                                 "X-Amz-Date",
                                                 "X-Amz-Security-Token",
                                                 "X-Amz-Content-Sha256"};

// Whether the key is there and says something: an empty text is as good as none.
bool HasValue(MapDecoder& map, std::string_view key) {
  const YamlNode* node = map.Find(key);
  return node != nullptr && !(node->kind == YamlNode::Kind::kScalar && node->text.empty());
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

void ReadFileName(MapDecoder& map, std::string_view key, const std::string& folder,
                  std::string* out) {
  std::string name;
  if (!map.ReadText(key, &name) || name.empty()) return;
  map.report().NoteFile(map.PlaceOf(key));
  *out = JoinPath(folder, name);
}

std::vector<std::string> TextsOf(MapDecoder& map, std::string_view key) {
  std::vector<std::string> texts;
  for (PlacedText& text : map.ReadTexts(key)) texts.push_back(std::move(text.text));
  return texts;
}

std::vector<std::string> FileNamesOf(MapDecoder& map, std::string_view key,
                                     const std::string& folder) {
  std::vector<std::string> files;
  for (const PlacedText& text : map.ReadTexts(key)) {
    map.report().NoteFile(text.mark);
    files.push_back(JoinPath(folder, text.text));
  }
  return files;
}

std::vector<Secret> SecretsOf(MapDecoder& map, std::string_view key) {
  std::vector<Secret> secrets;
  for (PlacedText& text : map.ReadTexts(key)) {
    map.report().NoteSecret(text.mark);
    secrets.emplace_back(std::move(text.text));
  }
  return secrets;
}

// The address may hold a password: it stands in no message.
void CheckAddress(MapDecoder& map, std::string_view key, std::string_view url) {
  if (Status status = CheckUrlWithUserInfo(url); !status) {
    map.report().Error(map.PlaceOf(key), fmt::format("{}: {}", key, status.message()));
  }
}

void CheckProxy(MapDecoder& map, const ProxyConfig& proxy) {
  const auto refuse = [&map](std::string_view key, const char* message) {
    map.report().Error(map.PlaceOf(key), message);
  };
  if (!proxy.no_proxy.empty() && proxy.url.empty() && !proxy.from_environment) {
    refuse("no_proxy", "if no_proxy is configured, proxy_url must also be configured");
  }
  if (proxy.from_environment && !proxy.url.empty()) {
    refuse("proxy_url",
           "if proxy_from_environment is configured, proxy_url must not be configured");
  }
  if (proxy.from_environment && !proxy.no_proxy.empty()) {
    refuse("no_proxy", "if proxy_from_environment is configured, no_proxy must not be configured");
  }
  if (!proxy.connect_headers.empty() && proxy.url.empty() && !proxy.from_environment) {
    refuse("proxy_connect_header",
           "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also "
           "be configured");
  }
}

ProxyConfig DecodeProxy(MapDecoder& map) {
  ProxyConfig proxy;
  std::string url;
  if (map.ReadText("proxy_url", &url) && !url.empty()) {
    // Proxies have schemes of their own.
    const bool is_socks = url.substr(0, 7) == "socks5:" || url.substr(0, 8) == "socks5h:";
    if (!is_socks) CheckAddress(map, "proxy_url", url);
    map.report().NoteSecret(map.PlaceOf("proxy_url"));
    proxy.url = Secret(std::move(url));
  }
  map.ReadText("no_proxy", &proxy.no_proxy);
  map.ReadBool("proxy_from_environment", &proxy.from_environment);
  if (const YamlNode* headers = map.Find("proxy_connect_header")) {
    MapDecoder names(*headers, "proxy_connect_header", map.report());
    for (const YamlEntry& entry : headers->entries) {
      proxy.connect_headers.push_back({entry.key, SecretsOf(names, entry.key)});
    }
  }
  CheckProxy(map, proxy);
  return proxy;
}

BasicAuthConfig DecodeBasicAuth(const YamlNode& node, const std::string& folder,
                                FileReport& report) {
  MapDecoder map(node, "basic_auth", report);
  BasicAuthConfig auth;
  map.ReadText("username", &auth.username);
  ReadFileName(map, "username_file", folder, &auth.username_file);
  ReadSecret(map, "password", &auth.password);
  ReadFileName(map, "password_file", folder, &auth.password_file);
  CheckAtMostOne(map, "username", "username_file", "basic_auth ");
  CheckAtMostOne(map, "password", "password_file", "basic_auth ");
  map.Finish();
  return auth;
}

AuthorizationConfig DecodeAuthorization(const YamlNode& node, const std::string& folder,
                                        FileReport& report) {
  MapDecoder map(node, "authorization", report);
  AuthorizationConfig auth;
  std::string type;
  if (map.ReadText("type", &type)) type = TrimSpace(type);
  if (!type.empty()) auth.type = type;
  if (EqualsIgnoreCase(type, "basic")) {
    report.Error(map.PlaceOf("type"),
                 R"(authorization type cannot be set to "basic", use "basic_auth" instead)");
  }
  ReadSecret(map, "credentials", &auth.credentials);
  ReadFileName(map, "credentials_file", folder, &auth.credentials_file);
  CheckAtMostOne(map, "credentials", "credentials_file", "authorization ");
  map.Finish();
  return auth;
}

OAuth2Config DecodeOAuth2(const YamlNode& node, const std::string& folder, FileReport& report) {
  MapDecoder map(node, "oauth2", report);
  OAuth2Config oauth2;
  map.ReadText("client_id", &oauth2.client_id);
  ReadSecret(map, "client_secret", &oauth2.client_secret);
  ReadFileName(map, "client_secret_file", folder, &oauth2.client_secret_file);
  map.ReadText("token_url", &oauth2.token_url);
  oauth2.scopes = TextsOf(map, "scopes");
  for (const YamlEntry& entry : map.ReadEntries("endpoint_params")) {
    std::string value;
    if (ReadText(entry.value, "a value of endpoint_params", report, &value)) {
      oauth2.endpoint_params.emplace_back(entry.key, std::move(value));
    }
  }
  if (const YamlNode* tls = map.Find("tls_config")) {
    oauth2.tls = DecodeTlsConfig(*tls, folder, report);
  }
  oauth2.proxy = DecodeProxy(map);
  if (oauth2.client_id.empty()) {
    report.Error(map.PlaceOf("client_id"), "oauth2 client_id must be configured");
  }
  if (oauth2.token_url.empty()) {
    report.Error(map.PlaceOf("token_url"), "oauth2 token_url must be configured");
  } else {
    CheckAddress(map, "token_url", oauth2.token_url);
    if (HidePassword(oauth2.token_url) != oauth2.token_url) {
      report.NoteSecret(map.PlaceOf("token_url"));
    }
  }
  CheckAtMostOne(map, "client_secret", "client_secret_file", "oauth2 ");
  map.Finish();
  return oauth2;
}

void DecodeHeaders(MapDecoder& map, const std::string& folder, HttpConfig* http) {
  for (const YamlEntry& entry : map.ReadEntries("http_headers")) {
    const bool is_reserved =
        std::any_of(std::begin(kReservedHeaders), std::end(kReservedHeaders),
                    [&entry](std::string_view name) { return EqualsIgnoreCase(name, entry.key); });
    if (is_reserved) {
      map.report().Error(
          entry.mark, fmt::format("setting header {} is not allowed", QuoteForMessage(entry.key)));
    }
    MapDecoder header(entry.value, fmt::format("http_headers.{}", NameForMessage(entry.key)),
                      map.report());
    HttpHeaderConfig config{entry.key, TextsOf(header, "values"), SecretsOf(header, "secrets"),
                            FileNamesOf(header, "files", folder)};
    header.Finish();
    http->headers.push_back(std::move(config));
  }
}

// The older spelling of `authorization`.
void DecodeBearerToken(MapDecoder& map, const std::string& folder, HttpConfig* http) {
  CheckAtMostOne(map, "bearer_token", "bearer_token_file");
  AuthorizationConfig auth;
  ReadSecret(map, "bearer_token", &auth.credentials);
  ReadFileName(map, "bearer_token_file", folder, &auth.credentials_file);
  if (auth.credentials.empty() && auth.credentials_file.empty()) return;
  const char* key = auth.credentials.empty() ? "bearer_token_file" : "bearer_token";
  if (http->authorization) {
    map.report().Error(map.PlaceOfKey(key),
                       "authorization is not compatible with bearer_token & bearer_token_file");
  } else if (http->basic_auth || http->oauth2) {
    map.report().Error(
        map.PlaceOfKey(key),
        "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured");
  }
  http->authorization = std::move(auth);
}

void DecodeIdentity(MapDecoder& map, const std::string& folder, HttpConfig* http) {
  FileReport& report = map.report();
  if (const YamlNode* node = map.Find("basic_auth")) {
    http->basic_auth = DecodeBasicAuth(*node, folder, report);
  }
  if (const YamlNode* node = map.Find("authorization")) {
    http->authorization = DecodeAuthorization(*node, folder, report);
  }
  if (const YamlNode* node = map.Find("oauth2")) {
    http->oauth2 = DecodeOAuth2(*node, folder, report);
  }
  const int count = static_cast<int>(http->basic_auth.has_value()) +
                    static_cast<int>(http->authorization.has_value()) +
                    static_cast<int>(http->oauth2.has_value());
  if (count > 1) {
    report.Error(map.mark(),
                 "at most one of basic_auth, oauth2 & authorization must be configured");
  }
  DecodeBearerToken(map, folder, http);
}

void CheckCertificate(MapDecoder& map) {
  CheckAtMostOne(map, "ca", "ca_file");
  CheckAtMostOne(map, "cert", "cert_file");
  CheckAtMostOne(map, "key", "key_file");
  const bool has_cert = HasValue(map, "cert") || HasValue(map, "cert_file");
  const bool has_key = HasValue(map, "key") || HasValue(map, "key_file");
  if (has_cert && !has_key) {
    map.report().Error(map.mark(),
                       "exactly one of key or key_file must be configured when a client "
                       "certificate is configured");
  }
  if (has_key && !has_cert) {
    map.report().Error(map.mark(),
                       "exactly one of cert or cert_file must be configured when a client key is "
                       "configured");
  }
}

void ReadTlsVersion(MapDecoder& map, std::string_view key, std::string* out) {
  if (!map.ReadText(key, out) || out->empty()) return;
  if (std::find(std::begin(kTlsVersions), std::end(kTlsVersions), *out) == std::end(kTlsVersions)) {
    map.report().Error(map.PlaceOf(key),
                       fmt::format("unknown TLS version: {}; use TLS10, TLS11, TLS12 or TLS13",
                                   QuoteForMessage(*out)));
  }
}

}  // namespace

bool ReadSecret(MapDecoder& map, std::string_view key, Secret* out) {
  std::string text;
  if (!map.ReadText(key, &text)) return false;
  if (text == kSecretText || EndsWith(text, fmt::format("/{}", kSecretText))) {
    map.report().Warning(map.PlaceOf(key),
                         fmt::format("{0} holds {1}, which printed configurations show instead of "
                                     "the value; write the value, or use a file",
                                     key, kSecretText));
  }
  if (!text.empty()) map.report().NoteSecret(map.PlaceOf(key));
  *out = Secret(std::move(text));
  return true;
}

void CheckAtMostOne(MapDecoder& map, std::string_view a, std::string_view b,
                    std::string_view prefix) {
  if (!HasValue(map, a) || !HasValue(map, b)) return;
  map.report().Error(map.PlaceOfKey(b),
                     fmt::format("at most one of {}{} & {} must be configured", prefix, a, b));
}

TlsConfig DecodeTlsConfig(const YamlNode& node, const std::string& folder, FileReport& report) {
  MapDecoder map(node, "tls_config", report);
  TlsConfig tls;
  map.ReadText("ca", &tls.ca);
  ReadFileName(map, "ca_file", folder, &tls.ca_file);
  map.ReadText("cert", &tls.cert);
  ReadFileName(map, "cert_file", folder, &tls.cert_file);
  ReadSecret(map, "key", &tls.key);
  ReadFileName(map, "key_file", folder, &tls.key_file);
  map.ReadText("server_name", &tls.server_name);
  map.ReadBool("insecure_skip_verify", &tls.insecure_skip_verify);
  ReadTlsVersion(map, "min_version", &tls.min_version);
  ReadTlsVersion(map, "max_version", &tls.max_version);
  CheckCertificate(map);
  map.Finish();
  return tls;
}

HttpConfig DecodeHttpConfig(const YamlNode& node, const std::string& folder, FileReport& report) {
  MapDecoder map(node, "http_config", report);
  HttpConfig http;
  DecodeIdentity(map, folder, &http);
  map.ReadBool("follow_redirects", &http.follow_redirects);
  map.ReadBool("enable_http2", &http.enable_http2);
  http.proxy = DecodeProxy(map);
  if (const YamlNode* tls = map.Find("tls_config")) {
    http.tls = DecodeTlsConfig(*tls, folder, report);
  }
  DecodeHeaders(map, folder, &http);
  map.Finish();
  return http;
}

}  // namespace tocsin::config
