// What Jira answers to a search, and which transitions it offers.
#pragma once

namespace tocsin::receivers {

inline constexpr char kNoIssue[] = R"({"issues":[]})";
inline constexpr char kOpenIssue[] =
    R"({"issues":[{"key":"OPS-1","fields":{"status":{"statusCategory":{"key":"new"}}}}]})";
inline constexpr char kDoneIssue[] =
    R"({"issues":[{"key":"OPS-1","fields":{"status":{"statusCategory":{"key":"done"}}}}]})";
inline constexpr char kTransitions[] =
    R"({"transitions":[{"id":"31","name":"Close"},{"id":"41","name":"Reopen"}]})";

}  // namespace tocsin::receivers
