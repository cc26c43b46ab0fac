// Digest: what several messages to one integration say, in one. Pure functions.
#pragma once

#include <cstddef>
#include <vector>

#include "receivers/pipeline/message.h"

namespace tocsin::receivers {

// So many messages at most go into one.
inline constexpr std::size_t kMaxDigestMessages = 500;

// All their alerts, each as the newest of them says, under the labels that the groups have in
// common. Its key is the same for the same messages. REQUIRES: not empty, oldest first, all to one
// integration.
GroupNotification DigestOf(const std::vector<const Message*>& messages);

}  // namespace tocsin::receivers
