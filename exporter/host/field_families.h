// FieldFamilies: families named after fields that the kernel lists, such as those of /proc/meminfo.
// Each is made when its field is first seen and kept; a field that is not wanted is remembered too,
// so that the question is asked once. Owned by the source that parses the file.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "exporter/host/emitter.h"

namespace tocsin::host {

class FieldFamilies {
 public:
  // Makes the family of a field; null where the field is not wanted.
  using Maker = std::function<std::unique_ptr<const Family>(std::string_view field)>;
  explicit FieldFamilies(Maker make) : make_(std::move(make)) {}

  // Null where the field is not wanted.
  const Family* Find(std::string_view field) {
    auto found = families_.find(field);
    if (found == families_.end()) found = families_.emplace(field, make_(field)).first;
    return found->second.get();
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  const Maker make_;
  std::unordered_map<std::string, std::unique_ptr<const Family>, Hash, std::equal_to<>> families_;
};

}  // namespace tocsin::host
