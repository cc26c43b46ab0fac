// AwsFetch: the requests that a plan (aws_plan.h) takes to become keys, one after the other, and
// what their answers mean. It sends nothing itself and asks no clock; files with tokens are read
// when the request that carries them is made.
//
// A value. Used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/http_client.h"
#include "base/result.h"
#include "receivers/channels/aws_answers.h"
#include "receivers/channels/aws_plan.h"
#include "receivers/channels/channel.h"

namespace tocsin::receivers {

class AwsFetch {
 public:
  explicit AwsFetch(AwsPlan plan);

  const AwsPlan& plan() const { return plan_; }
  bool is_done() const { return step_ == Step::kDone; }
  // What has been won so far; all of it once it is done.
  const LentAwsKeys& lent() const { return lent_; }

  // The next request, without timeout and transport. Fails on a file that cannot be read.
  // REQUIRES: !is_done().
  Result<HttpClientRequest> Next(Timestamp now) const;
  // Whether that goes to the container's or the machine's own service.
  bool is_local() const;
  // Takes its answer. What is returned ends the fetch: why there are no keys, without secrets.
  std::optional<Outcome> Take(const HttpClientResult& result, Timestamp now);
  // The same for a request that could not be made.
  Outcome Failed(const Error& error) const;

 private:
  enum class Step : std::uint8_t {
    kMachineToken,
    kMachineRole,
    kMachineKeys,
    kContainerKeys,
    kIdentity,
    kRole,  // the one at role_
    kDone,
  };

  std::string What() const;
  Result<HttpClientRequest> MachineRequest() const;
  Result<HttpClientRequest> ContainerRequest() const;
  Result<HttpClientRequest> IdentityRequest() const;
  HttpClientRequest RoleRequest(Timestamp now) const;
  Status Read(const std::string& body);
  Status ReadLent(Result<LentAwsKeys> lent);
  Outcome Refused(const HttpClientResult& result, Timestamp now) const;
  Outcome Named(Outcome outcome) const;
  void Advance();

  AwsPlan plan_;
  Step step_ = Step::kDone;
  std::size_t role_ = 0;
  Secret machine_token_;
  std::string machine_role_;
  LentAwsKeys lent_;
};

}  // namespace tocsin::receivers
