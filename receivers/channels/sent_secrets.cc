#include "receivers/channels/sent_secrets.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/http_request_check.h"
#include "base/text.h"
#include "receivers/channels/url_path.h"

namespace tocsin::receivers {
namespace {

// Shorter ones are words that an answer may hold for reasons of its own.
constexpr std::size_t kMinCredentials = 8;
// Of an address: names are shorter, or have no digits.
constexpr std::size_t kMinKey = 16;

bool MayBeKey(std::string_view piece) {
  const bool has_digit = piece.find_first_of("0123456789") != std::string_view::npos;
  return piece.size() >= (has_digit ? kMinCredentials : kMinKey);
}

void AddKeys(std::string_view path, std::vector<std::string>* secrets) {
  while (!path.empty()) {
    const std::size_t end = std::min(path.find_first_of("/?&=#:"), path.size());
    const std::string_view piece = path.substr(0, end);
    if (MayBeKey(piece)) {
      secrets->emplace_back(piece);
      const std::optional<std::string> decoded = PercentDecode(piece);
      if (decoded && *decoded != piece) secrets->push_back(*decoded);
    }
    path.remove_prefix(std::min(end + 1, path.size()));
  }
}

// "Bearer abc", and `abc` alone; of basic authorization the password, too.
void AddCredentials(std::string_view value, std::vector<std::string>* secrets) {
  const auto add = [secrets](std::string_view text) {
    if (text.size() >= kMinCredentials) secrets->emplace_back(text);
  };
  add(value);
  const std::size_t blank = value.find(' ');
  if (blank == std::string_view::npos) return;
  const std::string_view credentials = value.substr(blank + 1);
  add(credentials);
  if (!EqualsIgnoreCase(value.substr(0, blank), "basic")) return;
  const std::string decoded = Base64Decode(credentials).value_or("");
  const std::size_t colon = decoded.find(':');
  if (colon != std::string::npos) add(std::string_view(decoded).substr(colon + 1));
}

}  // namespace

std::vector<std::string> SecretsIn(const HttpClientRequest& request) {
  std::vector<std::string> secrets;
  AddKeys(PathOf(request.url), &secrets);
  for (const auto& [name, value] : request.headers) {
    if (!IsPublicHeader(name)) AddCredentials(value, &secrets);
  }
  std::sort(secrets.begin(), secrets.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  return secrets;
}

void StrikeOut(const std::vector<std::string>& secrets, std::string* text) {
  for (const std::string& secret : secrets) {
    if (secret.empty()) continue;
    for (std::size_t at = 0; (at = text->find(secret, at)) != std::string::npos;
         at += kStruckOut.size()) {
      text->replace(at, secret.size(), kStruckOut);
    }
  }
}

}  // namespace tocsin::receivers
