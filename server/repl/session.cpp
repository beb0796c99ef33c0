#include "server/repl/session.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>

#include "server/commands/text.hpp"
#include "server/repl/reply_text.hpp"
#include "server/serving.hpp"

namespace kv {

namespace {

volatile sig_atomic_t interrupted = 0;

void on_interrupt(int) { interrupted = 1; }

ServerView prompt_view(const Instance& instance) {
  ServerView view = view_of(instance);
  view.io = "none";
  view.ring_memory = "arena";
  view.resident_file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  return view;
}

std::string frame_of(const std::vector<std::string>& words) {
  std::string frame = fmt::format("*{}\r\n", words.size());
  for (const std::string& word : words) {
    frame += fmt::format("${}\r\n", word.size());
    frame += word + "\r\n";
  }
  return frame;
}

bool is(const std::vector<std::string>& words, uint64_t index, std::string_view word) {
  return words.size() > index && same_word(words[index], word);
}

}  // namespace

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
}

bool take_interrupt() {
  const bool was = interrupted != 0;
  interrupted = 0;
  return was;
}

Session::Session(Instance& instance)
    : instance_(instance),
      io_(instance.connections.request_area(), LocalIo::Clock::real),
      view_(prompt_view(instance)),
      server_(parts_of(instance, io_, view_)) {
  // Who may read the config need not say its password.
  view_.live.server_password = Text();
  server_.start();
  reconnect();
}

void Session::reconnect() {
  if (client_ >= 0) {
    io_.hang_up(client_);
    while (!io_.closed(client_)) server_.turn();
  }
  client_ = io_.connect();
  in_transaction_ = replies_off_ = false;
  replies_to_skip_ = 0;
  while (!io_.idle(client_)) server_.turn();
}

std::string Session::run(const std::vector<std::string>& words) {
  const bool expected = expects_reply(words);
  std::string reply;
  take_interrupt();
  io_.write(client_, frame_of(words));
  while (!io_.closed(client_)) {
    server_.turn();
    reply += io_.take_replies(client_);
    if (expected ? reply_bytes(reply) > 0 : io_.idle(client_)) break;
    if (take_interrupt()) {
      reconnect();
      return {};
    }
  }
  follow(words, reply);
  if (!io_.closed(client_)) return reply;
  if (reply_bytes(reply) == 0) reply.clear();
  if (!server_.stopping()) reconnect();
  return reply;
}

/// CLIENT REPLY silences replies, that to itself included but for ON.
bool Session::expects_reply(const std::vector<std::string>& words) {
  if (is(words, 0, "CLIENT") && is(words, 1, "REPLY") && words.size() == 3) {
    if (is(words, 2, "ON")) replies_off_ = false;
    if (is(words, 2, "OFF")) replies_off_ = true;
    if (is(words, 2, "SKIP")) replies_to_skip_ = 2;
  }
  if (replies_to_skip_ > 0) {
    --replies_to_skip_;
    return false;
  }
  return !replies_off_;
}

void Session::follow(const std::vector<std::string>& words, std::string_view reply) {
  if (is(words, 0, "MULTI") && reply == "+OK\r\n") in_transaction_ = true;
  if (is(words, 0, "EXEC") || is(words, 0, "DISCARD") || is(words, 0, "RESET")) {
    in_transaction_ = false;
  }
}

}  // namespace kv
