#include "config/web_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/bcrypt.h"
#include "base/text.h"
#include "config/decode.h"
#include "config/yaml.h"

namespace tocsin::config {
namespace {

constexpr std::size_t kMaxWebFileBytes = 1 << 20;

// A header that may be set, and the values that it may have; none: any.
struct AllowedHeader {
  std::string_view name;
  std::vector<std::string_view> values;
};

// https://prometheus.io/docs/prometheus/latest/configuration/https/
const std::array<AllowedHeader, 5>& AllowedHeaders() {
  static const std::array<AllowedHeader, 5> kAllowed = {
      {{"Content-Security-Policy", {}},
       {"Strict-Transport-Security", {}},
       {"X-Content-Type-Options", {"nosniff"}},
       {"X-Frame-Options", {"deny", "sameorigin"}},
       {"X-XSS-Protection", {}}}};
  return kAllowed;
}

std::string AllowedNames() {
  std::vector<std::string_view> names;
  for (const AllowedHeader& header : AllowedHeaders()) names.push_back(header.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

void ReadUser(const YamlEntry& entry, FileReport& report, WebFileSettings* settings) {
  std::string hash;
  if (entry.value.kind == YamlNode::Kind::kScalar) hash = entry.value.text;
  if (!BcryptCost(hash)) {
    return report.Error(entry.value.is_null() ? entry.mark : entry.value.mark,
                        fmt::format("the password of {} is no bcrypt hash ($2y$...), as "
                                    "`htpasswd -nB` makes them",
                                    NameForMessage(entry.key)));
  }
  if (entry.key.find(':') != std::string::npos) {
    report.Warning(entry.mark, fmt::format("{} can never log in: a colon ends the name of a user",
                                           NameForMessage(entry.key)));
  }
  settings->users.emplace(entry.key, Secret(hash));
}

void CheckHeaderValue(const AllowedHeader& allowed, const std::string& value, Mark at,
                      FileReport& report) {
  const bool is_allowed =
      allowed.values.empty() ||
      std::find(allowed.values.begin(), allowed.values.end(), value) != allowed.values.end();
  if (!is_allowed) {
    report.Error(at, fmt::format("invalid value {} of {}: it is {}", QuoteForMessage(value),
                                 allowed.name, fmt::join(allowed.values, " or ")));
  } else if (std::any_of(value.begin(), value.end(), [](char c) {
               return (c >= '\0' && c < ' ' && c != '\t') || c == '\x7f';
             })) {
    report.Error(at, fmt::format("the value of {} has a line break or another control character",
                                 allowed.name));
  }
}

void ReadHeader(const YamlEntry& entry, FileReport& report, WebFileSettings* settings) {
  const auto& all = AllowedHeaders();
  const auto allowed = std::find_if(
      all.begin(), all.end(), [&](const AllowedHeader& one) { return one.name == entry.key; });
  if (allowed == all.end()) {
    return report.Error(entry.mark,
                        fmt::format("HTTP header {} can not be configured; those that can be are "
                                    "{}",
                                    QuoteForMessage(entry.key), AllowedNames()));
  }
  std::string value;
  if (entry.value.is_null()) return;  // left unset
  if (!ReadText(entry.value, entry.key, report, &value) || value.empty()) return;
  CheckHeaderValue(*allowed, value, entry.value.mark, report);
  settings->headers.emplace_back(entry.key, value);
}

void ReadHttpServer(MapDecoder& root, FileReport& report, WebFileSettings* settings) {
  const YamlNode* node = root.Find("http_server_config");
  if (node == nullptr) return;
  MapDecoder map(*node, "http_server_config", report);
  bool http2 = true;  // which only goes with TLS: there is nothing to switch
  map.ReadBool("http2", &http2);
  for (const YamlEntry& entry : map.ReadEntries("headers")) ReadHeader(entry, report, settings);
  map.Finish();
}

// What is not supported, as long as it asks for something.
void RefuseKey(MapDecoder& root, std::string_view key, std::string_view advice) {
  const YamlNode* node = root.Find(key);
  if (node == nullptr) return;
  if (node->kind == YamlNode::Kind::kMap && node->entries.empty()) return;
  root.report().Error(root.PlaceOfKey(key), fmt::format("{} is not supported: {}", key, advice));
}

}  // namespace

LoadedWebFile LoadWebText(const std::string& path, std::string_view text) {
  LoadedWebFile loaded;
  FileReport report(path, loaded.diagnostics);
  auto settings = std::make_shared<WebFileSettings>();
  if (const std::optional<YamlNode> node = ParseYaml(text, report)) {
    MapDecoder root(*node, "the web configuration", report);
    RefuseKey(root, "tls_server_config",
              "the HTTP server that is linked here crashes on TLS; let a proxy in front speak it");
    RefuseKey(root, "rate_limit", "let a proxy in front limit requests");
    for (const YamlEntry& entry : root.ReadEntries("basic_auth_users")) {
      ReadUser(entry, report, settings.get());
    }
    ReadHttpServer(root, report, settings.get());
    root.Finish();
  }
  loaded.diagnostics.Sort();
  if (!loaded.diagnostics.has_errors()) loaded.settings = std::move(settings);
  return loaded;
}

LoadedWebFile LoadWebFile(const std::string& path, Files& files) {
  if (path.empty()) return {std::make_shared<const WebFileSettings>(), {}};
  const Result<std::string> text = files.Read(path, kMaxWebFileBytes);
  if (text) return LoadWebText(path, *text);
  LoadedWebFile loaded;
  loaded.diagnostics.Add(
      {Diagnostic::Level::kError, path, 0, 0, "cannot be read: " + text.message()});
  return loaded;
}

}  // namespace tocsin::config
