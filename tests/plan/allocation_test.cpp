// The plan against numbers worked out by hand.
#include "kvcore/plan/allocation.hpp"

#include <doctest/doctest.h>

#include "kvcore/plan/validate.hpp"

namespace kv {
namespace {

// plan() is a constant expression: these hold before any test runs.
static_assert(plan(Config()).ok);
static_assert(plan(Config()).allocation.arena_bytes == 260'927'488);
static_assert(plan(Config()).allocation.terms.request_bytes_max == 206'300);
static_assert(plan(Config()).allocation.terms.list_reply_bytes_max == 205'255);

Allocation planned(const Config& config) {
  const PlanResult result = plan(config);
  REQUIRE(result.ok);
  return result.allocation;
}

Config list_config(uint64_t list_length_max) {
  Config config;
  config.list_length_max = list_length_max;
  return config;
}

TEST_CASE("the largest RPUSH and the largest list reply of the defaults are the known numbers") {
  // *52\r\n                      1 + 2 + 2                     =       5
  // $5\r\nRPUSH\r\n              1 + 1 + 2 + 5 + 2             =      11
  // $1024\r\n…\r\n               1 + 4 + 2 + 1,024 + 2         =   1,033
  // 50 × $4096\r\n…\r\n    50 × (1 + 4 + 2 + 4,096 + 2)        = 205,250
  //                                                              206,299
  CHECK(request_bytes(command_info(Command::rpush), RequestLimits{1'024, 4'096, 50}).value() ==
        206'299);
  // $6\r\nLPUSHX\r\n is a byte more.
  CHECK(request_bytes(command_info(Command::lpushx), RequestLimits{1'024, 4'096, 50}).value() ==
        206'300);
  CHECK(planned(Config()).terms.request_bytes_max == 206'300);
  // *50\r\n                      1 + 2 + 2                     =       5
  // 50 × 4,105                                                 = 205,250
  CHECK(planned(Config()).terms.list_reply_bytes_max == 205'255);
  // LMPOP has *2\r\n, 4, and a key before it: 1,024 and at most $536870912\r\n and \r\n, 14.
  // 205,255 + 1,024 + 18 = 206,297.
  CHECK(planned(Config()).terms.key_list_reply_bytes_max == 206'297);
  CHECK(planned(Config()).terms.reply_bytes_max == 206'297);
}

TEST_CASE("the element count of a request has the digits of L + 2, that of a reply those of L") {
  // LPUSHX: (1 + digits(L+2) + 2) + 12 + 1,033 + L × 4,105
  // reply:  (1 + digits(L) + 2) + L × 4,105

  // L = 8:   *10 is 5;  5 + 12 + 1,033 + 32,840 = 33,890.   *8 is 4;  4 + 32,840 = 32,844.
  CHECK(planned(list_config(8)).terms.request_bytes_max == 33'890);
  CHECK(planned(list_config(8)).terms.list_reply_bytes_max == 32'844);
  // L = 9:   *11 is 5;  5 + 12 + 1,033 + 36,945 = 37,995.   *9 is 4;  4 + 36,945 = 36,949.
  CHECK(planned(list_config(9)).terms.request_bytes_max == 37'995);
  CHECK(planned(list_config(9)).terms.list_reply_bytes_max == 36'949);
  // L = 98:  *100 is 6; 6 + 12 + 1,033 + 402,290 = 403,341. *98 is 5; 5 + 402,290 = 402,295.
  CHECK(planned(list_config(98)).terms.request_bytes_max == 403'341);
  CHECK(planned(list_config(98)).terms.list_reply_bytes_max == 402'295);
  // L = 99:  *101 is 6; 6 + 12 + 1,033 + 406,395 = 407,446. *99 is 5; 5 + 406,395 = 406,400.
  CHECK(planned(list_config(99)).terms.request_bytes_max == 407'446);
  CHECK(planned(list_config(99)).terms.list_reply_bytes_max == 406'400);
  // L = 998: *1000 is 7; 7 + 12 + 1,033 + 4,096,790 = 4,097,842.
  //          *998 is 6;  6 + 4,096,790 = 4,096,796.
  CHECK(planned(list_config(998)).terms.request_bytes_max == 4'097'842);
  CHECK(planned(list_config(998)).terms.list_reply_bytes_max == 4'096'796);
}

TEST_CASE("the digits of key and value lengths count where they grow") {
  // K = 9, V = 99, L = 1,000: *1002 is 7; LPUSHX 12; $9 is 1 + 1 + 2 + 9 + 2 = 15;
  // $99 is 1 + 2 + 2 + 99 + 2 = 106.   7 + 12 + 15 + 106,000 = 106,034.
  Config config = list_config(1000);
  config.key_size_max = 9;
  config.val_size_max = 99;
  CHECK(planned(config).terms.request_bytes_max == 106'034);
  // K = 10, V = 100: $10 is 17, $100 is 108.   7 + 12 + 17 + 108,000 = 108,036.
  config.key_size_max = 10;
  config.val_size_max = 100;
  CHECK(planned(config).terms.request_bytes_max == 108'036);
}

TEST_CASE("without lists the largest request is one value with every option") {
  // SET: *9\r\n 4; $3\r\nSET\r\n 9; key 1,033; value 4,105; six words of 24 bytes, each
  // 1 + 2 + 2 + 24 + 2 = 31, are 186.   4 + 9 + 1,033 + 4,105 + 186 = 5,337.
  CHECK(request_bytes(command_info(Command::set), RequestLimits{1'024, 4'096, 0}).value() == 5'337);
  // LPOS has a name of four letters: 5,338. LINSERT needs a list of two for its two values:
  // *5\r\n 4; $7\r\nLINSERT\r\n 13; 1,033; 4,105; a word of 31 = 5,186.
  CHECK(request_bytes(command_info(Command::linsert), RequestLimits{1'024, 4'096, 0}).value() ==
        5'186);
  // With lists of two: 5,186 + 4,105 = 9,291.
  CHECK(request_bytes(command_info(Command::linsert), RequestLimits{1'024, 4'096, 2}).value() ==
        9'291);
  const Allocation allocation = planned(list_config(0));
  CHECK(allocation.terms.request_bytes_max == 5'338);
  // *0\r\n and one value: 4 + 4,105.
  CHECK(allocation.terms.list_reply_bytes_max == 4'109);
  CHECK(allocation[Part::list_nodes].bytes == 0);
  // Key and value are a chain of 5,120 bytes: 256 and 4,864 / 252 = 19.3, 21 blocks.
  // 1,000 × 21 × 256.
  CHECK(allocation[Part::blocks].bytes == 5'376'000);
}

TEST_CASE("a push carries no more elements than a command has arguments") {
  // 8 arguments: 6 elements.   *8 is 4; LPUSHX 12; 4 + 12 + 1,033 + 24,630 = 25,679.
  Config config = list_config(50);
  config.command_args_max = 8;
  CHECK(planned(config).terms.push_elements_max == 6);
  CHECK(planned(config).terms.request_bytes_max == 25'679);
  CHECK(planned(config).terms.list_reply_bytes_max == 205'255);
}

TEST_CASE("every part of the default plan is the number worked out by hand") {
  const Allocation a = planned(Config());
  const auto same = [&](Part part, uint64_t count, uint64_t unit, uint64_t bytes) {
    CAPTURE(part_info(part).id_text);
    CHECK(a[part] == Product{count, unit, bytes});
  };
  same(Part::connection_records, 1'000, 320, 320'000);
  same(Part::request_buffers, 1'000, 16'384, 16'384'000);
  same(Part::reply_buffers, 1'000, 16'384, 16'384'000);
  same(Part::large_requests, 16, 206'300, 3'300'800);
  same(Part::large_replies, 16, 206'297, 3'300'752);
  // 1,000 reply buffers, 16 and 16 large slots.
  same(Part::buffer_free_lists, 1'032, 4, 4'128);
  // max(50 + 2, 1024) arguments.
  same(Part::slices, 1'024, 16, 16'384);
  // ceil(1,000 × 10 / 96) = ceil(104.17) = 105.
  same(Part::buckets, 105, 64, 6'720);
  same(Part::entries, 1'000, 32, 32'000);
  // The last block of a chain holds 256 bytes, each of the others 252. A key: 256 and 768 / 252 =
  // 3.05, 5 blocks. An element: 256 and 3,840 / 252 = 15.2, 17 blocks. A key with 50 elements:
  // 5 + 50 × 17 = 855 blocks.
  same(Part::blocks, 855'000, 256, 218'880'000);
  same(Part::list_nodes, 50'000, 16, 800'000);
  // 11 levels of 64 slots.
  same(Part::wheel_slots, 704, 4, 2'816);
  same(Part::timers, 1'000, 20, 20'000);
  // 2 × 1,000 watches, and the next power of two.
  same(Part::watched_keys, 2'000, 32, 64'000);
  same(Part::key_watches, 2'000, 20, 40'000);
  same(Part::watch_heads, 2'048, 4, 8'192);
  same(Part::client_watches, 1'000, 12, 12'000);
  same(Part::blocked_clients, 1'000, 24, 24'000);
  same(Part::transaction_states, 1'000, 16, 16'000);
  same(Part::transaction_slots, 16, 65'536, 1'048'576);
  same(Part::transaction_free_list, 16, 4, 64);
  // 2 × 1,000 + 64 = 2,064: 4,096 completions of 16 bytes are 65,536; 2 × 1,000 + 16 = 2,016
  // would be 2,048 submissions, but 1,024 are enough: 4,096 bytes of indices; a header of 64.
  // 69,696 bytes, in whole pages 18 × 4,096 = 73,728.
  same(Part::rings, 1, 73'728, 73'728);
  same(Part::submissions, 1'024, 64, 65'536);
  // 1,000 buffers: 1,024 entries.
  same(Part::buffer_ring, 1'024, 16, 16'384);
  // 1,000 clients, one that is refused, and 32 of kvd itself.
  same(Part::epoll_sockets, 1'033, 40, 41'320);
  same(Part::epoll_events, 256, 16, 4'096);
  same(Part::epoll_free_list, 1'000, 4, 4'000);
  same(Part::command_statistics, 128, 32, 4'096);
  same(Part::slow_commands, 128, 384, 49'152);
}

TEST_CASE("every component of the default plan is the number worked out by hand") {
  const Allocation a = planned(Config());
  // 320,000 + 2 × 16,384,000 + 3,300,800 + 3,300,752 + 4,128
  CHECK(a[Component::connections] == 39'693'680);
  CHECK(a[Component::fba] == 16'384);
  CHECK(a[Component::map] == 38'720);  // 6,720 + 32,000
  CHECK(a[Component::blocks] == 218'880'000);
  CHECK(a[Component::list_pool] == 800'000);
  CHECK(a[Component::expiry] == 22'816);  // 2,816 + 20,000
  // 64,000 + 40,000 + 8,192 + 12,000 + 24,000 + 16,000 + 1,048,576 + 64
  CHECK(a[Component::sessions] == 1'212'832);
  CHECK(a[Component::ring] == 155'648);       // 73,728 + 65,536 + 16,384
  CHECK(a[Component::epoll] == 49'416);       // 41,320 + 4,096 + 4,000
  CHECK(a[Component::statistics] == 53'248);  // 4,096 + 49,152
  // The slices end at 39,710,064: 16 to the next multiple of 64. The timers end at 259,451,616, the
  // watches of clients at 259,575,840: 32 to a multiple of 64 each. The last free list ends at
  // 260,664,512: 832 to a page. The sockets of epoll end at 260,862,312, its free list at
  // 260,870,432: 24 and 32 to a multiple of 64. The slow commands end at 260,923,712: 3,776 to a
  // page.
  CHECK(a[Component::padding] == 4'744);
  // 39,693,680 + 16,384 + 38,720 + 218,880,000 + 800,000 + 22,816 + 1,212,832 + 155,648 + 49,416 +
  // 53,248 + 4,744; 63,703 pages.
  CHECK(a.arena_bytes == 260'927'488);
}

TEST_CASE("what lies outside the arena of the default plan is the number worked out by hand") {
  const Allocation a = planned(Config());
  const auto bytes = [&](Outside id) { return a.outside[static_cast<uint64_t>(id)].bytes; };
  CHECK(bytes(Outside::process) == 6'815'744);
  // 260,927,488 / 512 = 509,624, and 65,536.
  CHECK(bytes(Outside::page_tables) == 575'160);
  // 73,728 + 65,536 + 16,384 + 98,304
  CHECK(bytes(Outside::ring_kernel) == 253'952);
  // 1,033 × 256, and a page.
  CHECK(bytes(Outside::epoll_kernel) == 268'544);
  // 1,000 × 5,120
  CHECK(bytes(Outside::connection_kernel) == 5'120'000);
  // 1,000 / 4 + 64 = 314 closed sockets of 5,120 + 4,096
  CHECK(bytes(Outside::closed_memory) == 2'893'824);
  // 1,000 × (2 × 32,768 + 2 × 32,768 + 66,560 + 8,192) = 1,000 × 205,824
  CHECK(bytes(Outside::socket_memory) == 205'824'000);
  // 260,927,488 + 6,815,744 + 575,160 + 253,952 + 268,544 + 5,120,000 + 2,893,824 + 205,824,000
  CHECK(a.container_bytes == 482'678'712);
}

TEST_CASE("only the backends that can serve are planned for") {
  Config config;
  config.server_io = static_cast<uint64_t>(IoChoice::io_uring);
  Allocation a = planned(config);
  CHECK(a[Component::ring] == 155'648);
  CHECK(a[Component::epoll] == 0);
  CHECK(a.outside[static_cast<uint64_t>(Outside::epoll_kernel)].bytes == 0);
  // Without the sockets, events and free list, and what they cost in alignment.
  CHECK(a.arena_bytes == 260'874'240);
  config.server_io = static_cast<uint64_t>(IoChoice::epoll);
  a = planned(config);
  CHECK(a[Component::ring] == 0);
  CHECK(a[Component::epoll] == 49'416);
  CHECK(a.outside[static_cast<uint64_t>(Outside::ring_kernel)].bytes == 0);
  // The last free list ends at 260,664,512, a multiple of 64. 41,320, 24 to a multiple of 64,
  // 4,096, 4,000, 32, 53,248: 260,767,232, and 512 to 63,664 pages.
  CHECK(a.arena_bytes == 260'767'744);
}

TEST_CASE("a chain of blocks has a link in every block but the last") {
  // Of 256 bytes; then 252 for each block that was the last.
  static_assert(chain_blocks(0, 256) == 1);
  static_assert(chain_blocks(256, 256) == 1);
  static_assert(chain_blocks(257, 256) == 2);
  static_assert(chain_blocks(508, 256) == 2);  // 252 + 256
  static_assert(chain_blocks(509, 256) == 3);
  static_assert(chain_bytes_max(2, 256) == 508);
  // A key of 16 bytes and a value of 64 are one block of 80, which 84 bytes would not be.
  Config config = list_config(0);
  config.key_size_max = 16;
  config.val_size_max = 64;
  config.block_bytes = 80;
  CHECK(planned(config).terms.full_key_blocks == 1);
  config.val_size_max = 68;
  CHECK(planned(config).terms.full_key_blocks == 2);
  // A list of one element: 1 + 1 blocks; a string of 16 + 144 = 160 bytes: 80 and 80 / 76, 3.
  config.list_length_max = 1;
  config.val_size_max = 80;
  CHECK(planned(config).terms.full_key_blocks == 2);  // 96 bytes: 80 and 16 / 76
  CHECK(planned(config).terms.single_blocks == 2);
  config.key_size_max = 80;
  CHECK(planned(config).terms.full_key_blocks == 3);  // 160 bytes: 80 and 80 / 76
  CHECK(planned(config).terms.single_blocks == 3);
  config.list_length_max = 2;
  CHECK(planned(config).terms.full_key_blocks == 3);  // 1 + 2 × 1
}

TEST_CASE("options that were left out are computed, and those that were given are kept") {
  const Allocation defaults = planned(Config());
  CHECK(defaults.config.store_bytes == 218'880'000);
  CHECK(defaults.config.expiring_keys_max == 1'000);
  CHECK(defaults.config.command_args_max == 1'024);
  CHECK(defaults.config.request_buffers == 1'000);
  CHECK(defaults.config.reply_buffers == 1'000);
  CHECK(defaults.config.memory_budget == unset);

  Config config;
  config.store_bytes = 1'000'000;
  config.request_buffers = 10;
  config.reply_buffers = 20;
  config.command_args_max = 100;
  const Allocation given = planned(config);
  CHECK(given.config.store_bytes == 1'000'000);
  // 1,000,000 / 256 = 3,906.25: the rest of 64 bytes is not planned.
  CHECK(given[Part::blocks] == Product{3'906, 256, 999'936});
  // 3,906 blocks cannot hold more elements than that.
  CHECK(given[Part::list_nodes] == Product{3'906, 16, 62'496});
  CHECK(given[Part::request_buffers].count == 10);
  CHECK(given[Part::reply_buffers].count == 20);
  CHECK(given[Part::buffer_ring] == Product{16, 16, 256});
  CHECK(given[Part::slices] == Product{100, 16, 1'600});
}

TEST_CASE("only keys that may expire have a timer") {
  Config config;
  config.key_count = 1'000'000;
  CHECK(planned(config)[Part::timers] == Product{1'000'000, 20, 20'000'000});
  config.expiring_keys_max = 10;
  CHECK(planned(config)[Part::timers] == Product{10, 20, 200});
  config.expiring_keys_max = 0;
  CHECK(planned(config)[Part::timers] == Product{0, 20, 0});
}

TEST_CASE("a million keys of 16 bytes with values of 64 are 119 bytes each, and 20 to expire") {
  Config config = list_config(0);
  config.key_count = 1'000'000;
  config.key_size_max = 16;
  config.val_size_max = 64;
  config.block_bytes = 80;
  const Allocation a = planned(config);
  // ceil(10,000,000 / 96) = 104,167 buckets of 64 bytes and 1,000,000 entries of 32.
  CHECK(a[Component::map] == 38'666'688);
  CHECK(a[Component::blocks] == 80'000'000);
  CHECK(a[Part::timers].bytes == 20'000'000);
}

TEST_CASE("a hundred thousand lists of ten elements of 64 bytes are 923 bytes each") {
  Config config = list_config(10);
  config.key_count = 100'000;
  config.key_size_max = 16;
  config.val_size_max = 64;
  config.block_bytes = 64;
  const Allocation a = planned(config);
  // 11 blocks of 64 bytes, 10 nodes of 16, an entry of 32, a timer of 20, 10,417 buckets of 64.
  CHECK(a[Component::blocks] == 70'400'000);
  CHECK(a[Component::list_pool] == 16'000'000);
  CHECK(a[Component::map] == 3'866'688);
  CHECK(a[Part::timers].bytes == 2'000'000);
}

TEST_CASE("long lists raise the arguments of a command, up to their limit") {
  CHECK(planned(list_config(1'022)).config.command_args_max == 1'024);
  CHECK(planned(list_config(1'023)).config.command_args_max == 1'025);
  Config config = list_config(2'000'000);
  config.key_count = 1;
  CHECK(planned(config).config.command_args_max == 1'048'576);
  CHECK(planned(config).terms.push_elements_max == 1'048'574);
}

TEST_CASE("where the largest request and reply fit the small buffers, no large slots are planned") {
  Config config;
  config.connections_max = 1;
  config.key_count = 1;
  config.key_size_max = 16;
  config.val_size_max = 16;
  config.list_length_max = 2;
  config.reply_buffer_bytes = 32'768;
  const Allocation a = planned(config);
  // SET: *9 is 4; SET 9; $16 is 1 + 2 + 2 + 16 + 2 = 23 for the key and 23 for the value; six
  // words of 31 are 186: 245. INFO with 8 words: *9 is 4; 1 + 1 + 2 + 4 + 2 = 10; 8 × 31 = 248:
  // 262. COMMAND: *9 is 4; 1 + 1 + 2 + 7 + 2 = 13; 248: 265, the largest.
  CHECK(a.terms.request_bytes_max == 265);
  // A receive buffer has room for a pipeline of such requests.
  CHECK(a[Part::request_buffers] == Product{1, 4'096, 4'096});
  CHECK(a[Part::large_requests] == Product{0, 265, 0});
  // The largest reply is a control reply of 32,768 bytes, which is what a send buffer holds.
  CHECK(a.terms.reply_bytes_max == 32'768);
  CHECK(a[Part::reply_buffers] == Product{1, 32'768, 32'768});
  CHECK(a[Part::large_replies] == Product{0, 32'768, 0});
  CHECK(a[Part::buffer_free_lists] == Product{1, 4, 4});
}

TEST_CASE("every part of a tiny plan, its padding and its total are the numbers worked by hand") {
  Config config;
  config.connections_max = 1;
  config.key_count = 1;
  config.key_size_max = 16;
  config.val_size_max = 16;
  config.list_length_max = 2;
  const Allocation a = planned(config);
  //  part                bytes     begins    ends      padding before it
  //  records                 320         0       320
  //  request buffers       4,096       320     4,416   room for a pipeline
  //  reply buffers        16,384     4,416    20,800
  //  large replies       524,288    20,800   545,088   16 × 32,768, a control reply
  //  free lists (1+16)        68   545,088   545,156
  //  slices               16,384   545,160   561,544         4
  //  buckets                  64   561,600   561,664        56
  //  entries                  32   561,664   561,696
  //  blocks (1 + 2×1)        768   561,728   562,496        32
  //  nodes                    32   562,496   562,528
  //  wheel slots           2,816   562,560   565,376        32
  //  timers                   20   565,376   565,396
  //  watched keys             64   565,440   565,504        44
  //  watches                  40   565,504   565,544
  //  watch chains (2)          8   565,568   565,576        24
  //  watches of clients       12   565,632   565,644        56
  //  blocked clients          24   565,696   565,720        52
  //  transactions             16   565,760   565,776        40
  //  their slots       1,048,576   565,824 1,614,400        48
  //  their free list          64 1,614,400 1,614,464
  //  rings: 64 + 16 × 128 (2 + 64 = 66) + 4 × 32 (2 + 16 = 18) = 2,240, a page
  //                        4,096 1,617,920 1,622,016     3,456
  //  submissions 32 × 64 2,048 1,622,016 1,624,064
  //  buffer ring              16 1,626,112 1,626,128     2,048
  //  sockets (1+1+32)      1,360 1,626,176 1,627,536        48
  //  events                4,096 1,627,584 1,631,680        48
  //  free list                 4 1,631,680 1,631,684
  //  command statistics    4,096 1,631,744 1,635,840        60
  //  slow commands        49,152 1,635,840 1,684,992
  //  a whole page                     1,687,552     2,560
  CHECK(a[Component::connections] == 320 + 4'096 + 16'384 + 524'288 + 68);
  CHECK(a[Component::fba] == 16'384);
  CHECK(a[Component::map] == 96);
  CHECK(a[Component::blocks] == 768);
  CHECK(a[Component::list_pool] == 32);
  CHECK(a[Component::expiry] == 2'836);
  CHECK(a[Component::sessions] == 1'048'804);
  CHECK(a[Component::ring] == 6'160);
  CHECK(a[Component::epoll] == 5'460);
  CHECK(a[Component::statistics] == 53'248);
  // 4 + 56 + 32 + 32 + 44 + 24 + 56 + 52 + 40 + 48 + 3,456 + 2,048 + 48 + 48 + 60 + 2,560
  CHECK(a[Component::padding] == 8'608);
  CHECK(a.arena_bytes == 1'687'552);
}

TEST_CASE("a small buffer one byte short of the largest request brings the large slots") {
  Config config;
  config.request_buffer_bytes = 206'300;
  CHECK(planned(config)[Part::large_requests].count == 0);
  CHECK(planned(config)[Part::request_buffers].unit_bytes == 206'300);
  config.request_buffer_bytes = 206'301;
  CHECK(planned(config)[Part::request_buffers].unit_bytes == 206'300);
  config.request_buffer_bytes = 206'299;
  CHECK(planned(config)[Part::large_requests] == Product{16, 206'300, 3'300'800});
  config.reply_buffer_bytes = 206'297;
  CHECK(planned(config)[Part::large_replies].count == 0);
  config.reply_buffer_bytes = 206'296;
  CHECK(planned(config)[Part::large_replies].count == 16);
}

TEST_CASE("explicit huge pages round the arena up to whole ones, transparent ones do not") {
  Config config;
  config.memory_huge_pages = static_cast<uint64_t>(HugePages::explicit_);
  // 260,927,488 / 2,097,152 = 124.42: 125 huge pages.
  CHECK(planned(config).arena_bytes == 262'144'000);
  // 4,744 and 262,144,000 − 260,927,488 = 1,216,512.
  CHECK(planned(config)[Component::padding] == 1'221'256);
  config.memory_huge_pages = static_cast<uint64_t>(HugePages::transparent);
  CHECK(planned(config).arena_bytes == 260'927'488);
}

TEST_CASE("options that do not hold memory do not change the arena") {
  Config config;
  config.server_port = 1;
  config.server_backlog = 1;
  config.server_stall_timeout_ms = 100;
  config.server_address = "::1";
  config.server_password = "secret";
  config.server_unix_socket = "/run/kvd.sock";
  config.slowlog_threshold_us = 0;
  config.memory_populate = 0;
  config.memory_lock = 1;
  config.memory_budget = 1ULL << 40;
  config.server_socket_send_bytes = mebibyte;
  CHECK(planned(config).arena_bytes == 260'927'488);
  // Socket memory is outside: 1,000 × 2 × (1,048,576 − 32,768) = 2,031,616,000 more than
  // the default's 482,678,712.
  CHECK(planned(config).container_bytes == 2'514'294'712);
}

TEST_CASE("an overflow names the two largest options of the product") {
  // 4,294,967,294 × (1 + 268,435,456) × 256 = 2.95e20, beyond 1.8e19.
  Config config = list_config(268'435'456);
  config.key_count = index_max;
  config.key_size_max = 1;
  config.val_size_max = 1;
  PlanResult result = plan(config);
  CHECK(!result.ok);
  CHECK(result.overflow == Overflow{Option::key_count, Option::list_length_max});

  // With values of 536,870,912 bytes in blocks of 28: 4,294,967,294 × 50 × 19,173,962 × 32 is
  // 1.3e20. The list is the smallest of the three factors.
  config = Config();
  config.key_count = index_max;
  config.val_size_max = 512 * mebibyte;
  config.block_bytes = 32;
  result = plan(config);
  CHECK(!result.ok);
  CHECK(result.overflow == Overflow{Option::key_count, Option::val_size_max});
}

TEST_CASE("the parts stand in the order of their components, so that they can be carved in it") {
  for (uint64_t i = 1; i < parts.size(); ++i) {
    CHECK(parts[i - 1].component <= parts[i].component);
    CHECK(static_cast<uint64_t>(parts[i].id) == i);
  }
  for (const PartInfo& part : parts) {
    CHECK(part.component != Component::padding);
    CHECK((part.align & (part.align - 1)) == 0);
    CHECK(part.align <= 4096);
  }
}

TEST_CASE("a formula reads as it is written in the table") {
  CHECK(part_info(Part::buckets).count_formula == "bucket_count");
  for (const TermInfo& term : terms) {
    if (term.name == "full_key_blocks") {
      CHECK(term.formula == "max(string_blocks, key_blocks + list_length_max * element_blocks)");
      CHECK(planned(Config()).terms.*term.value == 855);
      CHECK(!term.constant);
    }
  }
}

}  // namespace
}  // namespace kv
