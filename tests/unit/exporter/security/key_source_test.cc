#include "exporter/security/key_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium/core.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "tests/support/temp_dir.h"

namespace tocsin::security {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const std::string kFirstKey(64, '1');
const std::string kSecondKey(64, '2');

class KeySourceTest : public ::testing::Test {
 protected:
  KeySourceTest() { EXPECT_GE(sodium_init(), 0); }

  KeySource Source(std::map<std::string, std::string> environment = {},
                   const std::string& configured = "") const {
    const auto look_up = [environment = std::move(environment)](
                             std::string_view name) -> std::optional<std::string> {
      const auto found = environment.find(std::string(name));
      if (found == environment.end()) return std::nullopt;
      return found->second;
    };
    return {look_up, configured, folder_.path()};
  }
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }
  void Put(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name)) << text;
  }
  static std::string IdOf(const std::string& text) { return (*EncryptionKey::Parse(text))->id(); }

  testing::TempDir folder_;
};

TEST_F(KeySourceTest, TheEnvironmentWinsThenItsFileThenTheConfiguredOneThenOurs) {
  Put("of_environment", kFirstKey);
  Put("configured", kSecondKey);
  KeySource given = Source({{"TOCSIN_ENCRYPTION_KEY", kSecondKey + "," + kFirstKey},
                            {"TOCSIN_ENCRYPTION_KEY_FILE", Path("of_environment")}},
                           Path("configured"));
  EXPECT_EQ(given.name(), "TOCSIN_ENCRYPTION_KEY");
  EXPECT_FALSE(given.is_file());
  EXPECT_TRUE(given.exists());
  EXPECT_EQ(IdsOf(*given.Read()), IdOf(kSecondKey) + ", " + IdOf(kFirstKey));
  EXPECT_FALSE(given.HasChanged());

  KeySource file = Source(
      {{"TOCSIN_ENCRYPTION_KEY", ""}, {"TOCSIN_ENCRYPTION_KEY_FILE", Path("of_environment")}},
      Path("configured"));
  EXPECT_EQ(file.name(), Path("of_environment"));
  EXPECT_EQ(IdsOf(*file.Read()), IdOf(kFirstKey));
  EXPECT_FALSE(file.is_own());

  EXPECT_EQ(Source({}, Path("configured")).name(), Path("configured"));
  EXPECT_FALSE(Source({}, Path("configured")).is_own());
  EXPECT_EQ(Source().name(), Path("encryption_key"));
  EXPECT_TRUE(Source().is_own());
  EXPECT_FALSE(Source().exists());
}

TEST_F(KeySourceTest, WhatItWritesIsTheOwnersAloneAndReadBack) {
  Put("encryption_key", kFirstKey);  // open to all, as a careless hand leaves it
  KeySource source = Source();
  const auto made = EncryptionKey::Make();
  ASSERT_TRUE(source.Write({made, *EncryptionKey::Parse(kFirstKey)}).ok());
  EXPECT_EQ(fs::status(source.name()).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(IdsOf(*source.Read()), made->id() + ", " + IdOf(kFirstKey));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

TEST_F(KeySourceTest, SeesThatAnotherProcessHasReplacedTheFile) {
  Put("encryption_key", kFirstKey);
  KeySource source = Source();
  ASSERT_TRUE(source.Read().ok());
  EXPECT_FALSE(source.HasChanged());
  ASSERT_TRUE(Source().Write({*EncryptionKey::Parse(kSecondKey)}).ok());
  EXPECT_TRUE(source.HasChanged());
  EXPECT_EQ(IdsOf(*source.Read()), IdOf(kSecondKey));
  EXPECT_FALSE(source.HasChanged());
  fs::remove(Path("encryption_key"));
  EXPECT_FALSE(source.HasChanged()) << "a file that is gone is not a reason to forget the key";
}

TEST_F(KeySourceTest, SaysWhichFileCannotBeReadOrHoldsNoKey) {
  KeySource absent = Source({}, Path("absent"));
  EXPECT_THAT(absent.Read().message(), HasSubstr(Path("absent") + ": No such file"));
  Put("bad", "T0P-S3CRET\n");
  const Result<EncryptionKeys> bad = Source({}, Path("bad")).Read();
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(bad.message(), HasSubstr(Path("bad") + ": key 1 of it is none"));
  EXPECT_THAT(bad.message(), ::testing::Not(HasSubstr("S3CRET")));
  Put("large", std::string(17 << 10, '#'));
  EXPECT_THAT(Source({}, Path("large")).Read().message(), HasSubstr("larger than"));
  EXPECT_THAT(Source({}, Path("no/such/folder/key")).Write({EncryptionKey::Make()}).message(),
              HasSubstr("cannot write the encryption key into"));
  EXPECT_THAT(Source({{"TOCSIN_ENCRYPTION_KEY", "T0P-S3CRET"}}).Read().message(),
              HasSubstr("TOCSIN_ENCRYPTION_KEY: key 1 of it is none"));
}

}  // namespace
}  // namespace tocsin::security
