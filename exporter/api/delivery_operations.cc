// Of the routes of delivery_api.cc.
#include "exporter/api/operation.h"

namespace tocsin::api {
namespace {

using namespace schema;  // NOLINT(google-build-using-namespace): the words of this file

Json ExplainedRoute() {
  const Json integration = Object({{"integration", Text()},
                                   {"state", Text()},
                                   {"told_at", OrNull(Time())},
                                   {"attempts", Count()},
                                   {"last_error", OrNull(Text())}});
  return Object({{"receiver", Text()},
                 {"route", Text()},
                 {"named_by_rule", Flag()},
                 {"group_key", Text()},
                 {"group_labels", MapOf(Text())},
                 {"group_wait", Text()},
                 {"group_interval", Text()},
                 {"repeat_interval", OrNull(Text())},
                 {"outside_of_intervals", ListOf(Text())},
                 {"muted_by_intervals", ListOf(Text())},
                 {"next_flush", OrNull(Time())},
                 {"integrations", ListOf(integration)}});
}

Json Explanation() {
  const Json acknowledgement = Object(
      {{"by", Text()}, {"note", Text()}, {"until", OrNull(Time())}, {"sticky", OrNull(Text())}});
  const Json silence =
      Object({{"id", Text()}, {"created_by", Text()}, {"comment", Text()}, {"ends_at", Time()}});
  const Json source = Object({{"fingerprint", Text()}, {"labels", OrNull(MapOf(Text()))}});
  const Json attempt = Object({{"at", Time()},
                               {"receiver", Text()},
                               {"message", Text()},
                               {"outcome", Text()},
                               {"http_status", OrNull(Count())},
                               {"error", OrNull(Text())}});
  return Object({{"id", Text()},
                 {"fingerprint", Text()},
                 {"labels", MapOf(Text())},
                 {"state", Text()},
                 {"muted_by", Object({{"acknowledgement", OrNull(acknowledgement)},
                                      {"silences", ListOf(silence)},
                                      {"inhibited_by", ListOf(source)},
                                      {"cooldown_until", OrNull(Time())}})},
                 {"routes", ListOf(ExplainedRoute())},
                 {"attempts", ListOf(attempt)}});
}

Json DeadLetter() {
  return Object({{"id", Text()},
                 {"receiver", Text()},
                 {"integration", Text()},
                 {"status", Text()},
                 {"group_key", Text()},
                 {"alerts", ListOf(Object({{"status", Word({"firing", "resolved"})},
                                           {"labels", MapOf(Text())}}))},
                 {"idempotency_key", Text()},
                 {"created_at", Time()},
                 {"attempts", Count()},
                 {"http_status", OrNull(Count())},
                 {"last_error", Text()},
                 {"refused", Flag()},
                 {"superseded", Flag()}});
}

}  // namespace

Operations DeliveryOperations() {
  Operations all;
  all.list = {
      {"GET",
       "/alerts/{id}/explain",
       "explainAlert",
       "delivery",
       "Why an alert was told to whom, or was not",
       {{"200", Ref("Explanation")}, {"404", Ref("Error")}}},
      {"GET",
       "/dead-letters",
       "listDeadLetters",
       "delivery",
       "Messages that were given up",
       {{"200", ListOf(Ref("DeadLetter"))}}},
      {"POST",
       "/dead-letters/{id}/resend",
       "resendDeadLetter",
       "delivery",
       "Try one again",
       {{"202", Message()}, {"404", Ref("Error")}, {"409", Ref("Error")}}},
  };
  all.schemas = {{"Explanation", Explanation()}, {"DeadLetter", DeadLetter()}};
  return all;
}

}  // namespace tocsin::api
