// The three kinds of error bodies of the Alertmanager API.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "exporter/http/http.h"

namespace tocsin::api {

// {"code":602,"message":"alerts in body is required"}: what the schema refuses. Codes beyond the
// HTTP ones go out with status 422.
http::Response CodedError(int code, std::string_view message);

// A JSON string and a newline: what the handler refuses.
http::Response PlainJsonError(int status, std::string_view message);

http::Response JsonAnswer(std::string body);

// 415 unless the body is said to be JSON.
std::optional<http::Response> RequireJson(const http::Request& request);

inline constexpr int kWrongFormat = 601;
inline constexpr int kMissing = 602;
inline constexpr int kTooFewItems = 612;

}  // namespace tocsin::api
