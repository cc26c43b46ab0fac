// A PostgreSQL server of a test's own: from the package that `make peers` unpacks, in a temporary
// folder, on a Unix socket there, as an ordinary user (it refuses to run as root). It ends with
// this process at the latest.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "tests/support/temp_dir.h"

namespace tocsin::testing {

class PostgresServer {
 public:
  // Makes an empty cluster and starts the server. The message says what is absent.
  static Result<std::unique_ptr<PostgresServer>> Make();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // What stands behind "postgresql://" for a user of the server, who needs no password.
  std::string UrlOf(const std::string& user, const std::string& database) const;

  // REQUIRES: it has been stopped.
  void Start();
  // Its clients are cut off.
  void Stop();
  // It stands still, and its clients wait.
  void Freeze(bool freeze);

 private:
  explicit PostgresServer(std::string package) : package_(std::move(package)) {}
  // Runs a program of the package as the ordinary user; what it says goes to `output`.
  pid_t Run(const std::string& program, std::vector<std::string> arguments, int output) const;
  Status MakeCluster();
  void ReadLog(int descriptor);

  const std::string package_;  // the folder that stands for /
  const TempDir folder_;
  pid_t process_ = -1;
  std::thread log_reader_;

  Mutex mu_;
  CondVar changed_;
  bool has_ended_ GUARDED_BY(mu_) = false;
  bool is_ready_ GUARDED_BY(mu_) = false;
  std::string log_ GUARDED_BY(mu_);
};

}  // namespace tocsin::testing
