// Escaping for every place of an HTML document where a value may be printed. What cannot be made
// safe there becomes "ZgotmplZ", a word that is easy to search for.
// https://pkg.go.dev/html/template#hdr-Security_Model
//
// Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::gotemplate {

inline constexpr std::string_view kUnsafeWord = "ZgotmplZ";

// Text and quoted attributes.
std::string HtmlEscapeAll(std::string_view text);
// The same for text that may have entities: they stay.
std::string HtmlNormalise(std::string_view text);
// Unquoted attributes: blanks and more, too. `normalise` leaves entities.
std::string HtmlEscapeUnquoted(std::string_view text, bool normalise);
// Without tags and comments: HTML in an attribute.
std::string HtmlStripTags(std::string_view html);
// A plain attribute's or element's name, or the unsafe word.
std::string HtmlFilterName(std::string_view name);

// "#ZgotmplZ" for a scheme other than http, https and mailto.
std::string UrlFilter(std::string_view url);
// What cannot stand in a URL is percent-encoded; what has a meaning there stays.
std::string UrlNormalise(std::string_view url);
// A single value of a query.
std::string UrlEscape(std::string_view text);
// A list of image candidates, each URL filtered and normalised.
std::string SrcsetFilter(std::string_view srcset);

// The inside of a string, template string or regular expression of JavaScript.
std::string JsEscapeString(std::string_view text);
std::string JsEscapeTemplate(std::string_view text);
std::string JsEscapeRegexp(std::string_view text);

// The inside of a CSS string; a CSS value (number, colour, keyword), or the unsafe word.
std::string CssEscapeString(std::string_view text);
std::string CssFilterValue(std::string_view value);

}  // namespace tocsin::gotemplate
