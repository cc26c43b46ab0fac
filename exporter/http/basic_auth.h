// Who may ask: the users of HTTP's Basic authentication, with bcrypt hashes of their passwords.
//
// A comparison costs tens of milliseconds by design, so verdicts are remembered, good and bad ones
// apart, as keyed hashes of user, hash and password: a client that asks a thousand times a second
// pays once, and nobody's bad guesses make it pay again. An unknown user costs as much as the
// dearest known one. Comparisons are made one at a time; where too many wait for theirs, the next
// one hears so at once, so that guessing cannot take every worker.
//
// Any thread. https://www.rfc-editor.org/rfc/rfc7617
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/secret.h"

namespace tocsin::http {

struct Credentials {
  std::string user;
  std::string password;
};
// Of an Authorization header; nothing where it is of another kind or malformed.
std::optional<Credentials> ReadBasicCredentials(std::string_view authorization);

// Bcrypt hashes by name.
using BasicUsers = std::map<std::string, Secret, std::less<>>;

class BasicAuth {
 public:
  enum class Verdict : std::uint8_t {
    kGood,
    kBad,
    kBusy,  // nobody knows: too many are being compared
  };

  BasicAuth();

  // REQUIRES: the hashes are such (BcryptCost).
  Verdict Judge(const BasicUsers& users, std::string_view authorization) EXCLUDES(mu_, comparing_);
  // The same where it takes no comparison; else nothing.
  std::optional<Verdict> Recall(const BasicUsers& users, std::string_view authorization) const
      EXCLUDES(mu_);

 private:
  using Digest = std::array<unsigned char, 32>;

  // The last so many, the oldest gives way.
  class Remembered {
   public:
    bool Has(const Digest& digest) const;
    void Add(const Digest& digest);

   private:
    std::deque<Digest> digests_;
  };

  // What a password is compared with.
  struct Question;
  // Nothing where there are no credentials.
  std::optional<Question> Ask(const BasicUsers& users, std::string_view authorization) const;
  // Compares, unless another thread has just done so.
  bool Compare(const Question& question) EXCLUDES(mu_, comparing_);
  std::optional<bool> Recall(const Digest& digest) const EXCLUDES(mu_);
  void Remember(const Digest& digest, bool good) EXCLUDES(mu_);
  Digest DigestOf(const Credentials& given, const std::string& hash) const;

  std::array<unsigned char, 32> key_{};  // constant after construction

  std::atomic<std::size_t> waiting_{0};  // synchronises itself
  Mutex comparing_;                      // held while one password is compared: slow on purpose

  mutable Mutex mu_;
  Remembered good_ GUARDED_BY(mu_);
  Remembered bad_ GUARDED_BY(mu_);
};

}  // namespace tocsin::http
