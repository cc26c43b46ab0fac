#include "receivers/channels/setting_secrets.h"

#include <fmt/format.h>

#include "base/url_user_info.h"
#include "receivers/channels/authorized_headers.h"

namespace tocsin::receivers {

Result<std::string> SecretOf(const config::CheckedKeys& keys, std::string_view key) {
  const std::string file = keys.Text(fmt::format("{}_file", key));
  // What is a secret only with a password in it is no secret without one.
  if (file.empty()) return keys.Url(key);
  Result<std::string> secret = ReadSecretFile(file);
  if (secret && !secret->empty()) return secret;
  return Error{fmt::format("{}_file: {}", key,
                           secret ? fmt::format("{} is empty", file) : secret.message())};
}

Result<std::string> SecretUrlOf(const config::CheckedKeys& keys, std::string_view key) {
  Result<std::string> url = SecretOf(keys, key);
  if (!url) return url;
  if (const Status checked = CheckUrlWithUserInfo(*url); !checked) {
    return Error{fmt::format("{}: {}", key, checked.message())};
  }
  return url;
}

}  // namespace tocsin::receivers
