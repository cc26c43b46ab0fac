// RepeatableRequests: what a client may send again without making anything twice.
//
// A POST with an Idempotency-Key is carried out once. Its answer is kept for 24 hours, in the
// database, and given to whoever sends the same request with the same key again; another request
// with that key is refused (422). Of two at the same time one waits for the other. Only what was
// carried out is kept: a refusal has changed nothing, so the request may be mended and sent again.
// Keys belong to the holder of an API key: one cannot learn another's answers. Answers that hold a
// secret are not kept, only that there was one (409).
// https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
//
// An answer is given when it is durable, which is a moment after the change itself. A process that
// is killed in between has made the change and forgotten the answer: handlers that make something
// under Request::creation_id find it there when the request comes again.
//
// Any thread. Handlers run without a lock of ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/state_store.h"
#include "exporter/http/http.h"

namespace tocsin::api {

// Whether requests of a route may come with such a key: a POST that changes something other than by
// submitting samples or alerts, whose senders repeat them anyway and are too many to remember.
bool TakesIdempotencyKey(const http::Route& route);

class RepeatableRequests {
 public:
  static constexpr Duration kKept = std::chrono::hours(24);
  static constexpr std::size_t kLongestKey = 255;  // bytes
  // Beyond these the oldest answers are forgotten before their time.
  static constexpr std::size_t kMostAnswers = 10'000;
  static constexpr std::size_t kMostBytes = 16 << 20;  // of their bodies
  // A longer body is treated as a secret one.
  static constexpr std::size_t kLongestBody = 256 << 10;

  // Everything outlives the object, which must outlive the routes.
  RepeatableRequests(StateStore& store, const Clock& clock, const Logger& log)
      : store_(store), clock_(clock), log_(log) {}

  // Before the server starts: reads what an earlier process left.
  Status Restore() EXCLUDES(mu_);

  // The route with that in front, if it takes such keys; else as it is.
  http::Route Remember(http::Route route);

  // Forgets what is older than it is kept.
  void Tend(Timestamp now) EXCLUDES(mu_);

 private:
  struct Answer;
  struct Asked {
    std::string name;     // of the key, in the store
    std::string request;  // what tells requests apart
    std::string creation_id;
  };
  class Claim;
  using AnswerPtr = std::shared_ptr<const Answer>;

  static Asked AskedBy(const http::Request& request, std::string_view key);
  static std::string Row(const Answer& answer);
  static Result<Answer> ParseRow(std::string_view json);
  static http::Response Repeated(const Answer& answer, const Asked& asked, http::ErrorStyle errors);

  http::Response Deal(const http::Request& request, std::string_view key,
                      const http::Handler& handler, http::ErrorStyle errors);
  void Keep(const std::string& name, Answer answer);
  // False where the request that is under way does not end in time.
  bool Begin(const std::string& name) EXCLUDES(mu_);
  void End(const std::string& name) EXCLUDES(mu_);
  AnswerPtr Find(const std::string& name, Timestamp now) const EXCLUDES(mu_);
  void Put(const std::string& name, AnswerPtr answer) REQUIRES_LOCK(mu_);
  void Forget(const std::string& name) REQUIRES_LOCK(mu_);
  // What is too old, or too much; adds its removal to the batch.
  void ForgetSome(Timestamp now, WriteBatch* batch) REQUIRES_LOCK(mu_);

  StateStore& store_;
  const Clock& clock_;
  const Logger log_;

  mutable Mutex mu_;
  CondVar ended_;
  std::set<std::string> under_way_ GUARDED_BY(mu_);  // names
  std::unordered_map<std::string, AnswerPtr> answers_ GUARDED_BY(mu_);
  std::set<std::pair<Timestamp, std::string>> by_age_ GUARDED_BY(mu_);
  std::size_t bytes_ GUARDED_BY(mu_) = 0;
};

}  // namespace tocsin::api
