// Of the routes of security_api.cc.
#include "base/scopes.h"
#include "exporter/api/operation.h"
#include "exporter/api/security_api.h"
#include "exporter/security/api_key.h"

namespace tocsin::api {
namespace {

using namespace schema;  // NOLINT(google-build-using-namespace): the words of this file

constexpr const char* kKeys = "keys";

Json ScopeWord(bool with_write) {
  std::vector<std::string> words =
      Scopes{Scope::kRead, Scope::kPush, Scope::kOperate, Scope::kAdmin}.Names();
  if (with_write) words.emplace_back("write");
  return Word(words);
}

Json KeyProperties() {
  return {{"id", Text()},
          {"name", Text()},
          {"scopes", ListOf(ScopeWord(/*with_write=*/false))},
          {"state", Word({"active", "expired", "revoked"})},
          {"source", Word({"environment", "database"})},
          {"created_at", Time()},
          {"created_by", OrNull(Text())},
          {"expires_at", OrNull(Time())},
          {"revoked_at", OrNull(Time())},
          {"last_used_at", OrNull(Time())}};
}

Json NewKey() {
  Json list = ListOf(ScopeWord(/*with_write=*/true));
  list["minItems"] = 1;
  const Json seconds = {
      {"type", "number"}, {"exclusiveMinimum", 0}, {"maximum", SecurityApi::kLongestLife}};
  return Input({{"name", Text(1, security::kLongestKeyName)},
                {"scopes", OneOf({std::move(list), Text()})},
                {"expires_in", OrNull(OneOf({seconds, Text()}))},
                {"expires_at", OrNull(Time())}},
               {"name", "scopes"});
}

Json AuditEntry() {
  const Json any = Json::object();
  return Object({{"v", Count()},
                 {"seq", Count()},
                 {"at", Time()},
                 {"key_id", OrNull(Text())},
                 {"actor", OrNull(Text())},
                 {"from", OrNull(Text())},
                 {"action", Text()},
                 {"target", OrNull(Text())},
                 {"before", any},
                 {"after", any},
                 {"outcome", Text()},
                 {"count", Count()},
                 {"prev", Text()},
                 {"hash", Text()}},
                {"before", "after"});
}

}  // namespace

Operations SecurityOperations() {
  Json made = KeyProperties();
  made["token"] = Text();
  Operations all;
  all.list = {
      {"GET",
       "/keys",
       "listKeys",
       kKeys,
       "All API keys, without what proves them",
       {{"200", ListOf(Ref("Key"))}}},
      {"POST",
       "/keys",
       "createKey",
       kKeys,
       "Make an API key; its token is shown this once",
       {{"200", Object(std::move(made))}},
       {},
       Ref("NewKey")},
      {"DELETE",
       "/keys/{id}",
       "revokeKey",
       kKeys,
       "Revoke an API key",
       {{"200", Message()}, {"404", Ref("Error")}, {"409", Ref("Error")}}},
      {"GET",
       "/audit",
       "listAudit",
       kKeys,
       "Who did what, newest first",
       {{"200", ListOf(Ref("AuditEntry"))}},
       {Query("since", "From then on", OneOf({Time(), {{"type", "number"}, {"minimum", 0}}})),
        Query("limit", "So many at most", Integer(1, SecurityApi::kMostEntries))}},
  };
  all.schemas = {
      {"Key", Object(KeyProperties())}, {"NewKey", NewKey()}, {"AuditEntry", AuditEntry()}};
  return all;
}

}  // namespace tocsin::api
