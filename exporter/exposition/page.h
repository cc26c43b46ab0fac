// The /metrics page: families of several sources, in the format that the reader asked for.
//
// The page is always whole and always 200. Sources may contradict each other (a pushed counter with
// the name of a collector's gauge, the same series twice): the source that comes first is believed,
// what contradicts it is left out, and the caller hears how much that was.
//
// A pure function of what the sources return; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "exporter/exposition/family.h"
#include "exporter/http/http.h"

namespace tocsin::exposition {

using FamilySource = std::function<std::vector<Family>()>;

enum class Dropped : std::uint8_t {
  kTypeConflict,  // the family has another type, or a name that another family reserves
  kDuplicate,     // the series is on the page already
};
std::string_view DroppedName(Dropped why);  // "type_conflict", "duplicate": for a metric's label

// Hears, only where there is something to hear, how many samples were left out and why.
using DropCallback = std::function<void(Dropped why, std::size_t samples)>;

http::Response RenderPage(const std::vector<FamilySource>& sources, const http::Request& request,
                          const DropCallback& on_dropped);

// The families of all sources, one for each name, arranged for the writers.
std::vector<Family> MergeSources(const std::vector<FamilySource>& sources,
                                 const DropCallback& on_dropped);

}  // namespace tocsin::exposition
