#include "exporter/http/response_writer.h"

namespace tocsin::http {
namespace {

using Connection = ResponseWriter::Connection;

std::string HeadOf(const Response& response, Connection connection = Connection::kKeep) {
  ResponseWriter writer;
  std::string out;
  // The example of RFC 9110, section 5.6.7.
  writer.AppendHead(response, connection, 784111777, &out);
  return out;
}

TEST(ResponseWriter, WritesTheHead) {
  Response response;
  response.body = "hello";
  response.headers = {{"Allow", "GET"}};
  EXPECT_EQ(HeadOf(response),
            "HTTP/1.1 200 OK\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Server: tocsin\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "X-Frame-Options: DENY\r\n"
            "Referrer-Policy: no-referrer\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Allow: GET\r\n"
            "Content-Length: 5\r\n"
            "\r\n");
}

TEST(ResponseWriter, LeavesHeadersForBrowsersToWhoeverHasSetThem) {
  Response response;
  response.headers = {{"x-frame-options", "sameorigin"}, {"Referrer-Policy", "origin"}};
  const std::string head = HeadOf(response);
  EXPECT_THAT(head, ::testing::HasSubstr("\r\nx-frame-options: sameorigin\r\n"));
  EXPECT_THAT(head, ::testing::HasSubstr("\r\nReferrer-Policy: origin\r\n"));
  EXPECT_THAT(head, ::testing::Not(::testing::HasSubstr("DENY")));
  EXPECT_THAT(head, ::testing::Not(::testing::HasSubstr("no-referrer")));
}

TEST(ResponseWriter, TellsTheLengthOfNothing) {
  const std::string head = HeadOf(Response());
  EXPECT_THAT(head, ::testing::HasSubstr("\r\nContent-Length: 0\r\n"));
  EXPECT_THAT(head, ::testing::Not(::testing::HasSubstr("Content-Type:")));
}

TEST(ResponseWriter, TellsNoLengthWhereThereIsNoBody) {
  Response response;
  response.status = 204;
  EXPECT_THAT(HeadOf(response), ::testing::Not(::testing::HasSubstr("Content-Length")));
}

TEST(ResponseWriter, SaysHowTheConnectionGoesOn) {
  EXPECT_THAT(HeadOf({}, Connection::kKeep), ::testing::Not(::testing::HasSubstr("Connection:")));
  EXPECT_THAT(HeadOf({}, Connection::kKeepOldStyle),
              ::testing::HasSubstr("\r\nConnection: keep-alive\r\n"));
  EXPECT_THAT(HeadOf({}, Connection::kClose), ::testing::HasSubstr("\r\nConnection: close\r\n"));
}

TEST(ResponseWriter, RenewsTheDate) {
  ResponseWriter writer;
  std::string out;
  writer.AppendHead({}, Connection::kKeep, 784111777, &out);
  out.clear();
  writer.AppendHead({}, Connection::kKeep, 784111778, &out);
  EXPECT_THAT(out, ::testing::HasSubstr("08:49:38 GMT"));
}

TEST(FindFault, RefusesHeadersThatWouldBreakTheirLine) {
  for (const std::string& value : {std::string("a\r\nSet-Cookie: x"), std::string("a\n"),
                                   std::string("\r"), std::string("a\0b", 3)}) {
    Response response;
    response.headers = {{"X-Name", value}};
    EXPECT_TRUE(FindFault(response).has_value());
    response.headers = {{value, "x"}};
    EXPECT_TRUE(FindFault(response).has_value());
    response.headers.clear();
    response.content_type = value;
    EXPECT_TRUE(FindFault(response).has_value());
  }
}

TEST(FindFault, RefusesHeadersThatAreTheServers) {
  for (const char* name : {"content-length", "Transfer-Encoding", "Connection"}) {
    Response response;
    response.headers = {{name, "5"}};
    EXPECT_TRUE(FindFault(response).has_value()) << name;
  }
}

TEST(FindFault, RefusesStatusesThatAreNone) {
  for (const int status : {0, 100, 199, 600, 1000, -1}) {
    Response response;
    response.status = status;
    EXPECT_TRUE(FindFault(response).has_value()) << status;
  }
}

TEST(FindFault, LetsGoodResponsesPass) {
  Response response;
  response.headers = {{"Location", "/é?a=b c"}, {"X_y.z", ""}};
  EXPECT_EQ(FindFault(response), std::nullopt);
}

}  // namespace
}  // namespace tocsin::http
