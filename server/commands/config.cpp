// CONFIG GET: every option by its name, and the parameters of Redis that tools ask for.

#include <charconv>

#include "kvcore/memory/assert.hpp"
#include "kvcore/plan/options.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/text.hpp"

namespace kv::handle {

namespace {

/// A value as text, held in place.
class Value {
 public:
  explicit Value(std::string_view text) : text_(text) {}
  explicit Value(uint64_t number) {
    const std::to_chars_result end = std::to_chars(digits_, digits_ + sizeof digits_, number);
    KV_ASSERT(end.ec == std::errc());
    bytes_ = static_cast<uint64_t>(end.ptr - digits_);
  }
  std::string_view view() const { return bytes_ > 0 ? std::string_view(digits_, bytes_) : text_; }

 private:
  std::string_view text_;
  char digits_[20] = {};
  uint64_t bytes_ = 0;
};

/// Empty for an option without a value.
Value option_value(const Config& config, const OptionInfo& option) {
  if (option.is_text()) return Value((config.*option.text).view());
  const uint64_t number = config.*option.number;
  if (number == unset) return Value("");
  if (option.kind == OptionKind::toggle) return Value(number != 0 ? "on" : "off");
  if (option.kind == OptionKind::choice) return Value(choice_word(option, number));
  return Value(number);
}

/// Calls `visit` with the name and value of everything that CONFIG GET knows.
template <class Visit>
void for_each_parameter(const Allocation& allocation, Visit visit) {
  const Config& config = allocation.config;
  for (const OptionInfo& option : options) visit(option.key, option_value(config, option));
  visit("appendonly", Value("no"));
  visit("bind", Value(config.server_address.view()));
  visit("databases", Value(uint64_t{1}));
  visit("maxclients", Value(config.connections_max));
  visit("maxmemory", Value(allocation.arena_bytes));
  visit("maxmemory-policy", Value("noeviction"));
  visit("port", Value(config.server_port));
  visit("proto-max-bulk-len", Value(config.val_size_max));
  visit("save", Value(""));
  visit("tcp-backlog", Value(config.server_backlog));
  visit("timeout", Value(uint64_t{0}));
}

bool is_asked_for(const Call& call, std::string_view name) {
  for (uint64_t i = 2; i < call.args.size(); ++i) {
    if (matches_pattern(name, call.args[i])) return true;
  }
  return false;
}

Outcome config_get(Call& call) {
  return write_measured(call, [&](ReplyWriter& reply) {
    uint64_t count = 0;
    for_each_parameter(*call.server.allocation, [&](std::string_view name, const Value&) {
      count += is_asked_for(call, name);
    });
    reply.map(count);
    for_each_parameter(*call.server.allocation, [&](std::string_view name, const Value& value) {
      if (!is_asked_for(call, name)) return;
      reply.bulk(name);
      reply.bulk(value.view());
    });
  });
}

Outcome config_help(Call& call) {
  call.reply.array(3);
  call.reply.status("CONFIG <subcommand> [<arg> ...]. Subcommands are:");
  call.reply.status("GET <pattern> [<pattern> ...]: options and their values.");
  call.reply.status("HELP: prints this help.");
  return Outcome::done;
}

}  // namespace

Outcome config(Call& call) {
  if (same_word(call.args[1], "GET")) {
    if (call.args.size() < 3) return fail_arity(call, "config", "get");
    return config_get(call);
  }
  if (same_word(call.args[1], "HELP")) {
    if (call.args.size() != 2) return fail_arity(call, "config", "help");
    return config_help(call);
  }
  return fail_subcommand(call, "CONFIG");
}

}  // namespace kv::handle
