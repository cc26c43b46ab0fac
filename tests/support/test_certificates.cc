#include "tests/support/test_certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "base/check.h"

namespace tocsin::testing {
namespace {

template <typename T, void (*free)(T*)>
struct Freed {
  void operator()(T* it) const { free(it); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509, X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION, X509_EXTENSION_free>>;
struct FreedBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreedBio>;

constexpr long kDay = 24L * 3600;

std::string TextOf(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Bio Reader(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

TestCertificate Written(const Certificate& certificate, const Key& key) {
  const Bio one(BIO_new(BIO_s_mem()));
  const Bio other(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_X509(one.get(), certificate.get()) == 1);
  CHECK(PEM_write_bio_PrivateKey(other.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
        1);
  return {TextOf(one), TextOf(other)};
}

void AddExtension(int kind, const char* value, const Certificate& certificate) {
  const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, kind, value));
  CHECK(extension != nullptr);
  CHECK(X509_add_ext(certificate.get(), extension.get(), -1) == 1);
}

void SetName(const char* name, X509_NAME* entry) {
  CHECK(X509_NAME_add_entry_by_txt(entry, "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(name), -1, -1, 0) == 1);
}

void SetValidity(TestValidity validity, const Certificate& certificate) {
  const long begin = validity == TestValidity::kToday     ? -kDay
                     : validity == TestValidity::kExpired ? -2 * kDay
                                                          : kDay;
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), begin);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()),
                  validity == TestValidity::kExpired ? -kDay : begin + 3 * kDay);
}

Certificate NewCertificate(const char* name, TestValidity validity, const Key& key) {
  static long serial = 0;
  Certificate certificate(X509_new());
  CHECK(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  SetValidity(validity, certificate);
  SetName(name, X509_get_subject_name(certificate.get()));
  CHECK(X509_set_pubkey(certificate.get(), key.get()) == 1);
  return certificate;
}

Key NewKey() {
  Key key(EVP_EC_gen("P-256"));
  CHECK(key != nullptr);
  return key;
}

TestCertificate SelfSigned(const char* name, const char* host, const char* constraints) {
  const Key key = NewKey();
  const Certificate certificate = NewCertificate(name, TestValidity::kToday, key);
  SetName(name, X509_get_issuer_name(certificate.get()));
  AddExtension(NID_basic_constraints, constraints, certificate);
  if (host != nullptr) AddExtension(NID_subject_alt_name, host, certificate);
  CHECK(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  return Written(certificate, key);
}

}  // namespace

TestCertificate MakeSelfSigned(const std::string& host) {
  return SelfSigned("nobody in particular", host.c_str(), "CA:FALSE");
}

TestAuthority::TestAuthority(const std::string& name)
    : own_(SelfSigned(name.c_str(), nullptr, "critical,CA:TRUE")) {}

TestCertificate TestAuthority::Issue(const std::string& host, TestValidity validity) const {
  const Key own_key(PEM_read_bio_PrivateKey(Reader(own_.key).get(), nullptr, nullptr, nullptr));
  const Certificate own(
      PEM_read_bio_X509(Reader(own_.certificate).get(), nullptr, nullptr, nullptr));
  const Key key = NewKey();
  const Certificate certificate = NewCertificate("server of a test", validity, key);
  CHECK(X509_set_issuer_name(certificate.get(), X509_get_subject_name(own.get())) == 1);
  AddExtension(NID_subject_alt_name, host.c_str(), certificate);
  CHECK(X509_sign(certificate.get(), own_key.get(), EVP_sha256()) > 0);
  return Written(certificate, key);
}

}  // namespace tocsin::testing
