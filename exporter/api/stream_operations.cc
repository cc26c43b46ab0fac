// Of the routes of stream_api.cc. What is said over the WebSocket is beyond an OpenAPI description:
// stream_message.h tells it.
#include <cstdint>
#include <utility>
#include <vector>

#include "exporter/api/operation.h"

namespace tocsin::api {
namespace {

using namespace schema;  // NOLINT(google-build-using-namespace): the words of this file

constexpr const char* kStream = "stream";

Json Since() {
  return Query("since", "Go on behind the event of this number, the last that was seen",
               Integer(0, INT64_MAX));
}

std::vector<Json> EventStreamParameters() {
  std::vector<Json> all = EventChoiceParameters();
  all.push_back(Since());
  all.push_back(Header("Last-Event-ID", "The same as since, as browsers say it by themselves",
                       Integer(0, INT64_MAX)));
  return all;
}

}  // namespace

Operations StreamOperations() {
  Operations all;
  all.list = {
      {"GET",
       "/ws/{client_id}",
       "openStream",
       kStream,
       "Alerts as they happen, and commands, over a WebSocket",
       {{"101", nullptr}, {"426", Ref("Error")}},
       {Since()}},
      {"GET",
       "/events/stream",
       "streamEvents",
       kStream,
       "Events as they happen, as Server-Sent Events",
       {{"200", Text()}},
       EventStreamParameters()},
  };
  all.list.back().media_type = "text/event-stream";
  return all;
}

}  // namespace tocsin::api
