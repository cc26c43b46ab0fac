// Where the keys of a channel come from: the settings, the environment and the shared files, in the
// order of AWS's SDK for Go, which Alertmanager's users know.
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
//
//     sigv4.access_key  >  sigv4.profile  >  AWS_ACCESS_KEY_ID  >  AWS_WEB_IDENTITY_TOKEN_FILE
//       >  the profile AWS_PROFILE or `default`  >  the container's service  >  the machine's
//
// A profile has keys, or names those of another, or none and leaves it to the container or machine.
// Roles are assumed with what was found: those of the profiles, then sigv4.role_arn.
//
// A plan is made for each message, since whoever renews a file need not reload; it is a value, and
// two that are equal lead to the same keys (aws_credentials.h keeps those). It takes no network.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/checked_keys.h"
#include "config/environment.h"
#include "receivers/channels/aws_signature.h"

namespace tocsin::receivers {

// What `sigv4` says. https://prometheus.io/docs/alerting/latest/configuration/#sigv4_config
struct AwsSettings {
  std::string region;
  std::string access_key;
  Secret secret_key;
  std::string secret_key_file;
  std::string profile;
  std::string role_arn;
  std::string external_id;
  bool fips_sts = false;  // use_fips_sts_endpoint
};
AwsSettings AwsSettingsOf(const config::CheckedKeys& keys);

struct AwsRole {
  std::string arn;
  std::string session_name;
  std::string external_id = {};
  friend bool operator==(const AwsRole&, const AwsRole&) = default;
};

struct AwsPlan {
  enum class Source : std::uint8_t {
    kKeys,         // `keys`
    kWebIdentity,  // STS gives them for the token in `token_file`, as those of `identity`
    kContainer,    // the service at `url` gives them
    kMachine,      // the metadata service at `url` does
  };
  Source source = Source::kKeys;
  AwsKeys keys = {};
  AwsRole identity = {};
  std::string token_file = {};  // of kContainer what its Authorization is read from, or empty
  Secret token = {};            // of kContainer, where it is in no file
  std::string url = {};
  std::vector<AwsRole> roles = {};  // assumed one after the other
  std::string region = {};
  std::string sts_url = {};
  std::string tried = {};  // where there was nothing, in order: "sigv4.access_key, ..."
  friend bool operator==(const AwsPlan&, const AwsPlan&) = default;
};

// What a person can do who has no keys.
inline constexpr char kAwsKeysAdvice[] =
    "give sigv4.access_key and sigv4.secret_key, or sigv4.profile, or set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or give the machine or the container a role";

// Fails, with what to do, where nothing is left to ask, where what is named does not exist, and
// without a region.
Result<AwsPlan> PlanAwsKeys(const AwsSettings& settings, const config::Environment& environment);

}  // namespace tocsin::receivers
