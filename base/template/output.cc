#include "base/template/output.h"

#include "base/template/print.h"

namespace tocsin::gotemplate {

Status TextOutput::Literal(std::string_view text) {
  if (text.size() > max_bytes_ - out_.size()) {
    return Error{fmt::format("output of more than {} bytes", max_bytes_)};
  }
  out_ += text;
  return {};
}

Status TextOutput::Print(const Value& value, std::string_view /*last_function*/) {
  if (const std::optional<std::string_view> text = value.text()) return Literal(*text);
  Result<std::string> text = PrintValue(value, max_bytes_ - out_.size());
  if (!text) return Error{fmt::format("output of more than {} bytes", max_bytes_)};
  return Literal(*text);
}

}  // namespace tocsin::gotemplate
