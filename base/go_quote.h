// Go's string literals in double quotes, as strconv.Quote writes and strconv.Unquote reads them,
// and its idea of white space: Alertmanager's files, keys and messages are made of them. Pure
// functions. https://go.dev/ref/spec#String_literals
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

// \a \b \f \n \r \t \v \\ \", \x.. for other ASCII controls and bytes that are not UTF-8, \u....
// and \U........ for what cannot be printed; other Unicode stays as it is.
std::string GoQuote(std::string_view text);

// `literal` includes its quotes. Nothing where it is no literal or does not stand for UTF-8.
std::optional<std::string> GoUnquote(std::string_view literal);

// unicode.IsSpace.
bool IsUnicodeSpace(char32_t c);

}  // namespace tocsin
