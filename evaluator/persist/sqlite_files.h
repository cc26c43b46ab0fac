// The files of an open database, and whether they still stand where they were: a process goes on
// with a file that was deleted or moved, and what it writes is lost when it ends.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace tocsin::evaluator {

// A plain value; any thread.
class SqliteFiles {
 public:
  // Those of the database that is open under this path: itself, its log and the log's index.
  static SqliteFiles Note(const std::string& database);

  enum class State : std::uint8_t {
    kInPlace,
    kGone,      // nothing stands in the place of the database
    kReplaced,  // another file does
    kLogGone,   // the database is there, its log or that's index is not
  };
  State Look();

  // REQUIRES: kGone. Puts this file, which is complete and durable, in the place of the database,
  // readable for whom that was. What is left of the log goes: it would be taken for the new one's.
  Status Replace(const std::string& by);

  // Of the database, by its real name.
  const std::string& path() const { return path_; }

 private:
  struct File {
    dev_t device = 0;
    ino_t number = 0;
    mode_t mode = 0;
    friend bool operator==(const File& a, const File& b) {
      return a.device == b.device && a.number == b.number;
    }
  };
  static std::optional<File> Find(const std::string& path);
  static constexpr std::array<const char*, 2> kLogSuffixes = {"-wal", "-shm"};

  std::string path_;
  std::optional<File> database_;
  std::array<std::optional<File>, kLogSuffixes.size()> logs_;
};

}  // namespace tocsin::evaluator
