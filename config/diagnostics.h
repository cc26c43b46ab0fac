// Problems found in configuration: all of them, each with its place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tocsin::config {

struct Diagnostic {
  enum class Level : std::uint8_t { kError, kWarning, kInfo };
  Level level = Level::kError;
  std::string file;  // as the user would open it; empty for the environment
  int line = 0;      // one-based; 0 where a whole file is meant
  int column = 0;    // one-based
  std::string message;

  // file:line:col: message; warnings say "warning: " in front of the message.
  std::string ToString() const;
};

class Diagnostics {
 public:
  void Add(Diagnostic diagnostic) { list_.push_back(std::move(diagnostic)); }
  bool has_errors() const;
  const std::vector<Diagnostic>& list() const { return list_; }
  // By file, line and column.
  void Sort();

 private:
  std::vector<Diagnostic> list_;
};

}  // namespace tocsin::config
