#include "receivers/trial/picture_mask.h"

#include <fmt/format.h>

#include <algorithm>

namespace tocsin::receivers {
namespace {

// https://www.w3.org/TR/png-3/#3PNGsignature, and the last chunk, which is followed by its
// checksum.
constexpr std::string_view kSignature = "\x89PNG\r\n\x1a\n";
constexpr std::string_view kEnd = "IEND";
constexpr std::size_t kChecksumBytes = 4;
// The signature and the length of the first chunk.
constexpr std::string_view kInBase64 = "iVBORw0KGgoAAAAN";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n";

std::string HideBytes(std::string_view text) {
  std::string out;
  for (std::size_t at = text.find(kSignature); at != std::string_view::npos;
       at = text.find(kSignature)) {
    const std::size_t end = text.find(kEnd, at);
    const std::size_t size = end == std::string_view::npos
                                 ? text.size() - at
                                 : std::min(end + kEnd.size() + kChecksumBytes, text.size()) - at;
    out += text.substr(0, at);
    out += fmt::format("(a PNG picture of {} bytes)", size);
    text.remove_prefix(at + size);
  }
  return out.append(text);
}

std::string HideBase64(std::string_view text) {
  std::string out;
  for (std::size_t at = text.find(kInBase64); at != std::string_view::npos;
       at = text.find(kInBase64)) {
    const std::size_t end = std::min(text.find_first_not_of(kBase64, at), text.size());
    std::string_view encoded = text.substr(at, end - at);
    encoded = encoded.substr(0, encoded.find_last_not_of("\r\n") + 1);
    const auto is_byte = [](char c) { return c != '\r' && c != '\n' && c != '='; };
    const auto characters = std::count_if(encoded.begin(), encoded.end(), is_byte);
    out += text.substr(0, at);
    out += fmt::format("(a PNG picture of {} bytes in BASE64)", characters * 3 / 4);
    text.remove_prefix(at + encoded.size());
  }
  return out.append(text);
}

}  // namespace

std::string HidePictures(std::string_view text) { return HideBase64(HideBytes(text)); }

}  // namespace tocsin::receivers
