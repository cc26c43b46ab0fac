#include "receivers/trial/secret_mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/bytes.h"
#include "base/http_client.h"
#include "base/json_text.h"
#include "base/text.h"
#include "base/url_user_info.h"
#include "receivers/channels/authorized_headers.h"
#include "receivers/channels/sent_secrets.h"

namespace tocsin::receivers {
namespace {

// What is shorter would hide half of what is shown, and be no secret.
constexpr std::size_t kShortestSecret = 4;

constexpr std::string_view kFileSuffix = "_file";

std::string ReplaceAll(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

// What stands in the file where the text is empty; empty where that cannot be read.
std::string TextOr(const std::string& text, const std::string& file) {
  if (!text.empty() || file.empty()) return text;
  Result<std::string> read = ReadSecretFile(file);
  return read ? *std::move(read) : "";
}

// Headers whose very purpose is a secret, whatever form it takes there.
bool CarriesSecret(std::string_view header) {
  constexpr std::string_view kNames[] = {
      "authorization",       "proxy-authorization", "cookie",
      "x-api-key",           "x-auth-token",        "x-aws-ec2-metadata-token",
      "x-amz-security-token"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [header](std::string_view name) { return EqualsIgnoreCase(header, name); });
}

}  // namespace

// Also as it looks in a URL, in JSON and in base64.
void SecretMask::AddText(std::string text) {
  if (text.size() < kShortestSecret) return;
  texts_.push_back(PercentEncode(text));
  for (const auto append : {AppendJsonString, AppendHtmlSafeJsonString}) {
    std::string quoted;
    append(text, &quoted);
    texts_.push_back(quoted.substr(1, quoted.size() - 2));
  }
  texts_.push_back(Base64Encode(text));
  texts_.push_back(std::move(text));
  std::sort(texts_.begin(), texts_.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  texts_.erase(std::unique(texts_.begin(), texts_.end()), texts_.end());
}

// A file that cannot be read has nothing that could be shown.
void SecretMask::AddFile(const std::string& path) {
  if (path.empty()) return;
  if (Result<std::string> text = ReadSecretFile(path)) AddText(*std::move(text));
}

void SecretMask::AddLogin(const std::string& user, const std::string& password) {
  if (!password.empty()) AddText(Base64Encode(fmt::format("{}:{}", user, password)));
}

void SecretMask::AddUrl(const Secret& url) {
  std::string text = url.Reveal();
  if (text.empty()) return;
  if (const std::optional<UrlUserInfo> info = TakeUserInfo(&text)) {
    AddSecret(info->password);
    AddLogin(info->user, info->password.Reveal());
  }
  // A server that repeats an address repeats what comes behind its own name.
  HttpClientRequest request;
  request.url = text;
  for (std::string& key : SecretsIn(request)) AddText(std::move(key));
  urls_.push_back(url.Reveal());
  urls_.push_back(std::move(text));
  AddSecret(url);
}

void SecretMask::AddProxy(const config::ProxyConfig& proxy) {
  AddUrl(proxy.url);
  for (const config::ConnectHeader& header : proxy.connect_headers) {
    for (const Secret& value : header.values) AddSecret(value);
  }
}

void SecretMask::AddTls(const config::TlsConfig& tls) { AddSecret(tls.key); }

void SecretMask::AddHttp(const config::HttpConfig& http) {
  if (http.basic_auth) {
    const config::BasicAuthConfig& login = *http.basic_auth;
    AddSecret(login.password);
    AddFile(login.password_file);
    AddLogin(TextOr(login.username, login.username_file),
             TextOr(login.password.Reveal(), login.password_file));
  }
  if (http.authorization) {
    AddSecret(http.authorization->credentials);
    AddFile(http.authorization->credentials_file);
  }
  if (http.oauth2) {
    AddSecret(http.oauth2->client_secret);
    AddFile(http.oauth2->client_secret_file);
    AddLogin(http.oauth2->client_id,
             TextOr(http.oauth2->client_secret.Reveal(), http.oauth2->client_secret_file));
    token_urls_.push_back(http.oauth2->token_url);
    AddProxy(http.oauth2->proxy);
    AddTls(http.oauth2->tls);
  }
  for (const config::HttpHeaderConfig& header : http.headers) {
    for (const Secret& value : header.secrets) AddSecret(value);
    for (const std::string& file : header.files) AddFile(file);
  }
  AddProxy(http.proxy);
  AddTls(http.tls);
}

void SecretMask::AddKeys(const config::CheckedKeys& keys) {
  for (const auto& [path, secret] : keys.secrets()) {
    if (CheckUrlWithUserInfo(secret.Reveal())) {
      AddUrl(secret);
    } else {
      AddSecret(secret);
    }
  }
  for (const config::YamlEntry& entry : keys.printable().entries) {
    const bool is_file = entry.key.size() > kFileSuffix.size() && entry.key.ends_with(kFileSuffix);
    if (!is_file) continue;
    Result<std::string> text = ReadSecretFile(entry.value.text);
    if (!text) continue;
    if (CheckUrlWithUserInfo(*text)) {
      AddUrl(Secret(*std::move(text)));
    } else {
      AddText(*std::move(text));
    }
  }
}

void SecretMask::Add(const config::ChannelSettings& settings) {
  AddUrl(settings.webhook.url);
  for (const auto& [name, value] : settings.webhook.headers) AddSecret(value);
  AddSecret(settings.webhook.signing_secret);
  AddFile(settings.webhook.signing_secret_file);
  AddKeys(settings.keys);
  AddHttp(settings.http);
  AddTls(settings.tls);
}

void SecretMask::Add(const config::AlertmanagerIntegration& settings) {
  AddKeys(settings.keys);
  AddHttp(settings.http);
  if (settings.tls) AddTls(*settings.tls);
}

std::string SecretMask::Hide(std::string_view text) const {
  std::string shown(text);
  for (const std::string& secret : texts_)
    shown = ReplaceAll(std::move(shown), secret, kSecretText);
  return shown;
}

std::string SecretMask::HideUrl(std::string_view url) const {
  const bool is_secret = std::any_of(urls_.begin(), urls_.end(), [url](const std::string& secret) {
    return url.substr(0, secret.size()) == secret;
  });
  return is_secret ? RedactUrl(url) : Hide(url);
}

std::string SecretMask::HideHeader(std::string_view name, std::string_view value) const {
  return CarriesSecret(name) ? std::string(kSecretText) : Hide(value);
}

bool SecretMask::IsTokenUrl(std::string_view url) const {
  return std::find(token_urls_.begin(), token_urls_.end(), url) != token_urls_.end();
}

}  // namespace tocsin::receivers
