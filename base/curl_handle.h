// libcurl's objects with owners, and options that cannot fail silently. For the curl_*.cc files
// only.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "base/check.h"

namespace tocsin {

struct EasyCleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using EasyHandle = std::unique_ptr<CURL, EasyCleanup>;

struct ListCleanup {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, ListCleanup>;

inline void Append(const std::string& line, CurlList* list) {
  curl_slist* longer = curl_slist_append(list->get(), line.c_str());
  CHECK(longer != nullptr);  // out of memory
  static_cast<void>(list->release());
  list->reset(longer);
}

template <typename T>
void SetOption(CURL* easy, CURLoption option, T value) {
  CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);  // unknown to the linked library
}

template <typename T>
T Info(CURL* easy, CURLINFO what) {
  T value{};
  CHECK(curl_easy_getinfo(easy, what, &value) == CURLE_OK);
  return value;
}

}  // namespace tocsin
