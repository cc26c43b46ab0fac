// A response as the bytes that go over the wire.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/http/http.h"

namespace tocsin::http {

// "OK", "Not Found", ...; a class word ("Client Error") for codes without a name of their own.
std::string_view StatusText(int status);

// The reason why a response must not go out as it is: a status outside 200..599, a header that says
// where the response ends, or one that would end its line (CR, LF, NUL) and so let input forge
// headers or a second response.
std::optional<std::string> FindFault(const Response& response);

// One worker's. Keeps the text of the current second's date.
class ResponseWriter {
 public:
  enum class Connection : std::uint8_t {
    kKeep,          // HTTP/1.1 without further words
    kKeepOldStyle,  // told to an HTTP/1.0 client that asked for it
    kClose,
    kStream,   // the body has no end but that of the connection
    kUpgrade,  // the connection speaks another protocol from here
  };

  // Status line, headers and the empty line. Content-Length always, except where the status has no
  // body. REQUIRES: FindFault finds none.
  void AppendHead(const Response& response, Connection connection, std::time_t now,
                  std::string* out);

 private:
  std::string_view Date(std::time_t now);

  std::time_t date_second_ = -1;
  std::string date_;
};

// 101, 204 and 304 have none, whatever the handler put there.
inline bool MayHaveBody(int status) { return status != 101 && status != 204 && status != 304; }

}  // namespace tocsin::http
