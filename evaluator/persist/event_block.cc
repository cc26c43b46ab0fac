#include "evaluator/persist/event_block.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace tocsin::evaluator {
namespace {

constexpr std::uint32_t kFilterBits = EventBlock::kFilterBytes * 8;
// With 16 bits for each event: the least false answers are to be had with 11, which are not worth
// twice the time; six give one in a thousand.
constexpr std::uint32_t kBitsOfAText = 6;

// Calls `visit` with each bit's number, until it returns false. Part of the file's format.
template <typename Visit>
bool VisitBits(char kind, std::string_view text, Visit visit) {
  const std::uint64_t hash =
      XXH3_64bits_withSeed(text.data(), text.size(), static_cast<unsigned char>(kind));
  auto bit = static_cast<std::uint32_t>(hash);
  const std::uint32_t step = static_cast<std::uint32_t>(hash >> 32U) | 1U;
  for (std::uint32_t i = 0; i < kBitsOfAText; ++i, bit += step) {
    if (!visit(bit % kFilterBits)) return false;
  }
  return true;
}

}  // namespace

EventBlock::EventBlock(std::int64_t number, Timestamp earliest, Timestamp latest,
                       std::string filter)
    : number_(number), earliest_(earliest), latest_(latest), filter_(std::move(filter)) {
  if (filter_.size() != kFilterBytes) filter_.assign(kFilterBytes, '\xff');
}

void EventBlock::Add(Kind kind, std::string_view text) {
  VisitBits(static_cast<char>(kind), text, [this](std::uint32_t bit) {
    filter_[bit / 8] = static_cast<char>(filter_[bit / 8] | (1 << (bit % 8)));
    return true;
  });
}

bool EventBlock::Has(Kind kind, std::string_view text) const {
  return VisitBits(static_cast<char>(kind), text, [this](std::uint32_t bit) {
    return ((static_cast<unsigned char>(filter_[bit / 8]) >> (bit % 8)) & 1U) != 0;
  });
}

void EventBlock::Note(const Event& event) {
  earliest_ = std::min(earliest_, event.at);
  latest_ = std::max(latest_, event.at);
  if (!event.alert_id.empty()) Add(Kind::kAlert, event.alert_id);
  if (!event.rule_id.empty()) Add(Kind::kRule, event.rule_id);
  if (!event.receiver.empty()) Add(Kind::kReceiver, event.receiver);
  const std::string_view type = event.type;
  Add(Kind::kType, type);
  // As a query names all that begin so.
  for (std::size_t dot = type.find('.'); dot != type.npos; dot = type.find('.', dot + 1)) {
    Add(Kind::kType, type.substr(0, dot + 1));
  }
}

bool EventBlock::HasAnyType(const std::vector<std::string>& types) const {
  return types.empty() || std::any_of(types.begin(), types.end(), [this](const std::string& type) {
           return Has(Kind::kType, type);
         });
}

bool EventBlock::MayHave(const EventQuery& query) const {
  if (query.from && latest_ < *query.from) return false;
  if (query.until && earliest_ >= *query.until) return false;
  const auto has = [this](Kind kind, const std::string& text) {
    return text.empty() || Has(kind, text);
  };
  return has(Kind::kAlert, query.alert_id) && has(Kind::kRule, query.rule_id) &&
         has(Kind::kReceiver, query.receiver) && HasAnyType(query.types);
}

}  // namespace tocsin::evaluator
