#include "receivers/channels/transport_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_dir.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

constexpr char kCertificate[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
constexpr char kKey[] = "-----BEGIN EC PRIVATE KEY-----\nS3CRET\n-----END EC PRIVATE KEY-----";

class TransportSettingsTest : public ::testing::Test {
 public:
  std::string File(const std::string& name, std::string_view text) {
    const std::string path = folder.path() + "/" + name;
    std::ofstream(path, std::ios::trunc) << text;
    return path;
  }
  Result<TransportSettings> Make() {
    return TransportSettings::Make(tls, proxy, true, egress,
                                   [](std::string_view) { return std::nullopt; });
  }
  // What Make has to say.
  std::string Complaint() {
    const Result<TransportSettings> made = Make();
    return made ? "" : made.message();
  }

  const testing::TempDir folder;
  config::TlsConfig tls;
  std::shared_ptr<const EgressPolicy> egress;
  config::ProxyConfig proxy;
};

TEST_F(TransportSettingsTest, SayTheSameAsTheConfiguration) {
  tls.ca = kCertificate;
  tls.cert = kCertificate;
  tls.key = Secret(kKey);
  tls.server_name = "name.example";
  tls.insecure_skip_verify = true;
  tls.min_version = "TLS11";
  tls.max_version = "TLS13";
  proxy.url = Secret("http://proxy:1");
  proxy.connect_headers = {{"X-A", {Secret("1"), Secret("2")}}};
  const std::shared_ptr<const HttpTransport> way = *Make()->For("https://host/");
  EXPECT_EQ(way->ca, kCertificate);
  EXPECT_EQ(way->certificate, kCertificate);
  EXPECT_EQ(way->key.Reveal(), kKey);
  EXPECT_EQ(way->server_name, "name.example");
  EXPECT_TRUE(way->insecure_skip_verify);
  EXPECT_EQ(way->min_version, TlsVersion::kTls11);
  EXPECT_EQ(way->max_version, TlsVersion::kTls13);
  EXPECT_EQ(way->proxy.Reveal(), "http://proxy:1");
  EXPECT_THAT(way->connect_headers,
              ElementsAre(Pair("X-A", Secret("1")), Pair("X-A", Secret("2"))));
  EXPECT_TRUE(way->http2);
}

TEST_F(TransportSettingsTest, ReadFilesForEachRequest) {
  tls.ca_file = File("ca", kCertificate);
  tls.cert_file = File("cert", kCertificate);
  tls.key_file = File("key", kKey);
  const Result<TransportSettings> settings = Make();
  ASSERT_TRUE(settings.ok()) << settings.message();
  EXPECT_EQ((*settings->For("https://host/"))->key.Reveal(), kKey);
  const std::string other = "-----BEGIN PRIVATE KEY-----\nBBBB\n-----END PRIVATE KEY-----";
  File("key", other);
  EXPECT_EQ((*settings->For("https://host/"))->key.Reveal(), other);
  std::remove(tls.key_file.c_str());
  EXPECT_THAT(settings->For("https://host/").message(), HasSubstr(tls.key_file));
}

TEST_F(TransportSettingsTest, RefuseFilesThatAreMissingOrNothingOfTheKind) {
  tls.ca_file = folder.path() + "/missing";
  EXPECT_THAT(Complaint(), HasSubstr("ca_file"));
  EXPECT_THAT(Complaint(), HasSubstr("No such file"));
  tls.ca_file = File("empty", "");
  EXPECT_THAT(Complaint(), HasSubstr("ca_file " + tls.ca_file + " holds no CERTIFICATE"));
  tls.ca_file = File("ca", kCertificate);
  EXPECT_EQ(Complaint(), "");
  tls.cert = kKey;
  EXPECT_THAT(Complaint(), HasSubstr("cert holds no CERTIFICATE"));
  EXPECT_THAT(Complaint(), Not(HasSubstr("S3CRET")));
  tls.cert = kCertificate;
  tls.key = Secret("S3CRET");
  EXPECT_THAT(Complaint(), HasSubstr("key holds no PRIVATE KEY"));
  EXPECT_THAT(Complaint(), Not(HasSubstr("S3CRET")));
}

TEST_F(TransportSettingsTest, RefuseWhatTheClientWouldRefuse) {
  tls.server_name = "no host";
  EXPECT_THAT(Complaint(), HasSubstr("server_name"));
  tls.server_name.clear();
  proxy.url = Secret("socks5://u:S3CRET@host:port");
  EXPECT_THAT(Complaint(), HasSubstr("proxy"));
  EXPECT_THAT(Complaint(), Not(HasSubstr("S3CRET")));
  proxy.url = Secret("http://proxy");
  proxy.connect_headers = {{"X-A", {Secret("S3CRET\n")}}};
  EXPECT_THAT(Complaint(), HasSubstr("X-A"));
  EXPECT_THAT(Complaint(), Not(HasSubstr("S3CRET")));
}

}  // namespace
}  // namespace tocsin::receivers
