// The files that AWS's programs share: ~/.aws/config and ~/.aws/credentials.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
//
// A line is `[profile name]` (in the credentials file `[name]`), `key = value`, a comment or, as
// with AWS's own readers, of no matter. What stands indented below a key without a value belongs to
// that key and to none that is of use here. A pure function; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace tocsin::receivers {

// https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html. What is not there is
// empty.
struct AwsProfile {
  std::string access_key;
  Secret secret_key;
  Secret session_token;
  std::string region;
  std::string role_arn;
  std::string source_profile;
  std::string credential_source;
  std::string external_id;
  std::string role_session_name;
  std::string web_identity_token_file;
  // The key of a way to credentials that only AWS's programs can go ("sso_session").
  std::string beyond_us;
};
using AwsProfiles = std::map<std::string, AwsProfile, std::less<>>;

enum class AwsFile : std::uint8_t { kConfig, kCredentials };

// Adds what the file says: key by key the newer word is the last, but for the keys that sign, which
// are taken together or not at all.
void ReadAwsProfiles(std::string_view text, AwsFile kind, AwsProfiles* profiles);

}  // namespace tocsin::receivers
