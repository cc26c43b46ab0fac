// Cors: lets the pages of some other sites read our answers, and asks browsers to let them call us.
// The sites are those of tocsin.web.allowed_origins; without any no answer says a word of it.
//
// A page sends its API key in a header. What a browser knows by itself, cookies or the password
// that somebody typed in, no page may use: there is no Access-Control-Allow-Credentials, as there
// is none of Prometheus. Any thread. https://fetch.spec.whatwg.org/#http-cors-protocol
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/http/http.h"

namespace tocsin::http {

class Cors {
 public:
  explicit Cors(std::vector<std::string> allowed_origins) : allowed_(std::move(allowed_origins)) {}

  // A browser's question whether a page may send what it is about to, and the answer to it.
  // Browsers ask without a key, so it is given to who has none. Nothing where it is another
  // request, or the page's origin is not allowed.
  std::optional<Response> AnswerPreflight(const Request& request) const;
  // Says whether a page may read an answer.
  void Finish(const Request& request, Response* response) const;

 private:
  bool Allows(std::string_view origin) const;

  const std::vector<std::string> allowed_;
};

}  // namespace tocsin::http
