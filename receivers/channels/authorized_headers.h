// The headers that an http_config adds to each request: credentials, and those that the user names.
// Secrets in files are read for each request, so that they can change without a reload.
#pragma once

#include <string>
#include <string_view>

#include "base/http_client.h"
#include "base/result.h"
#include "config/http_config.h"

namespace tocsin::receivers {

class AuthorizedHeaders {
 public:
  explicit AuthorizedHeaders(const config::HttpConfig& settings) : settings_(settings) {}

  // Fails where a file cannot be read. An Authorization header that is there already stays.
  Status AddTo(HttpClientRequest* request) const;

 private:
  Status AddCredentials(HttpClientRequest* request) const;
  Status AddBasicAuth(HttpClientRequest* request) const;
  Status AddAuthorization(HttpClientRequest* request) const;

  config::HttpConfig settings_;
};

// The text of a file that holds one secret, without the white space around it. The message of a
// failure names the file and nothing of what it holds.
Result<std::string> ReadSecretFile(const std::string& path);

}  // namespace tocsin::receivers
