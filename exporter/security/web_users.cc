#include "exporter/security/web_users.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/group_key.h"
#include "base/text.h"

namespace tocsin::security {
namespace {

using Verdict = http::BasicAuth::Verdict;

// Every answer carries it anyway (http/response_writer.cc).
constexpr std::string_view kAlwaysSet = "X-Content-Type-Options";
// No API key's id begins so.
constexpr std::string_view kOfUsers = "user:";
constexpr std::size_t kDigestLength = 8;  // enough to tell one password from the next

std::string IdOf(std::string_view name, const Secret& hash) {
  return fmt::format("{}{}:{}", kOfUsers, name, Sha256Hex(hash.Reveal()).substr(0, kDigestLength));
}

WebUsers::Judgement JudgementOf(Verdict verdict, std::string_view authorization,
                                const http::BasicUsers& users) {
  if (verdict != Verdict::kGood) return {verdict};
  const auto user = users.find(http::ReadBasicCredentials(authorization)->user);
  return {verdict, {IdOf(user->first, user->second), user->first}};
}

}  // namespace

void WebUsers::Apply(const std::shared_ptr<const config::WebFileSettings>& settings) {
  if (!settings->users.empty()) asks_ = true;
  settings_.Publish(settings);
}

std::optional<WebUsers::Judgement> WebUsers::Recall(std::string_view authorization) const {
  const std::shared_ptr<const config::WebFileSettings> settings = settings_.Get();
  if (settings->users.empty()) return Judgement();
  const std::optional<Verdict> verdict = auth_.Recall(settings->users, authorization);
  if (!verdict) return std::nullopt;
  return JudgementOf(*verdict, authorization, settings->users);
}

WebUsers::Judgement WebUsers::Judge(std::string_view authorization) {
  const std::shared_ptr<const config::WebFileSettings> settings = settings_.Get();
  if (settings->users.empty()) return {};
  return JudgementOf(auth_.Judge(settings->users, authorization), authorization, settings->users);
}

bool WebUsers::Knows(std::string_view id) const {
  if (!id.starts_with(kOfUsers)) return false;
  const std::string_view rest = id.substr(kOfUsers.size());
  const std::shared_ptr<const config::WebFileSettings> settings = settings_.Get();
  const auto user = settings->users.find(rest.substr(0, rest.rfind(':')));
  return user != settings->users.end() && IdOf(user->first, user->second) == id;
}

void WebUsers::SetHeaders(http::Response* response) const {
  SetWebHeaders(*settings_.Get(), response);
}

void SetWebHeaders(const config::WebFileSettings& settings, http::Response* response) {
  for (const auto& [name, value] : settings.headers) {
    if (name == kAlwaysSet) continue;
    auto& headers = response->headers;
    headers.erase(std::remove_if(headers.begin(), headers.end(),
                                 [&name = name](const auto& header) {
                                   return EqualsIgnoreCase(header.first, name);
                                 }),
                  headers.end());
    headers.emplace_back(name, value);
  }
}

}  // namespace tocsin::security
