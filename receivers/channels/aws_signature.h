// Signature version 4, by which AWS knows who sends a request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
//
// A request is written down in one canonical form, hashed, and the hash is signed with a key that
// is derived from the secret one for this day, region and service. Pure functions.
#pragma once

#include <string>

#include "base/http_client.h"
#include "base/secret.h"
#include "base/time.h"

namespace tocsin::receivers {

struct AwsKeys {
  std::string access_key;
  Secret secret_key;
  Secret session_token;  // of keys that are valid for a while only; empty: there is none
  friend bool operator==(const AwsKeys&, const AwsKeys&) = default;
};

struct AwsService {
  std::string region;  // "eu-central-1"
  std::string name;    // "sns"
};

// Adds X-Amz-Date, X-Amz-Security-Token and Authorization. All headers that the request has by then
// are signed, and the Host that the client will send; those that are added later are not.
// A signature is good for five minutes: sign each attempt anew.
// REQUIRES: CheckUrl accepts the URL.
void SignAwsRequest(const AwsKeys& keys, const AwsService& service, Timestamp now,
                    HttpClientRequest* request);

}  // namespace tocsin::receivers
