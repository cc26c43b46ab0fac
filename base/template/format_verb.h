// One value under one verb of printf, with flags, width and precision: what Go's fmt does with
// numbers and text. Pure functions that append to `out`; width and precision are bounded by the
// caller.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::gotemplate {

struct FormatFlags {
  bool plus = false;
  bool minus = false;
  bool sharp = false;
  bool space = false;
  bool zero = false;
  bool plus_v = false;   // %+v: names of fields
  bool sharp_v = false;  // %#v: as Go source
  bool has_width = false;
  bool has_precision = false;
  int width = 0;
  int precision = 0;
};

// What stands in front of a number: "-", or what the flags ask for before one that is not negative.
std::string_view SignOf(bool negative, const FormatFlags& flags);

// To the width in characters; with zeros on the left where the flag says so.
void AppendPadded(std::string_view text, const FormatFlags& flags, std::string* out);

// %d %b %o %O %x %X.
void AppendInteger(std::int64_t number, char verb, const FormatFlags& flags, std::string* out);
// %c %q %U.
void AppendCharacterVerb(std::int64_t number, char verb, const FormatFlags& flags,
                         std::string* out);
// %e %E %f %F %g %G %b %x %X.
void AppendFloat(double number, char verb, const FormatFlags& flags, std::string* out);
// %s %q %x %X.
void AppendText(std::string_view text, char verb, const FormatFlags& flags, std::string* out);

// "text" as Go source, with what is not printable (or not ASCII) as escapes.
std::string QuoteAsGo(std::string_view text, bool ascii_only);

}  // namespace tocsin::gotemplate
