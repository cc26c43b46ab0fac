#include "exporter/http/body_reader.h"

#include <algorithm>
#include <array>

#include "exporter/http/http.h"

namespace tocsin::http {
namespace {

constexpr std::size_t kPiece = 64 << 10;
constexpr std::size_t kMostDiscarded = 64 << 20;

// Appends up to `bytes`; what mg_read says.
int Append(mg_connection* connection, std::size_t bytes, std::string* body) {
  const std::size_t before = body->size();
  body->reserve(before + bytes + kBodyPadding);
  body->resize(before + bytes);
  const int got = mg_read(connection, body->data() + before, bytes);
  body->resize(before + static_cast<std::size_t>(std::max(got, 0)));
  return got;
}

// How much to make room for: as much again as has come, at least a piece.
std::size_t NextPiece(const std::string& body, std::size_t at_most) {
  return std::min(std::max(body.size(), kPiece), at_most);
}

BodyOutcome ReadLength(mg_connection* connection, std::size_t length, std::string* body) {
  while (body->size() < length) {
    const std::size_t wanted = NextPiece(*body, length - body->size());
    if (Append(connection, wanted, body) != static_cast<int>(wanted)) {
      return BodyOutcome::kIncomplete;
    }
  }
  return BodyOutcome::kWhole;
}

BodyOutcome ReadChunks(mg_connection* connection, std::size_t max_bytes, std::string* body) {
  while (body->size() <= max_bytes) {
    // One more than the limit, to see that it is passed. mg_read comes back with less only at the
    // end.
    const std::size_t wanted = NextPiece(*body, max_bytes + 1 - body->size());
    const int got = Append(connection, wanted, body);
    if (got < 0) return BodyOutcome::kIncomplete;
    if (got < static_cast<int>(wanted)) return BodyOutcome::kWhole;
  }
  return BodyOutcome::kTooLarge;
}

}  // namespace

BodyOutcome ReadBody(mg_connection* connection, const RequestHead& head, std::size_t max_bytes,
                     std::string* body) {
  body->clear();
  body->reserve(kBodyPadding);
  if (head.chunked) return ReadChunks(connection, max_bytes, body);
  if (head.content_length > max_bytes) return BodyOutcome::kTooLarge;
  return ReadLength(connection, head.content_length, body);
}

void DiscardBody(mg_connection* connection) {
  std::array<char, 16 << 10> buffer;
  std::size_t discarded = 0;
  while (discarded < kMostDiscarded) {
    const int got = mg_read(connection, buffer.data(), buffer.size());
    if (got <= 0) return;
    discarded += static_cast<std::size_t>(got);
  }
}

}  // namespace tocsin::http
