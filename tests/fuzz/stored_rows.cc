// What the state store may hold after a damaged disk or another version: rows are read whole or
// refused with a reason, and what is read is written and read again as the same text.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/alert.h"
#include "base/check.h"
#include "exporter/intake/push_journal.h"
#include "receivers/mute/posted_acknowledgements.h"
#include "receivers/outbox/delivery_record.h"
#include "receivers/outbox/row.h"

namespace tocsin {
namespace {

void CheckAlert(std::string_view text) {
  const Result<Alert> alert = ParseAlert(text);
  if (!alert) {
    CHECK(!alert.message().empty());
    return;
  }
  const std::string written = SerializeAlert(*alert);
  const Result<Alert> again = ParseAlert(written);
  CHECK(again.ok() && SerializeAlert(*again) == written);
}

void CheckRow(std::string_view text) {
  const Result<receivers::OutboxRow> row = receivers::ParseRow(text);
  if (!row) {
    CHECK(!row.message().empty());
    return;
  }
  const std::string written = receivers::SerializeRow(*row);
  const Result<receivers::OutboxRow> again = receivers::ParseRow(written);
  CHECK(again.ok());
  CHECK(receivers::SerializeRow(*again) == written);
}

void CheckAcknowledgement(std::string_view text) {
  const auto read = receivers::ParseAcknowledgement(text);
  if (!read) {
    CHECK(!read.message().empty());
    return;
  }
  const std::string written = receivers::SerializeAcknowledgement(*read);
  const auto again = receivers::ParseAcknowledgement(written);
  CHECK(again.ok() && receivers::SerializeAcknowledgement(*again) == written);
}

void CheckJournal(std::string_view text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string key(text.substr(0, end));
  const std::string value(text.substr(std::min(end + 1, text.size())));
  const intake::JournalContent content = intake::ReadJournal({{key, value}});
  CHECK(content.groups.size() + content.damaged.size() <= 1);
}

}  // namespace
}  // namespace tocsin

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  tocsin::CheckAlert(text);
  tocsin::CheckRow(text);
  tocsin::CheckAcknowledgement(text);
  tocsin::CheckJournal(text);
  (void)tocsin::receivers::ParseRecord("episode/e1", text);
  return 0;
}
