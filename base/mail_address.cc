#include "base/mail_address.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"

namespace tocsin {
namespace {

// https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1
constexpr std::size_t kMaxLocalBytes = 64;
constexpr std::size_t kMaxDomainBytes = 255;

bool IsAtomCharacter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         byte >= 0x80 || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<std::vector<MailAddress>> ReadList() {
    std::vector<MailAddress> list;
    if (!IsValidUtf8(text_)) return Error{"the address is not UTF-8"};
    while (true) {
      if (Status skipped = SkipSpace(); !skipped) return skipped.error();
      if (AtEnd()) break;
      if (Take(',')) continue;
      Result<MailAddress> address = ReadMailbox();
      if (!address) return address.error();
      list.push_back(*std::move(address));
      if (Status skipped = SkipSpace(); !skipped) return skipped.error();
      if (!AtEnd() && !Take(',')) return Unexpected("where a comma belongs, after an address");
    }
    if (list.empty()) return Error{"there is no address"};
    return list;
  }

 private:
  bool AtEnd() const { return at_ == text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  bool Take(char c) {
    if (AtEnd() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  Error Unexpected(std::string_view where) const {
    if (AtEnd()) return Error{fmt::format("{} ends {}", QuoteForMessage(text_), where)};
    return Error{fmt::format("{}: unexpected {} {}", QuoteForMessage(text_),
                             QuoteForMessage(text_.substr(at_, 1)), where)};
  }

  // White space and comments.
  Status SkipSpace() {
    int depth = 0;
    for (; !AtEnd(); ++at_) {
      const char c = text_[at_];
      if (c == '(') {
        ++depth;
      } else if (depth > 0 && c == ')') {
        --depth;
      } else if (depth > 0 && c == '\\' && at_ + 1 < text_.size()) {
        ++at_;
      } else if (depth == 0 && c != ' ' && c != '\t') {
        break;
      }
    }
    return depth == 0 ? Status() : Status(Error{"a comment has no closing parenthesis"});
  }

  // `Name <user@host>`, or an address alone.
  Result<MailAddress> ReadMailbox() {
    MailAddress mailbox;
    const std::size_t begin = at_;
    if (Peek() != '<') {
      Result<std::string> address = ReadAddress();
      if (address) return MailAddress{"", *std::move(address)};
      at_ = begin;
      // What is no name either was meant as an address.
      if (Status named = ReadName(&mailbox.name); !named) return address.error();
      if (Peek() != '<') return address.error();
    }
    Take('<');
    Result<std::string> address = ReadAddress();
    if (!address) return address.error();
    if (!Take('>')) return Unexpected("where > belongs, behind an address");
    mailbox.address = *std::move(address);
    return mailbox;
  }

  Status ReadName(std::string* name) {
    while (!AtEnd() && Peek() != '<') {
      std::string word;
      if (Peek() == '"') {
        if (Status read = ReadQuoted(&word); !read) return read;
      } else {
        while (!AtEnd() && (IsAtomCharacter(Peek()) || Peek() == '.')) word += text_[at_++];
        if (word.empty()) return Unexpected("in a name");
      }
      if (!name->empty()) *name += ' ';
      *name += word;
      if (Status skipped = SkipSpace(); !skipped) return skipped;
    }
    return {};
  }

  Status ReadQuoted(std::string* text) {
    ++at_;
    while (!AtEnd() && Peek() != '"') {
      if (Peek() == '\\' && at_ + 1 < text_.size()) ++at_;
      if (IsControl(Peek())) return Unexpected("between quotes");
      *text += text_[at_++];
    }
    return Take('"') ? Status() : Status(Error{"a quoted text has no closing quote"});
  }

  Result<std::string> ReadAddress() {
    std::string local;
    if (Peek() == '"') {
      const std::size_t begin = at_;
      std::string unquoted;
      if (Status read = ReadQuoted(&unquoted); !read) return read.error();
      local = std::string(text_.substr(begin, at_ - begin));
    } else if (Status read = ReadDotAtom(&local); !read) {
      return read.error();
    }
    if (!Take('@')) return Unexpected("where @ belongs, in an address");
    std::string domain;
    if (Status read = Peek() == '[' ? ReadLiteral(&domain) : ReadDotAtom(&domain); !read) {
      return read.error();
    }
    if (local.size() > kMaxLocalBytes || domain.size() > kMaxDomainBytes) {
      return Error{fmt::format("{} is too long for an address", QuoteForMessage(text_))};
    }
    return local + "@" + domain;
  }

  // Words with single dots between them.
  Status ReadDotAtom(std::string* atom) {
    const std::size_t begin = at_;
    while (!AtEnd() && (IsAtomCharacter(Peek()) || Peek() == '.')) ++at_;
    *atom = std::string(text_.substr(begin, at_ - begin));
    const bool is_good = !atom->empty() && atom->front() != '.' && atom->back() != '.' &&
                         atom->find("..") == std::string::npos;
    return is_good ? Status() : Status(Unexpected("in an address"));
  }

  // [192.0.2.1]
  Status ReadLiteral(std::string* literal) {
    const std::size_t begin = at_++;
    while (!AtEnd() && (IsAtomCharacter(Peek()) || Peek() == '.' || Peek() == ':')) ++at_;
    if (!Take(']')) return Unexpected("where ] belongs, in an address");
    *literal = std::string(text_.substr(begin, at_ - begin));
    return {};
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<MailAddress>> ParseMailAddresses(std::string_view text) {
  return Reader(text).ReadList();
}

}  // namespace tocsin
