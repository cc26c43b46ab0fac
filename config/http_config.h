// The HTTP client settings of alertmanager.yml (http_config, tls_config): plain structs, how they
// are read and how they are printed. Keys, defaults and the words of errors are those of
// Prometheus's common library, so that its users know what is wrong.
// https://prometheus.io/docs/alerting/latest/configuration/#http_config
// https://github.com/prometheus/common/blob/main/config/http_config.go
//
// Pure functions. File names are joined with the configuration file's folder where they stand in an
// http_config; nothing is opened here.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "config/decode.h"
#include "config/report.h"
#include "config/yaml.h"

namespace tocsin::config {

struct TlsConfig {
  std::string ca, ca_file;
  std::string cert, cert_file;
  Secret key;
  std::string key_file;
  std::string server_name;
  bool insecure_skip_verify = false;
  std::string min_version, max_version;  // "TLS10" to "TLS13"; empty: the library's
  friend bool operator==(const TlsConfig&, const TlsConfig&) = default;
};

struct ConnectHeader {
  std::string name;
  std::vector<Secret> values;
  friend bool operator==(const ConnectHeader&, const ConnectHeader&) = default;
};

struct ProxyConfig {
  Secret url;  // may hold a password
  std::string no_proxy;
  bool from_environment = false;
  std::vector<ConnectHeader> connect_headers;
  friend bool operator==(const ProxyConfig&, const ProxyConfig&) = default;
};

struct BasicAuthConfig {
  std::string username, username_file;
  Secret password;
  std::string password_file;
  friend bool operator==(const BasicAuthConfig&, const BasicAuthConfig&) = default;
};

struct AuthorizationConfig {
  std::string type = "Bearer";
  Secret credentials;
  std::string credentials_file;
  friend bool operator==(const AuthorizationConfig&, const AuthorizationConfig&) = default;
};

struct OAuth2Config {
  std::string client_id;
  Secret client_secret;
  std::string client_secret_file;
  std::vector<std::string> scopes;
  std::string token_url;
  std::vector<std::pair<std::string, std::string>> endpoint_params;  // in file order
  TlsConfig tls;
  ProxyConfig proxy;
  friend bool operator==(const OAuth2Config&, const OAuth2Config&) = default;
};

struct HttpHeaderConfig {
  std::string name;
  std::vector<std::string> values;
  std::vector<Secret> secrets;
  std::vector<std::string> files;
  friend bool operator==(const HttpHeaderConfig&, const HttpHeaderConfig&) = default;
};

struct HttpConfig {
  // At most one of the three.
  std::optional<BasicAuthConfig> basic_auth;
  std::optional<AuthorizationConfig> authorization;
  std::optional<OAuth2Config> oauth2;
  bool follow_redirects = true;
  bool enable_http2 = true;
  ProxyConfig proxy;
  TlsConfig tls;
  std::vector<HttpHeaderConfig> headers;
  friend bool operator==(const HttpConfig&, const HttpConfig&) = default;
};

// `folder` is what relative file names start at; empty leaves them as they are.
HttpConfig DecodeHttpConfig(const YamlNode& node, const std::string& folder, FileReport& report);
TlsConfig DecodeTlsConfig(const YamlNode& node, const std::string& folder, FileReport& report);

// Maps that the functions above read back; secrets appear as <secret>.
YamlNode HttpConfigToYaml(const HttpConfig& http);
YamlNode TlsConfigToYaml(const TlsConfig& tls);

// A secret as it is written; a warning where it is what printed configurations show instead of one.
bool ReadSecret(MapDecoder& map, std::string_view key, Secret* out);

// An error where both keys have a value: "at most one of a & b must be configured".
void CheckAtMostOne(MapDecoder& map, std::string_view a, std::string_view b,
                    std::string_view prefix = "");

// http://user:xxxxx@host/: the URL without the password that may stand in it.
std::string HidePassword(std::string_view url);

}  // namespace tocsin::config
