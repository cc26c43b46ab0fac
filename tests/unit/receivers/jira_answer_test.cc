#include "receivers/channels/jira_answer.h"

#include <gtest/gtest.h>

namespace tocsin::receivers {
namespace {

TEST(JiraAnswer, NamesTheFirstIssueAndItsStatus) {
  const auto issue = ReadFoundIssue(
      R"({"issues":[{"key":"OPS-1","fields":{"status":{"name":"Closed",
         "statusCategory":{"key":"done"}}}},{"key":"OPS-2"}]})");
  ASSERT_TRUE(issue.has_value());
  EXPECT_EQ(issue->key, "OPS-1");
  EXPECT_EQ(issue->status_category, "done");
}

TEST(JiraAnswer, MayNameNoIssue) {
  for (const char* body : {R"({"issues":[]})", R"({"issues":null})", "{}"}) {
    const auto issue = ReadFoundIssue(body);
    ASSERT_TRUE(issue.has_value()) << body;
    EXPECT_EQ(issue->key, "") << body;
  }
}

TEST(JiraAnswer, MaySayNothingOfTheStatus) {
  for (const char* fields : {"null", "[]", "7", "{}", R"({"status":"done"})",
                             R"({"status":{"statusCategory":["done"]}})",
                             R"({"status":{"statusCategory":{"key":{}}}})"}) {
    const auto issue =
        ReadFoundIssue(std::string(R"({"issues":[{"key":"OPS-1","fields":)") + fields + "}]}");
    ASSERT_TRUE(issue.has_value()) << fields;
    EXPECT_EQ(issue->key, "OPS-1");
    EXPECT_EQ(issue->status_category, "") << fields;
  }
}

TEST(JiraAnswer, IsNotReadWhereItHasAnotherShape) {
  for (const char* body :
       {"", "<html>", "[]", "null", "7", "{", R"({"issues":{}})", R"({"issues":"OPS-1"})",
        R"({"issues":[null]})", R"({"issues":["OPS-1"]})", R"({"issues":[[]]})",
        R"({"issues":[{}]})", R"({"issues":[{"key":7}]})", R"({"issues":[{"key":""}]})"}) {
    EXPECT_FALSE(ReadFoundIssue(body).has_value()) << body;
  }
}

TEST(JiraAnswer, NamesNoIssueThatLeadsAnAddressAstray) {
  for (const char* key : {"..", "../../admin", "OPS-1/comment", "OPS-1?x=y", "OPS-1#", "OPS 1",
                          "OPS%2F1", "OPS-1\\n"}) {
    const std::string body = std::string(R"({"issues":[{"key":")") + key + "\"}]}";
    EXPECT_FALSE(ReadFoundIssue(body).has_value()) << key;
  }
}

TEST(JiraAnswer, FindsTransitionsByName) {
  const std::string body =
      R"({"transitions":[{"id":"11","name":"Start"},{"id":"31","name":"Done"}]})";
  EXPECT_EQ(ReadTransitionId(body, "Done"), "31");
  EXPECT_EQ(ReadTransitionId(body, "done"), "");
  EXPECT_EQ(ReadTransitionId(R"({"transitions":[]})", "Done"), "");
  EXPECT_EQ(ReadTransitionId(R"({"transitions":[null,7,{"name":"Done","id":31}]})", "Done"), "");
  for (const char* lie : {"", "<html>", "[]", "{}", R"({"transitions":{}})"}) {
    EXPECT_EQ(ReadTransitionId(lie, "Done"), std::nullopt) << lie;
  }
}

TEST(JiraAnswer, TellsDocumentsFromText) {
  EXPECT_TRUE(IsJson(R"({"type":"doc","version":1,"content":[]})"));
  EXPECT_TRUE(IsJson("\"text\""));
  for (const char* text : {"", "text", "{", "{} {}", "{'a':1}", "\"\xff\""}) {
    EXPECT_FALSE(IsJson(text)) << text;
  }
}

}  // namespace
}  // namespace tocsin::receivers
