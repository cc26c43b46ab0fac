// What the command line can ask about an alertmanager.yml. Each answers with the exit status, and
// prints what amtool prints. `expand_env`: ${NAME} in values is read from the environment.
#pragma once

#include <string>
#include <vector>

namespace tocsin::daemon {

// Whether a file is an alertmanager.yml rather than a tocsin.yml: it has one of its keys at the top
// level. False for one that cannot be read.
bool IsAlertmanagerFile(const std::string& file);

// `tocsin check config FILE` for such a file.
int CheckAlertmanagerConfig(const std::string& file, bool expand_env);
// Rewrites what is deprecated or misspelt (config/alertmanager_fix.h) after the file was copied to
// FILE.bak; with `dry_run` only says what would change. A rewrite that would load to other settings
// is refused.
int FixAlertmanagerConfig(const std::string& file, bool dry_run, bool expand_env);

// `tocsin routes show --config.file=F`: the routing tree.
int ShowRoutes(const std::string& file, bool expand_env);

// `tocsin routes test --config.file=F [--verify.receivers=a,b] name=value ...`: the receivers of an
// alert with these labels. 1 where they are not the expected ones.
int TestRoutes(const std::string& file, bool expand_env, const std::vector<std::string>& labels,
               const std::string& expected_receivers);

}  // namespace tocsin::daemon
