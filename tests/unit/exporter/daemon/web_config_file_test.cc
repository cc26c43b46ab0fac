#include "exporter/daemon/web_config_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace tocsin::daemon {
namespace {

Status Check(const std::string& text) {
  const testing::TempDir folder;
  const std::string file = folder.path() + "/web.yml";
  std::ofstream(file) << text;
  return CheckWebConfigFile(file);
}

TEST(WebConfigFile, IsFineWhereItAsksForNothing) {
  EXPECT_TRUE(CheckWebConfigFile("").ok());
  EXPECT_TRUE(Check("").ok());
  EXPECT_TRUE(Check("# later\n").ok());
}

TEST(WebConfigFile, NamesWhatIsNotSupportedAndWhatToDoInstead) {
  const Status status = Check(
      "tls_server_config: {cert_file: a, key_file: b}\n"
      "basic_auth_users: {ann: $2y$10$x}\nhttp_sever_config: {}\n");
  ASSERT_FALSE(status.ok());
  for (const char* part : {"web.yml:1:1: tls_server_config is not supported: let a proxy",
                           "web.yml:2:1: basic_auth_users is not supported: let a proxy",
                           "http_sever_config is not supported: it is no key of such a file"}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  }
  EXPECT_EQ(status.message().find("$2y"), std::string::npos);
}

TEST(WebConfigFile, RefusesWhatItCannotRead) {
  EXPECT_FALSE(CheckWebConfigFile("/nonexistent/web.yml").ok());
  EXPECT_FALSE(Check("a: [\n").ok());
  EXPECT_FALSE(Check("a: 1\na: 2\n").ok());
}

}  // namespace
}  // namespace tocsin::daemon
