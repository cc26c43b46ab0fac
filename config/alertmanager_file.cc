// The order matters: receivers take from `global` what they lack, and routes name receivers and
// time intervals. Nothing stops at the first problem.
#include "config/alertmanager_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "base/text.h"
#include "config/alertmanager_advice.h"
#include "config/alertmanager_intervals.h"
#include "config/alertmanager_receivers.h"
#include "config/alertmanager_route.h"
#include "config/alertmanager_templates.h"
#include "config/decode.h"
#include "config/kubernetes_object.h"
#include "config/references.h"
#include "config/yaml.h"

namespace tocsin::config {
namespace {

constexpr std::size_t kMaxAlertmanagerFileBytes = 4 << 20;

constexpr std::string_view kTracingKeys[] = {"client_type",  "compression", "endpoint",
                                             "http_headers", "insecure",    "sampling_fraction",
                                             "timeout",      "tls_config"};
constexpr std::string_view kEventRecorderKeys[] = {"file_outputs", "kafka_outputs",
                                                   "stdout_outputs", "webhook_outputs"};

class AlertmanagerLoading {
 public:
  AlertmanagerLoading(const std::string& path, const AlertmanagerFileOptions& options, Files& files)
      : folder_(FolderOf(path)), options_(options), files_(files), report_(path, diagnostics_) {
    loaded_.files.push_back(path);
  }

  LoadedAlertmanager Load(std::string_view text) {
    ReadText(text);
    diagnostics_.Sort();
    if (!diagnostics_.has_errors()) {
      loaded_.settings = std::make_shared<const AlertmanagerSettings>(std::move(settings_));
    }
    loaded_.diagnostics = std::move(diagnostics_);
    return std::move(loaded_);
  }

 private:
  void ReadText(std::string_view text) {
    if (text.size() > kMaxAlertmanagerFileBytes) {
      report_.Error({}, fmt::format("the file is larger than {} bytes", kMaxAlertmanagerFileBytes));
      return;
    }
    std::optional<YamlNode> root = ParseYaml(text, report_);
    if (!root) return;
    if (RefuseKubernetesObject(*root, "an Alertmanager configuration", report_)) return;
    if (options_.expand_env) {
      ExpandReferences(options_.environment ? options_.environment : NoEnvironment(), report_,
                       &*root);
    } else {
      ReportReferences(*root, report_);
    }
    ReadTop(*root);
    if (report_.errors() > 0 || diagnostics_.has_errors()) return;
    AdviseOnAlertmanager(*root, settings_, options_.retention, report_);
    loaded_.alerts_of_inhibition = AlertsOfInhibition(*root, settings_);
  }

  static Environment NoEnvironment() {
    return [](std::string_view) { return std::optional<std::string>(); };
  }

  void ReadTop(const YamlNode& root) {
    MapDecoder top(root, "the configuration file", report_);
    const TemplateChecker templates = ReadTemplates(top);
    const AlertmanagerContext context{folder_, options_.dialect, templates};
    const YamlNode* global = top.Find("global");
    settings_.global =
        DecodeAlertmanagerGlobal(global == nullptr ? YamlNode() : *global, context, report_);
    settings_.receivers =
        DecodeAlertmanagerReceivers(top.ReadList("receivers"), settings_.global, context, report_);
    settings_.time_intervals = DecodeTimeIntervals(top);
    settings_.route = DecodeAlertmanagerRoute(top, Names(), templates, options_.dialect);
    settings_.inhibit_rules = DecodeInhibitRules(top, options_.dialect);
    settings_.templates = templates.set();
    for (std::string_view key : {"routing_rules", "recording_rules"}) RefuseRules(top, key);
    IgnoreSection(top, "tracing", kTracingKeys);
    IgnoreSection(top, "event_recorder", kEventRecorderKeys);
    top.Finish();
  }

  // What people take for a place of rules or routes.
  void RefuseRules(MapDecoder& top, std::string_view key) {
    if (top.Find(key) == nullptr) return;
    report_.Error(top.PlaceOfKey(key),
                  fmt::format("unknown key {}: routes belong under route.routes, recording rules "
                              "into a rule file, under groups[].rules with record:",
                              QuoteForMessage(key)));
  }

  RouteNames Names() const {
    RouteNames names;
    for (const AlertmanagerReceiver& receiver : settings_.receivers) {
      names.receivers.insert(receiver.name);
    }
    for (const TimeInterval& interval : settings_.time_intervals) {
      names.time_intervals.insert(interval.name);
    }
    return names;
  }

  // First, since texts everywhere else may call what the files define.
  TemplateChecker ReadTemplates(MapDecoder& top) {
    std::vector<std::string> in_order;  // a later file redefines what an earlier one said
    for (const PlacedText& pattern : top.ReadTexts("templates")) {
      settings_.template_patterns.push_back(JoinPath(EscapeForGlob(folder_), pattern.text));
      for (std::string& file : files_.Match(folder_, pattern.text)) {
        in_order.push_back(std::move(file));
      }
    }
    std::vector<std::string>& matched = settings_.template_files;
    matched = in_order;
    std::sort(matched.begin(), matched.end());
    matched.erase(std::unique(matched.begin(), matched.end()), matched.end());
    loaded_.patterns = settings_.template_patterns;
    loaded_.files.insert(loaded_.files.end(), matched.begin(), matched.end());
    if (!options_.make_templates) return TemplateChecker();
    return LoadTemplateFiles(in_order, options_.make_templates(), files_, diagnostics_);
  }

  void IgnoreSection(MapDecoder& top, std::string_view key,
                     std::span<const std::string_view> known) {
    top.Ignore({&key, 1});
    const YamlNode* node = top.Find(key);
    if (node == nullptr) return;
    MapDecoder section(*node, std::string(key), report_);
    for (std::string_view each : known) section.Find(each);
    section.Finish();
  }

  const std::string folder_;
  const AlertmanagerFileOptions& options_;
  Files& files_;
  Diagnostics diagnostics_;
  FileReport report_;
  AlertmanagerSettings settings_;
  LoadedAlertmanager loaded_;
};

}  // namespace

LoadedAlertmanager LoadAlertmanagerFile(const std::string& path,
                                        const AlertmanagerFileOptions& options, Files& files) {
  const Result<std::string> text = files.Read(path, kMaxAlertmanagerFileBytes);
  if (text) return LoadAlertmanagerText(path, *text, options, files);
  LoadedAlertmanager loaded;
  loaded.files.push_back(path);
  loaded.diagnostics.Add(
      {Diagnostic::Level::kError, path, 0, 0, "cannot be read: " + text.message()});
  return loaded;
}

LoadedAlertmanager LoadAlertmanagerText(const std::string& path, std::string_view text,
                                        const AlertmanagerFileOptions& options, Files& files) {
  return AlertmanagerLoading(path, options, files).Load(text);
}

}  // namespace tocsin::config
