// tocsin: flags, sub-commands, exit codes. What the daemon is made of stands in exporter/daemon.
#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

#include "exporter/daemon/alertmanager_commands.h"
#include "exporter/daemon/alertmanager_flags.h"
#include "exporter/daemon/commands.h"
#include "exporter/daemon/dead_letter_commands.h"
#include "exporter/daemon/options.h"
#include "exporter/daemon/receiver_commands.h"
#include "exporter/daemon/secret_commands.h"
#include "exporter/daemon/security_commands.h"
#include "exporter/daemon/version.h"

namespace {

using tocsin::LogFormat;
using tocsin::LogLevel;

void AddDaemonFlags(CLI::App& app, tocsin::daemon::Options& options) {
  app.add_option("--config.file", options.config_file, "Configuration file")->capture_default_str();
  app.add_option("--storage.path", options.storage_path, "Folder for everything that is kept")
      ->capture_default_str();
  app.add_option("--web.listen-address", options.listen_address,
                 "Address of the API and the overview; port 0 takes any free one")
      ->capture_default_str();
  const std::map<std::string, LogLevel> levels = {{"debug", LogLevel::kDebug},
                                                  {"info", LogLevel::kInfo},
                                                  {"warn", LogLevel::kWarn},
                                                  {"error", LogLevel::kError}};
  app.add_option("--log.level", options.log_level, "debug, info, warn or error")
      ->transform(CLI::CheckedTransformer(levels, CLI::ignore_case))
      ->default_str("info");
  const std::map<std::string, LogFormat> formats = {{"logfmt", LogFormat::kLogfmt},
                                                    {"json", LogFormat::kJson}};
  app.add_option("--log.format", options.log_format, "logfmt or json")
      ->transform(CLI::CheckedTransformer(formats, CLI::ignore_case))
      ->default_str("logfmt");
}

// As CLI::App::parse wants them, the last one first. `--flag=` is a flag with an empty value, which
// the library would take for one without any: --cluster.listen-address= is how people switch
// clustering off.
std::vector<std::string> ReversedArguments(int argc, char** argv) {
  std::vector<std::string> arguments;
  for (int i = argc - 1; i > 0; --i) {
    std::string argument = argv[i];
    if (argument.starts_with("--") && argument.find('=') == argument.size() - 1) {
      argument.pop_back();
      arguments.emplace_back();
    }
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

int Run(int argc, char** argv) {
  CLI::App app(
      "Tocsin takes metrics in, evaluates rules the moment a sample arrives, and tells people.");
  app.name("tocsin");
  app.set_version_flag("--version", tocsin::daemon::VersionText());
  tocsin::daemon::Options options;
  AddDaemonFlags(app, options);

  CLI::App* check = app.add_subcommand("check", "Look for mistakes without starting anything");
  check->require_subcommand(1);
  std::string config_file;
  CLI::App* check_config = check->add_subcommand("config", "Check a configuration and its rules");
  check_config->add_option("FILE", config_file, "Configuration file")->required();
  bool fix = false;
  bool dry_run = false;
  CLI::Option* fix_flag =
      check_config->add_flag("--fix", fix, "Rewrite what is deprecated in an alertmanager.yml");
  check_config->add_flag("--dry-run", dry_run, "Only say what --fix would rewrite")
      ->needs(fix_flag);
  std::vector<std::string> rule_files;
  CLI::App* check_rules = check->add_subcommand("rules", "Check rule files");
  check_rules->add_option("FILE", rule_files, "Rule files")->required();

  CLI::App* alertmanager = app.add_subcommand(
      "alertmanager", "Run the dispatcher alone, with Alertmanager's flags and configuration");
  tocsin::daemon::AlertmanagerOptions alertmanager_options;
  tocsin::daemon::AddAlertmanagerFlags(*alertmanager, alertmanager_options);

  CLI::App* routes = app.add_subcommand("routes", "Ask about the routes of an alertmanager.yml");
  routes->require_subcommand(1);
  std::string routes_file = "alertmanager.yml";
  std::vector<std::string> route_labels;
  std::string expected_receivers;
  CLI::App* routes_show = routes->add_subcommand("show", "Print the routing tree");
  CLI::App* routes_test = routes->add_subcommand("test", "Print the receivers of an alert");
  for (CLI::App* command : {routes_show, routes_test}) {
    command->add_option("--config.file", routes_file, "Configuration file")->capture_default_str();
  }
  routes_test->add_option("LABELS", route_labels, "Labels of the alert: name=value ...");
  routes_test->add_option("--verify.receivers", expected_receivers,
                          "Fail unless these are the receivers, separated by commas");

  CLI::App* deadletters =
      app.add_subcommand("deadletters", "Messages that a running daemon has given up");
  deadletters->require_subcommand(1);
  tocsin::daemon::DaemonAddress daemon_address{"", options.storage_path};
  std::vector<std::string> letters;
  CLI::App* letters_list = deadletters->add_subcommand("list", "Print them, the newest first");
  CLI::App* letters_resend = deadletters->add_subcommand("resend", "Send some of them again");
  for (CLI::App* command : {letters_list, letters_resend}) {
    command
        ->add_option("--storage.path", daemon_address.storage_path,
                     "The daemon's folder, which says where it listens")
        ->capture_default_str();
    command->add_option("--url", daemon_address.url, "Where the daemon listens");
  }
  letters_resend->add_option("ID", letters, "Ids, or all")->required();

  CLI::App* receiver = app.add_subcommand("receiver", "Try the receivers of a configuration");
  receiver->require_subcommand(1);
  tocsin::daemon::ReceiverTestOptions test;
  CLI::App* receiver_test = receiver->add_subcommand(
      "test", "Send one message by each channel of a receiver, and show what comes back");
  receiver_test->add_option("NAME", test.receiver, "The receiver")->required();
  receiver_test->add_option("--config.file", test.config_file, "tocsin.yml or alertmanager.yml")
      ->capture_default_str();
  receiver_test->add_option("--alert", test.alert_file,
                            "JSON file: what to tell of, as POST /api/v2/alerts takes it");
  receiver_test->add_flag("--render-only", test.render_only,
                          "Show what would be sent, and send nothing");

  CLI::App* keys = app.add_subcommand("keys", "API keys, whether or not a daemon runs");
  keys->require_subcommand(1);
  std::string state_path = options.storage_path;
  tocsin::daemon::KeyCreation key_order;
  std::string key_id;
  CLI::App* keys_create = keys->add_subcommand("create", "Make a key and print its token, once");
  keys_create->add_option("--name", key_order.name, "What it is for")->required();
  keys_create->add_option("--scope", key_order.scopes, "Of read, push, operate, admin: S[,S]")
      ->required();
  keys_create->add_option("--expires", key_order.expires, "After how long, such as 90d");
  CLI::App* keys_list = keys->add_subcommand("list", "Print the keys, without their tokens");
  CLI::App* keys_revoke = keys->add_subcommand("revoke", "End a key for good");
  keys_revoke->add_option("ID", key_id, "As `tocsin keys list` shows it")->required();

  CLI::App* audit = app.add_subcommand("audit", "The log of changes and refusals");
  audit->require_subcommand(1);
  std::string audit_anchor;
  CLI::App* audit_verify =
      audit->add_subcommand("verify", "Find what was altered, removed or moved in it");
  audit_verify->add_option("--expect", audit_anchor,
                           "NUMBER:HASH of an entry, as an earlier run has printed it");

  CLI::App* secrets =
      app.add_subcommand("secrets", "The key that secrets in the database are encrypted with");
  secrets->require_subcommand(1);
  std::string secrets_config = options.config_file;
  CLI::App* secrets_rotate = secrets->add_subcommand(
      "rotate", "Make a new key and encrypt everything with it, also while the daemon runs");
  CLI::App* secrets_discard =
      secrets->add_subcommand("discard", "Delete the receivers that no key at hand opens");
  for (CLI::App* command : {secrets_rotate, secrets_discard}) {
    command
        ->add_option("--config.file", secrets_config,
                     "For tocsin.security.encryption_key_file; need not exist")
        ->capture_default_str();
  }
  for (CLI::App* command :
       {keys_create, keys_list, keys_revoke, audit_verify, secrets_rotate, secrets_discard}) {
    command->add_option("--storage.path", state_path, "The daemon's folder")->capture_default_str();
  }

  try {
    app.parse(ReversedArguments(argc, argv));
  } catch (const CLI::ParseError& e) {
    return app.exit(e);
  }
  if (alertmanager->parsed()) return tocsin::daemon::RunAlertmanager(alertmanager_options);
  if (routes_show->parsed()) return tocsin::daemon::ShowRoutes(routes_file);
  if (routes_test->parsed()) {
    return tocsin::daemon::TestRoutes(routes_file, route_labels, expected_receivers);
  }
  if (letters_list->parsed()) return tocsin::daemon::ListDeadLetters(daemon_address);
  if (letters_resend->parsed()) {
    return tocsin::daemon::ResendDeadLetters(daemon_address, letters);
  }
  if (check_config->parsed() && fix) {
    return tocsin::daemon::FixAlertmanagerConfig(config_file, dry_run);
  }
  if (check_config->parsed()) {
    return tocsin::daemon::IsAlertmanagerFile(config_file)
               ? tocsin::daemon::CheckAlertmanagerConfig(config_file)
               : tocsin::daemon::CheckConfig(config_file);
  }
  if (receiver_test->parsed()) return tocsin::daemon::TestReceiver(test);
  if (keys_create->parsed()) return tocsin::daemon::CreateKey(state_path, key_order);
  if (keys_list->parsed()) return tocsin::daemon::ListKeys(state_path);
  if (keys_revoke->parsed()) return tocsin::daemon::RevokeKey(state_path, key_id);
  if (audit_verify->parsed()) return tocsin::daemon::VerifyAudit(state_path, audit_anchor);
  if (secrets_rotate->parsed()) {
    return tocsin::daemon::RotateSecrets({state_path, secrets_config});
  }
  if (secrets_discard->parsed()) {
    return tocsin::daemon::DiscardSecrets({state_path, secrets_config});
  }
  if (check_rules->parsed()) return tocsin::daemon::CheckRules(rule_files);
  return tocsin::daemon::RunDaemon(options);
}

}  // namespace

// GnuTLS comes along with libcurl, for LDAP and RTMP, which are never spoken here; left alone it
// reads its certificates and providers when the program starts, which keeps 1 MiB resident. A
// program that defines this says that it does not need it (gnutls.h, GNUTLS_SKIP_GLOBAL_INIT).
// NOLINTNEXTLINE(bugprone-reserved-identifier,misc-use-internal-linkage,readability-identifier-naming)
extern "C" int _gnutls_global_init_skip() { return 1; }

int main(int argc, char** argv) {
  tocsin::daemon::WriteNoCoreDumps();
  return Run(argc, argv);
}
