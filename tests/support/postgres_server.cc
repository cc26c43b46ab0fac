#include "tests/support/postgres_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace tocsin::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrograms = "usr/lib/postgresql/15/bin";
constexpr uid_t kOrdinaryUser = 65534;

// Where the libraries of the package are.
std::string LibraryFolder(const std::string& package) {
  std::error_code absent;
  for (const fs::directory_entry& entry : fs::directory_iterator(package + "/usr/lib", absent)) {
    if (entry.path().string().ends_with("-linux-gnu")) return entry.path().string();
  }
  return "";
}

}  // namespace

Result<std::unique_ptr<PostgresServer>> PostgresServer::Make() {
  const char* peers = std::getenv("TOCSIN_PEERS");
  const std::string package = peers == nullptr ? "build/peers" : peers;
  const std::string program = fmt::format("{}/{}/postgres", package, kPrograms);
  if (!fs::exists(program)) return Error{program + " does not exist; run `make peers`"};
  std::unique_ptr<PostgresServer> server(
      new PostgresServer(fs::absolute(package).lexically_normal().string()));
  if (Status made = server->MakeCluster(); !made) return made.error();
  server->Start();
  return server;
}

PostgresServer::~PostgresServer() {
  if (process_ > 0) Stop();
}

std::string PostgresServer::UrlOf(const std::string& user, const std::string& database) const {
  return fmt::format("{}@/{}?host={}", user, database, PercentEncode(folder_.path()));
}

pid_t PostgresServer::Run(const std::string& program, std::vector<std::string> arguments,
                          int output) const {
  const std::string path = fmt::format("{}/{}/{}", package_, kPrograms, program);
  arguments.insert(arguments.begin(), path);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::string libraries = "LD_LIBRARY_PATH=" + LibraryFolder(package_);
  char* environment[] = {libraries.data(), nullptr};
  const pid_t process = fork();
  CHECK(process >= 0);
  if (process > 0) return process;
  // The child: only what is safe between fork and exec.
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  if (geteuid() == 0 &&
      (setgroups(0, nullptr) != 0 || setgid(kOrdinaryUser) != 0 || setuid(kOrdinaryUser) != 0)) {
    _exit(126);
  }
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  execve(path.c_str(), argv.data(), environment);
  _exit(127);
}

Status PostgresServer::MakeCluster() {
  if (geteuid() == 0) {
    CHECK(chown(folder_.path().c_str(), kOrdinaryUser, kOrdinaryUser) == 0);
  }
  const std::string log = folder_.path() + "/initdb.log";
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  CHECK(output >= 0);
  const pid_t process = Run("initdb",
                            {"--pgdata=" + folder_.path() + "/data", "--username=control",
                             "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"},
                            output);
  close(output);
  int status = 0;
  CHECK(waitpid(process, &status, 0) == process);
  if (status == 0) return {};
  std::string text(4096, '\0');
  FILE* file = std::fopen(log.c_str(), "r");
  CHECK(file != nullptr);
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return Error{fmt::format("initdb has ended with {}: {}", status, text)};
}

void PostgresServer::Start() {
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0);
  {
    MutexLock lock(mu_);
    is_ready_ = has_ended_ = false;
    log_.clear();
  }
  process_ = Run("postgres",
                 {"-D", folder_.path() + "/data", "-k", folder_.path(), "-h", "", "-c", "jit=off",
                  "-c", "shared_buffers=16MB", "-c", "max_connections=50"},
                 ends[1]);
  close(ends[1]);
  log_reader_ = std::thread([this, descriptor = ends[0]] { ReadLog(descriptor); });
  MutexLock lock(mu_);
  while (!is_ready_ && !has_ended_) changed_.Wait(mu_);
  if (!is_ready_) std::fprintf(stderr, "%s\n", log_.c_str());
  CHECK(is_ready_);
}

void PostgresServer::ReadLog(int descriptor) {
  char buffer[4096];
  while (true) {
    const ssize_t size = read(descriptor, buffer, sizeof(buffer));
    MutexLock lock(mu_);
    if (size > 0) log_.append(buffer, static_cast<std::size_t>(size));
    has_ended_ = size <= 0;
    if (log_.find("ready to accept connections") != std::string::npos) is_ready_ = true;
    changed_.NotifyAll();
    if (has_ended_) break;
  }
  close(descriptor);
}

void PostgresServer::Stop() {
  kill(process_, SIGINT);
  CHECK(waitpid(process_, nullptr, 0) == process_);
  process_ = -1;
  log_reader_.join();
}

void PostgresServer::Freeze(bool freeze) {
  // The server is many processes; its clients are served by the children.
  const std::string children = fmt::format("/proc/{0}/task/{0}/children", process_);
  FILE* file = std::fopen(children.c_str(), "r");
  CHECK(file != nullptr);
  int child = 0;
  kill(process_, freeze ? SIGSTOP : SIGCONT);
  while (std::fscanf(file, "%d", &child) == 1) kill(child, freeze ? SIGSTOP : SIGCONT);
  std::fclose(file);
}

}  // namespace tocsin::testing
