// Places in a text file, and the book that takes down what is wrong at them.
//
// A FileReport lives as long as one file is being read, on the thread that loads the configuration.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "config/diagnostics.h"

namespace tocsin::config {

// One-based, in bytes; zeros mean the file as a whole.
struct Mark {
  int line = 0;
  int column = 0;
  friend bool operator==(const Mark&, const Mark&) = default;
};

// A text of the file and where it stands: for names that can be checked only later.
struct PlacedText {
  std::string text;
  Mark mark;
};

class FileReport {
 public:
  // REQUIRES: `all` outlives the report.
  FileReport(std::string file, Diagnostics& all) : file_(std::move(file)), all_(all) {}

  void Error(Mark at, std::string message) {
    Add(Diagnostic::Level::kError, at, std::move(message));
  }
  void Warning(Mark at, std::string message) {
    Add(Diagnostic::Level::kWarning, at, std::move(message));
  }

  // Where a secret stands, and where a name of a file to be read: for whoever shows what was read,
  // or takes it from somebody who has no business with files.
  void NoteSecret(Mark at) { secrets_.push_back(at); }
  void NoteFile(Mark at) { named_files_.push_back(at); }
  const std::vector<Mark>& secrets() const { return secrets_; }
  const std::vector<Mark>& named_files() const { return named_files_; }

  const std::string& file() const { return file_; }
  // How many there are so far: for whoever gives up what it reads when there are more.
  std::size_t errors() const { return errors_; }
  // "tocsin.yml:12:5"
  std::string PlaceName(Mark at) const;

 private:
  void Add(Diagnostic::Level level, Mark at, std::string message) {
    if (level == Diagnostic::Level::kError) ++errors_;
    all_.Add({level, file_, at.line, at.column, std::move(message)});
  }

  std::string file_;
  Diagnostics& all_;
  std::size_t errors_ = 0;
  std::vector<Mark> secrets_;
  std::vector<Mark> named_files_;
};

}  // namespace tocsin::config
