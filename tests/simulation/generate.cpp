// From a seed to a script: a config of many tiny limits, and clients that run into all of them.

#include <algorithm>
#include <array>
#include <sstream>

#include "kvcore/plan/allocation.hpp"
#include "kvcore/plan/validate.hpp"
#include "random.hpp"
#include "script.hpp"
#include "templates.hpp"

namespace kv::sim {

namespace {

using Kind = Action::Kind;

/// What a seed is mostly about.
enum class Theme : uint8_t { mixed, strings, lists, blocking, transactions, expiry, crowd };

class Generator {
 public:
  explicit Generator(uint64_t seed)
      : random_(seed * 0x9e3779b97f4a7c15 + 1),
        saving_(seed * 0x9e3779b97f4a7c15 + 2),
        saves_(seed % 3 == 0) {}

  Script generate() {
    constexpr Theme themes[] = {Theme::mixed,    Theme::strings,      Theme::lists,
                                Theme::blocking, Theme::transactions, Theme::expiry};
    theme_ = random_.one_in(40) ? Theme::crowd : themes[random_.below(std::size(themes))];
    saves_ &= theme_ != Theme::crowd;
    do {
      draw_config();
    } while (!validate(script_.config).empty());
    clients_ = script_.config.connections_max + random_.below(3);
    theme_ == Theme::crowd ? add_crowd() : add_steps();
    return script_;
  }

 private:
  // Config.
  void draw_config();
  void draw_sessions();
  void draw_saving();
  // Actions.
  void add(Action action) { script_.actions.push_back(std::move(action)); }
  void add_steps();
  void add_crowd();
  void add_burst(int client);
  void add_transaction(int client);
  void add_request(int client, Words words);
  void add_fault();
  void add_saving();
  void add_disk_fault();
  void add_snapshot(uint64_t turns_after);
  void add_end();
  void add_turns(uint64_t count) {
    add({Kind::turn, 0, 0, count, random_.percent(15) ? 0 : random_.below(1'000'000) + 1, {}});
  }
  // Words.
  Words command();
  Words fill(const char* text);
  Words too_many();
  std::string key();
  std::string value();
  std::string word(char placeholder);

  Random random_;
  Random saving_;  ///< of its own, so that seeds without snapshots do not hang on it
  bool saves_;
  Theme theme_ = Theme::mixed;
  Script script_;
  uint64_t clients_ = 0;
};

void Generator::draw_config() {
  Config& config = script_.config;
  config = {};
  const bool crowd = theme_ == Theme::crowd;
  config.connections_max =
      crowd ? random_.between(50, random_.one_in(8) ? 2000 : 400) : random_.between(1, 8);
  config.key_count = random_.between(2, crowd ? 40 : 14);
  config.key_size_max = random_.between(4, 60);
  config.val_size_max = random_.any_of<uint64_t>({8, 20, 64, 200, 400});
  config.list_length_max = random_.any_of<uint64_t>({1, 3, 8, 20, 40});
  config.block_bytes = random_.any_of<uint64_t>({16, 20, 32, 64});
  // From what holds one key to what holds many.
  const uint64_t bytes = config.key_size_max + config.val_size_max + 40;
  config.store_bytes = bytes * random_.between(2, 2 + config.key_count * 2);
  if (random_.one_in(8)) config.store_bytes = unset;
  config.expiring_keys_max = random_.one_in(3) ? random_.below(config.key_count + 1) : unset;
  config.memory_huge_pages = static_cast<uint64_t>(HugePages::off);
  draw_sessions();
  if (saves_) draw_saving();
}

/// Snapshots of one section or of many, on any disk.
void Generator::draw_saving() {
  Config& config = script_.config;
  config.snapshot_enabled = 1;
  config.snapshot_buffer_bytes = saving_.any_of<uint64_t>({8192, 8192, 8192, 65536});
  config.snapshot_interval_ms = saving_.any_of<uint64_t>({0, 0, 20, 300, 3600000});
  config.snapshot_on_stop = saving_.percent(75);
  script_.disk.sector_bytes = saving_.any_of<uint64_t>({512, 512, 4096});
  script_.disk.direct = saving_.percent(70);
  if (saving_.one_in(3)) return;
  config.val_size_max = saving_.any_of<uint64_t>({2000, 5000, 9000});
  config.list_length_max = saving_.any_of<uint64_t>({3, 8, 20});
  config.block_bytes = saving_.any_of<uint64_t>({64, 256});
  config.store_bytes = (config.key_size_max + config.val_size_max + 40) *
                       saving_.between(3, 3 + config.key_count * 3);
}

void Generator::draw_sessions() {
  Config& config = script_.config;
  const uint64_t clients = config.connections_max;
  const bool crowd = theme_ == Theme::crowd;
  config.request_buffers = random_.between(1, std::min<uint64_t>(clients, crowd ? 64 : 8));
  if (theme_ == Theme::blocking) config.request_buffers = std::min<uint64_t>(clients, 8);
  config.reply_buffers = random_.between(1, std::min<uint64_t>(clients, crowd ? 64 : 8));
  config.request_buffer_bytes = random_.any_of<uint64_t>({256, 300, 1024});
  config.reply_buffer_bytes = random_.any_of<uint64_t>({1024, 1500, 4096});
  config.large_request_slots = random_.between(1, 2);
  config.large_reply_slots = random_.between(1, 2);
  config.command_args_max = random_.any_of<uint64_t>({8, 12, 50});
  config.transaction_slots = random_.between(1, 3);
  config.transaction_bytes = random_.any_of<uint64_t>({256, 400, 2048});
  config.key_watches_max = random_.any_of<uint64_t>({1, 4, 10, 40});
  config.server_stall_timeout_ms = random_.any_of<uint64_t>({100, 500, 2000, 30000});
  config.server_request_timeout_ms = random_.any_of<uint64_t>({0, 700, 3000, 300000});
  config.server_idle_timeout_ms = random_.one_in(5) ? random_.between(200, 5000) : 0;
  config.slowlog_threshold_us = random_.any_of<uint64_t>({0, 500, 10000});
  config.slowlog_length = random_.below(4);
  if (random_.one_in(5)) config.server_password = Text("password");
  script_.listeners = static_cast<uint32_t>(random_.between(1, 3));
}

std::string Generator::key() {
  const Config& config = script_.config;
  if (random_.one_in(60)) return std::string(config.key_size_max + random_.between(1, 100), 'K');
  const uint64_t number = random_.below(config.key_count + 2);
  std::string out = "k" + std::to_string(number);
  if (number % 3 == 2) out.resize(std::max<uint64_t>(config.key_size_max * 2 / 3, 3), 'k');
  if (number % 5 == 4) out.resize(std::max<uint64_t>(config.key_size_max, 3), 'x');
  return out;
}

std::string Generator::value() {
  const uint64_t limit = script_.config.val_size_max;
  const char letter = static_cast<char>('a' + random_.below(4));
  switch (random_.below(10)) {
    case 0:
      return "";
    case 1:
      return std::string(limit, letter);
    case 2:
      return std::string(random_.between(limit / 2, limit), letter);
    case 3:
      return random_.one_in(4) ? std::string(limit + random_.between(1, 200), letter) : "v";
    case 4:
    case 5:
      return std::string(random_.below(limit + 1), letter);
    default:
      return std::string(1 + random_.below(std::min<uint64_t>(limit, 12)), letter);
  }
}

std::string Generator::word(char placeholder) {
  switch (placeholder) {
    case 'K':
      return key();
    case 'V':
      return value();
    case 'N':
      return random_.any_of<const char*>({"1", "-1", "7", "1000000", "9223372036854775807", "x"});
    case 'I':
      return random_.any_of<const char*>({"0", "1", "-1", "2", "-2", "100", "-100", "5"});
    case 'P':
      return random_.any_of<const char*>({"0", "1", "2", "3", "9", "20"});
    case 'T':
      return random_.any_of<const char*>({"1", "1", "2", "0", "100"});
    case 'M':
      return random_.any_of<const char*>({"1", "5", "20", "100", "400", "1000"});
    case 'W':
      return random_.any_of<const char*>({"0", "0", "0.01", "0.2", "1", "-1"});
    default:
      return random_.any_of<const char*>({"LEFT", "RIGHT"});
  }
}

Words Generator::fill(const char* text) {
  Words words;
  std::istringstream in{std::string(text)};
  for (std::string part; in >> part;) {
    const bool is_placeholder =
        part.size() == 1 && std::string("KVNIPTMWD").find(part[0]) != std::string::npos;
    words.push_back(is_placeholder ? word(part[0]) : part);
  }
  return words;
}

/// More arguments than there may be, or a larger request.
Words Generator::too_many() {
  Words words = {random_.any_of<const char*>({"MGET", "DEL", "RPUSH"}), "k0"};
  const uint64_t count = script_.config.command_args_max - 1 + random_.below(4);
  while (words.size() < count) words.push_back(value());
  return words;
}

Words Generator::command() {
  const auto from = [&](const Templates& group) {
    return fill(group.begin()[random_.below(group.size())]);
  };
  if (random_.one_in(80)) return too_many();
  if (random_.percent(4)) return from(control);
  if (random_.percent(8)) return from(keys);
  if (random_.percent(60)) {
    if (theme_ == Theme::strings) return from(strings);
    if (theme_ == Theme::lists) return from(lists);
    if (theme_ == Theme::blocking) return from(blocking);
    if (theme_ == Theme::transactions) return from(transactions);
    if (theme_ == Theme::expiry) return from(expiry);
  }
  const std::array<const Templates*, 6> all = {&strings, &lists,        &keys,
                                               &expiry,  &transactions, &blocking};
  return from(*all[random_.below(all.size())]);
}

void Generator::add_request(int client, Words words) {
  bool is_plain = true;  // as an inline command
  uint64_t bytes = 0;
  for (const std::string& word : words) {
    is_plain &= !word.empty();
    bytes += word.size() + 1;
  }
  if (random_.one_in(25) && bytes > 3) {
    add({Kind::half, client, client, random_.between(1, bytes), 0, std::move(words)});
    if (random_.one_in(2)) add_turns(1 + random_.below(3));
    if (random_.percent(80)) add({Kind::rest, client, client, 0, 0, {}});
    return;
  }
  const bool is_line = is_plain && bytes < 100 && words.size() < 8 && random_.one_in(15);
  add({is_line ? Kind::line : Kind::send, client, client, 0, 0, std::move(words)});
}

/// WATCH, something that others may come between, MULTI, a few commands, EXEC.
void Generator::add_transaction(int client) {
  const bool watches = random_.one_in(2);
  if (watches) add_request(client, {"WATCH", key(), key()});
  if (watches && random_.one_in(2)) {
    add_turns(2);
    add_burst(static_cast<int>(random_.below(clients_)));
  }
  add_request(client, {"MULTI"});
  const uint64_t count = random_.below(6);
  for (uint64_t i = 0; i < count; ++i) add_request(client, command());
  if (random_.one_in(4)) add_turns(1);
  add_request(client, {random_.one_in(8) ? "DISCARD" : "EXEC"});
}

void Generator::add_burst(int client) {
  if (random_.percent(theme_ == Theme::transactions ? 25 : 5)) return add_transaction(client);
  const uint64_t count = random_.one_in(12)    ? 20 + random_.below(80)
                         : random_.percent(40) ? 2 + random_.below(10)
                                               : 1;
  for (uint64_t i = 0; i < count; ++i) add_request(client, command());
}

void Generator::add_fault() {
  const int client = static_cast<int>(random_.below(clients_));
  switch (random_.below(16)) {
    case 0:
      return add({Kind::shut, client, client, 0, 0, {}});
    case 1:
      return add({Kind::reset, client, client, 0, 0, {}});
    case 2:
      return add({Kind::cancel, client, client, 0, 0, {}});
    case 3:
    case 4:
      return add({Kind::retry, client, client, random_.below(2), 0, {}});
    case 5:
    case 6:
      return add({Kind::slow, client, client, random_.below(600), 0, {}});
    case 7:
    case 8:
      return add({Kind::fast, client, client, 0, 0, {}});
    case 9:
      return add({Kind::clock, 0, 0, random_.any_of<uint64_t>({1, 20, 150, 1000, 40000}), 0, {}});
    case 10:
      return add({Kind::forward, 0, 0, random_.any_of<uint64_t>({5, 500, 60000}), 0, {}});
    case 11:
      return add({Kind::back, 0, 0, random_.any_of<uint64_t>({5, 500, 60000}), 0, {}});
    case 12:
    case 13:
      return add({Kind::no_buffer, 0, 0, random_.between(1, 5), 0, {}});
    case 14:
      return add({Kind::refuse, 0, 0, random_.below(2), 0, {}});
    default:
      return add({Kind::junk, client, client, 0, 0, {}});
  }
}

/// Who asks for snapshots, what the disk does, and how the server ends.
void Generator::add_saving() {
  const int client = static_cast<int>(saving_.below(clients_));
  const uint64_t what = saving_.below(24);
  if (what == 0) return add_end();
  if (what <= 2) return add_disk_fault();
  if (what > 9) return;
  const std::array<Words, 7> requests = {
      Words{"BGSAVE"},        {"BGSAVE"},   {"BGSAVE"},  {"SAVE"},
      {"BGSAVE", "SCHEDULE"}, {"LASTSAVE"}, {"FLUSHALL"}};
  add({Kind::send, client, client, 0, 0, requests[what - 3]});
}

void Generator::add_disk_fault() {
  const std::string verb = saving_.any_of({"write", "sync", "exchange", "sync_directory"});
  const bool is_full = verb == "write" && saving_.one_in(4);
  const char* const result = is_full ? "nothing" : saving_.any_of({"EIO", "ENOSPC", "EINTR"});
  add({Kind::disk, 0, 0, 0, 0, {verb, result}});
}

/// Keys that fill the buffer, a snapshot, and changes of keys that it may not have yet.
void Generator::add_snapshot(uint64_t turns_after) {
  const int last = static_cast<int>(clients_) - 1;
  const auto request = [&](Words words) {
    const int client = static_cast<int>(saving_.below(clients_));
    add({Kind::send, client, client, 0, 0, std::move(words)});
  };
  const auto turns = [&](uint64_t count) {
    add({Kind::turn, 0, 0, count, saving_.below(1'000'000), {}});
  };
  const uint64_t limit = script_.config.val_size_max;
  for (uint64_t i = saving_.below(12); i > 0; --i) {
    request({"SET", key(), std::string(saving_.between(limit / 2, limit), 'f')});
  }
  for (uint64_t i = saving_.below(5); i > 0; --i) request({"DEL", key()});
  turns(3);
  add({Kind::send, 0, last, 0, 0, {"BGSAVE"}});
  turns(1 + saving_.below(2));
  for (uint64_t i = saving_.below(10); i > 0; --i) {
    request(saving_.one_in(3) ? Words{"DEL", key()} : Words{"SET", key(), "n"});
    if (saving_.one_in(3)) turns(1);
  }
  if (saving_.one_in(2)) add_disk_fault();
  turns(turns_after);
}

/// The server ends, mostly in the middle of a snapshot, and its clients come again.
void Generator::add_end() {
  if (saving_.one_in(3)) {  // Names that are not on disk, and another snapshot.
    add({Kind::disk, 0, 0, 0, 0, {"sync_directory", "EIO"}});
    add_snapshot(/*turns_after=*/150);
    add_snapshot(saving_.between(1, 8));
  } else {
    for (uint64_t i = saving_.below(3); i > 0; --i) {
      add_snapshot(saving_.any_of<uint64_t>({2, 6, 20, 60, 150}));
    }
  }
  const Kind kind =
      saving_.any_of({Kind::crash, Kind::crash, Kind::crash, Kind::kill, Kind::restart});
  add({kind, 0, 0, 0, saving_.below(1'000'000), {}});
  add({Kind::connect, 0, static_cast<int>(clients_) - 1, 0, 0, {}});
  if (script_.config.server_password.bytes > 0) {
    add({Kind::send, 0, static_cast<int>(clients_) - 1, 0, 0, {"AUTH", "password"}});
  }
}

void Generator::add_steps() {
  const uint64_t steps = random_.between(20, 160);
  const uint64_t faults = random_.any_of<uint64_t>({0, 4, 10, 25});  // percent
  for (uint64_t i = 0; i < steps; ++i) {
    const int client = static_cast<int>(random_.below(clients_));
    if (i < clients_ || random_.percent(6)) {
      const int comes = i < clients_ ? static_cast<int>(i) : client;
      add({Kind::connect, comes, comes, random_.one_in(5) ? random_.below(3) : 0, 0, {}});
      if (script_.config.server_password.bytes > 0 && random_.percent(90)) {
        add({Kind::send, comes, comes, 0, 0, {"AUTH", "password"}});
      }
    }
    random_.percent(faults) ? add_fault() : add_burst(client);
    if (random_.percent(70)) add_turns(1 + random_.below(4));
    if (saves_) add_saving();
  }
}

/// Storms of connections, many more than there is room for, which all do the same.
void Generator::add_crowd() {
  const int last = static_cast<int>(clients_) - 1;
  add({Kind::connect, 0, last, 0, 0, {}});
  add_turns(clients_ + 20);
  if (script_.config.server_password.bytes > 0) {
    add({Kind::send, 0, last, 0, 0, {"AUTH", "password"}});
  }
  for (int i = 0; i < 12; ++i) {
    const int first = static_cast<int>(random_.below(clients_));
    const int end = std::min(last, first + static_cast<int>(random_.below(clients_)));
    if (random_.one_in(4)) {
      add({random_.any_of({Kind::reset, Kind::shut, Kind::slow, Kind::cancel}),
           first,
           std::min(end, first + 100),
           50,
           0,
           {}});
    } else if (random_.one_in(5)) {
      add({Kind::connect, first, end + 500, random_.below(3), 0, {}});
    } else {
      add({Kind::send, first, end, 0, 0, command()});
      add({Kind::send, first, end, 0, 0, command()});
    }
    add_turns(1 + random_.below(12));
  }
}

}  // namespace

Script generate(uint64_t seed) { return Generator(seed).generate(); }

}  // namespace kv::sim
