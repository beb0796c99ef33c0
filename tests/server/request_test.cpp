// Reading requests: whole, split anywhere, inline, broken.

#include "server/request.hpp"

#include <memory>

#include "fixture.hpp"

namespace {

using kv::Parse;
using kv::test::frame;
using Status = Parse::Status;

/// Parses like a connection does: bytes arrive in pieces, what was consumed is dropped.
struct Reader {
  explicit Reader(const kv::Config& config = {})
      : allocation(kv::test::planned(config)),
        parser(allocation),
        slices(allocation.config.command_args_max),
        scratch(slices) {}

  Parse feed(std::string_view piece) {
    pending += piece;
    const auto input = std::make_unique<char[]>(pending.size());
    std::copy(pending.begin(), pending.end(), input.get());
    const Parse parse = parser.parse({input.get(), pending.size()}, record, scratch);
    if (parse.status == Status::incomplete) CHECK(parse.needs > pending.size());
    arguments.clear();
    if (parse.status == Status::complete) {
      for (const kv::Slice& slice : scratch.slices()) {
        arguments.emplace_back(slice.data, slice.bytes);
      }
    }
    if (parse.status == Status::broken) error = parse.error;
    pending.erase(0, parse.consumed);
    return parse;
  }

  kv::Allocation allocation;
  kv::RequestParser parser;
  std::vector<kv::Slice> slices;
  kv::Scratch scratch;
  kv::ConnectionRecord record = {};
  std::string pending;
  std::vector<std::string> arguments;
  std::string error;
};

/// What the bytes are read as when they come in two pieces, then one by one.
void check_every_split(const std::string& bytes, const std::vector<std::string>& expected) {
  CAPTURE(bytes);
  for (uint64_t split = 1; split < bytes.size(); ++split) {
    Reader reader;
    CHECK(reader.feed(bytes.substr(0, split)).status == Status::incomplete);
    CHECK(reader.feed(bytes.substr(split)).status == Status::complete);
    CHECK(reader.arguments == expected);
    CHECK(reader.pending.empty());
  }
  Reader reader;
  for (uint64_t i = 0; i + 1 < bytes.size(); ++i) {
    CHECK(reader.feed(bytes.substr(i, 1)).status == Status::incomplete);
  }
  CHECK(reader.feed(bytes.substr(bytes.size() - 1)).status == Status::complete);
  CHECK(reader.arguments == expected);
}

std::string error_of(const std::string& bytes) {
  Reader reader;
  CHECK(reader.feed(bytes).status == Status::broken);
  return reader.error;
}

std::vector<std::string> arguments_of(const std::string& bytes) {
  Reader reader;
  CHECK(reader.feed(bytes).status == Status::complete);
  CHECK(reader.pending.empty());
  return reader.arguments;
}

}  // namespace

TEST_CASE("A frame is read the same wherever it is split") {
  const std::vector<std::vector<std::string>> corpus = {
      {"PING"},
      {"GET", "key"},
      {"SET", "", ""},
      {"SET", std::string("\0\r\n$", 4), "\r\n*1\r\n$4\r\nPING\r\n"},
      {"RPUSH", "list", "a", "", std::string(300, 'b'), "c"},
  };
  for (const std::vector<std::string>& arguments : corpus) {
    check_every_split(frame(arguments), arguments);
  }
  check_every_split("PING\n", {"PING"});
  check_every_split("  set  a \t b \r\n", {"set", "a", "b"});
  check_every_split("set \"a b\" '\\x41' \"\\x41\"\r\n", {"set", "a b", "\\x41", "A"});
}

TEST_CASE("A plain frame is read as parse() reads it, and what is not plain not at all") {
  Reader reader;
  std::vector<kv::Slice> room(8);
  const auto plain = [&](const std::string& bytes) {
    const kv::PlainRequest request = reader.parser.parse_plain(bytes, room);
    if (request.bytes == 0) return request;
    Reader other;
    const Parse parse = other.feed(bytes);
    CHECK(parse.status == Status::complete);
    CHECK(parse.consumed == request.bytes);
    std::vector<std::string> arguments;
    for (uint64_t i = 0; i < request.arguments; ++i) {
      arguments.emplace_back(room[i].data, room[i].bytes);
    }
    CHECK(arguments == other.arguments);
    return request;
  };
  for (const std::string& whole :
       {frame({"PING"}), frame({"GET", "key:000000000001"}),
        frame({"SET", "", std::string(64, 'x')}), frame({"SET", "k", std::string("\r\n\0$1", 5)}),
        frame({"SET", "k", std::string(1000, 'x')}),
        frame({"MSET", "a", "1", "b", "2", "c", "3"})}) {
    CAPTURE(whole);
    CHECK(plain(whole).bytes == whole.size());
    CHECK(plain(whole + "*1\r\n").bytes == whole.size());
    for (uint64_t at = 0; at < whole.size(); ++at) {
      CHECK(plain(whole.substr(0, at)).bytes == 0);
      for (const char c : std::string("019-+$*x\r\n\0", 11)) {
        std::string altered = whole;
        altered[at] = c;
        plain(altered);
        plain(whole.substr(0, at) + c + whole.substr(at));
      }
    }
  }
  room.resize(2);
  CHECK(plain(frame({"GET", "k"})).bytes > 0);
  CHECK(plain(frame({"SET", "k", "v"})).lacks_room);
  CHECK(plain(frame({"SET", "k", "v"})).bytes == 0);
  const uint64_t longest = reader.allocation.config.val_size_max;
  CHECK(plain(frame({"ECHO", std::string(longest, 'x')})).bytes > 0);
  CHECK(plain(frame({"ECHO", std::string(longest + 1, 'x')})).bytes == 0);
}

TEST_CASE("Empty arrays and empty lines are complete and hold no arguments") {
  CHECK(arguments_of("*0\r\n").empty());
  CHECK(arguments_of("*-1\r\n").empty());
  CHECK(arguments_of("*-5\r\n").empty());
  CHECK(arguments_of("\r\n").empty());
  CHECK(arguments_of("\n").empty());
  CHECK(arguments_of("   \r\n").empty());
}

TEST_CASE("Of several frames only the first is taken") {
  Reader reader;
  const std::string bytes = frame({"GET", "a"}) + frame({"GET", "b"}) + "PING\r\n*1";
  CHECK(reader.feed(bytes).consumed == 20);  // "*2\r\n" 4, "$3\r\nGET\r\n" 9, "$1\r\na\r\n" 7
  CHECK(reader.arguments == std::vector<std::string>{"GET", "a"});
  CHECK(reader.feed("").consumed == 20);
  CHECK(reader.arguments == std::vector<std::string>{"GET", "b"});
  CHECK(reader.feed("").consumed == 6);
  CHECK(reader.arguments == std::vector<std::string>{"PING"});
  CHECK(reader.feed("").status == Status::incomplete);
  CHECK(reader.pending == "*1");
}

TEST_CASE("A frame can be parsed again, as a command that waits for room is") {
  Reader reader;
  reader.pending = frame({"GET", "a"});
  for (int i = 0; i < 3; ++i) {
    const Parse parse = reader.parser.parse(reader.pending, reader.record, reader.scratch);
    CHECK(parse.status == Status::complete);
    CHECK(reader.scratch.count() == 2);
  }
  reader.pending = "echo \"\\x41\\n\"\r\n";
  for (int i = 0; i < 3; ++i) {
    CHECK(reader.parser.parse(reader.pending, reader.record, reader.scratch).status ==
          Status::complete);
    const kv::Slice text = reader.scratch.slices()[1];
    CHECK(std::string(text.data, text.bytes) == "A\n");
  }
}

TEST_CASE("An incomplete frame says how many bytes it needs at least") {
  Reader reader;
  // "*2\r\n" 4, "$4\r\nECHO\r\n" 10, "$100\r\n" 6, 100 bytes and CRLF: 122.
  CHECK(reader.feed("*2\r\n$4\r\nECHO\r\n$100\r\nabc").needs == 122);
  CHECK(reader.feed("d").needs == 122);
  CHECK(reader.feed(std::string(96, 'x')).needs == 122);
  CHECK(reader.feed("\r\n").status == Status::complete);
  CHECK(reader.arguments[1] == std::string("abcd") + std::string(96, 'x'));
}

TEST_CASE("Inline commands follow Redis's rules of quoting") {
  using Strings = std::vector<std::string>;
  CHECK(arguments_of("echo 'a\\'b\\n'\r\n") == Strings{"echo", "a'b\\n"});
  CHECK(arguments_of("echo \"\\x41\\n\\t\\q\"\r\n") == Strings{"echo", "A\n\tq"});
  CHECK(arguments_of("echo \"\\r\\b\\a\\\"\\\\\\xg1\"\r\n") == Strings{"echo", "\r\b\a\"\\xg1"});
  CHECK(arguments_of("echo foo\"bar\"\r\n") == Strings{"echo", "foobar"});
  CHECK(arguments_of("echo \"\"\r\n") == Strings{"echo", ""});
  CHECK(arguments_of("echo \"\" x\r\n") == Strings{"echo", "", "x"});
  CHECK(error_of("set \"a\r\n") == "Protocol error: unbalanced quotes in request");
  CHECK(error_of("set 'a\r\n") == "Protocol error: unbalanced quotes in request");
  CHECK(error_of("echo \"a\"b\r\n") == "Protocol error: unbalanced quotes in request");
  CHECK(error_of("echo \"a\\\r\n") == "Protocol error: unbalanced quotes in request");
}

TEST_CASE("What is not the protocol is broken, with Redis's words") {
  CHECK(error_of("*abc\r\n") == "Protocol error: invalid multibulk length");
  CHECK(error_of("*+1\r\n") == "Protocol error: invalid multibulk length");
  CHECK(error_of("*\r\n") == "Protocol error: invalid multibulk length");
  CHECK(error_of("*1048577\r\n") == "Protocol error: invalid multibulk length");
  CHECK(error_of("*1\r\n$-1\r\n") == "Protocol error: invalid bulk length");
  CHECK(error_of("*1\r\n$\r\n") == "Protocol error: invalid bulk length");
  CHECK(error_of("*1\r\n$03\r\n") == "Protocol error: invalid bulk length");
  CHECK(error_of("*1\r\n$536870913\r\n") == "Protocol error: invalid bulk length");
  CHECK(error_of("*1\r\nxabc\r\n") == "Protocol error: expected '$', got 'x'");
  CHECK(error_of("*1\r\n\r\n") == "Protocol error: expected '$', got ' '");
  CHECK(error_of(std::string("*") + std::string(31, '1')) ==
        "Protocol error: too big mbulk count string");
  CHECK(error_of(std::string("*1\r\n$") + std::string(31, '1')) ==
        "Protocol error: too big bulk count string");
  CHECK(error_of(std::string(65536, 'a')) == "Protocol error: too big inline request");
}

TEST_CASE("A broken frame is broken wherever it is split") {
  const std::vector<std::string> corpus = {"*abc\r\n", "*1\r\n$-1\r\n", "*2\r\n$3\r\nGET\r\nx",
                                           std::string("*1\r\n$") + std::string(31, '1'),
                                           "set \"a\r\n"};
  for (const std::string& bytes : corpus) {
    CAPTURE(bytes);
    const std::string expected = error_of(bytes);
    for (uint64_t split = 1; split < bytes.size(); ++split) {
      Reader reader;
      CHECK(reader.feed(bytes.substr(0, split)).status == Status::incomplete);
      CHECK(reader.feed(bytes.substr(split)).status == Status::broken);
      CHECK(reader.error == expected);
    }
  }
}

TEST_CASE("An inline command is at most 64 KiB, or as long as the largest request") {
  Reader reader;
  CHECK(reader.feed(std::string(65535, 'a')).status == Status::incomplete);
  CHECK(reader.feed("\n").status == Status::complete);
  CHECK(reader.arguments[0].size() == 65535);

  Reader small(kv::test::small_config());
  const uint64_t limit = small.allocation.terms.request_bytes_max;
  CHECK(small.feed(std::string(limit - 1, 'a')).status == Status::incomplete);
  CHECK(small.feed("a").status == Status::broken);
  CHECK(small.error == "Protocol error: too big inline request");
}

TEST_CASE("Quoted text of an inline command must fit behind the slices") {
  kv::Config config;
  config.command_args_max = 8;
  config.list_length_max = 6;
  // 8 slices of 16 bytes; two arguments leave 96 bytes for the line.
  Reader reader(config);
  CHECK(reader.feed(std::string("echo \"") + std::string(89, 'a') + "\"\n").status ==
        Status::complete);
  CHECK(reader.arguments[1].size() == 89);
  CHECK(reader.feed(std::string("echo \"") + std::string(90, 'a') + "\"\n").status ==
        Status::broken);
  CHECK(reader.error == "Protocol error: too big inline request");
}
