// The answer of an OAuth 2 token server. https://www.rfc-editor.org/rfc/rfc6749#section-5
#pragma once

#include <optional>
#include <string>

#include "base/http_client.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"

namespace tocsin::receivers {

struct OAuth2Token {
  Secret authorization;              // the value of the Authorization header
  std::optional<Duration> lifetime;  // none: it does not expire
};

// As golang.org/x/oauth2 reads it: JSON, or a form where the content type says so. What cannot be
// understood is an error, which shows nothing of the answer but the server's error code.
Result<OAuth2Token> ReadTokenAnswer(const HttpClientResponse& response);

}  // namespace tocsin::receivers
