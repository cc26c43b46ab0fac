#include <fmt/format.h>

#include <utility>

#include "config/http_config.h"
#include "config/yaml_print.h"

namespace tocsin::config {
namespace {

void AddProxy(const ProxyConfig& proxy, YamlMap* map) {
  map->AddText("proxy_url", HidePassword(proxy.url.Reveal()));
  map->AddText("no_proxy", proxy.no_proxy);
  if (proxy.from_environment) map->AddBool("proxy_from_environment", true);
  YamlMap headers;
  for (const ConnectHeader& header : proxy.connect_headers) {
    const std::vector<YamlNode> hidden(header.values.size(), YamlText(kSecretText));
    headers.Add(header.name, YamlList(hidden));
  }
  map->AddMap("proxy_connect_header", std::move(headers));
}

void AddTls(const TlsConfig& tls, YamlMap* map) {
  if (!(tls == TlsConfig())) map->Add("tls_config", TlsConfigToYaml(tls));
}

YamlNode OAuth2ToYaml(const OAuth2Config& oauth2) {
  YamlMap map;
  map.AddText("client_id", oauth2.client_id);
  map.AddSecret("client_secret", oauth2.client_secret);
  map.AddText("client_secret_file", oauth2.client_secret_file);
  map.AddTexts("scopes", oauth2.scopes);
  map.AddText("token_url", HidePassword(oauth2.token_url));
  YamlMap params;
  for (const auto& [name, value] : oauth2.endpoint_params) params.Add(name, YamlText(value));
  map.AddMap("endpoint_params", std::move(params));
  AddTls(oauth2.tls, &map);
  AddProxy(oauth2.proxy, &map);
  return std::move(map).Take();
}

YamlNode BasicAuthToYaml(const BasicAuthConfig& auth) {
  YamlMap map;
  map.AddText("username", auth.username);
  map.AddText("username_file", auth.username_file);
  map.AddSecret("password", auth.password);
  map.AddText("password_file", auth.password_file);
  return std::move(map).Take();
}

YamlNode AuthorizationToYaml(const AuthorizationConfig& auth) {
  YamlMap map;
  map.AddText("type", auth.type);
  map.AddSecret("credentials", auth.credentials);
  map.AddText("credentials_file", auth.credentials_file);
  return std::move(map).Take();
}

YamlNode HeaderToYaml(const HttpHeaderConfig& header) {
  YamlMap map;
  map.AddTexts("values", header.values);
  map.AddList("secrets", std::vector<YamlNode>(header.secrets.size(), YamlText(kSecretText)));
  map.AddTexts("files", header.files);
  return std::move(map).Take();
}

}  // namespace

std::string HidePassword(std::string_view url) {
  const std::size_t slashes = url.find("://");
  if (slashes == std::string_view::npos) return std::string(url);
  const std::size_t host = slashes + 3;
  const std::string_view authority = url.substr(host, url.find_first_of("/?#", host) - host);
  const std::size_t at = authority.rfind('@');
  const std::size_t colon = authority.find(':');
  if (at == std::string_view::npos || colon >= at) return std::string(url);
  return fmt::format("{}xxxxx{}", url.substr(0, host + colon + 1), url.substr(host + at));
}

YamlNode TlsConfigToYaml(const TlsConfig& tls) {
  YamlMap map;
  map.AddText("ca", tls.ca);
  map.AddText("ca_file", tls.ca_file);
  map.AddText("cert", tls.cert);
  map.AddText("cert_file", tls.cert_file);
  map.AddSecret("key", tls.key);
  map.AddText("key_file", tls.key_file);
  map.AddText("server_name", tls.server_name);
  map.AddBool("insecure_skip_verify", tls.insecure_skip_verify);
  map.AddText("min_version", tls.min_version);
  map.AddText("max_version", tls.max_version);
  return std::move(map).Take();
}

YamlNode HttpConfigToYaml(const HttpConfig& http) {
  YamlMap map;
  if (http.basic_auth) map.Add("basic_auth", BasicAuthToYaml(*http.basic_auth));
  if (http.authorization) map.Add("authorization", AuthorizationToYaml(*http.authorization));
  if (http.oauth2) map.Add("oauth2", OAuth2ToYaml(*http.oauth2));
  map.AddBool("follow_redirects", http.follow_redirects);
  map.AddBool("enable_http2", http.enable_http2);
  AddProxy(http.proxy, &map);
  AddTls(http.tls, &map);
  YamlMap headers;
  for (const HttpHeaderConfig& header : http.headers)
    headers.Add(header.name, HeaderToYaml(header));
  map.AddMap("http_headers", std::move(headers));
  return std::move(map).Take();
}

}  // namespace tocsin::config
