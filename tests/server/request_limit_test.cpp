// Frames beyond a limit: consumed as they come, refused at their end.

#include <memory>

#include "fixture.hpp"
#include "server/request.hpp"

namespace {

using kv::Limit;
using kv::Parse;
using kv::test::frame;
using kv::test::small_config;
using Status = Parse::Status;

/// Feeds `bytes` in pieces of `piece` and keeps no more than what the parser asks for.
struct Refusal {
  Refusal(const kv::Config& config, const std::string& bytes, uint64_t piece)
      : allocation(kv::test::planned(config)) {
    const kv::RequestParser parser(allocation);
    std::vector<kv::Slice> slices(allocation.config.command_args_max);
    kv::Scratch scratch(slices);
    kv::ConnectionRecord record = {};
    std::string pending;
    for (uint64_t at = 0; at < bytes.size() && status == Status::incomplete; at += piece) {
      pending += bytes.substr(at, piece);
      const Parse parse = parser.parse(pending, record, scratch);
      status = parse.status;
      pending.erase(0, parse.consumed);
      if (pending.size() > kept_bytes_max) kept_bytes_max = pending.size();
      if (status == Status::incomplete) CHECK(parse.needs > pending.size() + parse.consumed);
    }
    rest = pending;
    if (status != Status::refused) return;
    char room[kv::small_reply_bytes_max];
    kv::ReplyWriter reply(room, 2);
    kv::write_refusal(reply, record, allocation);
    text.assign(room, reply.written());
    limit = static_cast<Limit>(record.refused_limit);
    // The next frame is read as if nothing had happened.
    const std::string ping = frame({"PING"});
    CHECK(parser.parse(ping, record, scratch).status == Status::complete);
    CHECK(scratch.count() == 1);
  }

  kv::Allocation allocation;
  Status status = Status::incomplete;
  Limit limit = Limit::none;
  uint64_t kept_bytes_max = 0;
  std::string rest;
  std::string text;
};

void check_refusal(const std::string& bytes, Limit limit, const std::string& text) {
  for (const uint64_t piece : {uint64_t{1}, uint64_t{7}, uint64_t{bytes.size()}}) {
    CAPTURE(piece);
    const Refusal refusal(small_config(), bytes, piece);
    CHECK(refusal.status == Status::refused);
    CHECK(refusal.limit == limit);
    CHECK(refusal.text == text);
    CHECK(refusal.rest.empty());
  }
}

}  // namespace

TEST_CASE("An argument beyond every limit is refused by the limit of its place") {
  // Keys of 40 and values of 100 bytes; other words are kept up to 128.
  check_refusal(frame({"SET", "k", std::string(5000, 'v')}), Limit::value_bytes,
                "-ERR value of 5000 bytes exceeds val_size_max (100)\r\n");
  check_refusal(frame({"get", std::string(5000, 'k')}), Limit::key_bytes,
                "-ERR key of 5000 bytes exceeds key_size_max (40)\r\n");
  check_refusal(frame({"MSET", "a", "b", std::string(129, 'k'), "c"}), Limit::key_bytes,
                "-ERR key of 129 bytes exceeds key_size_max (40)\r\n");
  check_refusal(frame({std::string(129, 'n'), "a"}), Limit::value_bytes,
                "-ERR value of 129 bytes exceeds val_size_max (100)\r\n");
}

TEST_CASE("A frame with too many arguments is refused") {
  std::vector<std::string> arguments(1025, "a");
  arguments[0] = "DEL";
  check_refusal(frame(arguments), Limit::arguments,
                "-ERR request of 1025 arguments exceeds command_args_max (1024)\r\n");
  std::string line = "DEL";
  kv::Config config = small_config();
  config.command_args_max = 8;
  for (int i = 0; i < 8; ++i) line += " a";
  const Refusal refusal(config, line + "\r\n", 100);
  CHECK(refusal.text == "-ERR request of 9 arguments exceeds command_args_max (8)\r\n");
}

TEST_CASE("A frame that cannot fit the largest request is refused early") {
  // LPUSHX with three full elements: "*5\r\n" 4, "$6\r\nLPUSHX\r\n" 12, "$40\r\n…\r\n" 47,
  // three "$100\r\n…\r\n" of 108: 387 bytes. LPOS has six words: "*9\r\n" 4,
  // "$4\r\nLPOS\r\n" 10, 47, 108, and 6 of 31: 355. So 387 is the largest request.
  CHECK(kv::test::planned(small_config()).terms.request_bytes_max == 387);
  // "*5\r\n$5\r\nRPUSH\r\n$1\r\nk\r\n" is 22 bytes, a full element 108, two empty ones 6 each;
  // four full ones need 22 + 4 * 108 = 454, known when the fourth of them begins.
  const std::string full(100, 'v');
  check_refusal(frame({"RPUSH", "k", full, full, full, full}), Limit::request_bytes,
                "-ERR request of 454 bytes or more exceeds the largest request (387)\r\n");
  // 100 arguments of 6 bytes at least, behind "*100\r\n".
  check_refusal(frame(std::vector<std::string>(100, "")), Limit::request_bytes,
                "-ERR request of 606 bytes or more exceeds the largest request (387)\r\n");
}

TEST_CASE("The largest request itself is accepted, in any pieces") {
  const std::string key(40, 'k');
  const std::string value(100, 'v');
  const std::string bytes = frame({"LPUSHX", key, value, value, value});
  CHECK(bytes.size() == 387);
  for (uint64_t piece = 1; piece <= bytes.size(); ++piece) {
    CHECK(Refusal(small_config(), bytes, piece).status == Status::complete);
  }
}

TEST_CASE("What is discarded is not kept") {
  const std::string bytes = frame({"SET", "k", std::string(5000, 'v'), "EX", "10"});
  const Refusal refusal(small_config(), bytes, 1);
  CHECK(refusal.status == Status::refused);
  // "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n" is 20 bytes, "$5000\r" 6 more before the LF.
  CHECK(refusal.kept_bytes_max == 26);
}

TEST_CASE("A frame that is discarded can still break the protocol") {
  const std::string begin =
      std::string("*3\r\n$3\r\nSET\r\n$500\r\n") + std::string(500, 'k') + "\r\n";
  CHECK(Refusal(small_config(), begin + "x", 1).status == Status::broken);
  CHECK(Refusal(small_config(), begin + "$-1\r\n", 1000).status == Status::broken);
  CHECK(Refusal(small_config(), begin + "$1\r\nv\r\n", 1000).status == Status::refused);
}

TEST_CASE("A header that runs past the largest request is not waited for") {
  // Two full arguments and an ECHO bring the last header to the brink: the frame may hold 387
  // bytes, 23 + 3 * 108 = 347 are used, an element of 34 bytes ends at 387 with its header.
  const std::string full(100, 'v');
  const std::string head = frame({"LPUSHX", "k", full, full, full, std::string(30, 'v')});
  CHECK(head.size() == 384);
  CHECK(Refusal(small_config(), head, 1).status == Status::complete);
  const std::string longer = frame({"LPUSHX", "k", full, full, full, std::string(34, 'v')});
  CHECK(longer.size() == 388);
  for (uint64_t piece = 1; piece <= longer.size(); ++piece) {
    CHECK(Refusal(small_config(), longer, piece).status == Status::refused);
  }
}
