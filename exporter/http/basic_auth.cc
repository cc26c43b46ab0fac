#include "exporter/http/basic_auth.h"

#include <sodium/core.h>
#include <sodium/crypto_generichash.h>
#include <sodium/randombytes.h>

#include <algorithm>

#include "base/bcrypt.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/text.h"

namespace tocsin::http {
namespace {

constexpr std::size_t kRemembered = 128;
constexpr std::size_t kMostWaiting = 16;
constexpr int kUsualCost = 10;
constexpr std::string_view kScheme = "Basic ";

// What an unknown user's password is compared with.
std::string HashForNobody(const BasicUsers& users) {
  int cost = users.empty() ? kUsualCost : 0;
  for (const auto& [name, hash] : users) {
    cost = std::max(cost, BcryptCost(hash.Reveal()).value_or(kUsualCost));
  }
  return UnmatchableBcrypt(cost);
}

class Hashing {
 public:
  explicit Hashing(const std::array<unsigned char, 32>& key) {
    crypto_generichash_init(&state_, key.data(), key.size(), key.size());
  }
  // With its length, so that "ab" and "c" are not "a" and "bc".
  void Add(std::string_view text) {
    const std::uint64_t length = text.size();
    crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(&length),
                              sizeof length);
    crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(text.data()),
                              text.size());
  }
  std::array<unsigned char, 32> Finish() {
    std::array<unsigned char, 32> digest{};
    crypto_generichash_final(&state_, digest.data(), digest.size());
    return digest;
  }

 private:
  crypto_generichash_state state_{};
};

// One of those that wait for a comparison.
class Place {
 public:
  explicit Place(std::atomic<std::size_t>& taken) : taken_(taken), number_(++taken) {}
  ~Place() { --taken_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool is_beyond(std::size_t most) const { return number_ > most; }

 private:
  std::atomic<std::size_t>& taken_;
  const std::size_t number_;
};

}  // namespace

std::optional<Credentials> ReadBasicCredentials(std::string_view authorization) {
  if (authorization.size() < kScheme.size() ||
      !EqualsIgnoreCase(authorization.substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  const std::optional<std::string> pair =
      Base64Decode(TrimSpace(authorization.substr(kScheme.size())));
  if (!pair) return std::nullopt;
  const std::size_t colon = pair->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{pair->substr(0, colon), pair->substr(colon + 1)};
}

BasicAuth::BasicAuth() {
  CHECK(sodium_init() >= 0);  // which may be called again, and by any thread
  randombytes_buf(key_.data(), key_.size());
}

struct BasicAuth::Question {
  Credentials given;
  bool is_known = false;  // the user
  std::string hash;
  Digest digest{};
};

std::optional<BasicAuth::Question> BasicAuth::Ask(const BasicUsers& users,
                                                  std::string_view authorization) const {
  std::optional<Credentials> given = ReadBasicCredentials(authorization);
  if (!given) return std::nullopt;
  const auto user = users.find(given->user);
  Question question;
  question.is_known = user != users.end();
  question.hash = question.is_known ? user->second.Reveal() : HashForNobody(users);
  question.digest = DigestOf(*given, question.hash);
  question.given = *std::move(given);
  return question;
}

BasicAuth::Verdict BasicAuth::Judge(const BasicUsers& users, std::string_view authorization) {
  const std::optional<Question> question = Ask(users, authorization);
  if (!question) return Verdict::kBad;
  std::optional<bool> good = Recall(question->digest);
  if (!good) {
    const Place place(waiting_);
    if (place.is_beyond(kMostWaiting)) return Verdict::kBusy;
    good = Compare(*question);
  }
  return *good && question->is_known ? Verdict::kGood : Verdict::kBad;
}

std::optional<BasicAuth::Verdict> BasicAuth::Recall(const BasicUsers& users,
                                                    std::string_view authorization) const {
  const std::optional<Question> question = Ask(users, authorization);
  if (!question) return Verdict::kBad;
  const std::optional<bool> good = Recall(question->digest);
  if (!good) return std::nullopt;
  return *good && question->is_known ? Verdict::kGood : Verdict::kBad;
}

bool BasicAuth::Compare(const Question& question) {
  MutexLock one_at_a_time(comparing_);
  if (const std::optional<bool> meanwhile = Recall(question.digest)) return *meanwhile;
  const bool good = BcryptMatches(question.given.password, question.hash) && question.is_known;
  Remember(question.digest, good);
  return good;
}

std::optional<bool> BasicAuth::Recall(const Digest& digest) const {
  MutexLock lock(mu_);
  if (good_.Has(digest)) return true;
  if (bad_.Has(digest)) return false;
  return std::nullopt;
}

void BasicAuth::Remember(const Digest& digest, bool good) {
  MutexLock lock(mu_);
  (good ? good_ : bad_).Add(digest);
}

BasicAuth::Digest BasicAuth::DigestOf(const Credentials& given, const std::string& hash) const {
  Hashing hashing(key_);
  hashing.Add(given.user);
  hashing.Add(hash);
  hashing.Add(given.password);
  return hashing.Finish();
}

bool BasicAuth::Remembered::Has(const Digest& digest) const {
  return std::find(digests_.begin(), digests_.end(), digest) != digests_.end();
}

void BasicAuth::Remembered::Add(const Digest& digest) {
  if (digests_.size() == kRemembered) digests_.pop_front();
  digests_.push_back(digest);
}

}  // namespace tocsin::http
