// What AWS's shared files and services say: a first byte that chooses the reader, then the text.
// Keys that are accepted can stand in a header.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "receivers/channels/aws_answers.h"
#include "receivers/channels/aws_profiles.h"

namespace tocsin::receivers {
namespace {

bool IsHeaderText(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0 ", 4)) == std::string_view::npos;
}

void CheckLent(const Result<LentAwsKeys>& lent) {
  if (!lent) return;
  CHECK(!lent->keys.access_key.empty() && !lent->keys.secret_key.empty());
  CHECK(IsHeaderText(lent->keys.access_key));
  CHECK(IsHeaderText(lent->keys.session_token.Reveal()));
}

// What was read is a piece of the text, and a second reading changes nothing.
void CheckProfiles(std::string_view text, AwsFile kind) {
  AwsProfiles profiles;
  ReadAwsProfiles(text, kind, &profiles);
  const std::size_t count = profiles.size();
  ReadAwsProfiles(text, kind, &profiles);
  CHECK(profiles.size() == count);
  for (const auto& [name, profile] : profiles) {
    CHECK(!name.empty());
    CHECK(text.find(profile.access_key) != std::string_view::npos);
    CHECK(profile.access_key.find('\n') == std::string::npos);
    CHECK(profile.secret_key.Reveal().find('\n') == std::string::npos);
  }
}

void CheckText(char reader, std::string_view text) {
  switch (reader) {
    case 'c':
      return CheckProfiles(text, AwsFile::kConfig);
    case 'k':
      return CheckProfiles(text, AwsFile::kCredentials);
    case 'j':
      return CheckLent(ReadLentKeys(std::string(text)));
    default:
      CheckLent(ReadStsAnswer(text));
      CHECK(AwsErrorCode(text).size() <= 60);
  }
}

}  // namespace
}  // namespace tocsin::receivers

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  tocsin::receivers::CheckText(text.front(), text.substr(1));
  return 0;
}
