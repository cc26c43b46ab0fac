// A PNG in pixels, read without the library that wrote it: eight bits for each of red, green and
// blue, not interlaced. https://www.w3.org/TR/png-3/
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::testing {

struct PngImage {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::uint32_t> pixels;  // 0xRRGGBB, row by row

  std::uint32_t At(std::uint32_t x, std::uint32_t y) const { return pixels.at(y * width + x); }
};

inline std::uint32_t BigEndian32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8U | static_cast<unsigned char>(bytes.at(at + i));
  }
  return value;
}

// What the filter of a row says of a byte by its neighbours: left, above, above left.
inline int PredictedByte(int filter, int a, int b, int c) {
  if (filter == 1) return a;
  if (filter == 2) return b;
  if (filter == 3) return (a + b) / 2;
  if (filter != 4) return 0;
  const int p = a + b - c;
  const int to_a = std::abs(p - a);
  const int to_b = std::abs(p - b);
  const int to_c = std::abs(p - c);
  if (to_a <= to_b && to_a <= to_c) return a;
  return to_b <= to_c ? b : c;
}

// The chunks' data: IHDR, and all of IDAT. Nothing where a chunk is cut or its checksum is wrong.
struct PngChunks {
  std::string header;
  std::string data;
  bool has_end = false;
};
inline std::optional<PngChunks> ReadPngChunks(std::string_view bytes) {
  constexpr std::string_view kSignature = "\x89PNG\r\n\x1a\n";
  if (!bytes.starts_with(kSignature)) return std::nullopt;
  bytes.remove_prefix(kSignature.size());
  PngChunks chunks;
  while (!bytes.empty()) {
    if (bytes.size() < 12 || bytes.size() - 12 < BigEndian32(bytes, 0)) return std::nullopt;
    const std::size_t size = BigEndian32(bytes, 0);
    const std::string_view checked = bytes.substr(4, size + 4);
    const auto* const begin = reinterpret_cast<const unsigned char*>(checked.data());
    if (crc32(0, begin, static_cast<unsigned>(checked.size())) != BigEndian32(bytes, size + 8)) {
      return std::nullopt;
    }
    const std::string_view type = checked.substr(0, 4);
    if (type == "IHDR") chunks.header = checked.substr(4);
    if (type == "IDAT") chunks.data += checked.substr(4);
    if (type == "IEND") chunks.has_end = true;
    bytes.remove_prefix(size + 12);
  }
  return chunks;
}

inline std::optional<PngImage> ReadPng(std::string_view bytes) {
  const std::optional<PngChunks> chunks = ReadPngChunks(bytes);
  // Eight bits, RGB, deflate, the usual filters, no interlace.
  if (!chunks || !chunks->has_end || chunks->header.size() != 13 ||
      chunks->header.substr(8) != std::string("\x08\x02\0\0\0", 5)) {
    return std::nullopt;
  }
  PngImage image;
  image.width = BigEndian32(chunks->header, 0);
  image.height = BigEndian32(chunks->header, 4);
  const std::size_t row = 3 * std::size_t{image.width} + 1;
  std::vector<unsigned char> raw(row * image.height);
  auto size = static_cast<uLongf>(raw.size());
  const auto* const data = reinterpret_cast<const unsigned char*>(chunks->data.data());
  if (uncompress(raw.data(), &size, data, chunks->data.size()) != Z_OK || size != raw.size()) {
    return std::nullopt;
  }
  for (std::size_t y = 0; y < image.height; ++y) {
    for (std::size_t x = 1; x < row; ++x) {
      const auto byte = [&](bool left, bool above) -> int {
        if ((left && x <= 3) || (above && y == 0)) return 0;
        return raw[(y - (above ? 1 : 0)) * row + x - (left ? 3 : 0)];
      };
      const int predicted =
          PredictedByte(raw[y * row], byte(true, false), byte(false, true), byte(true, true));
      raw[y * row + x] = static_cast<unsigned char>(raw[y * row + x] + predicted);
    }
    for (std::size_t x = 1; x < row; x += 3) {
      const unsigned char* const at = &raw[y * row + x];
      image.pixels.push_back(std::uint32_t{at[0]} << 16U | std::uint32_t{at[1]} << 8U | at[2]);
    }
  }
  return image;
}

}  // namespace tocsin::testing
