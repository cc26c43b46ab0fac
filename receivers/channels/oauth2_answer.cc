#include "receivers/channels/oauth2_answer.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "base/json_library.h"
#include "base/number.h"
#include "base/text.h"

namespace tocsin::receivers {
namespace {

constexpr double kLongestLifetimeSeconds = 2147483647;  // as in golang.org/x/oauth2

using Fields = std::map<std::string, std::string>;

Fields ReadForm(std::string_view body) {
  Fields fields;
  for (const std::string_view pair : Split(body, '&')) {
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    std::optional<std::string> name = PercentDecode(pair.substr(0, equals), /*plus_is_space=*/true);
    std::optional<std::string> text = PercentDecode(value, /*plus_is_space=*/true);
    if (name && text) fields.emplace(*std::move(name), *std::move(text));
  }
  return fields;
}

// The texts and numbers of the outermost object.
Fields ReadJson(const std::string& body) {
  Fields fields;
  const nlohmann::json json = ParseJson(body);
  if (!json.is_object()) return fields;
  for (const auto& [name, value] : json.items()) {
    if (value.is_string()) fields.emplace(name, value.get_ref<const std::string&>());
    if (value.is_number()) fields.emplace(name, FormatFloat(value.get<double>()));
  }
  return fields;
}

Fields ReadFields(const HttpClientResponse& response) {
  const std::string_view type = response.Header("content-type");
  const std::string media = ToLowerAscii(TrimSpace(type.substr(0, type.find(';'))));
  const bool is_form = media == "application/x-www-form-urlencoded" || media == "text/plain";
  return is_form ? ReadForm(response.body) : ReadJson(response.body);
}

std::string Field(const Fields& fields, const char* name) {
  const auto it = fields.find(name);
  return it == fields.end() ? "" : it->second;
}

// "invalid_client": one word in small letters, or nothing is shown.
std::string ErrorCode(const Fields& fields) {
  const std::string code = Field(fields, "error");
  const bool is_word = code.size() <= 40 &&
                       code.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
  return code.empty() || !is_word ? "" : fmt::format(" ({})", code);
}

std::string TypeOf(const Fields& fields) {
  std::string type = Field(fields, "token_type");
  if (type.empty() || EqualsIgnoreCase(type, "bearer")) return "Bearer";
  if (EqualsIgnoreCase(type, "mac")) return "MAC";
  if (EqualsIgnoreCase(type, "basic")) return "Basic";
  return type;
}

std::optional<Duration> LifetimeOf(const Fields& fields) {
  const std::optional<double> seconds = ParseFloat(Field(fields, "expires_in"));
  if (!seconds || !std::isfinite(*seconds) || *seconds <= 0) return std::nullopt;
  return Duration(static_cast<std::int64_t>(1000 * std::min(*seconds, kLongestLifetimeSeconds)));
}

bool IsHeaderText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

Result<OAuth2Token> ReadTokenAnswer(const HttpClientResponse& response) {
  const Fields fields = ReadFields(response);
  if (response.status < 200 || response.status > 299) {
    return Error{fmt::format("the token server answered with HTTP status {}{}", response.status,
                             ErrorCode(fields))};
  }
  if (fields.count("error") != 0) {
    return Error{fmt::format("the token server answered with an error{}", ErrorCode(fields))};
  }
  const std::string token = Field(fields, "access_token");
  if (token.empty()) return Error{"the token server's answer holds no access_token"};
  const std::string type = TypeOf(fields);
  if (!IsHeaderText(token) || !IsHeaderText(type)) {
    return Error{"the token server's answer holds a token that no header can carry"};
  }
  return OAuth2Token{Secret(fmt::format("{} {}", type, token)), LifetimeOf(fields)};
}

}  // namespace tocsin::receivers
