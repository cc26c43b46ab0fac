// Any bytes as a body of POST /api/v2/silences: what is taken survives the store and is shown as
// JSON that reads back as the same silence.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"
#include "exporter/api/alertmanager_json.h"
#include "exporter/api/alertmanager_post.h"

namespace tocsin::api {
namespace {

using receivers::Silence;

std::variant<Silence, http::Response> Read(std::string body, MatcherDialect dialect) {
  body.reserve(body.size() + http::kBodyPadding);
  return ReadPostedSilence(body, dialect);
}

void CheckSame(const Silence& a, const Silence& b) {
  CHECK(a.id == b.id && a.matchers == b.matchers);
  CHECK(a.created_by == b.created_by && a.comment == b.comment);
}

void CheckSilence(const Silence& silence, MatcherDialect dialect) {
  CHECK(!silence.matchers.empty());
  for (const Matcher& matcher : silence.matchers) CHECK(IsValidLabelName(matcher.name(), dialect));
  const Result<Silence> stored = receivers::ParseSilence(receivers::SerializeSilence(silence));
  CHECK(stored.ok());
  CheckSame(*stored, silence);
  CHECK(stored->starts_at == silence.starts_at && stored->ends_at == silence.ends_at);
  std::string shown;
  AppendSilence(silence, FromUnixMillis(1'700'000'000'000), &shown);
  const auto again = Read(shown, dialect);
  CHECK(std::holds_alternative<Silence>(again));
  CheckSame(std::get<Silence>(again), silence);
}

}  // namespace
}  // namespace tocsin::api

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin::api;
  const std::string body(reinterpret_cast<const char*>(data), size);
  for (const auto dialect : {tocsin::MatcherDialect::kFallback, tocsin::MatcherDialect::kClassic}) {
    const auto read = Read(body, dialect);
    if (const auto* refusal = std::get_if<tocsin::http::Response>(&read)) {
      CHECK(refusal->status == 400 || refusal->status == 422);
      CHECK(nlohmann::json::accept(refusal->body));
    } else {
      CheckSilence(std::get<Silence>(read), dialect);
    }
  }
  return 0;
}
