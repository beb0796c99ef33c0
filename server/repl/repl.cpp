#include "server/repl/repl.hpp"

#include <fmt/core.h>

#include <string_view>

#include "server/commands/text.hpp"
#include "server/repl/line_reader.hpp"
#include "server/repl/reply_text.hpp"
#include "server/repl/session.hpp"
#include "server/repl/statistics_text.hpp"

namespace kv {

namespace {

using Words = std::vector<std::string>;

constexpr std::string_view help_text =
    "  put KEY VALUE   stores a value (SET)\n"
    "  get KEY         prints it (GET)\n"
    "  del KEY ...     deletes keys (DEL)\n"
    "  count           how many keys there are (DBSIZE)\n"
    "  stats           how full the store is, component by component\n"
    "  quit, exit      ends the prompt\n"
    "and every command of the server: COMMAND LIST names them, Tab completes them.\n";

/// The words of the tutorial and the commands that they stand for.
void replace_alias(Words& words) {
  if (same_word(words[0], "put")) words[0] = "SET";
  if (same_word(words[0], "count")) words[0] = "DBSIZE";
}

/// Commands whose reply is text to be read as it is. Source: cliSendCommand() of Redis 7.
bool is_text(const Words& words) {
  const auto is = [&](uint64_t index, std::string_view word) {
    return words.size() > index && same_word(words[index], word);
  };
  return is(0, "INFO") || (is(0, "CLIENT") && (is(1, "LIST") || is(1, "INFO"))) ||
         (is(0, "MEMORY") && is(1, "DOCTOR")) || (is(0, "LATENCY") && is(1, "DOCTOR"));
}

void print_reply(const Words& words, std::string_view reply) {
  const auto text = is_text(words) ? reply_string(reply) : std::nullopt;
  if (!text) {
    fmt::print("{}", reply_text(reply));
    return;
  }
  for (const char c : *text) {
    if (c != '\r') std::putchar(c);
  }
  if (!text->ends_with('\n')) std::putchar('\n');
}

void print_statistics(Session& session) {
  if (session.in_transaction()) {
    fmt::print("(error) stats asks for INFO, which a transaction would queue\n");
    return;
  }
  const std::string reply = session.run({"INFO", "memory"});
  const auto info = reply_string(reply);
  if (!info) return reply.empty() ? void() : print_reply({}, reply);
  fmt::print("{}", statistics_text(session.instance(), *info));
}

/// Returns whether there may be more.
bool run_line(Session& session, const std::string& line) {
  std::optional<Words> words = split_words(line);
  if (!words) {
    fmt::print("Invalid argument(s)\n");
    return true;
  }
  if (words->empty()) return true;
  const std::string& name = words->front();
  if (words->size() == 1) {
    if (same_word(name, "quit") || same_word(name, "exit")) return false;
    if (same_word(name, "help")) return fmt::print("{}", help_text), true;
    if (same_word(name, "stats")) return print_statistics(session), true;
  }
  replace_alias(*words);
  const std::string reply = session.run(*words);
  if (!reply.empty()) print_reply(*words, reply);
  return !session.stopped();
}

void greet(const Instance& instance) {
  fmt::print("kvd repl: an arena of {} bytes, as planned; no network. Type help for help.\n",
             instance.verification.carved_bytes);
}

}  // namespace

void run_repl(Instance& instance, const std::string& history_file) {
  catch_interrupts();
  LineReader reader(history_file);
  Session session(instance);
  if (reader.interactive()) greet(instance);
  while (const auto line = reader.read(session.in_transaction() ? "kvd(TX)> " : "kvd> ")) {
    const bool is_secret = same_word(std::string_view(*line).substr(0, 4), "AUTH");
    if (!line->empty() && !is_secret) reader.remember(*line);
    if (!run_line(session, *line)) return;
    std::fflush(stdout);
  }
  if (reader.interactive()) std::putchar('\n');
}

}  // namespace kv
