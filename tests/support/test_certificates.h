// Certificates for servers of tests, made while the test runs; each has a key of its own.
#pragma once

#include <cstdint>
#include <string>

namespace tocsin::testing {

// PEM texts.
struct TestCertificate {
  std::string certificate;
  std::string key;
};

enum class TestValidity : std::uint8_t { kToday, kExpired, kNotYet };

// The host "127.0.0.1", which is where servers of tests are; "DNS:other.test" is another one.
inline constexpr char kLoopbackHost[] = "IP:127.0.0.1";

// Its own issuer.
TestCertificate MakeSelfSigned(const std::string& host = kLoopbackHost);

class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name = "authority of a test");

  // Who trusts this one trusts what it has issued.
  const std::string& certificate() const { return own_.certificate; }
  TestCertificate Issue(const std::string& host = kLoopbackHost,
                        TestValidity validity = TestValidity::kToday) const;

 private:
  const TestCertificate own_;
};

}  // namespace tocsin::testing
