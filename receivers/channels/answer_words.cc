#include "receivers/channels/answer_words.h"

#include "base/json_library.h"
#include "base/text.h"

namespace tocsin::receivers {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxRead = 64 << 10;  // of a body
constexpr std::size_t kMaxBytes = 400;
constexpr int kMaxDepth = 3;

// The most telling first.
constexpr const char* kNames[] = {"message",       "error_description",
                                  "errorMessages", "errors",
                                  "detail",        "description",
                                  "error",         "errmsg",
                                  "reason",        "title"};

void Add(const Json& value, int depth, std::string* words) {
  if (words->size() >= kMaxBytes || depth > kMaxDepth) return;
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.empty() || words->find(text) != std::string::npos) return;
    if (!words->empty()) *words += "; ";
    *words += text;
  } else if (value.is_array()) {
    for (const Json& item : value) Add(item, depth + 1, words);
  } else if (value.is_object()) {
    const std::size_t before = words->size();
    for (const char* name : kNames) {
      if (const auto member = value.find(name); member != value.end()) {
        Add(*member, depth + 1, words);
      }
    }
    // {"errors": {"summary": "is too long"}}
    if (words->size() != before || depth == 0) return;
    for (const Json& member : value) Add(member, depth + 1, words);
  }
}

}  // namespace

std::string AnswerWords(const HttpClientResponse& response) {
  const std::string_view text = TrimSpace(std::string_view(response.body).substr(0, kMaxRead));
  if (text.empty() || text.front() == '<') return "";
  const Json answer = ParseJson(text);
  std::string words;
  if (answer.is_discarded()) {
    words = text;
  } else {
    Add(answer, 0, &words);
  }
  return std::string(TruncateUtf8(words, kMaxBytes));
}

}  // namespace tocsin::receivers
