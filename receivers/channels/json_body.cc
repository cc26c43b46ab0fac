#include "receivers/channels/json_body.h"

#include <utility>

namespace tocsin::receivers {

HttpClientRequest PostJson(std::string url, const JsonValue& json) {
  HttpClientRequest request;
  request.method = "POST";
  request.url = std::move(url);
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = json.Write() + "\n";
  return request;
}

}  // namespace tocsin::receivers
