// Any bytes as a gzip body: what comes out keeps the limit and survives another round. Any bytes as
// a text: packed and unpacked they are the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"

namespace tocsin {
namespace {

using Outcome = GzipResult::Outcome;

constexpr std::size_t kLimit = 64 << 10;

void CheckRound(std::string_view text) {
  const std::string packed = GzipCompress(text, 1);
  const GzipResult whole = GzipDecompress(packed, text.size());
  CHECK(whole.ok() && whole.bytes == text);
  if (!text.empty()) {
    CHECK(GzipDecompress(packed, text.size() - 1).outcome == Outcome::kTooLarge);
  }
  const std::string_view cut(packed.data(), packed.size() - 1);
  CHECK(GzipDecompress(cut, text.size()).outcome == Outcome::kMalformed);
}

void Run(std::string_view bytes) {
  CheckRound(bytes);
  const GzipResult result = GzipDecompress(bytes, kLimit);
  CHECK(result.ok() == result.message.empty());
  if (!result.ok()) {
    CHECK(result.bytes.empty());
    return;
  }
  CHECK(result.bytes.size() <= kLimit);
  CheckRound(result.bytes);
}

}  // namespace
}  // namespace tocsin

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tocsin::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
