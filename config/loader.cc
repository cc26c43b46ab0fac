// The order matters twice: receivers are joined before rule files are read, because rules name
// them; and nothing stops at the first problem, because a user fixes all of them in one go.
#include "config/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "base/text.h"
#include "config/decode.h"
#include "config/files.h"
#include "config/kubernetes_object.h"
#include "config/prometheus_file.h"
#include "config/receivers.h"
#include "config/rule_file.h"
#include "config/tocsin_file.h"
#include "config/yaml.h"

namespace tocsin::config {
namespace {

constexpr std::size_t kMaxConfigurationBytes = 4 << 20;

void ReportUnreadable(const std::string& file, const Error& error, Diagnostics& diagnostics) {
  diagnostics.Add({Diagnostic::Level::kError, file, 0, 0, "cannot be read: " + error.message});
}

class Loading {
 public:
  Loading(std::string file, const Environment& environment, Files& files,
          const AlertmanagerFileOptions& alertmanager)
      : file_(std::move(file)),
        folder_(FolderOf(file_)),
        environment_(environment),
        files_(files),
        alertmanager_options_(alertmanager),
        report_(file_, diagnostics_) {}

  Loaded Load(std::string_view text) {
    settings_.files_read.push_back(file_);
    ReadConfigurationFile(text);
    ReadAlertmanagerFile();
    ReadEnvironmentVariables();
    ResolveDefaultReceivers();
    ReadRuleFiles();
    CheckInhibition();
    settings_.files_read.insert(settings_.files_read.end(), of_environment_.files_read.begin(),
                                of_environment_.files_read.end());
    diagnostics_.Sort();
    Loaded loaded;
    loaded.files = settings_.files_read;
    settings_.patterns_read = settings_.rule_file_patterns;
    settings_.patterns_read.insert(settings_.patterns_read.end(), alertmanager_.patterns.begin(),
                                   alertmanager_.patterns.end());
    loaded.patterns = settings_.patterns_read;
    if (!diagnostics_.has_errors()) {
      loaded.settings = std::make_shared<const Settings>(std::move(settings_));
    }
    loaded.diagnostics = std::move(diagnostics_);
    return loaded;
  }

 private:
  void ReadConfigurationFile(std::string_view text) {
    if (text.size() > kMaxConfigurationBytes) {
      report_.Error({}, fmt::format("the file is larger than {} bytes", kMaxConfigurationBytes));
      return;
    }
    const std::optional<YamlNode> root = ParseYaml(text, report_);
    if (!root || RefuseKubernetesObject(*root, "a configuration file", report_)) return;
    MapDecoder top(*root, "the configuration file", report_);
    rule_file_patterns_ = DecodePrometheusKeys(top, environment_, &settings_);
    references_ = DecodeTocsinKeys(top, &settings_);
    std::string& key_file = settings_.security.encryption_key_file;
    if (!key_file.empty()) key_file = JoinPath(folder_, key_file);
    top.Finish();
  }

  void ReadAlertmanagerFile() {
    const PlacedText& named = references_.alertmanager_file;
    if (named.text.empty()) return;
    settings_.alertmanager_file = JoinPath(folder_, named.text);
    alertmanager_ =
        LoadAlertmanagerFile(settings_.alertmanager_file, alertmanager_options_, files_);
    for (const Diagnostic& each : alertmanager_.diagnostics.list()) diagnostics_.Add(each);
    settings_.alertmanager = alertmanager_.settings;
    CheckLimitedReceivers();
    settings_.files_read.insert(settings_.files_read.end(), alertmanager_.files.begin(),
                                alertmanager_.files.end());
  }

  void CheckLimitedReceivers() {
    if (settings_.alertmanager == nullptr) return;
    for (const PlacedText& name : references_.limited_receivers) {
      const std::vector<AlertmanagerReceiver>& all = settings_.alertmanager->receivers;
      const auto found = std::find_if(
          all.begin(), all.end(),
          [&name](const AlertmanagerReceiver& receiver) { return receiver.name == name.text; });
      if (found == all.end()) {
        report_.Error(name.mark,
                      fmt::format("tocsin.alertmanager.receivers: {} has no receiver {}",
                                  settings_.alertmanager_file, QuoteForMessage(name.text)));
      } else if (settings_.alertmanager_limits.at(name.text).overflow == Overflow::kDigest) {
        CheckDigest(*found, name.mark);
      }
    }
  }

  void CheckDigest(const AlertmanagerReceiver& receiver, Mark place) {
    for (const AlertmanagerIntegration& integration : receiver.integrations) {
      if (KeepsIncidents(integration.type)) {
        report_.Error(place, DigestIsForPeople(integration.type));
      }
    }
  }

  void ReadEnvironmentVariables() {
    of_environment_ = ReadEnvironment(environment_, files_, diagnostics_);
    settings_.database_path = of_environment_.database_path;
    settings_.postgres = of_environment_.postgres;
    settings_.extra_metrics_port = of_environment_.extra_metrics_port;
    settings_.api_keys = of_environment_.api_keys;
    settings_.probe_url = of_environment_.probe_url;
    const std::vector<ReceiverSettings> of_file = settings_.receivers;
    settings_.receivers =
        JoinReceivers(std::move(settings_.receivers), of_environment_.receivers, diagnostics_);
    WarnOfEqualNames();
    names_.emplace(NamesForRules(settings_));
    for (const ReceiverSettings& receiver : of_environment_.receivers) {
      // The file's receiver of that name took its place.
      const bool is_taken = std::any_of(
          of_file.begin(), of_file.end(),
          [&receiver](const ReceiverSettings& other) { return other.name == receiver.name; });
      if (!is_taken) settings_.default_receivers.push_back(receiver.name);
    }
    if (settings_.default_receivers.empty()) settings_.default_receivers = {"console"};
    for (ReceiverSettings& receiver : settings_.receivers) {
      for (ChannelSettings& channel : receiver.channels) channel.sender = settings_.sender;
      if (Status sound = CheckGrouping(receiver, settings_.native_grouping); !sound) {
        diagnostics_.Add({Diagnostic::Level::kError, "", 0, 0, sound.message()});
      }
    }
  }

  // Where both files have a receiver of one name, rules reach that of tocsin.yml.
  void WarnOfEqualNames() {
    if (settings_.alertmanager == nullptr) return;
    for (const AlertmanagerReceiver& receiver : settings_.alertmanager->receivers) {
      for (const ReceiverSettings& own : settings_.receivers) {
        if (own.name != receiver.name) continue;
        report_.Warning(
            references_.alertmanager_file.mark,
            fmt::format("there are two receivers {}: rules that name it reach that of {}, "
                        "routes that of {}",
                        QuoteForMessage(own.name), own.source, receiver.place));
      }
    }
  }

  void ResolveDefaultReceivers() {
    if (!references_.default_receivers.given) return;
    std::vector<std::string> resolved;
    for (PlacedText& name : references_.default_receivers.names) {
      if (!names_->IsConfigured(name.text)) {
        report_.Error(name.mark,
                      fmt::format("default_receivers: there is no receiver {}; configured: {}",
                                  QuoteForMessage(name.text), names_->ConfiguredList()));
      } else if (std::find(resolved.begin(), resolved.end(), name.text) == resolved.end()) {
        resolved.push_back(std::move(name.text));
      }
    }
    settings_.default_receivers = std::move(resolved);
  }

  void ReadRuleFiles() {
    // A file that two patterns match is read once. By identity, which is the same for `rules.yml`
    // and `./rules.yml`.
    std::map<std::string, std::string> paths;
    for (const PlacedText& pattern : rule_file_patterns_) {
      const std::vector<std::string> matches = files_.Match(folder_, pattern.text);
      if (matches.empty() && pattern.text.find_first_of("*?[") == std::string::npos) {
        report_.Warning(pattern.mark, fmt::format("rule_files: there is no file {}",
                                                  QuoteForMessage(pattern.text)));
      }
      for (const std::string& path : matches) paths.emplace(Identity(pattern.text, path), path);
      settings_.rule_file_patterns.push_back(JoinPath(EscapeForGlob(folder_), pattern.text));
    }
    for (const auto& [identity, path] : paths) ReadRules(identity, path);
    std::sort(settings_.rule_files.begin(), settings_.rule_files.end());
    settings_.files_read.insert(settings_.files_read.end(), settings_.rule_files.begin(),
                                settings_.rule_files.end());
  }

  // Who only passes on what others post has no rules.
  void CheckInhibition() {
    if (settings_.rules.empty()) return;
    FileReport report(settings_.alertmanager_file, diagnostics_);
    for (const PlacedText& alert : alertmanager_.alerts_of_inhibition) {
      const bool is_made =
          std::any_of(settings_.rules.begin(), settings_.rules.end(),
                      [&alert](const auto& rule) { return rule->name == alert.text; });
      if (is_made) continue;
      report.Warning(alert.mark,
                     fmt::format("no rule of these files makes an alert {}: this inhibit rule "
                                 "waits for one that others post",
                                 QuoteForMessage(alert.text)));
    }
  }

  // How the configuration file reaches a rule file: what stays when both move together.
  std::string Identity(const std::string& pattern, const std::string& path) const {
    const bool is_relative = pattern.front() != '/' && !folder_.empty();
    const std::string_view below =
        std::string_view(path).substr(is_relative ? JoinPath(folder_, "").size() : 0);
    return std::filesystem::path(below).lexically_normal().string();
  }

  void ReadRules(const std::string& identity, const std::string& path) {
    settings_.rule_files.push_back(path);
    const Result<std::string> text = files_.Read(path, kMaxRuleFileBytes);
    if (!text) {
      ReportUnreadable(path, text.error(), diagnostics_);
      return;
    }
    FileReport report(path, diagnostics_);
    const RuleFileContext context{identity, &*names_, settings_.staleness};
    for (std::shared_ptr<const ThresholdRule>& rule : ReadRuleFile(*text, context, report)) {
      settings_.rules.push_back(std::move(rule));
    }
  }

  const std::string file_;
  const std::string folder_;
  const Environment& environment_;
  Files& files_;
  const AlertmanagerFileOptions& alertmanager_options_;
  Diagnostics diagnostics_;
  FileReport report_;  // of the configuration file
  Settings settings_;
  std::vector<PlacedText> rule_file_patterns_;
  TocsinReferences references_;
  LoadedAlertmanager alertmanager_;
  EnvironmentSettings of_environment_;
  std::optional<ReceiverNames> names_;
};

void AddRules(const std::string& file, std::string_view text, LoadedRules* loaded) {
  FileReport report(file, loaded->diagnostics);
  RuleFileContext context;
  context.identity = file;
  for (std::shared_ptr<const ThresholdRule>& rule : ReadRuleFile(text, context, report)) {
    loaded->rules.push_back(std::move(rule));
  }
}

}  // namespace

Loaded LoadConfiguration(const std::string& file, const Environment& environment,
                         const AlertmanagerFileOptions& alertmanager) {
  DiskFiles files;
  const Result<std::string> text = files.Read(file, kMaxConfigurationBytes);
  if (text) return LoadConfigurationText(file, *text, environment, files, alertmanager);
  Loaded loaded;
  loaded.files.push_back(file);
  ReportUnreadable(file, text.error(), loaded.diagnostics);
  return loaded;
}

Loaded LoadConfigurationText(const std::string& file, std::string_view text,
                             const Environment& environment, Files& files,
                             const AlertmanagerFileOptions& alertmanager) {
  return Loading(file, environment, files, alertmanager).Load(text);
}

LoadedRules LoadRuleFiles(const std::vector<std::string>& files) {
  DiskFiles disk;
  LoadedRules loaded;
  for (const std::string& file : files) {
    const Result<std::string> text = disk.Read(file, kMaxRuleFileBytes);
    if (text) {
      AddRules(file, *text, &loaded);
    } else {
      ReportUnreadable(file, text.error(), loaded.diagnostics);
    }
  }
  loaded.diagnostics.Sort();
  return loaded;
}

LoadedRules LoadRuleText(const std::string& file, std::string_view text) {
  LoadedRules loaded;
  AddRules(file, text, &loaded);
  loaded.diagnostics.Sort();
  return loaded;
}

}  // namespace tocsin::config
