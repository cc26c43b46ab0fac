// Pictures in what is shown of a message. A pure function.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::receivers {

// Each PNG as a remark in its place ("(a PNG picture of 12345 bytes)"), as it is or in BASE64.
std::string HidePictures(std::string_view text);

}  // namespace tocsin::receivers
