// Any bytes as a body of POST /api/v2/alerts: what is taken is complete and sound, and every answer
// is JSON.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "base/check.h"
#include "base/text.h"
#include "exporter/api/alertmanager_json.h"
#include "exporter/api/alertmanager_post.h"
#include "exporter/api/request_uri.h"

namespace tocsin::api {
namespace {

const Timestamp kNow = FromUnixMillis(1'700'000'000'000);
constexpr Duration kResolveTimeout = std::chrono::minutes(5);

void CheckAlert(const receivers::PostedAlert& alert, MatcherDialect dialect) {
  CHECK(!alert.labels.empty());
  for (const Label& label : alert.labels) {
    CHECK(IsValidLabelName(label.name, dialect) && !label.value.empty());
    CHECK(IsValidUtf8(label.value));
  }
  for (const auto& [name, value] : alert.annotations) CHECK(IsValidLabelName(name, dialect));
  CHECK(alert.ends_at >= alert.starts_at && alert.updated_at == kNow);
  CHECK(alert.fingerprint == alert.labels.view().Fingerprint());
  CHECK(alert.generator_url.empty() || IsRequestUri(alert.generator_url));
  std::string shown;
  AppendAlert(alert, {}, {"ops"}, &shown);
  CHECK(nlohmann::json::accept(shown));
}

void CheckRefusal(const http::Response& response) {
  CHECK(response.status == 400 || response.status == 422);
  CHECK(nlohmann::json::accept(response.body));
}

}  // namespace
}  // namespace tocsin::api

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin::api;
  std::string body;
  body.reserve(size + tocsin::http::kBodyPadding);
  body.assign(reinterpret_cast<const char*>(data), size);
  for (const auto dialect : {tocsin::MatcherDialect::kFallback, tocsin::MatcherDialect::kClassic}) {
    const auto read = ReadPostedAlerts(body, kNow, kResolveTimeout, dialect);
    if (const auto* refusal = std::get_if<tocsin::http::Response>(&read)) {
      CheckRefusal(*refusal);
      continue;
    }
    for (const auto& alert : std::get<ReadAlerts>(read).alerts) CheckAlert(alert, dialect);
    for (const auto& why : std::get<ReadAlerts>(read).invalid) CHECK(!why.empty());
  }
  return 0;
}
