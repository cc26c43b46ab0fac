#include "base/curl_mail.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>

#include "base/bytes.h"
#include "base/curl_phases.h"
#include "base/number.h"
#include "base/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMaxReplyBytes = 200;

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

// What could end a command and begin another one.
bool SplitsLines(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

bool IsAddress(std::string_view address) {
  return !address.empty() && !SplitsLines(address) &&
         address.find_first_of("<>") == std::string_view::npos;
}

bool IsHost(std::string_view host) {
  return !host.empty() && host.find_first_of(" /@?#[]\\") == std::string_view::npos &&
         !SplitsLines(host);
}

long UseOfTls(MailSecurity security) {
  switch (security) {
    case MailSecurity::kNone:
      return CURLUSESSL_NONE;
    case MailSecurity::kStartTlsIfOffered:
      return CURLUSESSL_TRY;
    case MailSecurity::kStartTls:
    case MailSecurity::kTls:
      break;
  }
  return CURLUSESSL_ALL;
}

}  // namespace

Status CurlMail::Check() const {
  if (!IsHost(request_.host)) return Error{"the server's host name is none"};
  if (request_.port == 0) return Error{"the server's port must be a number from 1 to 65535"};
  if (request_.hello.empty() || SplitsLines(request_.hello) ||
      request_.hello.find_first_of(" /?#") != std::string::npos) {
    return Error{"what EHLO is to say is no host name"};
  }
  if (!IsAddress(request_.from)) return Error{"the sender's address is none"};
  if (request_.to.empty()) return Error{"there is no recipient"};
  for (const std::string& to : request_.to) {
    if (!IsAddress(to)) return Error{fmt::format("{} is no address", QuoteForMessage(to))};
  }
  if (SplitsLines(request_.user) || SplitsLines(request_.identity)) {
    return Error{"the user's name holds a control character"};
  }
  return request_.transport == nullptr ? Status() : CheckTransport(*request_.transport);
}

void CurlMail::Prepare() {
  CURL* handle = easy();
  const bool has_colon = request_.host.find(':') != std::string::npos;
  const std::string host = has_colon ? fmt::format("[{}]", request_.host) : request_.host;
  const bool tls = request_.security == MailSecurity::kTls;
  const std::string url =
      fmt::format("{}://{}:{}/{}", tls ? "smtps" : "smtp", host, request_.port, request_.hello);
  HttpTransport transport = request_.transport ? *request_.transport : HttpTransport();
  // Whoever would do without TLS does not mind whose certificate it is, unless somebody says whose.
  if (request_.security == MailSecurity::kStartTlsIfOffered && transport.ca.empty()) {
    transport.insecure_skip_verify = true;
  }
  transport_.PrepareMail(handle, url, transport);
  SetOption(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  SetOption(handle, CURLOPT_USE_SSL, UseOfTls(request_.security));
  const long timeout = std::max<long>(1, request_.timeout.count());  // curl reads 0 as "none"
  SetOption(handle, CURLOPT_TIMEOUT_MS, timeout);
  SetOption(handle, CURLOPT_CONNECTTIMEOUT_MS, timeout);
  SetOption(handle, CURLOPT_NOSIGNAL, 1L);
  SetOption(handle, CURLOPT_QUICK_EXIT, 1L);  // a slow name server holds up nobody
  SetOption(handle, CURLOPT_FRESH_CONNECT, 1L);
  SetOption(handle, CURLOPT_FORBID_REUSE, 1L);
  SetOption(handle, CURLOPT_UPLOAD, 1L);
  SetOption(handle, CURLOPT_MAIL_FROM, fmt::format("<{}>", request_.from).c_str());
  for (const std::string& to : request_.to) Append(fmt::format("<{}>", to), &recipients_);
  SetOption(handle, CURLOPT_MAIL_RCPT, recipients_.get());
  SetOption(handle, CURLOPT_MAIL_RCPT_ALLLOWFAILS, request_.accept_partly ? 1L : 0L);
  PrepareAuthentication();
  PrepareCallbacks();
}

bool CurlMail::MaySayPassword(const MailRequest& request) {
  return request.security == MailSecurity::kStartTls || request.security == MailSecurity::kTls ||
         IsLoopback(request.host);
}

// Among what the server offers curl takes the strongest of those that are allowed here.
void CurlMail::PrepareAuthentication() {
  if (request_.user.empty()) return;
  CURL* handle = easy();
  SetOption(handle, CURLOPT_USERNAME, request_.user.c_str());
  const bool by_secret = proof_ == Proof::kSecret;
  SetOption(handle, CURLOPT_PASSWORD,
            (by_secret ? request_.secret : request_.password).Reveal().c_str());
  SetOption(handle, CURLOPT_LOGIN_OPTIONS,
            by_secret                  ? "AUTH=CRAM-MD5"
            : MaySayPassword(request_) ? "AUTH=PLAIN;AUTH=LOGIN"
                                       : "AUTH=LOGIN");
  if (!request_.identity.empty()) {
    SetOption(handle, CURLOPT_SASL_AUTHZID, request_.identity.c_str());
  }
}

void CurlMail::PrepareCallbacks() {
  CURL* handle = easy();
  void* const self = this;
  SetOption(handle, CURLOPT_ERRORBUFFER, error_);
  SetOption(handle, CURLOPT_READFUNCTION, &CurlMail::OnRead);
  SetOption(handle, CURLOPT_READDATA, self);
  SetOption(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.message.size()));
  SetOption(handle, CURLOPT_VERBOSE, 1L);
  SetOption(handle, CURLOPT_DEBUGFUNCTION, &CurlMail::OnDebug);
  SetOption(handle, CURLOPT_DEBUGDATA, self);
  SetOption(handle, CURLOPT_OPENSOCKETFUNCTION, &CurlMail::OnOpenSocket);
  SetOption(handle, CURLOPT_OPENSOCKETDATA, self);
  SetOption(handle, CURLOPT_CLOSESOCKETFUNCTION, &CurlMail::OnCloseSocket);
  SetOption(handle, CURLOPT_CLOSESOCKETDATA, self);
}

std::size_t CurlMail::OnRead(char* buffer, std::size_t size, std::size_t count, void* self) {
  auto* mail = static_cast<CurlMail*>(self);
  const std::string& message = mail->request_.message;
  const std::size_t taken = std::min(size * count, message.size() - mail->read_);
  message.copy(buffer, taken, mail->read_);
  mail->read_ += taken;
  return taken;
}

// Commands come whole, replies line by line or several lines at once.
int CurlMail::OnDebug(CURL*, curl_infotype type, char* data, std::size_t size, void* self) {
  auto* mail = static_cast<CurlMail*>(self);
  if (type == CURLINFO_HEADER_OUT) mail->OnCommand({data, size});
  if (type == CURLINFO_HEADER_IN) {
    for (const std::string_view line : Split({data, size}, '\n')) mail->OnReply(TrimSpace(line));
  }
  return 0;
}

// What follows the verb may be a secret, and is not looked at.
void CurlMail::OnCommand(std::string_view line) {
  const std::string_view verb = TrimSpace(line.substr(0, std::min<std::size_t>(line.size(), 4)));
  static constexpr std::string_view kVerbs[] = {"EHLO", "HELO", "STAR", "AUTH",
                                                "MAIL", "RCPT", "DATA", "QUIT"};
  if (std::find(std::begin(kVerbs), std::end(kVerbs), verb) == std::end(kVerbs)) return;
  if (verb == "QUIT") {
    said_quit_ = true;
    return ShutSockets(SHUT_RD);
  }
  step_ = verb == "STAR" ? "STARTTLS" : verb;
  if (verb == "RCPT") ++recipient_;
  if (verb == "AUTH") said_auth_ = true;
}

void CurlMail::OnReply(std::string_view line) {
  // 250-more follows, 250 the last line.
  if (line.size() < 3 || (line.size() > 3 && line[3] != ' ')) return;
  const std::optional<std::int64_t> code = ParseInt(line.substr(0, 3));
  if (!code || *code < 200 || *code > 599 || said_quit_) return;
  if (*code < 400) {
    // What was refused before has not ended the conversation.
    bad_reply_.clear();
    result_.reply = 0;
    result_.reply_is_to_recipient = false;
    if (step_ != "DATA" || *code != 354) return;
    message_asked_for_ = true;
    step_ = "end of data";
    return;
  }
  bad_reply_ = WithoutSecrets(line);
  bad_step_ = Place();
  result_.reply = static_cast<int>(*code);
  result_.reply_is_to_recipient = step_ == "RCPT";
  if (step_ == "RCPT" && recipient_ >= 1 && recipient_ <= request_.to.size()) {
    result_.refused.push_back({request_.to[recipient_ - 1], bad_reply_});
  }
}

// The step that is under way, for messages.
std::string CurlMail::Place() const {
  if (step_ != "RCPT" || recipient_ == 0 || recipient_ > request_.to.size()) return step_;
  return fmt::format("RCPT TO:<{}>", request_.to[recipient_ - 1]);
}

curl_socket_t CurlMail::OnOpenSocket(void* self, curlsocktype, curl_sockaddr* address) {
  auto* mail = static_cast<CurlMail*>(self);
  MutexLock lock(mail->mu_);
  if (mail->interrupted_) return CURL_SOCKET_BAD;
  const curl_socket_t fd = mail->transport_.OpenSocket(*address);
  if (fd < 0) return CURL_SOCKET_BAD;
  mail->sockets_.push_back(fd);
  return fd;
}

int CurlMail::OnCloseSocket(void* self, curl_socket_t socket) {
  auto* mail = static_cast<CurlMail*>(self);
  MutexLock lock(mail->mu_);
  std::erase(mail->sockets_, socket);
  return close(socket);
}

void CurlMail::ShutSockets(int how) {
  MutexLock lock(mu_);
  for (const curl_socket_t fd : sockets_) shutdown(fd, how);
}

void CurlMail::Interrupt() {
  MutexLock lock(mu_);
  interrupted_ = true;
  for (const curl_socket_t fd : sockets_) shutdown(fd, SHUT_RDWR);
}

// Some servers repeat what they were told.
std::string CurlMail::WithoutSecrets(std::string_view reply) const {
  for (const Secret* secret : {&request_.password, &request_.secret}) {
    const std::string& text = secret->Reveal();
    if (text.empty()) continue;
    const bool tells =
        reply.find(text) != std::string_view::npos ||
        reply.find(Base64Encode(text)) != std::string_view::npos ||
        reply.find(Base64Encode(fmt::format("{}{:c}{}{:c}{}", request_.identity, 0, request_.user,
                                            0, text))) != std::string_view::npos;
    if (tells) return fmt::format("{} (the rest repeats a secret)", reply.substr(0, 3));
  }
  return std::string(TruncateUtf8(reply, kMaxReplyBytes));
}

std::string CurlMail::Reason(CURLcode code) const {
  const std::string server = fmt::format("mail server {}:{}", request_.host, request_.port);
  if (!bad_reply_.empty()) {
    return fmt::format("{}, at {}: {}", server, bad_step_,
                       QuoteForMessage(bad_reply_, kMaxReplyBytes));
  }
  if (!transport_.refusal().empty() && code == CURLE_COULDNT_CONNECT) {
    return fmt::format("{}: {}", server, transport_.refusal());
  }
  if (code == CURLE_USE_SSL_FAILED) {
    return fmt::format("{} does not offer STARTTLS, which is required", server);
  }
  if (code == CURLE_LOGIN_DENIED) {
    return fmt::format("{} offers no way to authenticate that may be used", server);
  }
  return fmt::format("{}, at {}: {}", server, Place(),
                     error_[0] != '\0' ? error_ : curl_easy_strerror(code));
}

void CurlMail::End(CURLcode code) {
  result_.elapsed = Duration(Info<curl_off_t>(easy(), CURLINFO_TOTAL_TIME_T) / 1000);
  result_.phases = PhasesOf(easy(), code);
  result_.accepted = code == CURLE_OK;
  if (result_.accepted) {
    result_.reply = 0;
    return;
  }
  result_.message = Reason(code);
  {
    MutexLock lock(mu_);
    result_.cancelled = interrupted_;
  }
  if (result_.cancelled) {
    result_.message = fmt::format("mail server {}:{}, at {}: given up while under way",
                                  request_.host, request_.port, Place());
  }
  result_.authentication_failed = code == CURLE_LOGIN_DENIED;
  result_.mechanism_missing = code == CURLE_LOGIN_DENIED && !said_auth_;
  result_.timed_out = code == CURLE_OPERATION_TIMEDOUT;
  result_.forbidden = code == CURLE_COULDNT_CONNECT && !transport_.refusal().empty();
  result_.outcome_unknown =
      message_asked_for_ && read_ == request_.message.size() && result_.reply == 0;
}

void CurlMail::Abandon(std::string_view why, bool cancelled) {
  if (easy() != nullptr) {
    result_.elapsed = Duration(Info<curl_off_t>(easy(), CURLINFO_TOTAL_TIME_T) / 1000);
    result_.phases = PhasesOf(easy(), CURLE_ABORTED_BY_CALLBACK);
    ShutSockets(SHUT_RDWR);
  }
  result_.outcome_unknown = message_asked_for_ && read_ == request_.message.size();
  result_.cancelled = cancelled;
  result_.message = fmt::format("mail server {}:{}: {}", request_.host, request_.port, why);
}

namespace {

// Beyond so many servers some share a loop.
constexpr std::size_t kMaxLoops = 16;
// Of one server: Postfix takes 50 connections of one client.
// https://www.postfix.org/postconf.5.html#smtpd_client_connection_count_limit
constexpr std::size_t kMaxMailsAtOnce = 8;

class CurlMailClient final : public MailClient {
 public:
  explicit CurlMailClient(const Logger& log) : log_(log) {}

  void Send(MailRequest request, Done done) override {
    CurlLoop& loop = LoopOf(fmt::format("{}:{}", request.host, request.port));
    const bool has_both = !request.password.empty() && !request.secret.empty();
    if (has_both) return SendByEither(std::move(request), loop, std::move(done));
    const Proof proof = request.secret.empty() ? Proof::kPassword : Proof::kSecret;
    loop.Add(std::make_unique<CurlMail>(std::move(request), proof, std::move(done)));
  }
  void Cancel(const void* owner) override {
    MutexLock lock(mu_);
    for (const auto& [server, loop] : loops_) loop->Cancel(owner);
  }

 private:
  using Proof = CurlMail::Proof;

  // A server that does not offer what the one is for is asked once more, with the other.
  static void SendByEither(MailRequest request, CurlLoop& loop, Done done) {
    const bool is_safe = CurlMail::MaySayPassword(request);
    const Proof first = is_safe ? Proof::kPassword : Proof::kSecret;
    const Proof second = is_safe ? Proof::kSecret : Proof::kPassword;
    auto again = std::make_shared<MailRequest>(request);
    // The loop takes transfers until its thread has ended, and this runs there.
    Done answered = [again, second, &loop, done = std::move(done)](MailResult result) {
      if (!result.mechanism_missing) return done(std::move(result));
      again->timeout = std::max(again->timeout - result.elapsed, Duration(1));
      loop.Add(std::make_unique<CurlMail>(std::move(*again), second, done));
    };
    loop.Add(std::make_unique<CurlMail>(std::move(request), first, std::move(answered)));
  }

  CurlLoop& LoopOf(const std::string& server) EXCLUDES(mu_) {
    MutexLock lock(mu_);
    const auto found = loops_.find(server);
    if (found != loops_.end()) return *found->second;
    if (loops_.size() >= kMaxLoops) {
      const std::size_t shared = std::hash<std::string>()(server) % loops_.size();
      return *std::next(loops_.begin(), static_cast<std::ptrdiff_t>(shared))->second;
    }
    return *loops_
                .emplace(server, std::make_unique<CurlLoop>("outgoing mail", kMaxMailsAtOnce, log_))
                .first->second;
  }

  const Logger log_;
  Mutex mu_;
  std::map<std::string, std::unique_ptr<CurlLoop>> loops_ GUARDED_BY(mu_);
};

}  // namespace

std::unique_ptr<MailClient> MakeCurlMailClient(const Logger& log) {
  return std::make_unique<CurlMailClient>(log);
}

}  // namespace tocsin
