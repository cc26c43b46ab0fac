#include "config/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/http_client.h"
#include "base/number.h"
#include "base/text.h"
#include "config/files.h"
#include "config/receivers.h"

namespace tocsin::config {
namespace {

constexpr std::size_t kMaxValueBytes = 64 << 10;

// Variables of the contract whose part of the program is not written yet, with that part's name.
struct UnsupportedVariable {
  std::string_view name;
  std::string_view feature;
};
constexpr UnsupportedVariable kUnsupported[] = {
    {"EMAIL_SMTP_HOST", "the email channel"},
    {"SMTP_SERVER", "the email channel"},
    {"SMTP_HOST", "the email channel"},
    {"EMAIL_SMTP_PORT", "the email channel"},
    {"SMTP_PORT", "the email channel"},
    {"EMAIL_SMTP_USERNAME", "the email channel"},
    {"SMTP_USERNAME", "the email channel"},
    {"EMAIL_SMTP_PASSWORD", "the email channel"},
    {"SMTP_PASSWORD", "the email channel"},
    {"EMAIL_FROM", "the email channel"},
    {"SMTP_FROM", "the email channel"},
    {"EMAIL_TO", "the email channel"},
    {"SLACK_WEBHOOK_URL", "the slack channel"},
    {"SLACK_CHANNEL", "the slack channel"},
    {"DISCORD_WEBHOOK_URL", "the discord channel"},
    {"TEAMS_WEBHOOK_URL", "the teams channel"},
    {"PAGERDUTY_INTEGRATION_KEY", "the pagerduty channel"},
    {"PAGERDUTY_API_KEY", "the pagerduty channel"},
    {"REDIS_URL", "the cache"},
    {"API_URL", "the health probe"},
};

constexpr std::string_view kDatabaseForms =
    "sqlite:///relative.db, sqlite:////absolute.db, sqlite:// (memory)";

class EnvironmentReader {
 public:
  EnvironmentReader(const Environment& environment, Files& files, Diagnostics& diagnostics)
      : environment_(environment), files_(files), diagnostics_(diagnostics) {}

  EnvironmentSettings Read() {
    ReadDatabase();
    ReadMetricsPort();
    ReadWebhook();
    ReportUnsupported();
    return std::move(settings_);
  }

 private:
  void Report(Diagnostic::Level level, std::string message) {
    diagnostics_.Add({level, "", 0, 0, std::move(message)});
  }
  void ReportError(std::string message) { Report(Diagnostic::Level::kError, std::move(message)); }
  void ReportWarning(std::string message) {
    Report(Diagnostic::Level::kWarning, std::move(message));
  }

  std::optional<std::string> Raw(std::string_view name) const {
    std::optional<std::string> value = environment_(name);
    return value && value->empty() ? std::nullopt : value;
  }

  // The value of NAME, or the content of the file that NAME_FILE names.
  std::optional<std::string> Value(const std::string& name) {
    std::optional<std::string> value = Raw(name);
    const std::optional<std::string> path = Raw(name + "_FILE");
    if (value && path) {
      ReportWarning(fmt::format("{0} and {0}_FILE are both set; {0} is used", name));
    }
    if (value || !path) return value;
    Result<std::string> content = files_.Read(*path, kMaxValueBytes);
    if (!content) {
      ReportError(fmt::format("{}_FILE: cannot read {}: {}", name, *path, content.message()));
      return std::nullopt;
    }
    settings_.files_read.push_back(*path);
    while (!content->empty() && (content->back() == '\n' || content->back() == '\r')) {
      content->pop_back();
    }
    if (content->empty()) {
      ReportError(fmt::format("{}_FILE: the file {} is empty", name, *path));
      return std::nullopt;
    }
    return *std::move(content);
  }

  void ReadDatabase() {
    const std::optional<std::string> url = Value("DATABASE_URL");
    if (!url) return;
    // SQLAlchemy's form: dialect+driver://rest. The driver says nothing to us.
    const std::size_t colon = url->find("://");
    const std::string scheme = colon == std::string::npos ? "" : url->substr(0, colon);
    const std::string dialect = scheme.substr(0, scheme.find('+'));
    if (dialect == "postgresql" || dialect == "postgres") {
      ReportError(fmt::format("DATABASE_URL: {}:// is not supported yet; supported forms: {}",
                              dialect, kDatabaseForms));
      return;
    }
    const std::optional<std::string> path =
        dialect == "sqlite" ? SqlitePath(std::string_view(*url).substr(colon + 3)) : std::nullopt;
    if (!path) {
      ReportError(fmt::format("DATABASE_URL: supported forms: {}", kDatabaseForms));
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
    const std::optional<std::string> text = Value("PROMETHEUS_PORT");
    if (!text) return;
    const std::optional<std::int64_t> port = ParseInt(*text);
    if (!port || *port < 1 || *port > 65535) {
      ReportError(fmt::format("PROMETHEUS_PORT must be a number from 1 to 65535, not {}",
                              QuoteForMessage(*text)));
      return;
    }
    settings_.extra_metrics_port = static_cast<std::uint16_t>(*port);
  }

  void ReadWebhook() {
    std::optional<std::string> url = Value("WEBHOOK_URL");
    const std::optional<std::string> headers = Value("WEBHOOK_HEADERS");
    if (!url) {
      if (headers) ReportWarning("WEBHOOK_HEADERS has no effect without WEBHOOK_URL");
      return;
    }
    ChannelSettings channel;
    channel.type = "webhook";
    if (Status status = CheckUrl(*url); !status) {
      ReportError("WEBHOOK_URL: " + status.message());
    }
    channel.webhook.url = Secret(*std::move(url));
    if (headers) ReadHeaders(*headers, &channel.webhook);
    settings_.receivers.push_back({"webhook", {std::move(channel)}, "environment WEBHOOK_URL"});
  }

  void ReadHeaders(const std::string& text, WebhookSettings* webhook) {
    const nlohmann::json object =
        nlohmann::json::parse(text, /*cb=*/nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) {
      ReportError("WEBHOOK_HEADERS must be a JSON object, such as {\"X-Team\": \"ops\"}");
      return;
    }
    for (const auto& [name, value] : object.items()) {
      const auto* content = value.get_ptr<const nlohmann::json::string_t*>();
      if (content == nullptr) {
        ReportError(fmt::format("WEBHOOK_HEADERS: the value of {} must be a string",
                                QuoteForMessage(name)));
        continue;
      }
      if (Status status = CheckHeader(name, *content); !status) {
        ReportError("WEBHOOK_HEADERS: " + status.message());
      }
      webhook->headers.emplace_back(name, Secret(*content));
    }
  }

  void ReportUnsupported() {
    for (const UnsupportedVariable& variable : kUnsupported) {
      for (const std::string& name :
           {std::string(variable.name), std::string(variable.name) + "_FILE"}) {
        if (!Raw(name)) continue;
        ReportWarning(
            fmt::format("{} has no effect: {} is not supported yet", name, variable.feature));
      }
    }
    // Whoever sets keys counts on them: going on without would leave the door open.
    for (const char* name : {"TOCSIN_API_KEYS", "TOCSIN_API_KEYS_FILE"}) {
      if (Raw(name)) ReportError(fmt::format("{}: API keys are not supported yet", name));
    }
  }

  const Environment& environment_;
  Files& files_;
  Diagnostics& diagnostics_;
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
