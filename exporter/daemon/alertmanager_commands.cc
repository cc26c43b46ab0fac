#include "exporter/daemon/alertmanager_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/clock.h"
#include "base/matcher_text.h"
#include "base/text.h"
#include "config/alertmanager_file.h"
#include "config/alertmanager_fix.h"
#include "config/alertmanager_print.h"
#include "config/files.h"
#include "config/yaml.h"
#include "exporter/daemon/command_channels.h"
#include "exporter/daemon/command_output.h"
#include "exporter/daemon/configured.h"
#include "receivers/route/route_tree.h"

namespace tocsin::daemon {
namespace {

constexpr std::size_t kMaxConfigBytes = 4 << 20;

// What stands at the top of an alertmanager.yml, and of no prometheus.yml or tocsin.yml.
constexpr std::string_view kAlertmanagerKeys[] = {
    "route", "receivers", "inhibit_rules", "templates", "time_intervals", "mute_time_intervals"};

// Null after having said what is wrong. The clock outlives the settings.
std::shared_ptr<const config::AlertmanagerSettings> Load(const std::string& file, bool expand_env,
                                                         const Clock& clock) {
  config::DiskFiles files;
  const config::LoadedAlertmanager loaded =
      config::LoadAlertmanagerFile(file, HowToReadAlertmanagerFiles(expand_env, clock), files);
  PrintDiagnostics(loaded.diagnostics);
  return loaded.settings;
}

void PrintFix(const std::string& file, const config::Fix& fix) {
  fmt::print("{}:{}: {}{}\n", file, fix.line, fix.before.empty() ? "left as it is: " : "",
             fix.what);
  for (const std::string& line : fix.before) fmt::print("-{}\n", line);
  for (const std::string& line : fix.after) fmt::print("+{}\n", line);
}

// What does not load before has nothing to be compared with.
bool MeansTheSame(const std::string& file, const std::string& before, const std::string& after,
                  bool expand_env) {
  config::DiskFiles files;
  config::AlertmanagerFileOptions options;
  options.expand_env = expand_env;
  options.environment = config::ProcessEnvironment();
  const auto old = config::LoadAlertmanagerText(file, before, options, files).settings;
  if (old == nullptr) return true;
  const auto rewritten = config::LoadAlertmanagerText(file, after, options, files).settings;
  return rewritten != nullptr &&
         config::PrintAlertmanagerConfig(*old) == config::PrintAlertmanagerConfig(*rewritten);
}

// Whole or not at all, with the permissions that it had; never over an older backup.
Status Replace(const std::string& file, const std::string& text) {
  namespace fs = std::filesystem;
  std::error_code error;
  const std::string backup = file + ".bak";
  const fs::path target = fs::canonical(file, error);  // a link stays one
  if (!error) fs::copy_file(target, backup, error);
  if (error) return Error{fmt::format("cannot copy {} to {}: {}", file, backup, error.message())};
  const std::string temporary = target.string() + ".new";
  std::ofstream(temporary, std::ios::binary) << text;
  std::ifstream written(temporary, std::ios::binary | std::ios::ate);
  if (!written || static_cast<std::size_t>(written.tellg()) != text.size()) {
    fs::remove(temporary, error);
    return Error{fmt::format("cannot write {}", temporary)};
  }
  fs::permissions(temporary, fs::status(target, error).permissions(), error);
  fs::rename(temporary, target, error);
  if (error) return Error{fmt::format("cannot replace {}: {}", file, error.message())};
  return {};
}

void PrintRoute(const receivers::Route& route, const std::string& indent, bool is_last) {
  const config::AlertmanagerRoute& settings = route.settings;
  const bool is_root = route.path.size() == 1;
  fmt::print("{}{} {}{}  receiver: {}\n", indent, is_last ? "└──" : "├──",
             is_root ? "default-route" : FormatMatchers(settings.matchers),
             settings.continue_matching ? "  continue: true" : "", settings.receiver);
  const std::string deeper = indent + (is_last ? "    " : "│   ");
  for (const receivers::Route& child : route.children) {
    PrintRoute(child, deeper, &child == &route.children.back());
  }
}

}  // namespace

bool IsAlertmanagerFile(const std::string& file) {
  config::DiskFiles files;
  const Result<std::string> text = files.Read(file, kMaxConfigBytes);
  if (!text) return false;
  config::Diagnostics ignored;  // whoever loads the file says what is wrong
  config::FileReport report(file, ignored);
  const std::optional<config::YamlNode> root = config::ParseYaml(*text, report);
  if (!root) return false;
  return std::any_of(
      root->entries.begin(), root->entries.end(), [](const config::YamlEntry& entry) {
        return std::find(std::begin(kAlertmanagerKeys), std::end(kAlertmanagerKeys), entry.key) !=
               std::end(kAlertmanagerKeys);
      });
}

int CheckAlertmanagerConfig(const std::string& file, bool expand_env) {
  const SystemClock clock;
  const std::shared_ptr<const config::AlertmanagerSettings> settings =
      Load(file, expand_env, clock);
  if (settings == nullptr) {
    fmt::print("FAILED\n");
    return 1;
  }
  const CommandChannels channels(clock);
  if (const Result<receivers::PipelineGraphPtr> built =
          receivers::BuildPipelineGraph(settings, channels.context());
      !built) {
    fmt::print("FAILED\n");
    return FailWith(built.message());
  }
  fmt::print(
      "SUCCESS: {} is valid: {} receivers, {} inhibit rules, {} time intervals, {} templates\n",
      file, settings->receivers.size(), settings->inhibit_rules.size(),
      settings->time_intervals.size(), settings->template_files.size());
  return 0;
}

int FixAlertmanagerConfig(const std::string& file, bool dry_run, bool expand_env) {
  config::DiskFiles files;
  const Result<std::string> text = files.Read(file, kMaxConfigBytes);
  if (text && !IsAlertmanagerFile(file)) {
    fmt::print(stderr, "{}: --fix is for an alertmanager.yml\n", file);
    return 1;
  }
  if (!text) {
    fmt::print(stderr, "{} cannot be read: {}\n", file, text.message());
    return 1;
  }
  const config::FixedText fixed = config::FixAlertmanagerText(*text);
  for (const config::Fix& fix : fixed.fixes) PrintFix(file, fix);
  if (fixed.text == *text) {
    fmt::print("{}: nothing to rewrite\n", file);
    return 0;
  }
  if (!MeansTheSame(file, *text, fixed.text, expand_env)) {
    fmt::print(stderr, "{} stays as it is: rewritten it would load to other settings\n", file);
    return 1;
  }
  if (dry_run) return 0;
  if (const Status written = Replace(file, fixed.text); !written) {
    fmt::print(stderr, "{}\n", written.message());
    return 1;
  }
  fmt::print("{} is rewritten; what it was is in {}.bak\n", file, file);
  return 0;
}

int ShowRoutes(const std::string& file, bool expand_env) {
  const SystemClock clock;
  const std::shared_ptr<const config::AlertmanagerSettings> settings =
      Load(file, expand_env, clock);
  if (settings == nullptr) return 1;
  const receivers::RouteTree tree(settings->route);
  fmt::print("Routing tree:\n.\n");
  PrintRoute(tree.root(), "", true);
  return 0;
}

int TestRoutes(const std::string& file, bool expand_env, const std::vector<std::string>& labels,
               const std::string& expected_receivers) {
  const SystemClock clock;
  const std::shared_ptr<const config::AlertmanagerSettings> settings =
      Load(file, expand_env, clock);
  if (settings == nullptr) return 1;
  LabelsBuilder builder;
  for (const std::string& label : labels) {
    const std::size_t equals = label.find('=');
    if (equals == std::string::npos || equals == 0) {
      fmt::print(stderr, "{} is no label: write name=value\n", QuoteForMessage(label));
      return 1;
    }
    builder.Set(label.substr(0, equals), label.substr(equals + 1));
  }
  const receivers::RouteTree tree(settings->route);
  std::vector<std::string> names;
  for (const receivers::Route* route : tree.Match(builder.Build())) {
    names.push_back(route->settings.receiver);
  }
  const std::string found = fmt::format("{}", fmt::join(names, ","));
  fmt::print("{}\n", found);
  if (expected_receivers.empty() || expected_receivers == found) return 0;
  fmt::print(stderr, "expected receivers {}, but these labels go to {}\n", expected_receivers,
             found);
  return 1;
}

}  // namespace tocsin::daemon
