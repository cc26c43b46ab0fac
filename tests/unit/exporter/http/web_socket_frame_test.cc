// Expectations are RFC 6455's: https://www.rfc-editor.org/rfc/rfc6455#section-5
#include "exporter/http/web_socket_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/exporter/http/web_socket_client.h"

namespace tocsin::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Frames : public ::testing::Test {
 protected:
  std::optional<FrameFault> Feed(const std::string& bytes) {
    return reader_->Feed(bytes, [this](const FrameMessage& message) {
      codes_.push_back(message.close_code.value_or(0));
      seen_.push_back(message.opcode == Opcode::kText   ? "text:" + std::string(message.payload)
                      : message.opcode == Opcode::kPing ? "ping:" + std::string(message.payload)
                      : message.opcode == Opcode::kPong ? "pong:" + std::string(message.payload)
                                                        : "close:" + std::string(message.payload));
    });
  }
  void ExpectFault(const std::string& bytes, CloseCode code) {
    const std::optional<FrameFault> fault = Feed(bytes);
    ASSERT_TRUE(fault.has_value());
    EXPECT_EQ(fault->code, code) << fault->reason;
    EXPECT_THAT(seen_, IsEmpty());
  }

  std::unique_ptr<FrameReader> reader_ = std::make_unique<FrameReader>(4096);
  std::vector<std::string> seen_;
  std::vector<int> codes_;
};

TEST_F(Frames, ReadsTheMaskedHelloOfTheSpecification) {
  // Section 5.7: a single-frame masked text message.
  EXPECT_FALSE(Feed("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"));
  EXPECT_THAT(seen_, ElementsAre("text:Hello"));
}

TEST_F(Frames, ReadsBytesInPiecesOfAnySize) {
  const std::string bytes = ClientFrame(0x81, "Hello") + ClientFrame(0x89, "hi") +
                            ClientFrame(0x81, std::string(300, 'x'));
  for (const char byte : bytes) EXPECT_FALSE(Feed(std::string(1, byte)));
  EXPECT_THAT(seen_, ElementsAre("text:Hello", "ping:hi", "text:" + std::string(300, 'x')));
}

TEST_F(Frames, JoinsFragmentsBetweenWhichControlFramesMayCome) {
  EXPECT_FALSE(Feed(ClientFrame(0x01, "Hel") + ClientFrame(0x89, "?") + ClientFrame(0x00, "l") +
                    ClientFrame(0x80, "o")));
  EXPECT_THAT(seen_, ElementsAre("ping:?", "text:Hello"));
}

TEST_F(Frames, TakesAMessageOfTheLargestSizeAndNoneBeyond) {
  EXPECT_FALSE(Feed(ClientFrame(0x81, std::string(4096, 'x'))));
  EXPECT_THAT(seen_, ElementsAre("text:" + std::string(4096, 'x')));
  seen_.clear();
  ExpectFault(ClientFrame(0x81, std::string(4097, 'x')), CloseCode::kTooBig);
}

TEST_F(Frames, JudgesALengthBeforeThePayloadComes) {
  // A head alone: 64-bit length of 2 GiB.
  ExpectFault(std::string("\x81\xff\x00\x00\x00\x00\x7f\xff\x00\x00\x01\x02\x03\x04", 14),
              CloseCode::kTooBig);
}

TEST_F(Frames, ALengthThatFillsItsFieldOverflowsNothing) {
  EXPECT_FALSE(Feed(ClientFrame(0x01, "x")));
  ExpectFault(std::string("\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", 14),
              CloseCode::kTooBig);
}

TEST_F(Frames, FragmentsWithoutContentAreNoWayAroundTheLimit) {
  EXPECT_FALSE(Feed(ClientFrame(0x01, std::string(4096, 'x'))));
  for (int i = 0; i < 10'000; ++i) EXPECT_FALSE(Feed(ClientFrame(0x00, "")));
  ExpectFault(ClientFrame(0x80, "x"), CloseCode::kTooBig);
}

TEST_F(Frames, CountsFragmentsTogether) {
  EXPECT_FALSE(Feed(ClientFrame(0x01, std::string(4000, 'x'))));
  ExpectFault(ClientFrame(0x80, std::string(97, 'x')), CloseCode::kTooBig);
}

TEST_F(Frames, RefusesAFrameWithoutMask) {
  ExpectFault(std::string("\x81\x05Hello", 7), CloseCode::kProtocolError);
}
TEST_F(Frames, RefusesReservedBits) {
  ExpectFault(ClientFrame(0xC1, "x"), CloseCode::kProtocolError);
}
TEST_F(Frames, RefusesReservedBitsOfControlFramesAndFragmentsToo) {
  for (const unsigned first : {0xA1U, 0x91U, 0x99U, 0xA8U, 0xCAU}) {
    reader_ = std::make_unique<FrameReader>(4096);
    ExpectFault(ClientFrame(first, "x"), CloseCode::kProtocolError);
  }
  reader_ = std::make_unique<FrameReader>(4096);
  EXPECT_FALSE(Feed(ClientFrame(0x01, "x")));
  ExpectFault(ClientFrame(0xC0, "y"), CloseCode::kProtocolError);
}
TEST_F(Frames, RefusesUnknownOpcodes) {
  for (const unsigned first : {0x83U, 0x87U, 0x8BU, 0x8FU}) {
    reader_ = std::make_unique<FrameReader>(4096);
    ExpectFault(ClientFrame(first, "x"), CloseCode::kProtocolError);
  }
}
TEST_F(Frames, RefusesBinaryMessages) {
  ExpectFault(ClientFrame(0x82, "x"), CloseCode::kUnsupportedData);
}
TEST_F(Frames, RefusesAContinuationOfNothing) {
  ExpectFault(ClientFrame(0x80, "x"), CloseCode::kProtocolError);
}
TEST_F(Frames, RefusesAMessageWithinAMessage) {
  EXPECT_FALSE(Feed(ClientFrame(0x01, "x")));
  ExpectFault(ClientFrame(0x81, "y"), CloseCode::kProtocolError);
}
TEST_F(Frames, RefusesAFragmentedControlFrame) {
  ExpectFault(ClientFrame(0x09, "x"), CloseCode::kProtocolError);
}
TEST_F(Frames, RefusesALongControlFrame) {
  ExpectFault(ClientFrame(0x89, std::string(126, 'x')), CloseCode::kProtocolError);
}
TEST_F(Frames, RefusesALengthThatIsNotInItsShortestForm) {
  ExpectFault(std::string("\x81\xfe\x00\x05\x01\x02\x03\x04", 8), CloseCode::kProtocolError);
}
TEST_F(Frames, RefusesTextThatIsNotUtf8) {
  // No character; half of one; '/' in two bytes; a surrogate; beyond U+10FFFF.
  for (const char* text : {"\xff", "\xe2\x82", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    reader_ = std::make_unique<FrameReader>(4096);
    ExpectFault(ClientFrame(0x81, text), CloseCode::kInvalidText);
  }
}
TEST_F(Frames, TakesACharacterThatTwoFragmentsShare) {
  EXPECT_FALSE(Feed(ClientFrame(0x01, "\xc3") + ClientFrame(0x80, "\xa9")));
  EXPECT_THAT(seen_, ElementsAre("text:\xc3\xa9"));
}

TEST_F(Frames, ReadsACloseWithAndWithoutCode) {
  EXPECT_FALSE(Feed(ClientFrame(0x88, "")));
  EXPECT_FALSE(Feed(ClientFrame(0x88, std::string("\x03\xe8", 2) + "bye")));
  EXPECT_THAT(seen_, ElementsAre("close:", "close:bye"));
  EXPECT_THAT(codes_, ElementsAre(0, 1000));
}
TEST_F(Frames, RefusesHalfACloseCode) {
  ExpectFault(ClientFrame(0x88, "\x03"), CloseCode::kProtocolError);
}
std::string CloseWith(unsigned code) {
  const std::string bytes = {static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
  return ClientFrame(0x88, bytes);
}
TEST_F(Frames, RefusesACloseCodeThatIsNeverSent) {
  for (const unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 2999U, 5000U, 65535U}) {
    reader_ = std::make_unique<FrameReader>(4096);
    ExpectFault(CloseWith(code), CloseCode::kProtocolError);
  }
}
TEST_F(Frames, TakesTheCloseCodesThatThereAre) {
  for (const unsigned code : {1000U, 1001U, 1003U, 1007U, 1011U, 1014U, 3000U, 4999U}) {
    EXPECT_FALSE(Feed(CloseWith(code)));
    EXPECT_EQ(codes_.back(), static_cast<int>(code));
  }
}
TEST_F(Frames, RefusesAReasonThatIsNotUtf8) {
  ExpectFault(ClientFrame(0x88, std::string("\x03\xe8\xff", 3)), CloseCode::kInvalidText);
}

std::string HeadText(Opcode opcode, std::size_t size) {
  const FrameHead head = MakeFrameHead(opcode, size);
  return {head.bytes.data(), head.size};
}

TEST(FrameHeads, HaveTheirLengthInItsShortestForm) {
  EXPECT_EQ(HeadText(Opcode::kText, 5), "\x81\x05");
  EXPECT_EQ(HeadText(Opcode::kText, 125), "\x81\x7d");
  EXPECT_EQ(HeadText(Opcode::kText, 126), std::string("\x81\x7e\x00\x7e", 4));
  EXPECT_EQ(HeadText(Opcode::kText, 65535), std::string("\x81\x7e\xff\xff", 4));
  EXPECT_EQ(HeadText(Opcode::kText, 65536),
            std::string("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
}

TEST(ClosePayloads, BeginWithTheCode) {
  EXPECT_EQ(ClosePayload(CloseCode::kTryAgainLater, "slow"), std::string("\x03\xf5slow", 6));
}

}  // namespace
}  // namespace tocsin::http
