// Any bytes as a receiver that POST or PUT /receivers says: it is taken, or each fault has a place
// in the body. What is taken is shown without its secrets and, sent back as it was shown, means the
// same. No message tells a secret.
#include "exporter/api/receiver_body.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/json_library.h"
#include "base/text.h"
#include "exporter/api/faults.h"

namespace tocsin::api {
namespace {

// What each secret of the body ends in.
constexpr std::string_view kMark = "Zq7hidden";

// Those whose values are secret in whatever channel they stand, and at least one channel has.
constexpr std::string_view kSecretKeys[] = {
    "webhook_url", "auth_password", "alert_source_token", "routing_key", "api_key",
    "bot_token",   "api_token",     "access_token",       "api_secret",  "secret_key",
    "password",    "client_secret", "credentials",        "token",
};

bool IsSecretKey(std::string_view key) {
  return std::find(std::begin(kSecretKeys), std::end(kSecretKeys), key) != std::end(kSecretKeys);
}

bool IsKept(const std::string& text) { return text.empty() || text == kSecretText; }

void MarkSecrets(nlohmann::json* body) {
  for (auto& [key, member] : body->items()) {
    if (member.is_structured()) {
      MarkSecrets(&member);
    } else if (member.is_string() && IsSecretKey(key)) {
      auto& text = member.get_ref<std::string&>();
      // Of an address the host is shown.
      const bool is_url = text.find("://") != std::string::npos;
      if (!IsKept(text)) text.append(is_url ? "/" : "").append(kMark);
    }
  }
}

void CheckText(const std::string& text) {
  CHECK(!text.empty() && IsValidUtf8(text) && text.find(kMark) == std::string::npos);
}

void CheckFaults(const Json& faults) {
  for (const Json& fault : faults) {
    CHECK(fault.at("loc").is_array() && fault.at("loc").at(0) == "body");
    CheckText(fault.at("msg").get<std::string>());
  }
  const std::string answer = Unprocessable(faults).body;
  CHECK(ParseJson(answer).is_object() && answer.find(kMark) == std::string::npos);
}

void CheckSame(const ReceiverBody& a, const ReceiverBody& b) {
  CHECK(a.settings.name == b.settings.name && a.settings.channels == b.settings.channels);
  CHECK(Dump(JsonOfYaml(a.settings.shown)) == Dump(JsonOfYaml(b.settings.shown)));
  CHECK(a.warnings == b.warnings);
}

void CheckTaken(const ReceiverBody& taken) {
  CHECK(taken.settings.from_api && !taken.settings.name.empty());
  CHECK(taken.settings.name.size() <= kLongestReceiverName);
  for (const std::string& warning : taken.warnings) CheckText(warning);
  const std::string shown = Dump(JsonOfYaml(taken.settings.shown));
  CHECK(shown.find(kMark) == std::string::npos);

  Json faults = Json::array();
  const auto sent_back = ReadReceiverBody(ParseJson(shown), &taken.text, &faults);
  CHECK(sent_back && faults.empty());
  CheckSame(*sent_back, taken);
  // As the database has it.
  const auto stored = ReadReceiverBody(ParseJson(WriteJson(taken.text)), nullptr, &faults);
  CHECK(stored && faults.empty());
  CheckSame(*stored, taken);

  static const config::Settings kInForce;
  CheckReceiver(taken.settings, kInForce, &faults);
  CheckFaults(faults);
}

void CheckBody(const std::string& text) {
  Json faults = Json::array();
  nlohmann::json body = ReadObject(text, &faults);
  if (!faults.empty() || WriteJson(body).find(kMark) != std::string::npos) return;
  MarkSecrets(&body);
  const std::optional<ReceiverBody> taken = ReadReceiverBody(body, nullptr, &faults);
  CHECK(taken.has_value() == faults.empty());
  CheckFaults(faults);
  if (taken) CheckTaken(*taken);
}

}  // namespace
}  // namespace tocsin::api

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tocsin::api::CheckBody(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
