#include "receivers/channels/answer_excerpt.h"

#include <algorithm>

#include "base/text.h"

namespace tocsin::receivers {
namespace {

constexpr std::size_t kMaxBytes = 120;

}  // namespace

std::string AnswerExcerpt(std::string_view text, std::initializer_list<std::string_view> secrets) {
  const bool has_secret =
      std::any_of(secrets.begin(), secrets.end(), [text](std::string_view secret) {
        return !secret.empty() && text.find(secret) != std::string_view::npos;
      });
  return has_secret ? "its answer repeats a secret" : QuoteForMessage(text, kMaxBytes);
}

}  // namespace tocsin::receivers
