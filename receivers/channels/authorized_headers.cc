#include "receivers/channels/authorized_headers.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

#include "base/text.h"
#include "base/url_user_info.h"

namespace tocsin::receivers {
namespace {

// What is written in the file, or what the file that is named instead holds.
Result<std::string> ValueOrFile(const std::string& value, const std::string& file) {
  return file.empty() ? Result<std::string>(value) : ReadSecretFile(file);
}

}  // namespace

Result<std::string> ReadSecretFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return Error{fmt::format("cannot read {}: {}", path, std::generic_category().message(errno))};
  }
  // Sets a flag where an iterator would throw: the path is a folder, the disk fails.
  std::ostringstream text;
  text << file.rdbuf();
  file.peek();
  if (file.bad()) return Error{fmt::format("cannot read {}", path)};
  return std::string(TrimSpace(text.str()));
}

Status AuthorizedHeaders::AddTo(HttpClientRequest* request) const {
  if (Status added = AddCredentials(request); !added) return added;
  for (const config::HttpHeaderConfig& header : settings_.headers) {
    for (const std::string& value : header.values) {
      request->headers.emplace_back(header.name, value);
    }
    for (const Secret& value : header.secrets) {
      request->headers.emplace_back(header.name, value.Reveal());
    }
    for (const std::string& file : header.files) {
      Result<std::string> value = ReadSecretFile(file);
      if (!value) return value.error();
      request->headers.emplace_back(header.name, *std::move(value));
    }
  }
  return {};
}

Status AuthorizedHeaders::AddCredentials(HttpClientRequest* request) const {
  for (const auto& [name, value] : request->headers) {
    if (EqualsIgnoreCase(name, "authorization")) return {};
  }
  if (Status added = AddBasicAuth(request); !added) return added;
  return AddAuthorization(request);
}

Status AuthorizedHeaders::AddBasicAuth(HttpClientRequest* request) const {
  if (!settings_.basic_auth) return {};
  const config::BasicAuthConfig& auth = *settings_.basic_auth;
  const Result<std::string> user = ValueOrFile(auth.username, auth.username_file);
  if (!user) return user.error();
  const Result<std::string> password = ValueOrFile(auth.password.Reveal(), auth.password_file);
  if (!password) return password.error();
  request->headers.emplace_back("Authorization", BasicAuthorization(*user, *password));
  return {};
}

Status AuthorizedHeaders::AddAuthorization(HttpClientRequest* request) const {
  if (!settings_.authorization) return {};
  const config::AuthorizationConfig& auth = *settings_.authorization;
  const Result<std::string> credentials =
      ValueOrFile(auth.credentials.Reveal(), auth.credentials_file);
  if (!credentials) return credentials.error();
  request->headers.emplace_back("Authorization", fmt::format("{} {}", auth.type, *credentials));
  return {};
}

}  // namespace tocsin::receivers
