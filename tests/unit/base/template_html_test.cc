// Escaping in HTML: the same value at every place where it may be printed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "tests/unit/base/template_fixture.h"

namespace tocsin::gotemplate {
namespace {

using ::testing::HasSubstr;

TEST(TemplateHtml, TextAndAttributes) {
  CheckHtml(
      Value("<a b='c' d=\"e\">&+"),
      {
          {"{{.}}", "&lt;a b=&#39;c&#39; d=&#34;e&#34;&gt;&amp;&#43;"},
          {"<p title=\"{{.}}\">", "<p title=\"&lt;a b=&#39;c&#39; d=&#34;e&#34;&gt;&amp;&#43;\">"},
          {"<p title='{{.}}'>", "<p title='&lt;a b=&#39;c&#39; d=&#34;e&#34;&gt;&amp;&#43;'>"},
          {"<p title={{.}}>",
           "<p title=&lt;a&#32;b&#61;&#39;c&#39;&#32;d&#61;&#34;e&#34;&gt;&amp;&#43;>"},
          {"<p title = {{.}} id=x>",
           "<p title = &lt;a&#32;b&#61;&#39;c&#39;&#32;d&#61;&#34;e&#34;&gt;&amp;&#43; id=x>"},
          {"<title>{{.}}</title>",
           "<title>&lt;a b=&#39;c&#39; d=&#34;e&#34;&gt;&amp;&#43;</title>"},
          {"<textarea><p>{{.}}</textarea>{{len .}}",
           "<textarea><p>&lt;a b=&#39;c&#39; d=&#34;e&#34;&gt;&amp;&#43;</textarea>17"},
          {"a < b {{len .}} <3", "a < b 17 <3"},
      });
  EXPECT_EQ(ExecuteHtml("<p title={{.}} id=x>", Value("")), "<p title=ZgotmplZ id=x>");
  EXPECT_EQ(ExecuteHtml("{{.}}[{{.Nil}}]", TestData()).substr(0, 1), "{");
  EXPECT_EQ(ExecuteHtml("[{{.Nil}}]", TestData()), "[]") << "nil prints nothing in HTML";
}

TEST(TemplateHtml, AStrayAngleBecomesNoTagWithAValueBehindIt) {
  CheckHtml(Value("script src=//e"), {
                                         {"a <{{.}}>", "a &lt;script src=//e>"},
                                         {"a </{{.}}>", "a &lt;/script src=//e>"},
                                         {"<{{if .}}b{{end}}>x</b>", "<b>x</b>"},
                                         {"<{{5}}", "&lt;5"},
                                     });
}

TEST(TemplateHtml, CommentsOfTheTemplateAreDropped) {
  CheckHtml(Value("x"), {
                            {"a<!-- {{.}} <b> -->b", "ab"},
                            {"<!-- <script> -->{{.}}", "x"},
                            {"<p><!----></p>", "<p></p>"},
                        });
}

TEST(TemplateHtml, NamesOfAttributesAreFiltered) {
  const std::vector<Case> cases = {
      {"title", "<p title=\"x\">"},      {"TITLE", "<p title=\"x\">"},
      {"onclick", "<p ZgotmplZ=\"x\">"}, {"style", "<p ZgotmplZ=\"x\">"},
      {"href", "<p ZgotmplZ=\"x\">"},    {"a b", "<p ZgotmplZ=\"x\">"},
      {"", "<p ZgotmplZ=\"x\">"},        {"x=y", "<p ZgotmplZ=\"x\">"},
  };
  for (const Case& c : cases) EXPECT_EQ(ExecuteHtml("<p {{.}}=\"x\">", Value(c.text)), c.want);
}

TEST(TemplateHtml, UrlsAreFilteredAndNormalised) {
  const auto href = [](std::string_view url) {
    return ExecuteHtml("<a href=\"{{.}}\">", Value(url));
  };
  EXPECT_EQ(href("http://e/a b?c=d&e=\"f\""), "<a href=\"http://e/a%20b?c=d&amp;e=%22f%22\">");
  EXPECT_EQ(href("javascript:alert(1)"), "<a href=\"#ZgotmplZ\">");
  EXPECT_EQ(href("JavaScript:alert(1)"), "<a href=\"#ZgotmplZ\">");
  EXPECT_EQ(href(" javascript:alert(1)"), "<a href=\"#ZgotmplZ\">");
  EXPECT_EQ(href("data:text/html,x"), "<a href=\"#ZgotmplZ\">");
  EXPECT_EQ(href("mailto:a@b"), "<a href=\"mailto:a@b\">");
  EXPECT_EQ(href("/a:b"), "<a href=\"/a:b\">");
  EXPECT_EQ(href("a%2fb%zz"), "<a href=\"a%2fb%25zz\">");
  CheckHtml(Value("a b/c?d&e:f"),
            {
                {"<a href=\"/x/{{.}}\">", "<a href=\"/x/a%20b/c?d&amp;e:f\">"},
                {"<a href=\"/x?q={{.}}\">", "<a href=\"/x?q=a%20b%2fc%3fd%26e%3af\">"},
                {"<a href='/x#{{.}}'>", "<a href='/x#a%20b%2fc%3fd%26e%3af'>"},
                {"<img src={{.}}>", "<img src=a%20b/c?d&amp;e:f>"},
                {"<img src=/{{.}}>", "<img src=/a%20b/c?d&amp;e:f>"},
                {"<a href=\"{{\"java\"}}{{\"script:x\"}}\">", "<a href=\"java#ZgotmplZ\">"},
                {"<a href=\"{{\"http://h/?q\"}}={{.}}\">",
                 "<a href=\"http://h/?q=a%20b%2fc%3fd%26e%3af\">"},
                {"<a href=\"?q={{. | urlquery}}\">", "<a href=\"?q=a&#43;b%2Fc%3Fd%26e%3Af\">"},
                {"<a data-url=\"{{\"javascript:x\"}}\">", "<a data-url=\"#ZgotmplZ\">"},
                {"<img srcset=\"{{\"a.png 1x, javascript:b 2x, /c d.png\"}}\">",
                 "<img srcset=\"a.png 1x,#ZgotmplZ,/c d.png\">"},
            });
}

TEST(TemplateHtml, JavaScript) {
  CheckHtml(
      Value("O'Reilly </script> \"x\" \\"),
      {
          {"<script>var x = {{.}};</script>",
           "<script>var x = \"O\\u0027Reilly \\u003c/script\\u003e \\\"x\\\" \\\\\";</script>"},
          {"<script>f(\"{{.}}\")</script>",
           "<script>f(\"O\\u0027Reilly \\u003c\\/script\\u003e \\u0022x\\u0022 \\\\\")</script>"},
          {"<script>f('{{.}}')</script>",
           "<script>f('O\\u0027Reilly \\u003c\\/script\\u003e \\u0022x\\u0022 \\\\')</script>"},
          {"<a onclick=\"f('{{.}}')\">",
           "<a onclick=\"f('O\\u0027Reilly \\u003c\\/script\\u003e \\u0022x\\u0022 \\\\')\">"},
          {"<a onclick=\"f({{.}})\">",
           "<a onclick=\"f(&#34;O\\u0027Reilly \\u003c/script\\u003e \\&#34;x\\&#34; "
           "\\\\&#34;)\">"},
          {"<a onclick=\"f(&quot;{{.}}&quot;)\">",
           "<a onclick=\"f(&quot;O\\u0027Reilly \\u003c\\/script\\u003e \\u0022x\\u0022 "
           "\\\\&quot;)\">"},
          {"<script>// {{.}}\nx</script>", "<script>// \nx</script>"},
          {"<script>/* {{.}} */x</script>", "<script>/*  */x</script>"},
      });
  CheckHtml(
      TestData(),
      {
          {"<script>x={{.Int}}+{{.True}}</script>", "<script>x= 17 + true </script>"},
          {"<script>x={{.List}};y={{.Map}};z={{.Nil}}</script>",
           "<script>x=[\"a\",\"b\",\"c\"];y={\"a\":\"1\",\"b\":\"2\"};z= null </script>"},
          {"<script>x={{.At}}</script>", "<script>x=\"2026-01-02T03:04:05.678Z\"</script>"},
          {"<script type=\"text/plain\"><b>{{.Html}}</b></script>",
           "<script type=\"text/plain\"><b>&lt;b&gt;&#34;Q&amp;A&#34;&lt;/b&gt;</b></script>"},
          {"<script>if (\"</scrip\") {}</script>{{.Html}}",
           "<script>if (\"</scrip\") {}</script>&lt;b&gt;&#34;Q&amp;A&#34;&lt;/b&gt;"},
      });
}

TEST(TemplateHtml, RegularExpressionsAndTemplateStringsOfJavaScript) {
  CheckHtml(
      Value("a/b.c`${x}"),
      {
          {"<script>x = /{{.}}/g</script>",
           "<script>x = /a\\/b\\u002ec\\u0060\\u0024\\u007bx\\u007d/g</script>"},
          {"<script>x = a / {{.}} / 2</script>", "<script>x = a / \"a/b.c`${x}\" / 2</script>"},
          {"<script>return /[/]{{.}}/</script>",
           "<script>return /[/]a\\/b\\u002ec\\u0060\\u0024\\u007bx\\u007d/</script>"},
          {"<script>x = `{{.}}`</script>",
           "<script>x = `a\\/b.c\\u0060\\u0024\\u007bx\\u007d`</script>"},
          {"<script>x = `${ {a:{{.}}} } {{.}}`</script>",
           "<script>x = `${ {a:\"a/b.c`${x}\"} } a\\/b.c\\u0060\\u0024\\u007bx\\u007d`</script>"},
      });
  EXPECT_EQ(ExecuteHtml("<script>x = /{{.}}/</script>", Value("")), "<script>x = /(?:)/</script>");
}

TEST(TemplateHtml, Styles) {
  CheckHtml(Value("red"),
            {
                {"<p style=\"color: {{.}}\">", "<p style=\"color: red\">"},
                {"<style>p { color: {{.}} }</style>", "<style>p { color: red }</style>"},
                {"<style>/* {{.}} */</style>", "<style>/*  */</style>"},
            });
  for (std::string_view bad : {"expression(1)", "red; x: y", "url(x)", "a/*b", "</style>", "\"",
                               "--x", "ex\\70ression", "e-x-pression", "-moz-binding"}) {
    EXPECT_EQ(ExecuteHtml("<p style=\"color: {{.}}\">", Value(bad)),
              "<p style=\"color: ZgotmplZ\">")
        << bad;
  }
  CheckHtml(
      Value("javascript:x"),
      {
          {"<p style=\"background: url('{{.}}')\">", "<p style=\"background: url('#ZgotmplZ')\">"},
          {"<p style=\"background: url({{.}})\">", "<p style=\"background: url(#ZgotmplZ)\">"},
          {"<p style=\"background: url(/{{\"a(b) c\"}})\">",
           "<p style=\"background: url(/a%28b%29%20c)\">"},
          {"<style>p:after { content: 'x{{\"a'b</style>\"}}' }</style>",
           "<style>p:after { content: 'xa\\27 b\\3c\\2fstyle\\3e ' }</style>"},
      });
}

TEST(TemplateHtml, SafeTextIsRespectedWhereItsKindFits) {
  CheckHtml(
      Value("<b>x</b> & \"y\""),
      {
          {"{{. | safeHtml}}", "<b>x</b> & \"y\""},
          {"<p title=\"{{. | safeHtml}}\">", "<p title=\"x & &#34;y&#34;\">"},
          {"<title>{{. | safeHtml}}</title>", "<title>&lt;b&gt;x&lt;/b&gt; & &#34;y&#34;</title>"},
          {"{{. | safeUrl}}", "&lt;b&gt;x&lt;/b&gt; &amp; &#34;y&#34;"},
          {"{{. | html}}", "&lt;b&gt;x&lt;/b&gt; &amp; &#34;y&#34;"},
          {"<a href=\"{{. | safeHtml}}\">", "<a href=\"%3cb%3ex%3c/b%3e%20&amp;%20%22y%22\">"},
      });
  CheckHtml(Value("javascript:f('x')"),
            {
                {"<a href=\"{{. | safeUrl}}\">", "<a href=\"javascript:f%28%27x%27%29\">"},
                {"<a href=\"{{. | safeHtml}}\">", "<a href=\"#ZgotmplZ\">"},
            });
}

TEST(TemplateHtml, NamedTemplatesAreEscapedForWhereTheyAreCalled) {
  CheckHtml(
      Value("<&>"),
      {
          {"{{define \"x\"}}{{.}}{{end}}<p title=\"{{template \"x\" .}}\">{{template \"x\" "
           ".}}<script>{{template \"x\" .}}</script>",
           "<p title=\"&lt;&amp;&gt;\">&lt;&amp;&gt;<script>\"\\u003c\\u0026\\u003e\"</script>"},
          {"{{define \"open\"}}<a href=\"/?q={{end}}{{template \"open\"}}{{.}}\">",
           "<a href=\"/?q=%3c%26%3e\">"},
          {"<a{{if .}} href=\"{{.}}\"{{end}}>{{.}}", "<a href=\"%3c&amp;%3e\">&lt;&amp;&gt;"},
      });
}

TEST(TemplateHtml, HtmlThatEndsInsideOfSomethingIsAnError) {
  EXPECT_THAT(ExecuteHtml("<a href=\"x", Value()),
              HasSubstr("the HTML ends inside an attribute's value"));
  EXPECT_THAT(ExecuteHtml("<a ", Value()), HasSubstr("ends inside a tag"));
  EXPECT_THAT(ExecuteHtml("<script>x", Value()), HasSubstr("ends inside a <script>"));
  EXPECT_THAT(ExecuteHtml("<style>", Value()), HasSubstr("ends inside a <style>"));
  EXPECT_THAT(ExecuteHtml("<!-- x", Value()), HasSubstr("ends inside a comment"));
  EXPECT_THAT(ExecuteHtml("<script>'\\{{1}}'</script>", Value()), HasSubstr("behind a backslash"));
}

}  // namespace
}  // namespace tocsin::gotemplate
