// WebUsers: the people of a web configuration file (config/web_file.h), who come with a name and a
// password in place of an API key and may do all that there is, as they may in the other programs
// of the Prometheus family.
//
// Once there was one, requests need a password or a key until the process ends, as KeyRing has it:
// a file that loses its users opens no door. Any thread.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/scopes.h"
#include "base/snapshot.h"
#include "config/web_file.h"
#include "exporter/http/basic_auth.h"
#include "exporter/http/http.h"

namespace tocsin::security {

inline constexpr Scopes kScopesOfUsers{Scope::kAdmin};

class WebUsers {
 public:
  explicit WebUsers(const std::shared_ptr<const config::WebFileSettings>& settings) {
    Apply(settings);
  }

  // From the next request on.
  void Apply(const std::shared_ptr<const config::WebFileSettings>& settings);
  // Whether requests need somebody who is known.
  bool asks() const { return asks_; }

  struct Judgement {
    http::BasicAuth::Verdict verdict = http::BasicAuth::Verdict::kBad;
    // Of a good one. The id is another one once the password has changed.
    http::Actor actor = {};
  };
  // Whose an Authorization header is. Recall() says it where that takes no comparison of a
  // password, which is slow on purpose; else nothing.
  std::optional<Judgement> Recall(std::string_view authorization) const;
  Judgement Judge(std::string_view authorization);
  // Whether somebody who was let in under this id would still be.
  bool Knows(std::string_view id) const;

  // Puts the headers of the file into an answer.
  void SetHeaders(http::Response* response) const;

 private:
  Snapshot<config::WebFileSettings> settings_;
  http::BasicAuth auth_;
  std::atomic<bool> asks_{false};
};

// In place of what a handler has set: the owner of the file knows what stands in front of us.
void SetWebHeaders(const config::WebFileSettings& settings, http::Response* response);

}  // namespace tocsin::security
