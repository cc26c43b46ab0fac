// AWS's variables of the environment while a test runs: none but those that it names. The shared
// files are nowhere, and the machine is none.
#pragma once

#include <cstdlib>
#include <utility>
#include <vector>

namespace tocsin::receivers {

class AwsEnvironment {
 public:
  explicit AwsEnvironment(const std::vector<std::pair<const char*, const char*>>& variables) {
    Clear();
    setenv("AWS_CONFIG_FILE", "/nowhere/config", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    for (const auto& [name, value] : variables) setenv(name, value, 1);
  }
  ~AwsEnvironment() { Clear(); }
  AwsEnvironment(const AwsEnvironment&) = delete;
  AwsEnvironment& operator=(const AwsEnvironment&) = delete;

 private:
  static void Clear() {
    for (const char* name : kNames) unsetenv(name);
  }

  static constexpr const char* kNames[] = {"AWS_ACCESS_KEY_ID",
                                           "AWS_SECRET_ACCESS_KEY",
                                           "AWS_SESSION_TOKEN",
                                           "AWS_REGION",
                                           "AWS_DEFAULT_REGION",
                                           "AWS_PROFILE",
                                           "AWS_DEFAULT_PROFILE",
                                           "AWS_CONFIG_FILE",
                                           "AWS_SHARED_CREDENTIALS_FILE",
                                           "AWS_ROLE_ARN",
                                           "AWS_ROLE_SESSION_NAME",
                                           "AWS_WEB_IDENTITY_TOKEN_FILE",
                                           "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                           "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                           "AWS_EC2_METADATA_DISABLED",
                                           "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                           "AWS_ENDPOINT_URL_STS"};
};

}  // namespace tocsin::receivers
