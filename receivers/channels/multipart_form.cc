#include "receivers/channels/multipart_form.h"

#include <fmt/format.h>

#include <utility>

#include "base/group_key.h"

namespace tocsin::receivers {

void MultipartForm::AddText(std::string_view name, std::string_view value, std::string_view type) {
  std::string part = fmt::format("Content-Disposition: form-data; name=\"{}\"\r\n", name);
  if (!type.empty()) part += fmt::format("Content-Type: {}\r\n", type);
  parts_.push_back(part.append("\r\n").append(value));
}

void MultipartForm::AddFile(std::string_view name, std::string_view file_name,
                            std::string_view type, std::string_view bytes) {
  std::string part = fmt::format(
      "Content-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
      name, file_name, type);
  parts_.push_back(part.append(bytes));
}

HttpClientRequest MultipartForm::Post(std::string url) const {
  std::string all;
  for (const std::string& part : parts_) all += part;
  // No text can hold the hash of itself.
  const std::string boundary = "tocsin-" + Sha256Hex(all).substr(0, 32);
  HttpClientRequest request;
  request.method = "POST";
  request.url = std::move(url);
  request.headers.emplace_back("Content-Type", "multipart/form-data; boundary=" + boundary);
  for (const std::string& part : parts_) {
    request.body.append("--").append(boundary).append("\r\n").append(part).append("\r\n");
  }
  request.body.append("--").append(boundary).append("--\r\n");
  return request;
}

}  // namespace tocsin::receivers
