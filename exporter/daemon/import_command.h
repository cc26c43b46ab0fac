// `tocsin import pynomaly FILE`: rules and alerts of a database of the original product.
#pragma once

#include <string>

namespace tocsin::daemon {

struct ImportOptions {
  std::string file;
  std::string storage_path;
  std::string config_file;  // for the receivers that rules may name; need not exist
  bool expand_env = false;
  bool dry_run = false;
};

// What is wrong with a row is told on standard error, and the others are imported, all at once;
// what was imported before is left as it is. Refused while a daemon runs (with `dry_run`, which
// writes nothing, it is not). The exit status is 1 where a row was refused.
int ImportForeign(const ImportOptions& options);

}  // namespace tocsin::daemon
