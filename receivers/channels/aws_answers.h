// What AWS's services answer to whoever asks for keys, and what is wrong where they refuse. Pure
// functions; no message shows anything of an answer but a code that is one word.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "receivers/channels/aws_signature.h"

namespace tocsin::receivers {

struct LentAwsKeys {
  AwsKeys keys;
  std::optional<Timestamp> ends;  // none: they are good until somebody withdraws them
};

// XML, of AssumeRole and AssumeRoleWithWebIdentity.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
Result<LentAwsKeys> ReadStsAnswer(std::string_view body);

// JSON, of the services of a machine and of a container.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
Result<LentAwsKeys> ReadLentKeys(const std::string& body);

// "InvalidParameter", of an XML answer that says what is wrong; empty where it is no word.
// https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
std::string AwsErrorCode(std::string_view body);

}  // namespace tocsin::receivers
