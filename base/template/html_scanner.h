// Where in an HTML document one is: follows the template's own text as it is written, so that a
// value printed next can be escaped for that place: text, tag, attribute, URL, script, style.
//
// The idea: html/template analyses a template before it runs, and has to refuse those whose
// branches end in different places. Here the output itself is followed while it is made, so there
// is one place at any time and nothing to join. Only the template's text moves the state; what is
// printed is escaped so that it cannot (but for starting a value or an attribute's name).
//
// Owned by one HtmlOutput.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::gotemplate {

struct HtmlPlace {
  enum class State : std::uint8_t {
    kText,
    kComment,  // <!-- -->, which is dropped
    kRcdata,   // the inside of <textarea> and <title>
    kTag,      // between attributes
    kAttrName,
    kAfterName,    // = may follow
    kBeforeValue,  // behind the =
    kAttr,         // a value without a language of its own
    kUrl,
    kSrcset,
    kSrcdoc,
    kJs,
    kJsDouble,    // "..."
    kJsSingle,    // '...'
    kJsTemplate,  // `...`
    kJsRegexp,
    kJsComment,
    kCss,
    kCssDouble,
    kCssSingle,
    kCssUrl,        // url(...)
    kCssDoubleUrl,  // url("...")
    kCssSingleUrl,
    kCssComment,
  };
  // What ends the attribute's value.
  enum class Delimiter : std::uint8_t { kNone, kDouble, kSingle, kSpaceOrTagEnd };
  // How far in a URL: what comes first may still name its scheme.
  enum class UrlPart : std::uint8_t { kStart, kPath, kQuery };
  enum class Element : std::uint8_t { kNone, kScript, kStyle, kTextarea, kTitle };
  enum class Attribute : std::uint8_t {
    kPlain,
    kScript,
    kScriptType,
    kStyle,
    kUrl,
    kSrcset,
    kSrcdoc,
  };

  State state = State::kText;
  Delimiter delimiter = Delimiter::kNone;
  UrlPart url_part = UrlPart::kStart;
  Element element = Element::kNone;
  Attribute attribute = Attribute::kPlain;
  // Behind a backslash, whose meaning a value must not decide.
  bool escape_pending = false;
};

class HtmlScanner {
 public:
  const HtmlPlace& place() const { return place_; }

  // Follows text of the template, and appends it to `out` without its HTML comments.
  void Scan(std::string_view text, std::string* out);

  // A value follows: behind = it begins an unquoted value, in a tag a name.
  void BeforeValue();
  // A value was printed, raw as it was before escaping for the attribute.
  void AfterValue(std::string_view value);

  // What an attribute of that name holds.
  static HtmlPlace::Attribute Classify(std::string_view lower_name);

 private:
  using State = HtmlPlace::State;

  // Each takes a piece from the front of the text.
  void ScanText(std::string_view* text, std::string* out);
  void ScanComment(std::string_view* text);
  void ScanElement(std::string_view* text, std::string* out);
  void ScanTag(std::string_view* text, std::string* out);
  void ScanAttrName(std::string_view* text, std::string* out);
  void ScanAfterName(std::string_view* text, std::string* out);
  void ScanBeforeValue(std::string_view* text, std::string* out);
  void ScanValue(std::string_view* text, std::string* out);

  void BeginTag(std::string_view name, bool closing);
  void EndTag();
  void BeginValue(HtmlPlace::Delimiter delimiter);
  void EndValue();

  // The languages inside (html_languages.cc).
  void FollowLanguage(std::string_view code);
  void FollowUrl(std::string_view url);
  std::size_t StepJs(std::string_view code);
  std::size_t StepJsCode(std::string_view code);
  std::size_t StepJsWord(std::string_view code);
  std::size_t StepJsSlash(std::string_view code);
  std::size_t StepJsQuoted(std::string_view code, char quote);
  std::size_t StepJsTemplate(std::string_view code);
  std::size_t StepJsRegexp(std::string_view code);
  std::size_t StepJsBrace(char brace);
  std::size_t StepComment(std::string_view code, State after);
  std::size_t StepCss(std::string_view code);
  std::size_t StepCssCode(std::string_view code);
  std::size_t StepCssQuoted(std::string_view code, char quote);

  HtmlPlace place_;
  std::string script_type_;
  bool regexp_may_follow_ = true;  // else a slash divides
  bool in_class_ = false;          // [...] of a regular expression
  bool line_comment_ = false;      // else /* */
  std::vector<int> braces_;        // open ones in each ${...} of a JavaScript template
};

}  // namespace tocsin::gotemplate
