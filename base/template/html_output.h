// The HTML output of an execution: what is printed is escaped for the place where it stands, HTML
// comments are dropped, marked-safe text is respected where its kind fits.
//
// Owned by one execution. A template that ends inside a tag, an attribute, a script or a comment is
// an error: whatever is put behind it would be read as something else.
#pragma once

#include <string>
#include <string_view>

#include "base/template/html_scanner.h"
#include "base/template/output.h"

namespace tocsin::gotemplate {

class HtmlOutput final : public Output {
 public:
  explicit HtmlOutput(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  Status Literal(std::string_view text) override;
  Status Print(const Value& value, std::string_view last_function) override;
  Result<std::string> Finish() override;

 private:
  struct Printed {
    std::string text;
    bool is_html = false;         // safe, or escaped already
    bool is_url = false;          // marked safe
    bool is_url_escaped = false;  // by urlquery
  };

  Result<Printed> TextOf(const Value& value, std::string_view last_function) const;
  Result<std::string> Escape(const Value& value, const Printed& printed) const;
  Result<std::string> EscapeLanguage(const Value& value, const Printed& printed) const;
  std::string EscapeUrl(const Printed& printed) const;
  Result<std::string> JsValue(const Value& value) const;
  std::string EscapeAttribute(const Printed& printed, const std::string& text) const;
  void CloseOpenAngle();
  Error TooLong() const;

  const std::size_t max_bytes_;
  HtmlScanner scanner_;
  std::string out_;
};

}  // namespace tocsin::gotemplate
