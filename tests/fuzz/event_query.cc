// The parameters of the event list, and events as CSV: whatever is asked for stays within its
// limits or is refused with a reason; whatever stands in an event, the table has eight columns and
// no formula, and the JSON can be read.
#include "exporter/api/event_query.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/json_library.h"
#include "exporter/api/event_text.h"

namespace tocsin::api {
namespace {

void CheckQuery(std::string_view text) {
  http::Request request;
  request.query = text;
  Json faults = Json::array();
  const EventRequest read = ReadEventRequest(request, &faults);
  for (const Json& fault : faults) {
    CHECK(fault.at("loc").size() == 2 && !fault.at("msg").get<std::string>().empty());
  }
  CHECK(read.query.limit >= 1 && read.query.limit <= 10'000);
  (void)read.Selects(Event());
}

// RFC 4180.
std::vector<std::vector<std::string>> ReadCsv(std::string_view text) {
  std::vector<std::vector<std::string>> rows(1, {""});
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        rows.back().back().push_back(c);
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        rows.back().back().push_back(text[++i]);
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      rows.back().emplace_back();
    } else if (c == '\r') {
      CHECK(i + 1 < text.size() && text[++i] == '\n');
      rows.push_back({""});
    } else {
      rows.back().back().push_back(c);
    }
  }
  CHECK(!quoted);
  rows.pop_back();
  return rows;
}

void CheckTexts(std::string_view text) {
  Event event;
  event.sequence = 1;
  event.type = "alert.active";
  event.alert_id = text;
  event.rule_id = text.substr(text.size() / 2);
  event.receiver = text.substr(text.size() / 3);
  event.labels = Labels{{"host", text}};
  event.body = text;
  const auto rows = ReadCsv(EventsCsv({event}));
  CHECK(rows.size() == 2 && rows[0].size() == 8 && rows[1].size() == 8);
  for (const std::string& cell : rows[1]) {
    const std::size_t first = cell.find_first_not_of(" \t\r\n");
    CHECK(first == std::string::npos ||
          std::string_view("=+-@").find(cell[first]) == std::string_view::npos);
  }
  CHECK(!ParseJson(EventJson(event)).is_discarded());
  (void)AlertHistoryJson({event});
}

}  // namespace
}  // namespace tocsin::api

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  tocsin::api::CheckQuery(text);
  tocsin::api::CheckTexts(text);
  return 0;
}
