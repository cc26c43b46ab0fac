#include "base/bytes.h"

#include <string>

namespace tocsin {
namespace {

using Outcome = GzipResult::Outcome;
constexpr std::size_t kLimit = 16 << 20;

// `printf 'hello' | gzip -n`, so that not only our own compressor is read.
const std::string kHello(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00"
    "\x00\x00",
    25);

TEST(Gzip, ReadsWhatTheGzipProgramWrites) {
  const GzipResult result = GzipDecompress(kHello, kLimit);
  ASSERT_TRUE(result.ok()) << result.message;
  EXPECT_EQ(result.bytes, "hello");
}

TEST(Gzip, ReadsBackWhatItWrote) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "line " + std::to_string(i) + "\n";
  for (const int level : {1, 6, 9}) {
    const std::string packed = GzipCompress(text, level);
    EXPECT_LT(packed.size(), text.size() / 3);
    const GzipResult result = GzipDecompress(packed, kLimit);
    ASSERT_TRUE(result.ok()) << result.message;
    EXPECT_EQ(result.bytes, text);
  }
}

TEST(Gzip, CarriesTheEmptyText) {
  const GzipResult result = GzipDecompress(GzipCompress(""), kLimit);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.bytes, "");
}

TEST(Gzip, TakesSeveralMembersAsOneText) {
  const GzipResult result = GzipDecompress(GzipCompress("one ") + GzipCompress("two"), kLimit);
  ASSERT_TRUE(result.ok()) << result.message;
  EXPECT_EQ(result.bytes, "one two");
}

TEST(Gzip, AllowsExactlyTheLimitAndNotOneByteMore) {
  const std::string packed = GzipCompress(std::string(100'000, 'x'));
  EXPECT_EQ(GzipDecompress(packed, 100'000).outcome, Outcome::kOk);
  EXPECT_EQ(GzipDecompress(packed, 99'999).outcome, Outcome::kTooLarge);
  EXPECT_EQ(GzipDecompress(packed, 0).outcome, Outcome::kTooLarge);
}

TEST(Gzip, StopsABombAtTheLimitWithoutHoldingItsText) {
  const std::string bomb = GzipCompress(std::string(64 << 20, '\0'), 9);
  ASSERT_LT(bomb.size(), 100'000U);
  const GzipResult result = GzipDecompress(bomb, 1 << 20);
  EXPECT_EQ(result.outcome, Outcome::kTooLarge);
  EXPECT_TRUE(result.bytes.empty());
  EXPECT_NE(result.message.find("1048576"), std::string::npos);
}

TEST(Gzip, StopsABombOfManyMembersToo) {
  std::string packed;
  for (int i = 0; i < 100; ++i) packed += GzipCompress(std::string(50'000, 'x'));
  EXPECT_EQ(GzipDecompress(packed, 1 << 20).outcome, Outcome::kTooLarge);
}

TEST(Gzip, TakesOffOneLevelOnly) {
  const std::string inner = GzipCompress("hello");
  const GzipResult result = GzipDecompress(GzipCompress(inner), kLimit);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.bytes, inner);
}

TEST(Gzip, RefusesWhatIsCutShortAnywhere) {
  for (std::size_t n = 0; n < kHello.size(); ++n) {
    EXPECT_EQ(GzipDecompress(kHello.substr(0, n), kLimit).outcome, Outcome::kMalformed) << n;
  }
}

TEST(Gzip, RefusesDamageAndGarbage) {
  std::string bad_checksum = kHello;
  bad_checksum[18] ^= 1;
  EXPECT_EQ(GzipDecompress(bad_checksum, kLimit).outcome, Outcome::kMalformed);
  EXPECT_EQ(GzipDecompress("a 1\n", kLimit).outcome, Outcome::kMalformed);
  EXPECT_EQ(GzipDecompress(kHello + "x", kLimit).outcome, Outcome::kMalformed);
  EXPECT_FALSE(GzipDecompress("a 1\n", kLimit).message.empty());
}

// https://www.rfc-editor.org/rfc/rfc4648#section-10
TEST(Base64, EncodesTheTestVectorsOfTheStandard) {
  EXPECT_EQ(Base64Encode(""), "");
  EXPECT_EQ(Base64Encode("f"), "Zg==");
  EXPECT_EQ(Base64Encode("fo"), "Zm8=");
  EXPECT_EQ(Base64Encode("foo"), "Zm9v");
  EXPECT_EQ(Base64Encode("foob"), "Zm9vYg==");
  EXPECT_EQ(Base64Encode("fooba"), "Zm9vYmE=");
  EXPECT_EQ(Base64Encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64Encode("\xff\xfe\xfd"), "//79");
}

TEST(Base64, ReadsWhatItWritesAndNothingElse) {
  for (const std::string& bytes :
       {std::string(), std::string("f"), std::string("fo"), std::string("foo"),
        std::string("\0\xff\xfe", 3), std::string(1000, '\x80')}) {
    EXPECT_EQ(Base64Decode(Base64Encode(bytes)), bytes);
  }
  // https://www.rfc-editor.org/rfc/rfc4648#section-10
  EXPECT_EQ(Base64Decode("Zm9vYg=="), "foob");
  for (const char* bad :
       {"Z", "Zg", "Zg=", "Zg==x", "Zh==", "Zm9v Yg==", "Zm9vYg==\n", "_-8=", "Zm\xff=", "===="}) {
    EXPECT_EQ(Base64Decode(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace tocsin
