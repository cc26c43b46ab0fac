#include "receivers/channels/aws_answers.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_library.h"
#include "base/text.h"

namespace tocsin::receivers {
namespace {

// AWS names no limit; a token has two thousand bytes at most so far, and stands in a header.
constexpr std::size_t kMaxValueBytes = 16 << 10;

// What stands between <name> and </name>, which nothing else begins with; empty where there is no
// such pair.
std::string_view Element(std::string_view xml, std::string_view name) {
  const std::string begin = fmt::format("<{}>", name);
  const std::size_t at = xml.find(begin);
  if (at == std::string_view::npos) return "";
  xml.remove_prefix(at + begin.size());
  const std::size_t end = xml.find(fmt::format("</{}>", name));
  return end == std::string_view::npos ? "" : xml.substr(0, end);
}

bool IsWord(std::string_view text) {
  return !text.empty() && text.size() <= 60 &&
         text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
             "abcdefghijklmnopqrstuvwxyz0123456789.") == std::string_view::npos;
}

// What a header can carry; markup never is part of it.
bool IsKeyText(std::string_view text) {
  return text.size() <= kMaxValueBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return c > 0x20 && c < 0x7f && c != '<' && c != '>' && c != '&';
         });
}

Result<LentAwsKeys> Checked(std::string_view access_key, std::string_view secret_key,
                            std::string_view session_token, std::string_view expiration) {
  if (access_key.empty() || secret_key.empty()) return Error{"the answer holds no keys"};
  if (!IsKeyText(access_key) || !IsKeyText(secret_key) || !IsKeyText(session_token)) {
    return Error{"the answer holds keys that no request can be signed with"};
  }
  LentAwsKeys lent;
  lent.keys = {std::string(access_key), Secret(std::string(secret_key)),
               Secret(std::string(session_token))};
  if (expiration.empty()) return lent;
  lent.ends = ParseRfc3339(expiration);
  if (!lent.ends) return Error{"the answer does not say until when its keys are good"};
  return lent;
}

std::string TextOf(const nlohmann::json& answer, const char* name) {
  const auto text = answer.find(name);
  return text != answer.end() && text->is_string() ? text->get<std::string>() : "";
}

}  // namespace

Result<LentAwsKeys> ReadStsAnswer(std::string_view body) {
  const std::string_view keys = Element(body, "Credentials");
  const auto value = [keys](std::string_view name) { return TrimSpace(Element(keys, name)); };
  if (value("Expiration").empty()) return Error{"the answer holds no keys"};
  return Checked(value("AccessKeyId"), value("SecretAccessKey"), value("SessionToken"),
                 value("Expiration"));
}

Result<LentAwsKeys> ReadLentKeys(const std::string& body) {
  const nlohmann::json answer = ParseJson(body);
  if (!answer.is_object()) return Error{"the answer is no JSON object"};
  const std::string code = TextOf(answer, "Code");
  if (!code.empty() && !EqualsIgnoreCase(code, "success")) {
    return Error{IsWord(code) ? fmt::format("it has no keys ({})", code) : "it has no keys"};
  }
  return Checked(TextOf(answer, "AccessKeyId"), TextOf(answer, "SecretAccessKey"),
                 TextOf(answer, "Token"), TextOf(answer, "Expiration"));
}

std::string AwsErrorCode(std::string_view body) {
  constexpr std::string_view kBegin = "<Code>";
  const std::size_t begin = body.find(kBegin);
  if (begin == std::string_view::npos) return "";
  const std::string_view rest = body.substr(begin + kBegin.size());
  const std::string_view code = rest.substr(0, rest.find('<'));
  return IsWord(code) ? std::string(code) : "";
}

}  // namespace tocsin::receivers
