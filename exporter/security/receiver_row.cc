#include "exporter/security/receiver_row.h"

#include <fmt/format.h>

#include "base/json_library.h"
#include "base/json_row.h"
#include "base/text.h"

namespace tocsin::security {
namespace {

using nlohmann::json;

constexpr int kReceiverRowVersion = 1;

SecretPlace PlaceOf(const std::string& receiver) { return {"receiver/" + receiver, "settings"}; }

ReceiverRow ReceiverRowFromJson(const json& row) {
  if (row.at("v").get<int>() != kReceiverRowVersion) {
    throw json::other_error::create(501, "unknown version", &row);
  }
  ReceiverRow out;
  out.created_at = FromUnixMillis(row.at("created_at").get<std::int64_t>());
  out.updated_at = FromUnixMillis(row.at("updated_at").get<std::int64_t>());
  out.created_by = row.at("created_by").get<std::string>();
  out.creation_id = row.at("creation_id").get<std::string>();
  return out;
}

}  // namespace

std::string SealReceiverRow(const ReceiverRow& row, const SecretBox& box) {
  return JsonRow()
      .Number("v", kReceiverRowVersion)
      .Text("sealed", box.Seal(row.body.Reveal(), PlaceOf(row.name)))
      .Time("created_at", row.created_at)
      .Time("updated_at", row.updated_at)
      .Text("created_by", row.created_by)
      .Text("creation_id", row.creation_id)
      .Finish();
}

Result<ReceiverRow> OpenReceiverRow(const std::string& name, std::string_view text,
                                    const SecretBox& box) {
  try {
    const json parsed = ParseJsonOrThrow(text);
    ReceiverRow row = ReceiverRowFromJson(parsed);
    Result<Secret> body = box.Open(parsed.at("sealed").get<std::string>(), PlaceOf(name));
    if (!body) {
      return Error{fmt::format("receiver {} {}", QuoteForMessage(name), body.message())};
    }
    row.name = name;
    row.body = *std::move(body);
    return row;
  } catch (const json::exception& e) {
    return Error{fmt::format("receiver {} was altered: cannot read it: {}", QuoteForMessage(name),
                             e.what())};
  }
}

bool IsSealedNow(std::string_view text, const SecretBox& box) {
  const json row = ParseJson(text);
  if (!row.is_object()) return false;
  const auto sealed = row.find("sealed");
  return sealed != row.end() && sealed->is_string() && box.IsCurrent(sealed->get<std::string>());
}

}  // namespace tocsin::security
