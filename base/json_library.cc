#include "base/json_library.h"

namespace tocsin {
namespace {

template <typename Json>
std::string Write(const Json& value) {
  return value.dump(/*indent=*/-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace

nlohmann::json ParseJson(std::string_view text) {
  return nlohmann::json::parse(text, /*cb=*/nullptr, /*allow_exceptions=*/false);
}

nlohmann::json ParseJsonOrThrow(std::string_view text) { return nlohmann::json::parse(text); }

std::string WriteJson(const nlohmann::json& value) { return Write(value); }
std::string WriteJson(const nlohmann::ordered_json& value) { return Write(value); }

}  // namespace tocsin
