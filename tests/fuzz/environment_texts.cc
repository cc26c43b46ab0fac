// What the environment says: the URL of a database, and the variables of the channels, NAME=value
// on each line. What is wrong is said without the values, which may be secret.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/http_client.h"
#include "base/text.h"
#include "base/url_user_info.h"
#include "config/environment.h"
#include "config/environment_channels.h"
#include "config/files.h"
#include "config/postgres_url.h"
#include "config/receivers.h"

namespace tocsin::config {
namespace {

// What each secret ends in.
constexpr std::string_view kMark = "Zq7hidden";

class NoFiles final : public Files {
 public:
  Result<std::string> Read(const std::string&, std::size_t) override {
    return Error{"No such file or directory"};
  }
  std::vector<std::string> Match(const std::string&, const std::string&) override { return {}; }
};

// ---- TOCSIN_DATABASE_URL

using Parameters = std::map<std::string, std::string>;

// name='value' ..., as libpq reads it.
// https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE
Parameters ReadConninfo(std::string_view text) {
  Parameters parameters;
  while (!text.empty()) {
    const std::size_t equals = text.find("='");
    CHECK(equals != std::string_view::npos && equals > 0);
    const std::string name(text.substr(0, equals));
    CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos);
    text.remove_prefix(equals + 2);
    std::string value;
    while (!text.empty() && text.front() != '\'') {
      if (text.front() == '\\') text.remove_prefix(1);
      CHECK(!text.empty());
      value.push_back(text.front());
      text.remove_prefix(1);
    }
    CHECK(!text.empty());
    text.remove_prefix(1);
    CHECK(parameters.emplace(name, value).second);
    CHECK(text.empty() || text.front() == ' ');
    text.remove_prefix(std::min<std::size_t>(1, text.size()));
  }
  return parameters;
}

Result<PostgresSettings> ReadUrl(const std::string& rest) {
  Result<PostgresSettings> read = ReadPostgresUrl(rest);
  if (read) return read;
  // Of the URL nothing but what any message might say.
  CHECK(IsValidUtf8(read.message()) && read.message().find(kMark) == std::string::npos);
  CHECK(read.message().find("; write postgresql://") != std::string::npos);
  return read;
}

void CheckDatabase(const std::string& rest) {
  (void)ReadUrl(rest);
  // The password is all that follows the first colon, up to the last `@`.
  const std::string secret = PercentEncode(rest) + "@:" + std::string(kMark);
  const auto settings = ReadUrl("user:" + secret + "@db.example:5433,[::1]/main?sslmode=require");
  CHECK(settings.ok());
  const Parameters parameters = ReadConninfo(settings->conninfo.Reveal());
  const bool is_printable = std::none_of(rest.begin(), rest.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  CHECK(is_printable && parameters.at("password") == rest + "@:" + std::string(kMark));
  CHECK(settings->password.Reveal() == parameters.at("password"));
  CHECK(parameters.at("user") == "user" && parameters.at("host") == "db.example,::1");
  CHECK(parameters.at("port") == "5433," && parameters.at("dbname") == "main");
  CHECK(settings->shown == "postgresql://user@db.example,::1:5433,/main");
}

void CheckUrl(const std::string& rest) {
  const bool is_printable = std::none_of(rest.begin(), rest.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (is_printable) CheckDatabase(rest);
  const auto settings = ReadUrl(rest);
  if (!settings) return;
  const Parameters parameters = ReadConninfo(settings->conninfo.Reveal());
  CHECK(parameters.contains("connect_timeout") && parameters.contains("application_name"));
  CHECK(!parameters.contains("ssl"));
  const auto password = parameters.find("password");
  CHECK((password == parameters.end() ? "" : password->second) == settings->password.Reveal());
  // A password in front of an `@` or as a parameter is not shown.
  if (rest.find('?') == std::string::npos && rest.find("shown") == std::string::npos) {
    const auto more = ReadUrl(rest + "?password=" + std::string(kMark));
    CHECK(more.ok() && more->shown == settings->shown);
    CHECK(more->shown.find(kMark) == std::string::npos);
  }
}

// ---- channels

void CheckHeaders(const WebhookSettings& webhook, bool is_sound) {
  for (const auto& [name, value] : webhook.headers) {
    CHECK(!is_sound || CheckHeader(name, value.Reveal()).ok());
  }
  CHECK(!is_sound || tocsin::CheckUrl(webhook.url.Reveal()).ok());
}

bool IsSecret(std::string_view name) {
  return name.ends_with("_URL") || name.ends_with("_PASSWORD") || name.ends_with("_KEY");
}

void CheckChannels(std::string_view text) {
  std::map<std::string, std::string, std::less<>> variables;
  for (const std::string_view line : Split(text, '\n')) {
    const std::size_t equals = std::min(line.find('='), line.size());
    std::string value(line.substr(std::min(equals + 1, line.size())));
    const std::string_view name = line.substr(0, equals);
    if (IsSecret(name) && !value.empty()) {
      value.append(value.find("://") == std::string::npos ? "" : "/").append(kMark);
    }
    variables.insert_or_assign(std::string(name), std::move(value));
  }
  const Environment environment = [&variables](std::string_view name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  NoFiles files;
  Diagnostics diagnostics;
  EnvironmentValues values(environment, files, diagnostics);
  const std::vector<ReceiverSettings> receivers = ReadEnvironmentChannels(values);
  for (const Diagnostic& diagnostic : diagnostics.list()) {
    CHECK(!diagnostic.message.empty() && diagnostic.message.find('\n') == std::string::npos);
    CHECK(diagnostic.message.find(kMark) == std::string::npos);
  }
  CHECK(receivers.size() <= std::size(kContractChannels));
  for (const ReceiverSettings& receiver : receivers) {
    CHECK(receiver.channels.size() == 1 && receiver.channels[0].type == receiver.name);
    CHECK(variables.contains(receiver.source.substr(sizeof "environment " - 1)));
    if (receiver.name == "webhook") {
      CheckHeaders(receiver.channels[0].webhook, !diagnostics.has_errors());
    }
  }
}

}  // namespace
}  // namespace tocsin::config

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (text.find(tocsin::config::kMark) != std::string::npos) return 0;
  if (text.starts_with("postgresql://")) {
    tocsin::config::CheckUrl(text.substr(sizeof "postgresql://" - 1));
  } else {
    tocsin::config::CheckChannels(text);
  }
  return 0;
}
