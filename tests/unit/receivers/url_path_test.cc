#include "receivers/channels/url_path.h"

#include <gtest/gtest.h>

namespace tocsin::receivers {
namespace {

TEST(UrlPath, IsJoinedByOneSlash) {
  EXPECT_EQ(JoinUrlPath("http://a", "b/c"), "http://a/b/c");
  EXPECT_EQ(JoinUrlPath("http://a/", "b"), "http://a/b");
  EXPECT_EQ(JoinUrlPath("http://a/rest/2//", "b"), "http://a/rest/2/b");
}

TEST(UrlPath, StandsInFrontOfTheQuery) {
  EXPECT_EQ(JoinUrlPath("http://a/x/?k=v/w", "b"), "http://a/x/b?k=v/w");
  EXPECT_EQ(JoinUrlPath("http://a?k=v", "b"), "http://a/b?k=v");
}

TEST(UrlPath, ParametersAreEscaped) {
  EXPECT_EQ(AddUrlParameter("http://a/b", "k", "v w&x=/"), "http://a/b?k=v%20w%26x%3D%2F");
  EXPECT_EQ(AddUrlParameter("http://a/b?k=v", "l", ""), "http://a/b?k=v&l=");
  EXPECT_EQ(AddUrlParameter("http://a/b#c", "k", "v"), "http://a/b?k=v");
}

}  // namespace
}  // namespace tocsin::receivers
