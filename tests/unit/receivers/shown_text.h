// Makes what nobody sees in a chat's text visible.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::receivers {

// U+200B, which keeps what stands before it from calling anybody, as tests write it: |
inline std::string Shown(std::string text) {
  constexpr std::string_view kInvisible = "\xE2\x80\x8B";
  for (std::size_t at = text.find(kInvisible); at != std::string::npos;
       at = text.find(kInvisible)) {
    text.replace(at, kInvisible.size(), "|");
  }
  return text;
}

}  // namespace tocsin::receivers
