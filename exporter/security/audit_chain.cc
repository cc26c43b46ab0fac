#include "exporter/security/audit_chain.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>

#include "base/json_library.h"
#include "base/json_row.h"
#include "base/number.h"
#include "base/text.h"

namespace tocsin::security {
namespace {

constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kHashDigits = 2 * kHashBytes;
constexpr std::string_view kHashMember = ",\"hash\":\"";
constexpr std::string_view kPreviousMember = ",\"prev\":\"";
constexpr std::string_view kBeginning = "{\"v\":1,\"seq\":";
constexpr std::size_t kLongestDetail = 16 << 10;  // of before and after each
constexpr std::size_t kLongestText = 512;
constexpr std::size_t kMostProblems = 100;

std::string HashText(std::string_view bytes) {
  std::array<unsigned char, kHashBytes> hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size(), nullptr, 0);
  std::string text(kHashDigits + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), hash.data(), hash.size());
  text.pop_back();
  return text;
}

// What handlers say of a change must not make the row unreadable or huge.
void AppendDetail(JsonRow& row, std::string_view name, const std::string& json) {
  if (json.empty()) {
    row.Null(name);
  } else if (json.size() > kLongestDetail) {
    row.Json(name, fmt::format(R"({{"left_out":true,"bytes":{}}})", json.size()));
  } else if (json.find('\0') != std::string::npos || ParseJson(json).is_discarded()) {
    row.Text(name, json);
  } else {
    row.Json(name, json);
  }
}

std::string_view Bounded(const std::string& text) { return TruncateUtf8(text, kLongestText); }

// Takes `digits` hexadecimal ones off the end of what ends with member + digits + quote.
bool TakeHashMember(std::string_view* text, std::string_view member, std::string* hash) {
  const std::size_t length = member.size() + kHashDigits + 1;
  if (text->size() < length || text->back() != '"') return false;
  const std::string_view tail = text->substr(text->size() - length);
  if (!tail.starts_with(member)) return false;
  *hash = tail.substr(member.size(), kHashDigits);
  text->remove_suffix(length);
  return true;
}

std::optional<AuditHead> ReadPruneNote(std::string_view row) {
  const nlohmann::json entry = ParseJson(row);
  const auto action = entry.is_object() ? entry.find("action") : entry.end();
  if (!entry.is_object() || action == entry.end() || *action != std::string(kPruneAction)) {
    return std::nullopt;
  }
  const auto after = entry.find("after");
  if (after == entry.end() || !after->is_object()) return std::nullopt;
  return ReadHeadRow(WriteJson(*after));
}

std::string Range(std::uint64_t from, std::uint64_t to) {
  return from == to ? fmt::format("entry {} is missing", from)
                    : fmt::format("entries {} to {} are missing", from, to);
}

}  // namespace

std::string NoAuditHash() { return std::string(kHashDigits, '0'); }

std::string AuditKey(std::uint64_t number) { return fmt::format("{:020}", number); }

SealedEntry SealEntry(std::uint64_t number, Timestamp at, const std::string& previous_hash,
                      const AuditRecord& record) {
  std::string time;
  AppendRfc3339Millis(at, &time);
  JsonRow row;
  row.Number("v", 1)
      .Count("seq", number)
      .Text("at", time)
      .TextOrNull("key_id", record.key_id)
      .TextOrNull("actor", Bounded(record.actor))
      .TextOrNull("from", record.from)
      .Text("action", Bounded(record.action))
      .TextOrNull("target", Bounded(record.target));
  AppendDetail(row, "before", record.before);
  AppendDetail(row, "after", record.after);
  row.Text("outcome", record.outcome).Count("count", record.count).Text("prev", previous_hash);
  SealedEntry sealed;
  sealed.row = row.Finish();
  sealed.row.pop_back();
  sealed.hash = HashText(sealed.row);
  sealed.row.append(kHashMember).append(sealed.hash).append("\"}");
  return sealed;
}

std::string HeadRow(const AuditHead& head) {
  return JsonRow(128).Number("v", 1).Count("seq", head.number).Text("hash", head.hash).Finish();
}

std::string PruneNote(const AuditHead& last) { return HeadRow(last); }

std::optional<AuditHead> ReadHeadRow(std::string_view text) {
  const nlohmann::json row = ParseJson(text);
  if (!row.is_object()) return std::nullopt;
  const auto number = row.find("seq");
  const auto hash = row.find("hash");
  if (number == row.end() || !number->is_number_unsigned() || hash == row.end() ||
      !hash->is_string()) {
    return std::nullopt;
  }
  return AuditHead{number->get<std::uint64_t>(), hash->get<std::string>()};
}

std::optional<ReadEntry> ReadAuditEntry(std::string_view row) {
  ReadEntry entry;
  if (!row.starts_with(kBeginning) || row.empty() || row.back() != '}') return std::nullopt;
  std::string_view rest = row.substr(0, row.size() - 1);
  if (!TakeHashMember(&rest, kHashMember, &entry.hash)) return std::nullopt;
  entry.is_sound = HashText(rest) == entry.hash;
  if (!TakeHashMember(&rest, kPreviousMember, &entry.previous_hash)) return std::nullopt;
  const std::string_view digits = rest.substr(kBeginning.size());
  const std::optional<std::int64_t> number = ParseInt(digits.substr(0, digits.find(',')));
  if (!number || *number < 1) return std::nullopt;
  entry.number = static_cast<std::uint64_t>(*number);
  return entry;
}

void AuditVerifier::Report(std::string problem) {
  if (problems_.size() < kMostProblems) problems_.push_back(std::move(problem));
}

void AuditVerifier::Take(std::string_view key, std::string_view row) {
  ++entries_;
  const std::optional<ReadEntry> entry = ReadAuditEntry(row);
  if (!entry) {
    Report(fmt::format("row {} is no entry: it was altered", QuoteForMessage(key)));
    return;
  }
  if (AuditKey(entry->number) != key) {
    Report(fmt::format("row {} holds entry {}: it was moved or altered", QuoteForMessage(key),
                       entry->number));
  }
  if (!entry->is_sound) Report(fmt::format("entry {} was altered", entry->number));
  CheckOrder(*entry);
  if (entry->is_sound) {
    if (const std::optional<AuditHead> note = ReadPruneNote(row)) pruned_.push_back(*note);
  }
  last_ = {entry->number, entry->hash};
}

void AuditVerifier::CheckOrder(const ReadEntry& entry) {
  if (first_number_ == 0) {
    first_number_ = entry.number;
    first_previous_hash_ = entry.previous_hash;
  } else if (entry.number > last_.number + 1) {
    Report(Range(last_.number + 1, entry.number - 1));
  } else if (entry.number <= last_.number) {
    Report(fmt::format("entry {} stands behind entry {}", entry.number, last_.number));
  } else if (entry.previous_hash != last_.hash) {
    Report(fmt::format("entry {} was made for another entry {} than the one that stands there",
                       entry.number, last_.number));
  }
}

void AuditVerifier::CheckBeginning() {
  const AuditHead wanted{first_number_ - 1, first_previous_hash_};
  if (first_number_ == 1) {
    if (wanted.hash != NoAuditHash()) Report("entry 1 was made for an entry before it");
    return;
  }
  const bool is_pruned = std::any_of(pruned_.begin(), pruned_.end(), [&](const AuditHead& note) {
    return note.number == wanted.number && note.hash == wanted.hash;
  });
  if (!is_pruned) Report(Range(1, wanted.number) + ", and no checkpoint stands for them");
}

void AuditVerifier::CheckEnd(const std::optional<std::string>& head) {
  const std::optional<AuditHead> end = head ? ReadHeadRow(*head) : std::nullopt;
  if (!end) {
    Report("the row that names the last entry is missing or damaged");
  } else if (end->number > last_.number) {
    Report(Range(last_.number + 1, end->number));
  } else if (end->number != last_.number || end->hash != last_.hash) {
    Report(fmt::format("the last entry is {}, but was {} when it was written", last_.number,
                       end->number == last_.number ? "another" : std::to_string(end->number)));
  }
}

std::vector<std::string> AuditVerifier::Finish(const std::optional<std::string>& head) {
  if (entries_ == 0) {
    Report("there is no entry: either no daemon has run on this database, or all were deleted");
    return std::move(problems_);
  }
  if (first_number_ > 0) {
    CheckBeginning();
    CheckEnd(head);
  }
  return std::move(problems_);
}

}  // namespace tocsin::security
