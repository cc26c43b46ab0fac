// What AWS's services answer, for tests.
#pragma once

#include <fmt/format.h>

#include <string>

namespace tocsin::receivers {

// Keys whose other halves are "secret-of-<id>" and "token-of-<id>".
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_Examples
inline std::string StsAnswer(const std::string& id, const std::string& ends) {
  return fmt::format(
      "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
      "  <AssumeRoleResult>\n"
      "    <AssumedRoleUser><AssumedRoleId>ARO123:tocsin</AssumedRoleId></AssumedRoleUser>\n"
      "    <Credentials>\n"
      "      <AccessKeyId>{0}</AccessKeyId>\n"
      "      <SecretAccessKey>secret-of-{0}</SecretAccessKey>\n"
      "      <SessionToken>\n        token-of-{0}\n      </SessionToken>\n"
      "      <Expiration>{1}</Expiration>\n"
      "    </Credentials>\n"
      "  </AssumeRoleResult>\n"
      "</AssumeRoleResponse>\n",
      id, ends);
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
inline std::string LentAnswer(const std::string& id, const std::string& ends) {
  return fmt::format(
      R"({{"Code":"Success","LastUpdated":"2024-05-01T05:00:00Z","Type":"AWS-HMAC",)"
      R"("AccessKeyId":"{0}","SecretAccessKey":"secret-of-{0}","Token":"token-of-{0}",)"
      R"("Expiration":"{1}"}})",
      id, ends);
}

}  // namespace tocsin::receivers
