// The kit that every channel that speaks HTTP goes through: a table of all of them, and for each a
// real HTTP client that talks to a server on loopback which behaves as badly as it can. What a
// channel's messages look like is tested elsewhere; here is what all channels have in common.
//
// Every secret of the settings holds kSecretMark, so that it is found wherever it must not stand.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_client.h"
#include "base/mail_client.h"
#include "base/mutex.h"
#include "receivers/channels/pictures.h"
#include "receivers/pipeline/graph.h"
#include "tests/support/bad_http_server.h"
#include "tests/support/null_log.h"
#include "tests/support/test_certificates.h"
#include "tests/unit/receivers/channel_world.h"
#include "tests/unit/receivers/group_notifications.h"

namespace tocsin::receivers {

inline constexpr char kSecretMark[] = "S3CRET";

// ---- the table

// One request of an attempt, by the answer of a vendor that is well.
struct KitStep {
  int status = 200;
  std::string body = "";
  std::string content_type = "application/json";
  bool tells = true;     // it says what the message says; another only asks for something
  bool is_read = false;  // the answer's body: without a sound one it is no success
  // To what was told before: whatever becomes of it, the message is delivered. Such steps come
  // last.
  bool adds = false;
};

struct KitRow {
  std::string name;  // of the test: "vendor_slack_with_an_app_token"
  bool is_vendor = false;
  std::string type;      // "slack": of the lists
  std::string settings;  // in YAML's flow form, without braces; URL is the vendor's address
  std::vector<KitStep> steps = {{}};
  std::string http = "";       // what its http_config has to hold, likewise
  std::string fixed_url = "";  // the vendor's address that settings cannot change
  std::size_t alerts = 1;      // of a message
  // What is tried again beside network errors and 5xx also where Alertmanager's ways are asked for.
  std::vector<int> retried = {};
  bool retries_all = false;     // whatever is not 2xx
  bool takes_only_200 = false;  // for a success
  bool remembers = false;       // what it learned in an attempt makes the next one another
  // Of the one step: after these the message is sent once more, without its picture.
  std::vector<int> retold = {};
  std::size_t max_bytes = std::size_t{8} << 20U;  // of a request's body: the vendor's limit
  std::vector<std::string> never = {};            // what would be markup or a mention in its texts
};

const std::vector<KitRow>& KitRows();
std::vector<KitRow> VendorRows();
void PrintTo(const KitRow& row, std::ostream* out);  // of GoogleTest
std::string NameOfRow(const ::testing::TestParamInfo<KitRow>& info);

// What the vendor does where all goes well, and where all does but for one step.
std::vector<testing::BadScript> GoodScripts(const KitRow& row);
std::vector<testing::BadScript> ScriptsWith(const KitRow& row, std::size_t step,
                                            testing::BadScript trouble);
testing::HeaderLines HeadersOf(const KitStep& step);
// Where the channel asks for one: text, as far as anybody can see, with what would end a part.
inline constexpr std::string_view kKitPicture = "\x7fPNG\r\n--tocsin-\r\n\r\nthe kit's\r\n";
// The last step that the attempt's end is about.
const KitStep& LastThatTells(const KitRow& row);
// Whether the steps before this one have told the vendor of the message.
bool IsToldBefore(const KitRow& row, std::size_t step);

// Of an http_config: what this one has issued is trusted, and nothing else.
std::string TrustIn(const testing::TestAuthority& authority);

// ---- attempts

// How one attempt ends. A copy is about the same attempt.
class KitEnding {
 public:
  Channel::Done Taker() const;
  // Waits for it; fails the test where nothing has come after a minute.
  Outcome Await() const;
  std::size_t times() const;

 private:
  struct State {
    Mutex mu;
    CondVar came;
    std::vector<Outcome> outcomes GUARDED_BY(mu);
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// A failure's words say something, hold no secret, and may stand in logs and in JSON.
void ExpectGoodWords(const Outcome& outcome, const std::string& where);

// 2015-10-21T07:00:00Z for ever; what is measured goes on.
class KitClock final : public Clock {
 public:
  Timestamp Now() const override { return FromUnixMillis(1'445'410'800'000); }
  std::chrono::nanoseconds Monotonic() const override { return SystemClock().Monotonic(); }
};

// For waiting where all is well, however busy the machine is.
inline constexpr Duration kSurelyEnough = std::chrono::seconds(30);

// Channels with a network of their own, and the attempts made with them. At its end no attempt may
// be without an end, or have had two.
class KitNetwork {
 public:
  KitNetwork();
  ~KitNetwork();
  KitNetwork(const KitNetwork&) = delete;
  KitNetwork& operator=(const KitNetwork&) = delete;

  // The channel of a row whose vendor is at that address. `http` is more of its http_config.
  GroupChannel& Make(const KitRow& row, const std::string& url, const std::string& http = "");
  // Of settings without braces. REQUIRES: they are sound.
  GroupChannel& MakeNative(const std::string& type, const std::string& settings);
  GroupChannel& MakeVendor(const std::string& type, const std::string& settings,
                           HttpClient* http = nullptr);

  // About alerts that fire. `durable`: from the full daemon.
  static GroupNotification Message(bool durable = true, std::size_t alerts = 1);

  KitEnding Begin(GroupChannel& channel, const GroupNotification& message,
                  Duration timeout = kSurelyEnough);
  Outcome Deliver(GroupChannel& channel, const GroupNotification& message,
                  Duration timeout = kSurelyEnough);

  // Ends the network, and with it what is under way.
  void CutOff();

 private:
  class RewritingHttpClient;

  // Draws at once.
  class ThisThread final : public Executor {
   public:
    bool TrySubmit(Job&& job) override {
      job();
      return true;
    }
  };

  ChannelContext Context(HttpClient& http);

  KitClock clock_;
  testing::NullLogSink no_log_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<MailClient> mail_;
  MetricRegistry metrics_;
  QueueExecutor executor_;
  ThisThread this_thread_;
  Pictures pictures_;
  std::deque<RewritingHttpClient> rewriting_;
  std::vector<GroupIntegrationPtr> channels_;
  std::vector<KitEnding> endings_;
};

// A test of every row.
class ChannelKit : public KitNetwork, public ::testing::TestWithParam<KitRow> {
 protected:
  GroupChannel& Make(const std::string& url, const std::string& http = "") {
    return KitNetwork::Make(GetParam(), url, http);
  }
  static GroupNotification MessageOfRow(bool durable = true) {
    return Message(durable, GetParam().alerts);
  }
};

}  // namespace tocsin::receivers
