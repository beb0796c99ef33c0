// TIME DEBUG SHUTDOWN: the server as a process.

#include <time.h>

#include <array>
#include <charconv>

#include "server/commands/subcommand.hpp"
#include "server/commands/text.hpp"

namespace kv::handle {

namespace {

/// A number as a bulk string.
void write_decimal(ReplyWriter& reply, uint64_t number) {
  char digits[20];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, number);
  reply.bulk({digits, static_cast<uint64_t>(end.ptr - digits)});
}

/// The whole server sleeps, as in Redis.
Outcome debug_sleep(Call& call) {
  constexpr double seconds_max = 86400;
  const std::string_view text = call.args[2];
  double seconds = 0;
  const std::from_chars_result result =
      std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool number = result.ec == std::errc() && result.ptr == text.data() + text.size();
  if (!number || !(seconds >= 0 && seconds <= seconds_max)) {
    return fail(call, "ERR value is not a valid float");
  }
  const auto nanoseconds = static_cast<int64_t>(seconds * 1e9);
  const timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  nanosleep(&time, nullptr);
  call.reply.ok();
  return Outcome::done;
}

constexpr auto debug_subcommands = std::to_array<Subcommand>({{"SLEEP", 3, debug_sleep}});

constexpr auto debug_help = std::to_array<std::string_view>({
    "SLEEP <seconds>",
    "    Stop the server for <seconds>. Decimals allowed.",
});

}  // namespace

Outcome time(Call& call) {
  call.reply.array(2);
  write_decimal(call.reply, call.server.unix_us / 1000000);
  write_decimal(call.reply, call.server.unix_us % 1000000);
  return Outcome::done;
}

Outcome debug(Call& call) { return run_subcommand(call, "debug", debug_subcommands, debug_help); }

/// SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]. Where nothing is saved, SAVE fails as it does in
/// Redis when saving does.
Outcome shutdown(Call& call) {
  bool saves = false, saves_not = false, aborts = false, other = false;
  for (uint64_t i = 1; i < call.args.size(); ++i) {
    if (same_word(call.args[i], "NOSAVE")) {
      saves_not = true;
    } else if (same_word(call.args[i], "SAVE")) {
      saves = true;
    } else if (same_word(call.args[i], "NOW") || same_word(call.args[i], "FORCE")) {
      other = true;
    } else if (same_word(call.args[i], "ABORT")) {
      aborts = true;
    } else {
      return fail_syntax(call);
    }
  }
  if ((saves && saves_not) || (aborts && (saves || saves_not || other))) return fail_syntax(call);
  if (aborts) return fail(call, "ERR No shutdown in progress.");
  if (saves && call.server.snapshots == nullptr)
    return fail(call, "ERR Errors trying to SHUTDOWN. Check logs.");
  using StopSave = ServerView::StopSave;
  if (saves || saves_not) call.server.stop_save = saves ? StopSave::yes : StopSave::no;
  call.server.stop_requested = true;
  return Outcome::close;
}

}  // namespace kv::handle
