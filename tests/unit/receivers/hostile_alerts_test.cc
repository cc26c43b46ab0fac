// Alerts that hold everything that could make a request another one: every channel delivers them,
// in requests that are whole, well-formed and not too large. What a server has received is looked
// at byte by byte.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "base/http_request_check.h"
#include "base/text.h"
#include "tests/unit/receivers/channel_kit.h"
#include "tests/unit/receivers/hostile_texts.h"

namespace tocsin::receivers {
namespace {

using testing::BadHttpServer;
using testing::RawRequest;

// ---- what a request has to look like

bool IsPrintableAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

// https://www.rfc-editor.org/rfc/rfc9112#section-3
void ExpectRequestLine(std::string_view line, const std::string& where) {
  const std::vector<std::string_view> words = Split(line, ' ');
  ASSERT_EQ(words.size(), 3u) << where << ": " << line;
  EXPECT_TRUE(IsHttpToken(words[0])) << where << ": " << line;
  EXPECT_EQ(words[2], "HTTP/1.1") << where;
  const std::optional<std::string> target = PercentDecode(words[1]);
  EXPECT_TRUE(target && IsValidUtf8(*target)) << where << ": " << line;
}

// https://www.rfc-editor.org/rfc/rfc9112#section-5
void ExpectHead(const RawRequest& request, const std::string& where) {
  std::string_view rest = request.head;
  bool is_first = true;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find("\r\n"), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 2, rest.size()));
    EXPECT_TRUE(IsPrintableAscii(line)) << where << ": " << line;
    if (std::exchange(is_first, false)) {
      ExpectRequestLine(line, where);
      continue;
    }
    const std::string_view name = line.substr(0, line.find(':'));
    EXPECT_TRUE(IsHttpToken(name)) << where << ": " << line;
    EXPECT_FALSE(EqualsIgnoreCase(name, kInjectedHeader)) << where;
  }
}

void ExpectForm(std::string_view form, const std::string& where) {
  for (const std::string_view pair : Split(form, '&')) {
    EXPECT_EQ(std::count(pair.begin(), pair.end(), '='), 1) << where << ": " << pair;
    const std::optional<std::string> text = PercentDecode(pair, /*plus_is_space=*/true);
    EXPECT_TRUE(text && IsValidUtf8(*text)) << where << ": " << pair;
  }
}

// Every name and text in it, as whoever reads it sees them.
void AppendTexts(const simdjson::dom::element& json, std::string* out) {
  if (json.is_string()) {
    out->append(std::string_view(json)).append("\n");
  } else if (json.is_array()) {
    for (const simdjson::dom::element item : simdjson::dom::array(json)) AppendTexts(item, out);
  } else if (json.is_object()) {
    for (const auto& [name, value] : simdjson::dom::object(json)) {
      out->append(name).append("\n");
      AppendTexts(value, out);
    }
  }
}

void ExpectJson(const RawRequest& request, const KitRow& row, const std::string& where) {
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  const simdjson::error_code error = parser.parse(request.body).get(json);
  ASSERT_EQ(error, simdjson::SUCCESS) << where << ": " << request.body.substr(0, 500);
  if (row.never.empty()) return;
  std::string texts;
  AppendTexts(json, &texts);
  for (const std::string& markup : row.never) {
    EXPECT_EQ(texts.find(markup), std::string::npos) << where << ": " << markup;
  }
}

// Each part has a head of ours and ends where the boundary says.
// https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1
void ExpectParts(const RawRequest& request, std::string_view type, const std::string& where) {
  const std::string delimiter = fmt::format("\r\n--{}", type.substr(type.find('=') + 1));
  const std::string body = "\r\n" + request.body;
  std::size_t pictures = 0;
  std::size_t at = 0;
  while (body.compare(at, delimiter.size() + 2, delimiter + "\r\n") == 0) {
    at += delimiter.size() + 2;
    const std::size_t end = body.find(delimiter, at);
    ASSERT_NE(end, std::string::npos) << where;
    const std::string_view part = std::string_view(body).substr(at, end - at);
    ASSERT_TRUE(part.starts_with("Content-Disposition: form-data; name=\"")) << where << part;
    EXPECT_TRUE(IsPrintableAscii(part.substr(0, part.find('\r')))) << where << ": " << part;
    pictures += part.ends_with(fmt::format("\r\n\r\n{}", kKitPicture)) ? 1 : 0;
    at = end;
  }
  EXPECT_EQ(body.substr(at), delimiter + "--\r\n") << where;
  EXPECT_EQ(pictures, 1u) << where;
}

void ExpectWellFormed(const RawRequest& request, const KitRow& row, const std::string& where) {
  ExpectHead(request, where);
  EXPECT_TRUE(IsValidUtf8(request.body)) << where;
  EXPECT_LE(request.body.size(), row.max_bytes) << where;
  const std::string type = request.Header("content-type");
  const std::string_view line = request.request_line();
  if (type == "application/json") {
    // A question has none.
    if (!request.body.empty()) ExpectJson(request, row, where);
  } else if (type == "application/x-www-form-urlencoded") {
    ExpectForm(request.body, where);
  } else if (type.starts_with("multipart/form-data; boundary=")) {
    ExpectParts(request, type, where);
  } else if (type == "image/png") {
    EXPECT_EQ(request.body, kKitPicture) << where;
  } else {
    // Where the text stands in the address.
    EXPECT_EQ(request.body, "") << where;
    ExpectForm(line.substr(line.find('?') + 1, line.rfind(' ') - line.find('?') - 1), where);
  }
}

// ---- alerts

class HostileAlerts : public ChannelKit {
 protected:
  void ExpectDelivery(GroupChannel& channel, BadHttpServer& server,
                      const GroupNotification& message, const std::string& where) {
    const KitRow& row = GetParam();
    server.Play(GoodScripts(row));
    const Outcome outcome = Deliver(channel, message);
    EXPECT_EQ(outcome.kind, Outcome::Kind::kDelivered) << where << ": " << outcome.reason;
    const std::vector<RawRequest> requests = server.requests();
    EXPECT_FALSE(requests.empty()) << where;
    EXPECT_EQ(server.connections(), requests.size()) << where;
    for (const RawRequest& request : requests) ExpectWellFormed(request, row, where);
  }
};

TEST_P(HostileAlerts, AreDeliveredInWellFormedRequests) {
  BadHttpServer server;
  GroupChannel& channel = Make(server.Url());
  for (const HostileText& hostile : HostileTexts()) {
    for (const bool is_over : {false, true}) {
      ExpectDelivery(channel, server, HostileMessage(hostile.text, is_over), hostile.name);
    }
  }
}

TEST_P(HostileAlerts, AreDeliveredHoweverLongTheyAre) {
  BadHttpServer server;
  GroupChannel& channel = Make(server.Url());
  for (const HostileField field : kLongFields) {
    for (const HostileText& hostile : LongTexts()) {
      // By characters only our own messages are cut throughout.
      if (GetParam().is_vendor && hostile.name == "long emoji") continue;
      ExpectDelivery(channel, server, HostileMessageIn(field, hostile.text),
                     fmt::format("{} in {}", hostile.name, static_cast<int>(field)));
    }
  }
}

TEST_P(HostileAlerts, AreDeliveredHoweverManyLabelsTheyHave) {
  BadHttpServer server;
  GroupChannel& channel = Make(server.Url());
  for (const char* text : {"<&>\"'*_`[", "\xf0\x9f\x9a\xa8"}) {
    std::string value;
    while (value.size() < 3000) value += text;
    ExpectDelivery(channel, server, MessageWithManyLabels(value), text);
  }
}

INSTANTIATE_TEST_SUITE_P(Every, HostileAlerts, ::testing::ValuesIn(KitRows()), NameOfRow);

}  // namespace
}  // namespace tocsin::receivers
