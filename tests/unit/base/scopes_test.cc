#include "base/scopes.h"

namespace tocsin {
namespace {

TEST(Scopes, AreReadFromTheirWords) {
  EXPECT_EQ(Scopes::Parse("read"), Scopes{Scope::kRead});
  EXPECT_EQ(Scopes::Parse("push, operate"), (Scopes{Scope::kPush, Scope::kOperate}));
  EXPECT_EQ(Scopes::Parse("write"), (Scopes{Scope::kPush, Scope::kOperate}));
  EXPECT_EQ(Scopes::Parse("admin,admin"), Scopes{Scope::kAdmin});
  for (const char* text : {"", "root", "read,", "READ", "read push"}) {
    EXPECT_EQ(Scopes::Parse(text), std::nullopt) << text;
  }
}

TEST(Scopes, AdminIncludesTheOthersAndEachButPushIncludesRead) {
  const auto allowed = [](Scopes scopes) {
    std::string letters;
    for (const auto& [scope, letter] :
         {std::pair(Scope::kRead, 'r'), std::pair(Scope::kPush, 'p'),
          std::pair(Scope::kOperate, 'o'), std::pair(Scope::kAdmin, 'a')}) {
      if (scopes.Allow(scope)) letters += letter;
    }
    return letters;
  };
  EXPECT_EQ(allowed({}), "");
  EXPECT_EQ(allowed({Scope::kRead}), "r");
  EXPECT_EQ(allowed({Scope::kPush}), "p");
  EXPECT_EQ(allowed({Scope::kOperate}), "ro");
  EXPECT_EQ(allowed({Scope::kAdmin}), "rpoa");
  EXPECT_EQ(allowed({Scope::kPush, Scope::kOperate}), "rpo");
}

TEST(Scopes, AreNamedAsTheyWereGiven) {
  const auto names = Scopes{Scope::kOperate, Scope::kPush}.Names();
  EXPECT_EQ(names, (std::vector<std::string>{"push", "operate"}));
}

}  // namespace
}  // namespace tocsin
