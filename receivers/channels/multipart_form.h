// Requests with a form that holds files. A value; the fields stand in the order in which they were
// added. https://www.rfc-editor.org/rfc/rfc7578
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/http_client.h"

namespace tocsin::receivers {

class MultipartForm {
 public:
  // Names and types are ours, and hold nothing to escape. Without a type the value is plain text.
  void AddText(std::string_view name, std::string_view value, std::string_view type = {});
  void AddFile(std::string_view name, std::string_view file_name, std::string_view type,
               std::string_view bytes);

  HttpClientRequest Post(std::string url) const;

 private:
  std::vector<std::string> parts_;  // headers and value, without a boundary
};

}  // namespace tocsin::receivers
