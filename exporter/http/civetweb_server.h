// The HTTP server: civetweb behind http.h.
//
// civetweb has one thread for each connection at work; handlers run on it.
// It accepts connections and reads heads; everything from there on is Exchange's. TLS is not
// offered: the library of Debian 12 crashes on it, so it belongs to a reverse proxy.
#pragma once

#include <memory>

#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "exporter/http/http.h"
#include "exporter/http/stream_loop.h"

namespace tocsin::http {

// Listens, and answers as soon as it returns. `router`, `metrics` and `streams` outlive the server;
// without `streams` routes that open one answer 503. Not to be
// called from two threads at once.
Result<std::unique_ptr<Server>> StartCivetwebServer(const ServerOptions& options,
                                                    const Router& router, Logger log,
                                                    MetricRegistry& metrics,
                                                    StreamLoop* streams = nullptr);

}  // namespace tocsin::http
