#include "config/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "base/http_client.h"
#include "base/number.h"
#include "base/text.h"
#include "config/environment_channels.h"
#include "config/environment_values.h"
#include "config/postgres_url.h"

namespace tocsin::config {
namespace {

// Variables of the contract whose part of the program is not written yet, with that part's name.
struct UnsupportedVariable {
  std::string_view name;
  std::string_view feature;
};
constexpr UnsupportedVariable kUnsupported[] = {
    {"REDIS_URL", "the cache"},
};

constexpr std::size_t kShortSecret = 16;

constexpr std::string_view kDatabaseForms =
    "sqlite:///relative.db, sqlite:////absolute.db, sqlite:// (memory), "
    "postgresql://user:password@host:port/database";

class EnvironmentReader {
 public:
  EnvironmentReader(const Environment& environment, Files& files, Diagnostics& diagnostics)
      : values_(environment, files, diagnostics) {}

  EnvironmentSettings Read() {
    ReadDatabase();
    ReadMetricsPort();
    ReadProbe();
    settings_.receivers = ReadEnvironmentChannels(values_);
    ReadApiKeys();
    ReportUnsupported();
    settings_.files_read = values_.files_read();
    return std::move(settings_);
  }

 private:
  void ReadDatabase() {
    const std::optional<std::string> url = values_.Value("DATABASE_URL");
    if (!url) return;
    // SQLAlchemy's form: dialect+driver://rest. The driver says nothing to us.
    const std::size_t colon = url->find("://");
    const std::string scheme = colon == std::string::npos ? "" : url->substr(0, colon);
    const std::string dialect = scheme.substr(0, scheme.find('+'));
    if (dialect == "postgresql" || dialect == "postgres") {
      Result<PostgresSettings> postgres = ReadPostgresUrl(std::string_view(*url).substr(colon + 3));
      if (!postgres) return values_.ReportError("DATABASE_URL: " + postgres.message());
      settings_.postgres = *std::move(postgres);
      return;
    }
    const std::optional<std::string> path =
        dialect == "sqlite" ? SqlitePath(std::string_view(*url).substr(colon + 3)) : std::nullopt;
    if (!path) {
      values_.ReportError(fmt::format("DATABASE_URL: supported forms: {}", kDatabaseForms));
      return;
    }
    settings_.database_path = *path;
  }

  // What follows sqlite:// : nothing for memory, else a slash and the path.
  static std::optional<std::string> SqlitePath(std::string_view rest) {
    if (rest.empty() || rest == "/:memory:") return ":memory:";
    if (rest.front() != '/' || rest.size() == 1) return std::nullopt;
    if (rest.find_first_of("?#") != std::string_view::npos) return std::nullopt;
    return std::string(rest.substr(1));
  }

  void ReadMetricsPort() {
    const std::optional<std::string> text = values_.Value("PROMETHEUS_PORT");
    if (!text) return;
    const std::optional<std::int64_t> port = ParseInt(*text);
    if (!port || *port < 1 || *port > 65535) {
      values_.ReportError(fmt::format("PROMETHEUS_PORT must be a number from 1 to 65535, not {}",
                                      QuoteForMessage(*text)));
      return;
    }
    settings_.extra_metrics_port = static_cast<std::uint16_t>(*port);
  }

  void ReadProbe() {
    std::optional<std::string> url = values_.Value("API_URL");
    if (!url) return;
    if (Status sound = CheckUrl(*url); !sound) {
      return values_.ReportError("API_URL: " + sound.message());
    }
    settings_.probe_url = *std::move(url);
  }

  // scope:secret, scope:secret ... Whoever sets keys counts on them: what cannot be read is an
  // error, which never shows what stands there.
  void ReadApiKeys() {
    std::optional<std::string> text = values_.Value("TOCSIN_API_KEYS");
    if (!text) return;
    std::replace(text->begin(), text->end(), '\n', ',');
    std::size_t number = 0;
    for (const std::string_view item : Split(*text, ',')) {
      ++number;
      if (!TrimSpace(item).empty()) ReadApiKey(TrimSpace(item), number);
    }
    if (settings_.api_keys.empty()) {
      values_.ReportError("TOCSIN_API_KEYS holds no key: write scope:secret, separated by commas");
    }
  }

  void ReadApiKey(std::string_view item, std::size_t number) {
    const std::size_t colon = item.find(':');
    const std::string_view secret =
        colon == std::string_view::npos ? "" : TrimSpace(item.substr(colon + 1));
    const std::optional<Scopes> scopes =
        Scopes::Parse(item.substr(0, std::min(colon, item.size())));
    if (secret.empty() || !scopes) {
      values_.ReportError(
          fmt::format("TOCSIN_API_KEYS: key {} is not of the form scope:secret, with a scope of {}",
                      number, kScopeWords));
      return;
    }
    if (secret.size() < kShortSecret) {
      values_.ReportWarning(fmt::format(
          "TOCSIN_API_KEYS: the secret of key {} is shorter than {} characters and may be guessed",
          number, kShortSecret));
    }
    settings_.api_keys.push_back({*scopes, Secret(std::string(secret))});
  }

  void ReportUnsupported() {
    for (const UnsupportedVariable& variable : kUnsupported) {
      for (const std::string& name :
           {std::string(variable.name), std::string(variable.name) + "_FILE"}) {
        if (!values_.Raw(name)) continue;
        values_.ReportWarning(
            fmt::format("{} has no effect: {} is not supported yet", name, variable.feature));
      }
    }
  }

  EnvironmentValues values_;
  EnvironmentSettings settings_;
};

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The variable that `text` begins with after its dollar: its name and the length of the reference.
struct Reference {
  std::string_view name;
  std::size_t length = 0;
};
std::optional<Reference> ReadReference(std::string_view text) {
  if (!text.empty() && text.front() == '{') {
    const std::size_t end = text.find('}');
    if (end == std::string_view::npos || end == 1) return std::nullopt;
    return Reference{text.substr(1, end - 1), end + 1};
  }
  const auto end = std::find_if_not(text.begin(), text.end(), IsNameCharacter);
  const auto length = static_cast<std::size_t>(end - text.begin());
  if (length == 0) return std::nullopt;
  return Reference{text.substr(0, length), length};
}

}  // namespace

Environment ProcessEnvironment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

EnvironmentSettings ReadEnvironment(const Environment& environment, Files& files,
                                    Diagnostics& diagnostics) {
  return EnvironmentReader(environment, files, diagnostics).Read();
}

Expansion ExpandVariables(std::string_view text, const Environment& environment) {
  Expansion out;
  while (!text.empty()) {
    const std::size_t dollar = std::min(text.find('$'), text.size());
    out.text += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.empty()) break;
    text.remove_prefix(1);
    const std::optional<Reference> reference = ReadReference(text);
    if (!reference) {
      out.text += '$';
      if (!text.empty() && text.front() == '$') text.remove_prefix(1);
      continue;
    }
    const std::string value = environment(reference->name).value_or("");
    if (value.empty()) out.empty_variables.emplace_back(reference->name);
    out.text += value;
    text.remove_prefix(reference->length);
  }
  return out;
}

}  // namespace tocsin::config
