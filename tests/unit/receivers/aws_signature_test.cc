// The vectors are those of AWS's own test suite for signature version 4, by their names there.
// https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html
// https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite/v4
#include "receivers/channels/aws_signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

AwsKeys SuiteKeys() {
  return {"AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), Secret()};
}

HttpClientRequest Request(std::string method, std::string url,
                          std::vector<std::pair<std::string, std::string>> headers = {},
                          std::string body = "") {
  HttpClientRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.headers = std::move(headers);
  request.body = std::move(body);
  return request;
}

HttpClientRequest Signed(HttpClientRequest request, const AwsKeys& keys = SuiteKeys()) {
  SignAwsRequest(keys, {"us-east-1", "service"}, At("2015-08-30T12:36:00Z"), &request);
  return request;
}

// "host;x-amz-date 5fa0...", of the Authorization that the request gets.
std::string Signature(HttpClientRequest request) {
  const std::string authorization = HeaderOf(Signed(std::move(request)), "Authorization");
  constexpr std::string_view kHead =
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
      "SignedHeaders=";
  constexpr std::string_view kBetween = ", Signature=";
  const std::size_t between = authorization.find(kBetween);
  if (!authorization.starts_with(kHead) || between == std::string::npos) return authorization;
  return authorization.substr(kHead.size(), between - kHead.size()) + " " +
         authorization.substr(between + kBetween.size());
}

// The Signature of a GET of this path.
std::string OfPath(const std::string& path) {
  const std::string text = Signature(Request("GET", "https://example.amazonaws.com" + path));
  EXPECT_EQ(text.substr(0, 16), "host;x-amz-date ") << path;
  return text.substr(16);
}

TEST(AwsSignature, AddsItsHeaders) {
  const HttpClientRequest request = Signed(Request("GET", "https://example.amazonaws.com/"));
  EXPECT_EQ(HeaderOf(request, "X-Amz-Date"), "20150830T123600Z");
  EXPECT_EQ(HeaderOf(request, "X-Amz-Security-Token"), "");
  // get-vanilla
  EXPECT_EQ(HeaderOf(request, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, "
            "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(AwsSignature, SignsTheMethod) {
  // post-vanilla
  EXPECT_EQ(Signature(Request("POST", "https://example.amazonaws.com/")),
            "host;x-amz-date 5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

TEST(AwsSignature, SignsTheBody) {
  // post-x-www-form-urlencoded
  EXPECT_EQ(
      Signature(Request("POST", "https://example.amazonaws.com/",
                        {{"Content-Type", "application/x-www-form-urlencoded"}}, "Param1=value1")),
      "content-type;host;x-amz-date "
      "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
  // post-x-www-form-urlencoded-parameters
  EXPECT_EQ(Signature(Request("POST", "https://example.amazonaws.com/",
                              {{"Content-Type", "application/x-www-form-urlencoded; charset=utf8"}},
                              "Param1=value1")),
            "content-type;host;x-amz-date "
            "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe");
}

TEST(AwsSignature, SignsHeadersByNameWithTheirValuesInOrder) {
  const std::string url = "https://example.amazonaws.com/";
  // get-header-key-duplicate
  EXPECT_EQ(Signature(Request(
                "GET", url,
                {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}})),
            "host;my-header1;x-amz-date "
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea");
  // get-header-value-order
  EXPECT_EQ(Signature(Request("GET", url,
                              {{"My-Header1", "value4"},
                               {"My-Header1", "value1"},
                               {"My-Header1", "value3"},
                               {"My-Header1", "value2"}})),
            "host;my-header1;x-amz-date "
            "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01");
  // get-header-value-trim
  EXPECT_EQ(
      Signature(Request("GET", url, {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}})),
      "host;my-header1;my-header2;x-amz-date "
      "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736");
  // post-header-value-case
  EXPECT_EQ(Signature(Request("POST", url, {{"My-Header1", "VALUE1"}})),
            "host;my-header1;x-amz-date "
            "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d");
  // post-header-key-sort
  EXPECT_EQ(Signature(Request("POST", url, {{"My-Header1", "value1"}})),
            "host;my-header1;x-amz-date "
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c");
}

TEST(AwsSignature, SignsTheQueryInOrder) {
  // get-vanilla-empty-query-key, ...-query-order-key, ...-order-key-case, ...-order-value
  EXPECT_EQ(OfPath("/?Param1=value1"),
            "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb");
  EXPECT_EQ(OfPath("/?Param1=value2&Param1=Value1"),
            "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1");
  EXPECT_EQ(OfPath("/?Param2=value2&Param1=value1"),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  EXPECT_EQ(OfPath("/?Param1=value2&Param1=value1"),
            "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694");
  // get-vanilla-query-unreserved
  const std::string unreserved =
      "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  EXPECT_EQ(OfPath("/?" + unreserved + "=" + unreserved),
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197");
  // get-vanilla-utf8-query, and the same escaped
  EXPECT_EQ(OfPath("/?ሴ=bar"), "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04");
  EXPECT_EQ(OfPath("/?%e1%88%b4=bar"),
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04");
}

TEST(AwsSignature, SignsThePathWithoutDetours) {
  const std::string vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
  EXPECT_EQ(OfPath(""), vanilla);
  // get-relative, get-relative-relative, get-slash, get-slash-dot-slash
  for (const char* path : {"/example/..", "/example1/example2/../..", "//", "/./"}) {
    EXPECT_EQ(OfPath(path), vanilla);
  }
  // get-slash-pointless-dot, get-slashes
  EXPECT_EQ(OfPath("/./example"),
            "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5");
  EXPECT_EQ(OfPath("//example//"),
            "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84");
}

TEST(AwsSignature, EscapesThePathOnceMore) {
  // get-unreserved, get-utf8, get-space
  EXPECT_EQ(OfPath("/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f");
  EXPECT_EQ(OfPath("/ሴ"), "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85");
  EXPECT_EQ(OfPath("/example space/"),
            "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741");
  EXPECT_NE(OfPath("/example%20space/"), OfPath("/example space/"));
}

TEST(AwsSignature, SignsTheTokenOfASession) {
  // get-vanilla-with-session-token
  AwsKeys keys = SuiteKeys();
  keys.session_token = Secret("6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267");
  const HttpClientRequest request = Signed(Request("GET", "https://example.amazonaws.com/"), keys);
  EXPECT_EQ(HeaderOf(request, "X-Amz-Security-Token"), keys.session_token.Reveal());
  EXPECT_THAT(
      HeaderOf(request, "Authorization"),
      HasSubstr("SignedHeaders=host;x-amz-date;x-amz-security-token, "
                "Signature=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"));
  EXPECT_THAT(HeaderOf(request, "Authorization"), Not(HasSubstr(keys.secret_key.Reveal())));
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-examples.html, the request of the
// General Reference's worked example.
TEST(AwsSignature, SignsForARegionAndAService) {
  HttpClientRequest request =
      Request("GET", "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
              {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}});
  SignAwsRequest(SuiteKeys(), {"us-east-1", "iam"}, At("2015-08-30T12:36:00Z"), &request);
  EXPECT_EQ(HeaderOf(request, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

TEST(AwsSignature, SignsTheHostAsClientsSendIt) {
  const std::string plain = OfPath("/");
  const auto of = [](const std::string& url) { return Signature(Request("GET", url)).substr(16); };
  EXPECT_EQ(of("https://example.amazonaws.com:443/"), plain);
  EXPECT_EQ(of("http://example.amazonaws.com:80/"), plain);
  EXPECT_EQ(of("https://example.amazonaws.com/#part"), plain);
  EXPECT_NE(of("https://example.amazonaws.com:80/"), plain);
  EXPECT_NE(of("https://example.amazonaws.com:4566/"), plain);
}

TEST(AwsSignature, LeavesFractionsOfASecondOut) {
  HttpClientRequest request = Request("GET", "https://example.amazonaws.com/");
  SignAwsRequest(SuiteKeys(), {"us-east-1", "service"}, At("2015-08-30T12:36:00.999Z"), &request);
  EXPECT_EQ(HeaderOf(request, "X-Amz-Date"), "20150830T123600Z");
}

}  // namespace
}  // namespace tocsin::receivers
