#include "evaluator/persist/postgres_connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <pqxx/connection>
#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/result>
#include <pqxx/transaction>

#include "base/number.h"
#include "base/text.h"

namespace tocsin::evaluator {
namespace {

constexpr std::string_view kConnecting = "cannot open the state database";
constexpr std::size_t kLongestMessage = 400;
constexpr char kHexDigits[] = "0123456789abcdef";

// What the server's own settings must not change. A commit is durable when it returns, whatever is
// usual on this server. Nothing waits long for a lock that somebody else holds, and nothing is left
// locked by a daemon that stands still.
std::string SessionSettings() {
  return fmt::format(
      "SET search_path = tocsin; SET standard_conforming_strings = on; SET bytea_output = hex;"
      "SET lock_timeout = '5s'; SET statement_timeout = '{0}s';"
      "SET idle_in_transaction_session_timeout = '{0}s';"
      "SELECT set_config('synchronous_commit', 'on', false)"
      " WHERE current_setting('synchronous_commit') = 'off';",
      PostgresConnection::kStatement.count());
}

void ReplaceAll(std::string* text, const std::string& what, std::string_view by) {
  if (what.empty()) return;
  for (std::size_t at = text->find(what); at != std::string::npos;
       at = text->find(what, at + by.size())) {
    text->replace(at, what.size(), by);
  }
}

// Errors of statements: what follows the first line quotes the statement.
std::string FirstLine(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace

std::string PostgresBytes(std::string_view bytes) {
  std::string text = "'\\x";
  text.reserve(bytes.size() * 2 + 4);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kHexDigits[byte >> 4U];
    text += kHexDigits[byte & 15U];
  }
  return text += '\'';
}

Error PostgresFailure(const config::PostgresSettings& settings, std::string_view doing,
                      std::string_view why) {
  std::string text(TrimSpace(why));
  for (const char* prefix : {"ERROR:", "FATAL:", "PANIC:"}) {
    if (text.starts_with(prefix)) text = TrimSpace(std::string_view(text).substr(6));
  }
  ReplaceAll(&text, "\n\t", "; ");
  ReplaceAll(&text, "\n", "; ");
  ReplaceAll(&text, settings.password.Reveal(), kSecretText);
  return Error{
      fmt::format("{} {}: {}", doing, settings.shown, TruncateUtf8(text, kLongestMessage))};
}

std::int64_t PostgresRow::Number(int column) const {
  const pqxx::field field = row_[column];
  return field.is_null() ? 0 : ParseInt(field.c_str()).value_or(0);
}

std::string PostgresRow::Text(int column) const {
  const pqxx::field field = row_[column];
  return std::string(field.c_str(), field.size());
}

std::string PostgresRow::Bytes(int column) const {
  const pqxx::field field = row_[column];
  const std::string_view text(field.c_str(), field.size());
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t at = 2; at + 1 < text.size(); at += 2) {
    bytes += static_cast<char>(HexDigit(text[at]) * 16 + HexDigit(text[at + 1]));
  }
  return bytes;
}

struct PostgresConnection::Handle {
  explicit Handle(const std::string& conninfo) : connection(conninfo) {}
  pqxx::connection connection;
};

PostgresConnection::PostgresConnection(const config::PostgresSettings& settings,
                                       ExchangeWatch& watch)
    : settings_(settings), watch_(watch) {}

PostgresConnection::~PostgresConnection() {
  // Saying farewell is an exchange, too.
  if (handle_ != nullptr) {
    const ExchangeWatch::Exchange exchange(watch_, socket_, kExchange);
    handle_.reset();
  }
  if (socket_ >= 0) close(socket_);
}

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::Open(
    const config::PostgresSettings& settings, ExchangeWatch& watch) {
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(settings, watch));
  if (Status connected = connection->Connect(); !connected) return connected.error();
  return connection;
}

Status PostgresConnection::Connect() {
  try {
    handle_ = std::make_unique<Handle>(settings_.conninfo.Reveal());
    socket_ = fcntl(handle_->connection.sock(), F_DUPFD_CLOEXEC, 0);
  } catch (const std::exception& e) {
    return PostgresFailure(settings_, kConnecting, e.what());
  }
  if (socket_ < 0) return PostgresFailure(settings_, kConnecting, "too many open files");
  return Ask(SessionSettings(), kConnecting, nullptr);
}

bool PostgresConnection::is_open() const { return !is_lost_ && handle_->connection.is_open(); }

bool PostgresConnection::is_quiet() const {
  pollfd polled{socket_, POLLIN | POLLRDHUP, 0};
  return poll(&polled, 1, 0) == 0;
}

// libpqxx connects anew by itself where a connection was lost, without its session's settings and
// locks: nothing is asked of one that is not open.
template <typename Act>
Status PostgresConnection::Try(std::string_view doing, std::chrono::nanoseconds at_most, Act act) {
  if (!is_open()) return PostgresFailure(settings_, doing, "the connection is lost");
  const ExchangeWatch::Exchange exchange(watch_, socket_, at_most);
  try {
    return act(handle_->connection);
  } catch (const pqxx::sql_error& e) {
    return PostgresFailure(settings_, doing, FirstLine(e.what()));
  } catch (const std::exception& e) {
    // Also where it is not known whether a commit was made.
    is_lost_ = true;
    return PostgresFailure(settings_, doing, e.what());
  }
}

Status PostgresConnection::Run(const Transaction& transaction, std::string_view doing,
                               std::chrono::nanoseconds at_most) {
  return Try(doing, at_most, [&](pqxx::connection& connection) -> Status {
    pqxx::work work(connection);
    pqxx::result rows;
    for (const std::string& statement : transaction.statements) rows = work.exec(statement);
    if (transaction.visit) {
      for (const pqxx::row& row : rows) transaction.visit(PostgresRow(row));
    }
    if (transaction.may_commit && !transaction.may_commit()) {
      work.abort();
      return PostgresFailure(settings_, doing, "it was undone");
    }
    work.commit();
    return Status();
  });
}

Status PostgresConnection::Ask(const std::string& sql, std::string_view doing, const Visit& visit) {
  return Try(doing, kExchange, [&](pqxx::connection& connection) {
    pqxx::nontransaction work(connection);
    const pqxx::result rows = work.exec(sql);
    if (visit) {
      for (const pqxx::row& row : rows) visit(PostgresRow(row));
    }
    return Status();
  });
}

}  // namespace tocsin::evaluator
