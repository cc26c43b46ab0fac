// Answers of OAuth 2 token servers: a first line with the content type, then the body. What is
// accepted can stand in a header and lives for a time that is no nonsense.
#include "receivers/channels/oauth2_answer.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"

namespace tocsin::receivers {
namespace {

void CheckAnswer(std::string_view text) {
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return;
  HttpClientResponse response;
  response.status = 200;
  response.headers = {{"content-type", std::string(text.substr(0, line))}};
  response.body = text.substr(line + 1);
  const Result<OAuth2Token> token = ReadTokenAnswer(response);
  if (!token) return;
  const std::string& authorization = token->authorization.Reveal();
  CHECK(authorization.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  CHECK(!token->lifetime || token->lifetime->count() >= 0);
}

}  // namespace
}  // namespace tocsin::receivers

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tocsin::receivers::CheckAnswer({reinterpret_cast<const char*>(data), size});
  return 0;
}
