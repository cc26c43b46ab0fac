#include "exporter/exposition/page.h"

#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "exporter/exposition/text_parser.h"

namespace tocsin::exposition {
namespace {

FamilySource Source(std::string_view page) {
  Result<std::vector<Family>> families = ParseFamilies(page, Dialect::kScrape);
  EXPECT_TRUE(families.ok());
  return [families = *families] { return families; };
}

struct Page {
  http::Response response;
  std::map<std::string, std::size_t> dropped;
};

Page Render(const std::vector<FamilySource>& sources, http::Request request = {}) {
  Page page;
  page.response = RenderPage(sources, request, [&](Dropped why, std::size_t samples) {
    page.dropped[std::string(DroppedName(why))] += samples;
  });
  return page;
}

http::Request Asking(const std::string& accept, const std::string& encoding = "") {
  http::Request request;
  request.headers = {{"Accept", accept}, {"Accept-Encoding", encoding}};
  return request;
}

const std::map<std::string, std::size_t> kNothing;

TEST(MetricsPage, IsTextUnlessAskedOtherwise) {
  const Page page = Render({Source("# TYPE a gauge\na 1\n")});
  EXPECT_EQ(page.response.status, 200);
  EXPECT_EQ(page.response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(page.response.body, "# TYPE a gauge\na 1\n");
  EXPECT_EQ(page.dropped, kNothing);
}

TEST(MetricsPage, IsOpenMetricsForThoseWhoAsk) {
  const Page page = Render({Source("# TYPE a_total counter\na_total 1\n")},
                           Asking("application/openmetrics-text"));
  EXPECT_EQ(page.response.content_type,
            "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_EQ(page.response.body, "# TYPE a counter\na_total 1\n# EOF\n");
}

TEST(MetricsPage, MergesTheSourcesOfAFamilyIntoOneBlock) {
  const Page page =
      Render({Source("# HELP a First.\n# TYPE a gauge\na{x=\"2\"} 2\n# TYPE z gauge\nz 1\n"),
              Source("# HELP a Second.\n# TYPE a gauge\na{x=\"1\"} 1\n")});
  EXPECT_EQ(page.response.body,
            "# HELP a First.\n# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 2\n# TYPE z gauge\nz 1\n");
  EXPECT_EQ(page.dropped, kNothing);
}

TEST(MetricsPage, BelievesTheFirstSourceOfAType) {
  const Page page = Render({Source("# TYPE a gauge\na 1\n"),
                            Source("# TYPE a counter\na{x=\"1\"} 2\na{x=\"2\"} 3\nb 4\n")});
  EXPECT_EQ(page.response.body, "# TYPE a gauge\na 1\n# TYPE b untyped\nb 4\n");
  EXPECT_EQ(page.dropped, (std::map<std::string, std::size_t>{{"type_conflict", 2}}));
}

TEST(MetricsPage, TakesFamiliesWithoutATypeForWhatTheOthersSay) {
  const Page page = Render({Source("# TYPE a gauge\na 1\n"), Source("a{x=\"1\"} 2\n")});
  EXPECT_EQ(page.response.body, "# TYPE a gauge\na 1\na{x=\"1\"} 2\n");
  EXPECT_EQ(page.dropped, kNothing);
}

TEST(MetricsPage, ShowsASeriesOnceWithTheValueOfItsFirstSource) {
  const Page page = Render({Source("# TYPE a gauge\na{x=\"1\"} 1\n"),
                            Source("# TYPE a gauge\na{x=\"1\"} 2\na{x=\"2\"} 3\n")});
  EXPECT_EQ(page.response.body, "# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 3\n");
  EXPECT_EQ(page.dropped, (std::map<std::string, std::size_t>{{"duplicate", 1}}));
}

TEST(MetricsPage, LeavesOutAFamilyThatLooksLikePartOfAHistogram) {
  const Page page =
      Render({Source("# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"),
              Source("# TYPE h_count gauge\nh_count{x=\"1\"} 5\n")});
  EXPECT_EQ(page.response.body.find("h_count{"), std::string::npos);
  EXPECT_EQ(page.dropped, (std::map<std::string, std::size_t>{{"type_conflict", 1}}));
}

TEST(MetricsPage, CountsWhatTheStricterFormatHasNoPlaceFor) {
  const Page page = Render({Source("# TYPE a_total counter\na_total{x=\"1\"} 1\n"
                                   "# TYPE a_created gauge\na_created{x=\"2\"} 1\n")},
                           Asking("application/openmetrics-text"));
  EXPECT_EQ(page.dropped, (std::map<std::string, std::size_t>{{"type_conflict", 1}}));
}

TEST(MetricsPage, PacksLargePagesForThoseWhoAcceptIt) {
  std::string body = "# TYPE a gauge\n";
  for (int i = 10'000; i < 20'000; ++i) body += "a{n=\"" + std::to_string(i) + "\"} 1\n";
  const Page page = Render({Source(body)}, Asking("", "gzip"));
  ASSERT_LT(page.response.body.size(), body.size() / 3);
  EXPECT_EQ(GzipDecompress(page.response.body, 1 << 20).bytes, body);
  const std::pair<std::string, std::string> encoding("Content-Encoding", "gzip");
  EXPECT_THAT(page.response.headers, ::testing::Contains(encoding));
  EXPECT_EQ(Render({Source(body)}, Asking("", "identity")).response.body, body);
}

TEST(MetricsPage, LeavesSmallPagesAsTheyAre) {
  const Page page = Render({Source("a 1\n")}, Asking("", "gzip"));
  EXPECT_EQ(page.response.body, "# TYPE a untyped\na 1\n");
}

TEST(MetricsPage, IsWholeWithoutAnySource) {
  EXPECT_EQ(Render({}).response.status, 200);
  EXPECT_EQ(Render({}, Asking("application/openmetrics-text")).response.body, "# EOF\n");
}

}  // namespace
}  // namespace tocsin::exposition
