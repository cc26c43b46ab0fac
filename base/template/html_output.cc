#include "base/template/html_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/template/html_escape.h"
#include "base/template/json_text.h"
#include "base/template/print.h"

namespace tocsin::gotemplate {
namespace {

using State = HtmlPlace::State;
using Delimiter = HtmlPlace::Delimiter;

std::string_view Describe(const HtmlPlace& place) {
  if (place.delimiter != Delimiter::kNone) return "an attribute's value";
  switch (place.state) {
    case State::kComment:
      return "a comment";
    case State::kRcdata:
      return "a <textarea> or <title>";
    case State::kTag:
    case State::kAttrName:
    case State::kAfterName:
    case State::kBeforeValue:
      return "a tag";
    default:
      return place.state >= State::kCss ? "a <style>" : "a <script>";
  }
}

bool IsDropped(State state) {
  return state == State::kComment || state == State::kJsComment || state == State::kCssComment;
}

void ReplaceIn(std::string_view what, std::string_view with, std::string* text) {
  for (std::size_t at = text->find(what); at != std::string::npos;
       at = text->find(what, at + with.size())) {
    text->replace(at, what.size(), with);
  }
}

}  // namespace

Error HtmlOutput::TooLong() const {
  return Error{fmt::format("output of more than {} bytes", max_bytes_)};
}

Status HtmlOutput::Literal(std::string_view text) {
  scanner_.Scan(text, &out_);
  if (out_.size() > max_bytes_) return TooLong();
  return {};
}

Status HtmlOutput::Print(const Value& value, std::string_view last_function) {
  if (IsDropped(scanner_.place().state)) return {};
  if (scanner_.place().escape_pending) {
    return Error{"a value stands behind a backslash, which would change its meaning"};
  }
  scanner_.BeforeValue();
  const Result<Printed> printed = TextOf(value, last_function);
  if (!printed) return printed.error();
  if (scanner_.place().state == State::kText && !printed->is_html) CloseOpenAngle();
  const Result<std::string> escaped = Escape(value, *printed);
  if (!escaped) return escaped.error();
  if (escaped->size() > max_bytes_ - out_.size()) return TooLong();
  out_ += *escaped;
  scanner_.AfterValue(printed->text);
  return {};
}

// A stray < of the template is text; with a value behind it, it must not become a tag.
void HtmlOutput::CloseOpenAngle() {
  for (std::string_view open : {"<", "</"}) {
    const std::size_t at = out_.size() - std::min(out_.size(), open.size());
    if (out_.compare(at, std::string::npos, open) == 0) out_.replace(at, 1, "&lt;");
  }
}

Result<std::string> HtmlOutput::Finish() {
  const HtmlPlace& place = scanner_.place();
  if (place.state == State::kText) return std::move(out_);
  return Error{fmt::format("the HTML ends inside {}", Describe(place))};
}

// nil prints nothing in HTML.
Result<HtmlOutput::Printed> HtmlOutput::TextOf(const Value& value,
                                               std::string_view last_function) const {
  Printed printed;
  if (value.kind() == Value::Kind::kSafe) {
    printed.is_html = value.as_safe().kind == SafeText::Kind::kHtml;
    printed.is_url = !printed.is_html;
  }
  printed.is_html = printed.is_html || last_function == "html";
  printed.is_url_escaped = last_function == "urlquery";
  if (value.is_nil()) return printed;
  if (const std::optional<std::string_view> text = value.text()) {
    if (text->size() > max_bytes_ - out_.size()) return TooLong();
    printed.text = *text;
    return printed;
  }
  Result<std::string> text = PrintValue(value, max_bytes_ - out_.size());
  if (!text) return TooLong();
  printed.text = *std::move(text);
  return printed;
}

Result<std::string> HtmlOutput::Escape(const Value& value, const Printed& printed) const {
  const HtmlPlace& place = scanner_.place();
  switch (place.state) {
    case State::kText:
      return printed.is_html ? printed.text : HtmlEscapeAll(printed.text);
    case State::kRcdata:
      return printed.is_html ? HtmlNormalise(printed.text) : HtmlEscapeAll(printed.text);
    case State::kAttrName:
      return HtmlFilterName(printed.text);
    default:
      break;
  }
  Result<std::string> text = EscapeLanguage(value, printed);
  if (!text) return text;
  return EscapeAttribute(printed, *text);
}

Result<std::string> HtmlOutput::EscapeLanguage(const Value& value, const Printed& printed) const {
  switch (scanner_.place().state) {
    case State::kUrl:
    case State::kCssUrl:
    case State::kCssDoubleUrl:
    case State::kCssSingleUrl:
    case State::kCssDouble:
    case State::kCssSingle:
      return EscapeUrl(printed);
    case State::kSrcset:
      return printed.is_url ? UrlNormalise(printed.text) : SrcsetFilter(printed.text);
    case State::kSrcdoc:
      return printed.is_html ? printed.text : HtmlEscapeAll(printed.text);
    case State::kJs:
      return JsValue(value);
    case State::kJsDouble:
    case State::kJsSingle:
      return JsEscapeString(printed.text);
    case State::kJsTemplate:
      return JsEscapeTemplate(printed.text);
    case State::kJsRegexp:
      return JsEscapeRegexp(printed.text);
    case State::kCss:
      return CssFilterValue(printed.text);
    default:
      return printed.text;
  }
}

// Strings of CSS may be URLs (@import), so they are filtered like those.
std::string HtmlOutput::EscapeUrl(const Printed& printed) const {
  const HtmlPlace& place = scanner_.place();
  const bool is_css_string = place.state == State::kCssDouble || place.state == State::kCssSingle;
  if (printed.is_url_escaped && !is_css_string) return printed.text;
  if (place.url_part == HtmlPlace::UrlPart::kQuery) {
    return printed.is_url ? UrlNormalise(printed.text) : UrlEscape(printed.text);
  }
  const bool may_name_scheme = place.url_part == HtmlPlace::UrlPart::kStart && !printed.is_url;
  const std::string url = may_name_scheme ? UrlFilter(printed.text) : printed.text;
  return is_css_string ? CssEscapeString(url) : UrlNormalise(url);
}

// JSON is JavaScript. Blanks around what could melt with the words beside it.
Result<std::string> HtmlOutput::JsValue(const Value& value) const {
  if (value.kind() == Value::Kind::kFunction) return std::string(" null ");
  if (value.kind() == Value::Kind::kFloat && !(value.as_float() - value.as_float() == 0)) {
    return std::string(" null ");  // NaN and infinities
  }
  Result<std::string> json = ToJson(value, max_bytes_ - out_.size());
  if (!json) return json;
  ReplaceIn("'", "\\u0027", &*json);
  const char first = json->front();
  if (first == '"' || first == '[' || first == '{') return json;
  return " " + *json + " ";
}

std::string HtmlOutput::EscapeAttribute(const Printed& printed, const std::string& text) const {
  const HtmlPlace& place = scanner_.place();
  const bool is_html = printed.is_html && place.state == State::kAttr;
  switch (place.delimiter) {
    case Delimiter::kNone:
      return text;
    case Delimiter::kSpaceOrTagEnd:
      return HtmlEscapeUnquoted(is_html ? HtmlStripTags(text) : text, is_html);
    default:
      return is_html ? HtmlNormalise(HtmlStripTags(text)) : HtmlEscapeAll(text);
  }
}

}  // namespace tocsin::gotemplate
