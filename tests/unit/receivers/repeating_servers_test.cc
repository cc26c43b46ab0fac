// Servers that repeat what they were told, which is what some do when they refuse it: no reason may
// hold a secret for that.
#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"
#include "tests/unit/receivers/channel_kit.h"

namespace tocsin::receivers {
namespace {

using testing::AnswerText;
using testing::BadHttpServer;
using testing::BadScript;
using testing::RawRequest;
using testing::ReadRequest;
using testing::SendMade;

// Answers in the words of the vendors that say more than a status; ECHO is what they repeat.
struct Answer {
  int status;
  const char* type;
  const char* body;
};
constexpr Answer kAnswers[] = {
    {200, "text/plain", "ECHO"},
    {200, "application/json", R"({"ok":false,"error":"ECHO","description":"ECHO"})"},
    {400, "application/json", R"({"ok":false,"error":"ECHO","description":"ECHO"})"},
    {200, "application/json", R"({"success":false,"error":"ECHO","message":"ECHO"})"},
    {200, "application/json", R"({"errcode":40001,"errmsg":"ECHO"})"},
    {200, "application/json", R"({"result":"failure","message":"ECHO"})"},
    {400, "application/json", R"({"errorMessages":["ECHO"],"errors":{"ECHO":"ECHO"}})"},
    {403, "text/xml", "<ErrorResponse><Error><Code>ECHO</Code></Error></ErrorResponse>"},
};

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

std::string JsonSafe(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < 0x20 || c == '"' || c == '\\'; }, ' ');
  return text;
}

std::string WholeOf(const RawRequest& request) {
  return JsonSafe(request.head + " " + request.body);
}

// The first word with a secret in it, alone; nothing where none is in the clear.
std::string SecretWordOf(const RawRequest& request) {
  const std::string text = request.head + " " + request.body;
  const std::size_t at = text.find(kSecretMark);
  if (at == std::string::npos) return "";
  const auto* const begin = text.data() + at;
  const auto* const end = std::find_if_not(begin, text.data() + text.size(), IsWordCharacter);
  return {begin, end};
}

// What it was authorized with.
std::string CredentialsOf(const RawRequest& request) { return request.Header("authorization"); }
std::string HeaderOf(const RawRequest& request) { return request.Header("x-kit"); }
// The user's name and password of basic authorization.
std::string PasswordOf(const RawRequest& request) {
  const std::string header = request.Header("authorization");
  if (!header.starts_with("Basic ")) return "";
  return Base64Decode(header.substr(6)).value_or("");
}

constexpr std::string (*kEchoes[])(const RawRequest&) = {WholeOf, SecretWordOf, CredentialsOf,
                                                         HeaderOf, PasswordOf};

BadScript Echo(const Answer& answer, std::string (*echo)(const RawRequest&)) {
  return {ReadRequest(), SendMade([answer, echo](const RawRequest& request) {
            std::string body = answer.body;
            const std::string repeated = echo(request);
            for (std::size_t at = 0; (at = body.find("ECHO", at)) != std::string::npos;
                 at += repeated.size()) {
              body.replace(at, 4, repeated);
            }
            return AnswerText(answer.status, body, {fmt::format("Content-Type: {}", answer.type)});
          })};
}

class RepeatingServers : public ChannelKit {};

TEST_P(RepeatingServers, PutNoSecretIntoAReason) {
  const KitRow& row = GetParam();
  BadHttpServer server;
  GroupChannel* channel = &Make(server.Url());
  for (std::size_t step = 0; step < row.steps.size(); ++step) {
    for (const Answer& answer : kAnswers) {
      for (const auto echo : kEchoes) {
        server.Play(ScriptsWith(row, step, Echo(answer, echo)));
        if (row.remembers) channel = &Make(server.Url());
        ExpectGoodWords(Deliver(*channel, MessageOfRow()),
                        fmt::format("{} {} at step {}", answer.status, answer.body, step));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, RepeatingServers, ::testing::ValuesIn(KitRows()), NameOfRow);

}  // namespace
}  // namespace tocsin::receivers
