// Any bytes as a web configuration file, and as an Authorization header: problems have places, what
// loads is sound, and hashes are never shown.
#include "config/web_file.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bcrypt.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/text.h"
#include "exporter/http/basic_auth.h"

namespace {

using tocsin::config::Diagnostic;
using tocsin::config::LoadedWebFile;

void CheckFile(std::string_view input) {
  const LoadedWebFile loaded = tocsin::config::LoadWebText("web.yml", input);
  for (const Diagnostic& diagnostic : loaded.diagnostics.list()) {
    CHECK(!diagnostic.message.empty() && tocsin::IsValidUtf8(diagnostic.message));
    CHECK(diagnostic.message.find('\n') == std::string::npos);
    CHECK(diagnostic.line >= 0 && diagnostic.column >= 0);
  }
  CHECK((loaded.settings == nullptr) == loaded.diagnostics.has_errors());
  if (loaded.settings == nullptr) return;
  for (const auto& [name, hash] : loaded.settings->users) {
    CHECK(tocsin::BcryptCost(hash.Reveal()).has_value());
  }
  for (const auto& [name, value] : loaded.settings->headers) {
    CHECK(!value.empty() && value.find_first_of("\r\n") == std::string::npos);
  }
}

void CheckHeader(std::string_view input) {
  const auto credentials = tocsin::http::ReadBasicCredentials(input);
  if (!credentials) return;
  CHECK(credentials->user.find(':') == std::string::npos);
  const std::string again =
      "Basic " + tocsin::Base64Encode(credentials->user + ":" + credentials->password);
  const auto read_again = tocsin::http::ReadBasicCredentials(again);
  CHECK(read_again && read_again->user == credentials->user &&
        read_again->password == credentials->password);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  CheckFile(input);
  CheckHeader(input);
  CheckHeader("Basic " + std::string(input));
  return 0;
}
