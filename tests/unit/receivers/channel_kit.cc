#include "tests/unit/receivers/channel_kit.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "receivers/channels/native_group_channel.h"
#include "receivers/templates/default_templates.h"
#include "tests/unit/config/alertmanager_loading.h"
#include "tests/unit/config/loading.h"

namespace tocsin::receivers {
namespace {

// Of a header that every channel with an http_config sends.
constexpr char kSecretHeader[] = "http_headers: {X-Kit: {secrets: [S3CRET-header]}}";
// As "user:password" of basic_auth is sent.
constexpr char kSecretUser[] = "kit:S3CRET-password";

std::string Replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

std::string HttpConfigOf(const KitRow& row, const std::string& more) {
  std::string config = kSecretHeader;
  for (const std::string* part : {&row.http, &more}) {
    if (!part->empty()) config += ", " + *part;
  }
  return fmt::format("http_config: {{{}}}", config);
}

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

}  // namespace

// ---- the table

void PrintTo(const KitRow& row, std::ostream* out) { *out << row.name; }

std::string NameOfRow(const ::testing::TestParamInfo<KitRow>& info) { return info.param.name; }

std::vector<KitRow> VendorRows() {
  std::vector<KitRow> vendors = KitRows();
  std::erase_if(vendors, [](const KitRow& row) { return !row.is_vendor; });
  return vendors;
}

testing::HeaderLines HeadersOf(const KitStep& step) {
  return {"Content-Type: " + step.content_type};
}

std::vector<testing::BadScript> GoodScripts(const KitRow& row) {
  std::vector<testing::BadScript> scripts;
  for (const KitStep& step : row.steps) {
    scripts.push_back(testing::AnswerScript(step.status, step.body, HeadersOf(step)));
  }
  return scripts;
}

std::vector<testing::BadScript> ScriptsWith(const KitRow& row, std::size_t step,
                                            testing::BadScript trouble) {
  std::vector<testing::BadScript> scripts = GoodScripts(row);
  scripts.at(step) = std::move(trouble);
  return scripts;
}

const KitStep& LastThatTells(const KitRow& row) {
  return *std::find_if(row.steps.rbegin(), row.steps.rend(),
                       [](const KitStep& step) { return !step.adds; });
}

bool IsToldBefore(const KitRow& row, std::size_t step) {
  return std::any_of(row.steps.begin(), row.steps.begin() + static_cast<std::ptrdiff_t>(step),
                     [](const KitStep& earlier) { return earlier.tells; });
}

std::string TrustIn(const testing::TestAuthority& authority) {
  return fmt::format("tls_config: {{ca: \"{}\"}}", Replaced(authority.certificate(), "\n", "\\n"));
}

// ---- attempts

Channel::Done KitEnding::Taker() const {
  return [state = state_](Outcome outcome) {
    MutexLock lock(state->mu);
    state->outcomes.push_back(std::move(outcome));
    state->came.NotifyAll();
  };
}

Outcome KitEnding::Await() const {
  MutexLock lock(state_->mu);
  while (state_->outcomes.empty()) {
    if (state_->came.WaitFor(state_->mu, std::chrono::minutes(1))) continue;
    ADD_FAILURE() << "the attempt does not end";
    return Outcome::GiveUp(Failure::kOther, "(it does not end)", "");
  }
  return state_->outcomes.front();
}

std::size_t KitEnding::times() const {
  MutexLock lock(state_->mu);
  return state_->outcomes.size();
}

void ExpectGoodWords(const Outcome& outcome, const std::string& where) {
  if (outcome.kind == Outcome::Kind::kDelivered) return;
  EXPECT_FALSE(outcome.reason.empty()) << where;
  for (const std::string* words : {&outcome.reason, &outcome.advice}) {
    EXPECT_TRUE(IsValidUtf8(*words)) << where;
    EXPECT_FALSE(HasControlCharacter(*words)) << where << ": " << *words;
    EXPECT_LT(words->size(), 500u) << where << ": " << *words;
    EXPECT_EQ(words->find(kSecretMark), std::string::npos) << where << ": " << *words;
    EXPECT_EQ(words->find(Base64Encode(kSecretUser)), std::string::npos) << where << ": " << *words;
  }
}

// What goes to the one address goes to the other.
class KitNetwork::RewritingHttpClient final : public HttpClient {
 public:
  RewritingHttpClient(HttpClient& http, std::string from, std::string to)
      : http_(http), from_(std::move(from)), to_(std::move(to)) {}

  void Send(HttpClientRequest request, Done done) override {
    if (!from_.empty() && request.url.starts_with(from_)) {
      request.url.replace(0, from_.size(), to_);
    }
    http_.Send(std::move(request), std::move(done));
  }
  void Cancel(const void* owner) override { http_.Cancel(owner); }

 private:
  HttpClient& http_;
  const std::string from_;
  const std::string to_;
};

KitNetwork::KitNetwork()
    : http_(MakeCurlHttpClient("Tocsin/test", Logger(no_log_, "http_client"))),
      mail_(MakeCurlMailClient(Logger(no_log_, "mail_client"))),
      pictures_([](const Alert&) { return Result<std::string>(std::string(kKitPicture)); },
                this_thread_, clock_, [](const std::string&) {}, metrics_) {}

KitNetwork::~KitNetwork() {
  CutOff();
  for (const KitEnding& ending : endings_) EXPECT_EQ(ending.times(), 1u);
}

void KitNetwork::CutOff() {
  http_.reset();
  mail_.reset();
}

ChannelContext KitNetwork::Context(HttpClient& http) {
  const ConsoleWriter no_console = [](std::string_view, Duration) { return Status(); };
  return {http, *mail_, clock_, metrics_, no_console, executor_, "host.test", nullptr, &pictures_};
}

GroupChannel& KitNetwork::MakeNative(const std::string& type, const std::string& settings) {
  const config::Settings file = config::GoodSettings(
      fmt::format("tocsin: {{receivers: [{{name: ops, {}: {{{}}}}}]}}\n", type, settings));
  Result<std::vector<GroupIntegrationPtr>> made =
      MakeNativeIntegrations(file.receivers.at(0), Context(*http_));
  CHECK(made.ok());
  channels_.push_back(made->at(0));
  return *channels_.back()->channel;
}

GroupChannel& KitNetwork::MakeVendor(const std::string& type, const std::string& settings,
                                     HttpClient* http) {
  static const KitClock kClock;
  static const gotemplate::TemplateSet kTemplates = MakeDefaultTemplates(kClock);
  config::AlertmanagerFileOptions options;
  options.make_templates = [] { return kTemplates; };
  auto file = std::make_shared<const config::AlertmanagerSettings>(config::GoodAlertmanager(
      config::FileWith(type + "_configs", fmt::format("{{{}}}", settings)), options));
  Result<PipelineGraphPtr> graph =
      BuildPipelineGraph(file, Context(http == nullptr ? *http_ : *http));
  CHECK(graph.ok());
  channels_.push_back((*graph)->receivers.at("ops").at(0));
  return *channels_.back()->channel;
}

GroupChannel& KitNetwork::Make(const KitRow& row, const std::string& url, const std::string& http) {
  std::string settings = Replaced(row.settings, "URL", url);
  settings += ", " + HttpConfigOf(row, http);
  if (!row.is_vendor) return MakeNative(row.type, settings);
  return MakeVendor(row.type, settings, &rewriting_.emplace_back(*http_, row.fixed_url, url));
}

GroupNotification KitNetwork::Message(bool durable, std::size_t alerts) {
  std::vector<FrozenAlert> frozen;
  for (std::size_t i = 0; i < alerts; ++i) {
    frozen.push_back(Fires(DiskFullOn(fmt::format("host-{}", i))));
  }
  GroupNotification message = About(std::move(frozen));
  if (durable) {
    message.dedup_key = "a-group";
    message.flush_number = 1;
  }
  return message;
}

KitEnding KitNetwork::Begin(GroupChannel& channel, const GroupNotification& message,
                            Duration timeout) {
  KitEnding& ending = endings_.emplace_back();
  channel.Deliver(message, timeout, ending.Taker());
  return ending;
}

Outcome KitNetwork::Deliver(GroupChannel& channel, const GroupNotification& message,
                            Duration timeout) {
  return Begin(channel, message, timeout).Await();
}

}  // namespace tocsin::receivers
