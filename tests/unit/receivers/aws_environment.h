// AWS's variables of the environment while a test runs: none but those that it names.
#pragma once

#include <cstdlib>
#include <utility>
#include <vector>

namespace tocsin::receivers {

class AwsEnvironment {
 public:
  explicit AwsEnvironment(const std::vector<std::pair<const char*, const char*>>& variables) {
    for (const char* name : kNames) unsetenv(name);
    for (const auto& [name, value] : variables) setenv(name, value, 1);
  }
  ~AwsEnvironment() {
    for (const char* name : kNames) unsetenv(name);
  }
  AwsEnvironment(const AwsEnvironment&) = delete;
  AwsEnvironment& operator=(const AwsEnvironment&) = delete;

 private:
  static constexpr const char* kNames[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                                           "AWS_SESSION_TOKEN", "AWS_REGION"};
};

}  // namespace tocsin::receivers
