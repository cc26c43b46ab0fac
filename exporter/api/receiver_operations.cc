// Of the routes of receivers_api.cc and receiver_trial_api.cc. Each is served under two words.
#include "exporter/api/operation.h"
#include "exporter/api/receiver_body.h"

namespace tocsin::api {
namespace {

using namespace schema;  // NOLINT(google-build-using-namespace): the words of this file

constexpr const char* kReceivers = "receivers";

// A change may leave out the name, which the path has.
Json ReceiverSettings(const std::vector<std::string>& required) {
  Json settings = Input({{"name", Text(1, kLongestReceiverName)}}, required);
  settings["additionalProperties"] = true;
  settings["description"] =
      "An entry of tocsin.receivers: the name, one member for each channel ({\"webhook\": "
      "{\"url\": ...}}), and how messages are grouped. A secret that is to stay as it is may be "
      "sent as it was shown: <secret>. A webhook with a signing_secret carries X-Tocsin-Signature: "
      "\"sha256=\" and the HMAC of the body in hexadecimal digits.";
  return settings;
}

Json ShownReceiver() {
  Json receiver = Object({{"name", Text()},
                          {"source", Word({"api", "file", "environment", "built in"})},
                          {"defined_in", OrNull(Text())},
                          {"created_at", OrNull(Time())},
                          {"updated_at", OrNull(Time())},
                          {"created_by", OrNull(Text())},
                          {"warnings", ListOf(Text())}},
                         {"warnings"});
  receiver["additionalProperties"] = true;
  return receiver;
}

Json HeaderList() { return ListOf(Object({{"name", Text()}, {"value", Text()}})); }

Json Trial() {
  const Json exchange = Object({{"request", Text()},
                                {"headers", HeaderList()},
                                {"body", Text()},
                                {"status", OrNull(Count())},
                                {"answer_headers", HeaderList()},
                                {"answer", Text()},
                                {"failure", OrNull(Text())},
                                {"timing", OrNull(AnyObject())}});
  const Json channel =
      Object({{"integration", Text()},
              {"outcome", Word({"rendered", "delivered", "failed", "failed for good"})},
              {"reason", OrNull(Text())},
              {"advice", OrNull(Text())},
              {"no_picture", Text()},
              {"exchanges", ListOf(exchange)}},
             {"no_picture"});
  return Object({{"receiver", Text()}, {"channels", ListOf(channel)}});
}

Json TrialOrder() {
  return OneOf({Input({{"render_only", Flag()},
                       {"alert", Ref("PostableAlert")},
                       {"alerts", ListOf(Ref("PostableAlert"))}},
                      {}),
                Ref("PostableAlert"), ListOf(Ref("PostableAlert"))});
}

// "listReceivers", "listChannels"
std::string Named(const char* verb, bool plural, const std::string& word) {
  std::string noun = word.substr(0, word.size() - (plural ? 0 : 1));
  noun.front() = static_cast<char>(noun.front() - 'a' + 'A');
  return verb + noun;
}

void AddUnder(const std::string& word, std::vector<Operation>* list) {
  const std::string path = "/" + word;
  const std::string one = path + "/{name}";
  const auto id = [&word](const char* verb) { return Named(verb, /*plural=*/false, word); };
  const Json made = {{"200", Ref("Receiver")}, {"409", Ref("Error")}};
  const Json changed = {{"200", Ref("Receiver")}, {"404", Ref("Error")}, {"409", Ref("Error")}};
  list->push_back({"GET",
                   path,
                   Named("list", /*plural=*/true, word),
                   kReceivers,
                   "All receivers, their secrets hidden",
                   {{"200", ListOf(Ref("Receiver"))}}});
  list->push_back({"POST",
                   path,
                   id("create"),
                   kReceivers,
                   "Make a receiver",
                   made,
                   {},
                   Ref("ReceiverSettings")});
  list->push_back({"GET",
                   one,
                   id("get"),
                   kReceivers,
                   "One receiver",
                   {{"200", Ref("Receiver")}, {"404", Ref("Error")}}});
  list->push_back({"PUT",
                   one,
                   id("update"),
                   kReceivers,
                   "Replace a receiver's settings",
                   changed,
                   {},
                   Ref("ReceiverChange")});
  list->push_back({"DELETE",
                   one,
                   id("delete"),
                   kReceivers,
                   "Delete a receiver",
                   {{"200", Message()}, {"404", Ref("Error")}, {"409", Ref("Error")}}});
  list->push_back({"POST",
                   one + "/test",
                   id("test"),
                   kReceivers,
                   "Send one test message, and tell what came of it",
                   {{"200", Ref("ReceiverTrial")},
                    {"404", Ref("Error")},
                    {"502", OneOf({Ref("ReceiverTrial"), Ref("Error")})}},
                   {},
                   Ref("TrialOrder"),
                   false});
}

}  // namespace

Operations ReceiverOperations() {
  Operations all;
  for (const char* word : {"receivers", "channels"}) AddUnder(word, &all.list);
  all.schemas = {{"Receiver", ShownReceiver()},
                 {"ReceiverSettings", ReceiverSettings({"name"})},
                 {"ReceiverChange", ReceiverSettings({})},
                 {"ReceiverTrial", Trial()},
                 {"TrialOrder", TrialOrder()},
                 {"PostableAlert", Input({{"labels", MapOf(Text())},
                                          {"annotations", MapOf(Text())},
                                          {"startsAt", Time()},
                                          {"endsAt", Time()},
                                          {"generatorURL", Text()}},
                                         {"labels"})}};
  return all;
}

}  // namespace tocsin::api
