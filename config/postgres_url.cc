#include "config/postgres_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/number.h"
#include "base/text.h"

namespace tocsin::config {
namespace {

constexpr std::string_view kForm =
    "write postgresql://user:password@host:port/database, with what is special in user and "
    "password percent-encoded";

// Where the URL says nothing: a server that is gone is noticed in seconds.
constexpr std::pair<const char*, const char*> kDefaults[] = {
    {"application_name", "tocsin"}, {"connect_timeout", "3"},      {"tcp_user_timeout", "10000"},
    {"keepalives_idle", "30"},      {"keepalives_interval", "10"}, {"keepalives_count", "3"},
};

class UrlReader {
 public:
  Result<PostgresSettings> Read(std::string_view rest) {
    const std::size_t question = rest.find('?');
    if (question != std::string_view::npos) {
      if (Status read = ReadParameters(rest.substr(question + 1)); !read) return read.error();
      rest = rest.substr(0, question);
    }
    const std::size_t slash = rest.find('/');
    if (slash != std::string_view::npos) {
      const std::string_view name = rest.substr(slash + 1);
      // It would be shown, and may be the rest of a password.
      if (name.find_first_of("/@:") != std::string_view::npos) {
        return Fault("the name of the database cannot be read");
      }
      if (Status read = Decode("dbname", name, "the name of the database"); !read) {
        return read.error();
      }
      rest = rest.substr(0, slash);
    }
    const std::size_t at = rest.rfind('@');
    if (at != std::string_view::npos) {
      if (Status read = ReadUser(rest.substr(0, at)); !read) return read.error();
      rest = rest.substr(at + 1);
    }
    if (Status read = ReadHosts(rest); !read) return read.error();
    return Finish();
  }

 private:
  static Error Fault(std::string_view what) { return Error{fmt::format("{}; {}", what, kForm)}; }

  // What stands in front of the `?` wins over a parameter.
  Status Decode(const char* name, std::string_view text, std::string_view what) {
    if (text.empty()) return {};
    const std::optional<std::string> value = PercentDecode(text);
    if (!value || std::any_of(value->begin(), value->end(), [](char c) {
          return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        })) {
      return Fault(fmt::format("{} cannot be read", what));
    }
    values_[name] = *value;
    return {};
  }

  Status ReadParameters(std::string_view text) {
    for (const std::string_view parameter : Split(text, '&')) {
      if (parameter.empty()) continue;
      const std::size_t equals = parameter.find('=');
      std::string name(parameter.substr(0, equals));
      if (equals == std::string_view::npos || name.empty() ||
          name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != std::string::npos) {
        return Fault("a parameter after the ? is not of the form name=value");
      }
      if (name == "ssl") name = "sslmode";  // as another driver calls it
      if (Status read = Decode(name.c_str(), parameter.substr(equals + 1), "a parameter"); !read) {
        return read;
      }
    }
    return {};
  }

  Status ReadUser(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (Status read = Decode("user", text.substr(0, colon), "the user"); !read) return read;
    if (colon == std::string_view::npos) return {};
    return Decode("password", text.substr(colon + 1), "the password");
  }

  // Several: libpq takes the first that answers.
  Status ReadHosts(std::string_view text) {
    if (text.empty()) return {};
    std::vector<std::string> hosts;
    std::vector<std::string> ports;
    for (const std::string_view one : Split(text, ',')) {
      const std::size_t bracket = one.starts_with('[') ? one.find(']') : 0;
      if (bracket == std::string_view::npos) return Fault("the host cannot be read");
      const std::size_t colon = std::min(one.find(':', bracket), one.size());
      const std::string_view port = one.substr(std::min(colon + 1, one.size()));
      const std::optional<std::int64_t> number = ParseInt(port);
      if (!port.empty() && (!number || *number < 1 || *number > 65535)) {
        return Fault("the port is no number from 1 to 65535");
      }
      hosts.emplace_back(bracket > 0 ? one.substr(1, bracket - 1) : one.substr(0, colon));
      ports.emplace_back(port);
    }
    if (Status read = Decode("host", fmt::format("{}", fmt::join(hosts, ",")), "the host"); !read) {
      return read;
    }
    if (std::any_of(ports.begin(), ports.end(), [](const auto& port) { return !port.empty(); })) {
      values_["port"] = fmt::format("{}", fmt::join(ports, ","));
    }
    return {};
  }

  Result<PostgresSettings> Finish() {
    for (const auto& [name, value] : kDefaults) values_.try_emplace(name, value);
    PostgresSettings settings;
    std::string conninfo;
    for (const auto& [name, value] : values_) {
      conninfo += fmt::format("{}{}='", conninfo.empty() ? "" : " ", name);
      for (const char c : value) {
        if (c == '\'' || c == '\\') conninfo += '\\';
        conninfo += c;
      }
      conninfo += '\'';
    }
    settings.conninfo = Secret(std::move(conninfo));
    settings.password = Secret(Value("password"));
    const std::string user = Value("user");
    const std::string port = Value("port");
    settings.shown = fmt::format("postgresql://{}{}{}{}{}/{}", user, user.empty() ? "" : "@",
                                 Value("host"), port.empty() ? "" : ":", port, Value("dbname"));
    return settings;
  }

  std::string Value(const char* name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? "" : found->second;
  }

  std::map<std::string, std::string> values_;
};

}  // namespace

Result<PostgresSettings> ReadPostgresUrl(std::string_view rest) { return UrlReader().Read(rest); }

}  // namespace tocsin::config
