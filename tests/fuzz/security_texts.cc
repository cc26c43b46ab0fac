// What strangers send as a key, and what a damaged or altered database holds: nothing is believed
// that was not written so.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "exporter/security/api_key.h"
#include "exporter/security/audit_chain.h"
#include "exporter/security/credentials.h"

namespace tocsin::security {
namespace {

void CheckRequest(std::string_view text) {
  http::Route route;
  route.token_in_query = true;
  http::Request request;
  request.route = &route;
  request.headers = {{"Authorization", std::string(text)}};
  request.query = text;
  if (const std::optional<std::string> token = FindToken(request)) CHECK(!token->empty());
  if (const std::string_view id = IdInToken(text); !id.empty()) CHECK(IsKeyId(id));
}

void CheckKeyRow(std::string_view text) {
  const std::optional<ApiKey> key = ReadKeyRow("0123456789abcdef", text);
  if (key) CHECK(ReadKeyRow(key->id, KeyRow(*key)) == key);
  const std::optional<KeyUse> use = ReadUseRow(text);
  if (use) CHECK(ReadUseRow(UseRow(*use)) == use);
}

void CheckAudit(std::string_view text) {
  AuditVerifier verifier;
  verifier.Take(AuditKey(1), text);
  // Nobody finds a text with its own hash in it by chance.
  CHECK(!verifier.Finish(std::string(text)).empty());
  AuditRecord record;
  record.actor = record.target = record.before = record.after = text;
  record.outcome = "200";
  AuditVerifier sound;
  const SealedEntry sealed = SealEntry(1, Timestamp(), NoAuditHash(), record);
  sound.Take(AuditKey(1), sealed.row);
  CHECK(sound.Finish(HeadRow({1, sealed.hash})).empty());
}

}  // namespace
}  // namespace tocsin::security

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  tocsin::security::CheckRequest(text);
  tocsin::security::CheckKeyRow(text);
  tocsin::security::CheckAudit(text);
  (void)tocsin::Scopes::Parse(text);
  return 0;
}
