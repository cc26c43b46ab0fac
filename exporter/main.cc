// tocsin: flags, sub-commands, exit codes. What the daemon is made of stands in exporter/daemon.
#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporter/daemon/alertmanager_commands.h"
#include "exporter/daemon/alertmanager_flags.h"
#include "exporter/daemon/commands.h"
#include "exporter/daemon/dead_letter_commands.h"
#include "exporter/daemon/import_command.h"
#include "exporter/daemon/options.h"
#include "exporter/daemon/receiver_commands.h"
#include "exporter/daemon/secret_commands.h"
#include "exporter/daemon/security_commands.h"
#include "exporter/daemon/version.h"

namespace {

using tocsin::LogFormat;
using tocsin::LogLevel;

void AddExpandEnv(CLI::App* command, bool& expand_env) {
  command->add_flag("--config.expand-env,!--no-config.expand-env", expand_env,
                    "Replace ${NAME} in alertmanager.yml by environment variables");
}

void AddDaemonFlags(CLI::App& app, tocsin::daemon::Options& options) {
  app.add_option("--config.file", options.config_file, "Configuration file")->capture_default_str();
  AddExpandEnv(&app, options.expand_env);
  app.add_option("--storage.path", options.storage_path, "Folder for everything that is kept")
      ->capture_default_str();
  app.add_option("--web.listen-address", options.listen_address,
                 "Address of the API and the overview; port 0 takes any free one")
      ->capture_default_str();
  app.add_option("--web.config.file", options.web_config_file,
                 "Users who may ask, and headers of every answer; read again when it changes");
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

// What is to be done once all arguments have been read; its answer is the exit code.
using Action = std::function<int()>;

// When `command` was chosen, `action` is what is done, with the arguments it has then.
template <typename Arguments>
void Choose(CLI::App* command, const std::shared_ptr<Arguments>& arguments, Action* action,
            int (*run)(const Arguments&)) {
  command->callback(
      [arguments, action, run] { *action = [arguments, run] { return run(*arguments); }; });
}

void AddStoragePath(CLI::App* command, std::string& path) {
  command->add_option("--storage.path", path, "The daemon's folder")->capture_default_str();
}

struct CheckArguments {
  std::string config_file;
  bool expand_env = false;
  bool fix = false;
  bool dry_run = false;
  std::vector<std::string> rule_files;
};

int CheckConfigFile(const CheckArguments& arguments) {
  if (arguments.fix) {
    return tocsin::daemon::FixAlertmanagerConfig(arguments.config_file, arguments.dry_run,
                                                 arguments.expand_env);
  }
  return tocsin::daemon::IsAlertmanagerFile(arguments.config_file)
             ? tocsin::daemon::CheckAlertmanagerConfig(arguments.config_file, arguments.expand_env)
             : tocsin::daemon::CheckConfig(arguments.config_file, arguments.expand_env);
}

int CheckRuleFiles(const CheckArguments& arguments) {
  return tocsin::daemon::CheckRules(arguments.rule_files);
}

void AddCheckCommands(CLI::App& app, Action* action) {
  const auto arguments = std::make_shared<CheckArguments>();
  CLI::App* check = app.add_subcommand("check", "Look for mistakes without starting anything");
  check->require_subcommand(1);
  CLI::App* config = check->add_subcommand("config", "Check a configuration and its rules");
  config->add_option("FILE", arguments->config_file, "Configuration file")->required();
  AddExpandEnv(config, arguments->expand_env);
  CLI::Option* fix = config->add_flag("--fix", arguments->fix,
                                      "Rewrite what is deprecated in an alertmanager.yml");
  config->add_flag("--dry-run", arguments->dry_run, "Only say what --fix would rewrite")
      ->needs(fix);
  CLI::App* rules = check->add_subcommand("rules", "Check rule files");
  rules->add_option("FILE", arguments->rule_files, "Rule files")->required();
  Choose(config, arguments, action, CheckConfigFile);
  Choose(rules, arguments, action, CheckRuleFiles);
}

void AddAlertmanagerCommand(CLI::App& app, Action* action) {
  const auto options = std::make_shared<tocsin::daemon::AlertmanagerOptions>();
  CLI::App* alertmanager = app.add_subcommand(
      "alertmanager", "Run the dispatcher alone, with Alertmanager's flags and configuration");
  tocsin::daemon::AddAlertmanagerFlags(*alertmanager, *options);
  Choose(alertmanager, options, action, tocsin::daemon::RunAlertmanager);
}

struct RoutesArguments {
  std::string file = "alertmanager.yml";
  bool expand_env = false;
  std::vector<std::string> labels;
  std::string expected_receivers;
};

int ShowRoutes(const RoutesArguments& arguments) {
  return tocsin::daemon::ShowRoutes(arguments.file, arguments.expand_env);
}

int TestRoutes(const RoutesArguments& arguments) {
  return tocsin::daemon::TestRoutes(arguments.file, arguments.expand_env, arguments.labels,
                                    arguments.expected_receivers);
}

void AddRoutesCommands(CLI::App& app, Action* action) {
  const auto arguments = std::make_shared<RoutesArguments>();
  CLI::App* routes = app.add_subcommand("routes", "Ask about the routes of an alertmanager.yml");
  routes->require_subcommand(1);
  CLI::App* show = routes->add_subcommand("show", "Print the routing tree");
  CLI::App* test = routes->add_subcommand("test", "Print the receivers of an alert");
  for (CLI::App* command : {show, test}) {
    command->add_option("--config.file", arguments->file, "Configuration file")
        ->capture_default_str();
    AddExpandEnv(command, arguments->expand_env);
  }
  test->add_option("LABELS", arguments->labels, "Labels of the alert: name=value ...");
  test->add_option("--verify.receivers", arguments->expected_receivers,
                   "Fail unless these are the receivers, separated by commas");
  Choose(show, arguments, action, ShowRoutes);
  Choose(test, arguments, action, TestRoutes);
}

struct DeadLettersArguments {
  tocsin::daemon::DaemonAddress address{"", tocsin::daemon::Options().storage_path};
  std::vector<std::string> ids;
};

int ListDeadLetters(const DeadLettersArguments& arguments) {
  return tocsin::daemon::ListDeadLetters(arguments.address);
}

int ResendDeadLetters(const DeadLettersArguments& arguments) {
  return tocsin::daemon::ResendDeadLetters(arguments.address, arguments.ids);
}

void AddDeadLettersCommands(CLI::App& app, Action* action) {
  const auto arguments = std::make_shared<DeadLettersArguments>();
  CLI::App* letters =
      app.add_subcommand("deadletters", "Messages that a running daemon has given up");
  letters->require_subcommand(1);
  CLI::App* list = letters->add_subcommand("list", "Print them, the newest first");
  CLI::App* resend = letters->add_subcommand("resend", "Send some of them again");
  for (CLI::App* command : {list, resend}) {
    command
        ->add_option("--storage.path", arguments->address.storage_path,
                     "The daemon's folder, which says where it listens")
        ->capture_default_str();
    command->add_option("--url", arguments->address.url, "Where the daemon listens");
  }
  resend->add_option("ID", arguments->ids, "Ids, or all")->required();
  Choose(list, arguments, action, ListDeadLetters);
  Choose(resend, arguments, action, ResendDeadLetters);
}

void AddReceiverCommand(CLI::App& app, Action* action) {
  const auto options = std::make_shared<tocsin::daemon::ReceiverTestOptions>();
  CLI::App* receiver = app.add_subcommand("receiver", "Try the receivers of a configuration");
  receiver->require_subcommand(1);
  CLI::App* test = receiver->add_subcommand(
      "test", "Send one message by each channel of a receiver, and show what comes back");
  test->add_option("NAME", options->receiver, "The receiver")->required();
  test->add_option("--config.file", options->config_file, "tocsin.yml or alertmanager.yml")
      ->capture_default_str();
  AddExpandEnv(test, options->expand_env);
  test->add_option("--alert", options->alert_file,
                   "JSON file: what to tell of, as POST /api/v2/alerts takes it");
  test->add_flag("--render-only", options->render_only,
                 "Show what would be sent, and send nothing");
  test->add_option("--storage.path", options->storage_path,
                   "The daemon's folder, whose audit log has the test where no daemon runs");
  Choose(test, options, action, tocsin::daemon::TestReceiver);
}

struct KeysArguments {
  std::string storage_path = tocsin::daemon::Options().storage_path;
  tocsin::daemon::KeyCreation order;
  std::string id;
};

int CreateKey(const KeysArguments& arguments) {
  return tocsin::daemon::CreateKey(arguments.storage_path, arguments.order);
}

int ListKeys(const KeysArguments& arguments) {
  return tocsin::daemon::ListKeys(arguments.storage_path);
}

int RevokeKey(const KeysArguments& arguments) {
  return tocsin::daemon::RevokeKey(arguments.storage_path, arguments.id);
}

void AddKeysCommands(CLI::App& app, Action* action) {
  const auto arguments = std::make_shared<KeysArguments>();
  CLI::App* keys = app.add_subcommand("keys", "API keys, whether or not a daemon runs");
  keys->require_subcommand(1);
  CLI::App* create = keys->add_subcommand("create", "Make a key and print its token, once");
  create->add_option("--name", arguments->order.name, "What it is for")->required();
  create->add_option("--scope", arguments->order.scopes, "Of read, push, operate, admin: S[,S]")
      ->required();
  create->add_option("--expires", arguments->order.expires, "After how long, such as 90d");
  CLI::App* list = keys->add_subcommand("list", "Print the keys, without their tokens");
  CLI::App* revoke = keys->add_subcommand("revoke", "End a key for good");
  revoke->add_option("ID", arguments->id, "As `tocsin keys list` shows it")->required();
  for (CLI::App* command : {create, list, revoke}) AddStoragePath(command, arguments->storage_path);
  Choose(create, arguments, action, CreateKey);
  Choose(list, arguments, action, ListKeys);
  Choose(revoke, arguments, action, RevokeKey);
}

struct AuditArguments {
  std::string storage_path = tocsin::daemon::Options().storage_path;
  std::string expected;
};

int VerifyAudit(const AuditArguments& arguments) {
  return tocsin::daemon::VerifyAudit(arguments.storage_path, arguments.expected);
}

void AddAuditCommand(CLI::App& app, Action* action) {
  const auto arguments = std::make_shared<AuditArguments>();
  CLI::App* audit = app.add_subcommand("audit", "The log of changes and refusals");
  audit->require_subcommand(1);
  CLI::App* verify =
      audit->add_subcommand("verify", "Find what was altered, removed or moved in it");
  verify->add_option("--expect", arguments->expected,
                     "NUMBER:HASH of an entry, as an earlier run has printed it");
  AddStoragePath(verify, arguments->storage_path);
  Choose(verify, arguments, action, VerifyAudit);
}

void AddSecretsCommands(CLI::App& app, Action* action) {
  const tocsin::daemon::Options defaults;
  const auto where = std::make_shared<tocsin::daemon::SecretOptions>(
      tocsin::daemon::SecretOptions{defaults.storage_path, defaults.config_file});
  CLI::App* secrets =
      app.add_subcommand("secrets", "The key that secrets in the database are encrypted with");
  secrets->require_subcommand(1);
  CLI::App* rotate = secrets->add_subcommand(
      "rotate", "Make a new key and encrypt everything with it, also while the daemon runs");
  CLI::App* discard =
      secrets->add_subcommand("discard", "Delete the receivers that no key at hand opens");
  for (CLI::App* command : {rotate, discard}) {
    command
        ->add_option("--config.file", where->config_file,
                     "For tocsin.security.encryption_key_file; need not exist")
        ->capture_default_str();
    AddExpandEnv(command, where->expand_env);
    AddStoragePath(command, where->storage_path);
  }
  Choose(rotate, where, action, tocsin::daemon::RotateSecrets);
  Choose(discard, where, action, tocsin::daemon::DiscardSecrets);
}

void AddImportCommand(CLI::App& app, Action* action) {
  const tocsin::daemon::Options defaults;
  const auto options = std::make_shared<tocsin::daemon::ImportOptions>();
  options->storage_path = defaults.storage_path;
  options->config_file = defaults.config_file;
  CLI::App* import = app.add_subcommand("import", "Take over what another program has kept");
  import->require_subcommand(1);
  CLI::App* pynomaly =
      import->add_subcommand("pynomaly", "Rules and alerts of Pynomaly's SQLite database");
  pynomaly->add_option("FILE", options->file, "The database; it is not changed")->required();
  pynomaly->add_flag("--dry-run", options->dry_run, "Only say what would be imported");
  pynomaly
      ->add_option("--config.file", options->config_file,
                   "For the receivers that rules may name; need not exist")
      ->capture_default_str();
  AddExpandEnv(pynomaly, options->expand_env);
  AddStoragePath(pynomaly, options->storage_path);
  Choose(pynomaly, options, action, tocsin::daemon::ImportForeign);
}

// Sets what is to be done; an exit code where nothing is. The parser is gone when this returns: a
// daemon has no use for it, and it is not small.
std::optional<int> ReadArguments(int argc, char** argv, tocsin::daemon::Options& options,
                                 Action* action) {
  CLI::App app(
      "Tocsin takes metrics in, evaluates rules the moment a sample arrives, and tells people.");
  app.name("tocsin");
  app.set_version_flag("--version", tocsin::daemon::VersionText());
  AddDaemonFlags(app, options);
  AddCheckCommands(app, action);
  AddAlertmanagerCommand(app, action);
  AddRoutesCommands(app, action);
  AddDeadLettersCommands(app, action);
  AddReceiverCommand(app, action);
  AddKeysCommands(app, action);
  AddAuditCommand(app, action);
  AddSecretsCommands(app, action);
  AddImportCommand(app, action);
  try {
    app.parse(ReversedArguments(argc, argv));
  } catch (const CLI::ParseError& e) {
    return app.exit(e);
  }
  return std::nullopt;
}

int Run(int argc, char** argv) {
  tocsin::daemon::Options options;
  Action action = [&options] { return tocsin::daemon::RunDaemon(options); };
  if (const auto ended = ReadArguments(argc, argv, options, &action)) return *ended;
  return action();
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
