#include "receivers/channels/aws_profiles.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"

namespace tocsin::receivers {
namespace {

constexpr std::pair<std::string_view, std::string AwsProfile::*> kTexts[] = {
    {"aws_access_key_id", &AwsProfile::access_key},
    {"credential_source", &AwsProfile::credential_source},
    {"external_id", &AwsProfile::external_id},
    {"region", &AwsProfile::region},
    {"role_arn", &AwsProfile::role_arn},
    {"role_session_name", &AwsProfile::role_session_name},
    {"source_profile", &AwsProfile::source_profile},
    {"web_identity_token_file", &AwsProfile::web_identity_token_file},
};
constexpr std::pair<std::string_view, Secret AwsProfile::*> kSecrets[] = {
    {"aws_secret_access_key", &AwsProfile::secret_key},
    {"aws_session_token", &AwsProfile::session_token},
};
// They take a browser, a program or a person with a token.
constexpr std::string_view kBeyondUs[] = {"credential_process", "login_session", "mfa_serial",
                                          "sso_session", "sso_start_url"};

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// A comment in a line begins with a blank: keys may hold the signs themselves.
std::string_view WithoutComment(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i) {
    const bool is_sign = value[i] == '#' || value[i] == ';';
    if (is_sign && IsBlank(value[i - 1])) return value.substr(0, i);
  }
  return value;
}

std::string_view Unquoted(std::string_view text) {
  const bool is_quoted = text.size() >= 2 && text.front() == text.back() &&
                         (text.front() == '"' || text.front() == '\'');
  return is_quoted ? text.substr(1, text.size() - 2) : text;
}

// Of "[profile ops]" "ops". Empty where it is the head of something else, such as `[sso-session x]`
// or, in the wrong file, a name with `profile` or without.
std::string ProfileName(std::string_view line, AwsFile kind) {
  const std::size_t end = line.find(']');
  if (end == std::string_view::npos) return "";
  const std::string_view head = TrimSpace(line.substr(1, end - 1));
  const std::size_t blank = std::min(head.find_first_of(" \t"), head.size());
  const std::string_view kin = head.substr(0, blank);
  const std::string_view name = Unquoted(TrimSpace(head.substr(blank)));
  if (kind == AwsFile::kConfig) {
    if (head == "default") return "default";
    return kin == "profile" ? std::string(name) : "";
  }
  return kin == "profile" && !name.empty() ? "" : std::string(Unquoted(head));
}

void SetKey(const std::string& key, std::string_view value, AwsProfile* profile) {
  for (const auto& [name, member] : kTexts) {
    if (key == name) profile->*member = value;
  }
  for (const auto& [name, member] : kSecrets) {
    if (key == name) profile->*member = Secret(std::string(value));
  }
  if (std::find(std::begin(kBeyondUs), std::end(kBeyondUs), key) != std::end(kBeyondUs)) {
    profile->beyond_us = key;
  }
}

AwsProfiles ReadFile(std::string_view text, AwsFile kind) {
  AwsProfiles profiles;
  AwsProfile* profile = nullptr;  // of the lines that come; null: nobody's
  for (const std::string_view line : Split(text, '\n')) {
    const std::string_view content = TrimSpace(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    if (content.front() == '[') {
      const std::string name = ProfileName(content, kind);
      profile = name.empty() ? nullptr : &profiles[name];
      continue;
    }
    const std::size_t equals = content.find('=');
    if (profile == nullptr || IsBlank(line.front()) || equals == std::string_view::npos) continue;
    const std::string_view value = TrimSpace(WithoutComment(content.substr(equals + 1)));
    SetKey(ToLowerAscii(TrimSpace(content.substr(0, equals))), value, profile);
  }
  return profiles;
}

void Merge(AwsProfile newer, AwsProfile* profile) {
  if (!newer.access_key.empty()) {
    profile->secret_key = std::move(newer.secret_key);
    profile->session_token = std::move(newer.session_token);
  }
  for (const auto& [name, member] : kTexts) {
    if (!(newer.*member).empty()) profile->*member = std::move(newer.*member);
  }
  if (!newer.beyond_us.empty()) profile->beyond_us = std::move(newer.beyond_us);
}

}  // namespace

void ReadAwsProfiles(std::string_view text, AwsFile kind, AwsProfiles* profiles) {
  for (auto& [name, profile] : ReadFile(text, kind)) Merge(std::move(profile), &(*profiles)[name]);
}

}  // namespace tocsin::receivers
