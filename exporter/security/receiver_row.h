// A receiver made over the API as the database has it: its settings are sealed whole, so that no
// address, token or password is left open by mistake; who made it and when is not.
//
// Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "exporter/security/secret_box.h"

namespace tocsin::security {

struct ReceiverRow {
  std::string name;
  Secret body;  // JSON, as it was sent
  Timestamp created_at;
  Timestamp updated_at;
  std::string created_by;
  std::string creation_id;  // of the request that made it (http::Request); empty: it had none
};

// The value of the row with the key `row.name`.
std::string SealReceiverRow(const ReceiverRow& row, const SecretBox& box);
// Fails as SecretBox::Open does, the receiver's name in front, and on a text of another making.
Result<ReceiverRow> OpenReceiverRow(const std::string& name, std::string_view text,
                                    const SecretBox& box);
// Whether the key that Seal would take has sealed it.
bool IsSealedNow(std::string_view text, const SecretBox& box);

}  // namespace tocsin::security
