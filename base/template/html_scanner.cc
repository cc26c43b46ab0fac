#include "base/template/html_scanner.h"

#include <algorithm>
#include <array>

#include "base/template/html_entities.h"
#include "base/text.h"

namespace tocsin::gotemplate {
namespace {

using Place = HtmlPlace;

constexpr std::string_view kHtmlBlanks = " \t\n\f\r";

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsNameCharacter(char c) {
  return IsLetter(c) || (c >= '0' && c <= '9') || c == '-' || c == ':';
}

void Move(std::string_view* text, std::size_t count, std::string* out) {
  out->append(text->substr(0, count));
  text->remove_prefix(count);
}

std::size_t FindOr(std::string_view text, std::string_view any_of) {
  return std::min(text.find_first_of(any_of), text.size());
}

Place::Element ElementOf(std::string_view lower_name) {
  if (lower_name == "script") return Place::Element::kScript;
  if (lower_name == "style") return Place::Element::kStyle;
  if (lower_name == "textarea") return Place::Element::kTextarea;
  return lower_name == "title" ? Place::Element::kTitle : Place::Element::kNone;
}

std::string_view NameOf(Place::Element element) {
  switch (element) {
    case Place::Element::kScript:
      return "script";
    case Place::Element::kStyle:
      return "style";
    case Place::Element::kTextarea:
      return "textarea";
    default:
      return "title";
  }
}

// Where "</name" begins that closes the element; the size of the text if it does not.
std::size_t FindClosingTag(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find("</"); at != std::string_view::npos;
       at = text.find("</", at + 2)) {
    const std::string_view found = text.substr(at + 2, name.size());
    const std::size_t behind = at + 2 + name.size();
    if (!EqualsIgnoreCase(found, name)) continue;
    if (behind >= text.size() || text[behind] == '>' || text[behind] == '/' ||
        kHtmlBlanks.find(text[behind]) != std::string_view::npos) {
      return at;
    }
  }
  return text.size();
}

// Script elements also carry data and templates, which are read as HTML here.
bool IsJavaScriptType(std::string_view type) {
  const std::string lower = ToLowerAscii(TrimSpace(type.substr(0, type.find(';'))));
  constexpr std::array<std::string_view, 7> kTypes = {"",
                                                      "module",
                                                      "text/javascript",
                                                      "application/javascript",
                                                      "application/json",
                                                      "text/ecmascript",
                                                      "application/ecmascript"};
  if (std::find(kTypes.begin(), kTypes.end(), lower) != kTypes.end()) return true;
  return lower == "application/ld+json" || lower == "text/jscript" ||
         lower == "application/x-javascript" || lower == "text/x-javascript" ||
         lower == "importmap" || lower == "speculationrules" || lower == "text/livescript" ||
         lower.compare(0, 15, "text/javascript") == 0;
}

}  // namespace

Place::Attribute HtmlScanner::Classify(std::string_view lower_name) {
  constexpr std::array<std::string_view, 18> kUrls = {
      "action", "archive",    "background", "cite", "classid",  "codebase",
      "data",   "formaction", "href",       "icon", "longdesc", "manifest",
      "ping",   "poster",     "profile",    "src",  "usemap",   "xmlns"};
  std::string_view name = lower_name;
  if (name.substr(0, 5) == "data-") name.remove_prefix(5);
  if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
    if (name.substr(0, colon) == "xmlns") return Place::Attribute::kUrl;
    name.remove_prefix(colon + 1);
  }
  if (name == "style") return Place::Attribute::kStyle;
  if (name == "srcset" || name == "imagesrcset") return Place::Attribute::kSrcset;
  if (name == "srcdoc") return Place::Attribute::kSrcdoc;
  if (std::find(kUrls.begin(), kUrls.end(), name) != kUrls.end()) return Place::Attribute::kUrl;
  if (name.substr(0, 2) == "on") return Place::Attribute::kScript;
  // Names nobody standardised: better a URL too many.
  for (std::string_view hint : {"src", "uri", "url"}) {
    if (name.find(hint) != std::string_view::npos) return Place::Attribute::kUrl;
  }
  return Place::Attribute::kPlain;
}

void HtmlScanner::Scan(std::string_view text, std::string* out) {
  while (!text.empty()) {
    if (place_.delimiter != Place::Delimiter::kNone) {
      ScanValue(&text, out);
      continue;
    }
    switch (place_.state) {
      case State::kText:
        ScanText(&text, out);
        break;
      case State::kComment:
        ScanComment(&text);
        break;
      case State::kTag:
        ScanTag(&text, out);
        break;
      case State::kAttrName:
        ScanAttrName(&text, out);
        break;
      case State::kAfterName:
        ScanAfterName(&text, out);
        break;
      case State::kBeforeValue:
        ScanBeforeValue(&text, out);
        break;
      default:
        ScanElement(&text, out);
        break;
    }
  }
}

void HtmlScanner::ScanText(std::string_view* text, std::string* out) {
  Move(text, std::min(text->find('<'), text->size()), out);
  if (text->empty()) return;
  constexpr std::string_view kCommentStart = "<!--";
  if (text->substr(0, kCommentStart.size()) == kCommentStart) {
    text->remove_prefix(kCommentStart.size());
    place_.state = State::kComment;
    return;
  }
  const bool closing = text->size() > 1 && (*text)[1] == '/';
  const std::size_t begin = closing ? 2 : 1;
  if (begin >= text->size() || !IsLetter((*text)[begin])) {
    Move(text, 1, out);
    return;
  }
  std::size_t end = begin;
  while (end < text->size() && IsNameCharacter((*text)[end])) ++end;
  BeginTag(text->substr(begin, end - begin), closing);
  Move(text, end, out);
}

void HtmlScanner::BeginTag(std::string_view name, bool closing) {
  place_ = {};
  place_.state = State::kTag;
  if (!closing) place_.element = ElementOf(ToLowerAscii(name));
  script_type_.clear();
}

void HtmlScanner::EndTag() {
  if (place_.element == Place::Element::kScript && !IsJavaScriptType(script_type_)) {
    place_.element = Place::Element::kNone;
  }
  const Place::Element element = place_.element;
  place_ = {};
  place_.element = element;
  regexp_may_follow_ = true;
  braces_.clear();
  if (element == Place::Element::kScript) place_.state = State::kJs;
  if (element == Place::Element::kStyle) place_.state = State::kCss;
  if (element == Place::Element::kTextarea || element == Place::Element::kTitle) {
    place_.state = State::kRcdata;
  }
}

void HtmlScanner::ScanComment(std::string_view* text) {
  constexpr std::string_view kCommentEnd = "-->";
  const std::size_t end = text->find(kCommentEnd);
  if (end == std::string_view::npos) {
    *text = {};
    return;
  }
  text->remove_prefix(end + kCommentEnd.size());
  place_.state = State::kText;
}

// The inside of <script>, <style>, <textarea>, <title>: until the closing tag, whatever stands
// there.
void HtmlScanner::ScanElement(std::string_view* text, std::string* out) {
  const std::size_t end = FindClosingTag(*text, NameOf(place_.element));
  if (place_.state != State::kRcdata) FollowLanguage(text->substr(0, end));
  const bool closed = end < text->size();
  Move(text, end, out);
  if (closed) place_ = {};
}

void HtmlScanner::ScanTag(std::string_view* text, std::string* out) {
  const std::size_t blanks = std::min(text->find_first_not_of(kHtmlBlanks), text->size());
  Move(text, blanks, out);
  if (text->empty()) return;
  if (text->front() == '>') {
    EndTag();
    Move(text, 1, out);
    return;
  }
  // What cannot begin a name is passed, as browsers do.
  std::size_t end = FindOr(*text, " \t\n\f\r=>/\"'");
  if (end == 0) {
    Move(text, 1, out);
    return;
  }
  const std::string name = ToLowerAscii(text->substr(0, end));
  place_.attribute = Classify(name);
  if (place_.element == Place::Element::kScript && name == "type") {
    place_.attribute = Place::Attribute::kScriptType;
  }
  place_.state = end == text->size() ? State::kAttrName : State::kAfterName;
  Move(text, end, out);
}

void HtmlScanner::ScanAttrName(std::string_view* text, std::string* out) {
  Move(text, FindOr(*text, " \t\n\f\r=>/\"'"), out);
  if (!text->empty()) place_.state = State::kAfterName;
}

void HtmlScanner::ScanAfterName(std::string_view* text, std::string* out) {
  Move(text, std::min(text->find_first_not_of(kHtmlBlanks), text->size()), out);
  if (text->empty()) return;
  if (text->front() != '=') {
    place_.state = State::kTag;
    return;
  }
  place_.state = State::kBeforeValue;
  Move(text, 1, out);
}

void HtmlScanner::ScanBeforeValue(std::string_view* text, std::string* out) {
  Move(text, std::min(text->find_first_not_of(kHtmlBlanks), text->size()), out);
  if (text->empty()) return;
  const char first = text->front();
  if (first == '>') {
    place_.state = State::kTag;
  } else if (first == '"' || first == '\'') {
    BeginValue(first == '"' ? Place::Delimiter::kDouble : Place::Delimiter::kSingle);
    Move(text, 1, out);
  } else {
    BeginValue(Place::Delimiter::kSpaceOrTagEnd);
  }
}

void HtmlScanner::BeginValue(Place::Delimiter delimiter) {
  place_.delimiter = delimiter;
  place_.url_part = Place::UrlPart::kStart;
  regexp_may_follow_ = true;
  braces_.clear();
  switch (place_.attribute) {
    case Place::Attribute::kPlain:
    case Place::Attribute::kScriptType:
      place_.state = State::kAttr;
      break;
    case Place::Attribute::kScript:
      place_.state = State::kJs;
      break;
    case Place::Attribute::kStyle:
      place_.state = State::kCss;
      break;
    case Place::Attribute::kUrl:
      place_.state = State::kUrl;
      break;
    case Place::Attribute::kSrcset:
      place_.state = State::kSrcset;
      break;
    case Place::Attribute::kSrcdoc:
      place_.state = State::kSrcdoc;
      break;
  }
}

void HtmlScanner::EndValue() {
  const Place::Element element = place_.element;
  place_ = {};
  place_.element = element;
  place_.state = State::kTag;
}

// Browsers read entities first, then the language of the attribute.
void HtmlScanner::ScanValue(std::string_view* text, std::string* out) {
  std::string_view ends = " \t\n\f\r>";
  if (place_.delimiter == Place::Delimiter::kDouble) ends = "\"";
  if (place_.delimiter == Place::Delimiter::kSingle) ends = "'";
  const bool quoted = place_.delimiter != Place::Delimiter::kSpaceOrTagEnd;
  const std::size_t end = FindOr(*text, ends);
  const bool closed = end < text->size();
  const std::string value = DecodeEntities(text->substr(0, end));
  if (place_.attribute == Place::Attribute::kScriptType) script_type_ += value;
  FollowLanguage(value);
  Move(text, end, out);
  if (!closed) return;
  EndValue();
  if (quoted) Move(text, 1, out);
}

void HtmlScanner::BeforeValue() {
  if (place_.state == State::kBeforeValue) BeginValue(Place::Delimiter::kSpaceOrTagEnd);
  if (place_.state == State::kTag || place_.state == State::kAfterName) {
    place_.state = State::kAttrName;
    place_.attribute = Place::Attribute::kPlain;
  }
}

void HtmlScanner::AfterValue(std::string_view value) {
  if (place_.attribute == Place::Attribute::kScriptType) script_type_ += value;
  regexp_may_follow_ = false;
  // A printed part settles nothing about the scheme unless it has come past it.
  if (value.find_first_of("?#") != std::string_view::npos) {
    place_.url_part = Place::UrlPart::kQuery;
  } else if (value.find_first_of(":/") != std::string_view::npos &&
             place_.url_part == Place::UrlPart::kStart) {
    place_.url_part = Place::UrlPart::kPath;
  }
}

}  // namespace tocsin::gotemplate
