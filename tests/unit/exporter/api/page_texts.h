// What tests of the overview pages look for.
#pragma once

#include <string>

namespace tocsin::api {

// A text that wants to be more than text on a page, and what the page has to make of it.
inline const std::string kEvil = "<script>alert('x')</script>\"&";
inline const std::string kEscaped = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&#34;&amp;";

inline bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace tocsin::api
