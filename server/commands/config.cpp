// CONFIG: every option by its name, the parameters of Redis that tools ask for, and those that
// can change while the server runs, since no memory hangs on them.

#include <string.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "kvcore/plan/options.hpp"
#include "server/commands/auth.hpp"
#include "server/commands/subcommand.hpp"
#include "server/commands/text.hpp"
#include "server/connection_flags.hpp"

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

/// Empty for an option without a value; a secret is not shown.
Value option_value(const Config& config, const OptionInfo& option) {
  if (option.is_text()) return Value(shown_text(config, option));
  const uint64_t number = config.*option.number;
  if (number == unset) return Value("");
  if (option.kind == OptionKind::toggle) return Value(number != 0 ? "on" : "off");
  if (option.kind == OptionKind::choice) return Value(choice_word(option, number));
  return Value(number);
}

/// -1 keeps nothing, as in Redis; `unset` stands for that.
Value threshold_value(const Config& config) {
  const uint64_t threshold_us = config.slowlog_threshold_us;
  return threshold_us == unset ? Value("-1") : Value(threshold_us);
}

/// Calls `visit` with the name and value of everything that CONFIG GET knows.
template <class Visit>
void for_each_parameter(const ServerView& server, Visit visit) {
  const Config& config = server.live;
  for (const OptionInfo& option : options) visit(option.key, option_value(config, option));
  visit("appendonly", Value("no"));
  visit("bind", Value(config.server_address.view()));
  visit("databases", Value(uint64_t{1}));
  visit("maxclients", Value(config.connections_max));
  visit("maxmemory", Value(server.allocation->arena_bytes));
  visit("maxmemory-policy", Value("noeviction"));
  visit("port", Value(config.server_port));
  visit("proto-max-bulk-len", Value(config.val_size_max));
  visit("protected-mode", Value(config.server_protected_mode != 0 ? "yes" : "no"));
  visit("requirepass", option_value(config, option_info(Option::server_password)));
  visit("save", Value(""));
  visit("slowlog-log-slower-than", threshold_value(config));
  visit("slowlog-max-len", Value(config.slowlog_length));
  visit("tcp-backlog", Value(config.server_backlog));
  visit("tcp-keepalive", Value(config.server_tcp_keepalive_ms / 1000));
  visit("timeout", Value(config.server_idle_timeout_ms / 1000));
  visit("unixsocket", Value(config.server_unix_socket.view()));
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
    for_each_parameter(call.server, [&](std::string_view name, const Value&) {
      count += is_asked_for(call, name);
    });
    reply.map(count);
    for_each_parameter(call.server, [&](std::string_view name, const Value& value) {
      if (!is_asked_for(call, name)) return;
      reply.bulk(name);
      reply.bulk(value.view());
    });
  });
}

/// A parameter that CONFIG SET changes, by our name or by Redis's with Redis's values.
struct Setting {
  enum class Form : uint8_t { text, number, seconds, on_off, yes_no, threshold };

  std::string_view name;
  Option option;
  Form form;
};

constexpr auto settings = std::to_array<Setting>({
    {"protected-mode", Option::server_protected_mode, Setting::Form::yes_no},
    {"requirepass", Option::server_password, Setting::Form::text},
    {"server.idle_timeout_ms", Option::server_idle_timeout_ms, Setting::Form::number},
    {"server.password", Option::server_password, Setting::Form::text},
    {"server.protected_mode", Option::server_protected_mode, Setting::Form::on_off},
    {"server.request_timeout_ms", Option::server_request_timeout_ms, Setting::Form::number},
    {"server.stall_timeout_ms", Option::server_stall_timeout_ms, Setting::Form::number},
    {"slowlog-log-slower-than", Option::slowlog_threshold_us, Setting::Form::threshold},
    {"slowlog.threshold_us", Option::slowlog_threshold_us, Setting::Form::number},
    {"timeout", Option::server_idle_timeout_ms, Setting::Form::seconds},
});

const Setting* find_setting(std::string_view name) {
  const auto* found = std::find_if(settings.begin(), settings.end(), [&](const Setting& setting) {
    return same_word(setting.name, name);
  });
  return found == settings.end() ? nullptr : found;
}

bool is_parameter(const Call& call, std::string_view wanted) {
  bool found = false;
  for_each_parameter(call.server, [&](std::string_view name, const Value&) {
    found = found || same_word(name, wanted);
  });
  return found;
}

Outcome fail_setting(Call& call, std::string_view name, std::string_view why) {
  return fail_with(call, "ERR CONFIG SET failed (possibly related to argument '{}') - {}",
                   name.substr(0, 128), why);
}

/// The first of the names that cannot be set, or is there twice, is replied.
bool are_settable(Call& call) {
  for (uint64_t i = 2; i < call.args.size(); i += 2) {
    const std::string_view name = call.args[i];
    const Setting* setting = find_setting(name);
    if (setting == nullptr && !is_parameter(call, name)) {
      fail_with(call, "ERR Unknown option or number of arguments for CONFIG SET - '{}'",
                name.substr(0, 128));
      return false;
    }
    if (setting == nullptr) return fail_setting(call, name, "can't set immutable config"), false;
    for (uint64_t other = 2; other < i; other += 2) {
      if (find_setting(call.args[other])->option != setting->option) continue;
      return fail_setting(call, name, "duplicate parameter"), false;
    }
  }
  return true;
}

bool set_toggle(Call& call, const Setting& setting, std::string_view value, Config& config) {
  const bool yes_no = setting.form == Setting::Form::yes_no;
  const bool on = same_word(value, yes_no ? "yes" : "on");
  if (!on && !same_word(value, yes_no ? "no" : "off")) {
    return fail_setting(call, setting.name,
                        yes_no ? "argument must be 'yes' or 'no'" : "argument must be on or off"),
           false;
  }
  number(config, setting.option) = on ? 1 : 0;
  return true;
}

bool set_number(Call& call, const Setting& setting, std::string_view value, Config& config) {
  const OptionInfo& option = option_info(setting.option);
  const std::optional<int64_t> parsed = parse_integer(value);
  if (!parsed) {
    return fail_setting(call, setting.name, "argument couldn't be parsed into an integer"), false;
  }
  if (setting.form == Setting::Form::threshold && *parsed == -1) {
    config.slowlog_threshold_us = unset;
    return true;
  }
  const int64_t unit = setting.form == Setting::Form::seconds ? 1000 : 1;
  const auto minimum = static_cast<int64_t>(option.minimum) / unit;
  const auto maximum = static_cast<int64_t>(option.maximum) / unit;
  if (*parsed < minimum || *parsed > maximum) {
    fail_with(call,
              "ERR CONFIG SET failed (possibly related to argument '{}') - argument must be "
              "between {} and {} inclusive",
              setting.name, setting.form == Setting::Form::threshold ? -1 : minimum, maximum);
    return false;
  }
  number(config, setting.option) = static_cast<uint64_t>(*parsed * unit);
  return true;
}

/// In place: a Text that is made first would stay on the stack.
void set_text(Text& text, std::string_view value) {
  text = Text();
  std::copy(value.begin(), value.end(), text.data);
  text.bytes = static_cast<uint8_t>(value.size());
}

/// Changes one value. Returns whether it is right; if not, replies.
bool set_value(Call& call, const Setting& setting, std::string_view value, Config& config) {
  switch (setting.form) {
    case Setting::Form::text:
      if (value.size() > Text::bytes_max) {
        return fail_setting(call, setting.name, "argument may have at most 127 bytes"), false;
      }
      set_text(config.*option_info(setting.option).text, value);
      return true;
    case Setting::Form::on_off:
    case Setting::Form::yes_no:
      return set_toggle(call, setting, value, config);
    case Setting::Form::number:
    case Setting::Form::seconds:
    case Setting::Form::threshold:
      break;
  }
  return set_number(call, setting, value, config);
}

/// Changes all values, or none. Returns whether they are right; if not, replies.
bool set_values(Call& call, Config& config) {
  if (!are_settable(call)) return false;
  for (uint64_t i = 2; i < call.args.size(); i += 2) {
    if (!set_value(call, *find_setting(call.args[i]), call.args[i + 1], config)) return false;
  }
  call.server.live = config;
  return true;
}

/// CONFIG SET name value [name value …], all or none. The one copy of a password that is left is
/// the one that clients' are compared with.
Outcome config_set(Call& call) {
  if (call.args.size() % 2 != 0) return fail_syntax(call);
  Config config = call.server.live;
  const bool right = set_values(call, config);
  explicit_bzero(&config.server_password, sizeof config.server_password);
  for (uint64_t i = 2; i < call.args.size(); i += 2) {
    const Setting* setting = find_setting(call.args[i]);
    if (setting != nullptr && setting->form == Setting::Form::text) wipe(call.args[i + 1]);
  }
  if (!right) return Outcome::done;
  if (call.server.live.server_password.bytes == 0) {
    for (ConnectionRecord& client : call.server.records) {
      client_trait::clear(client, client_trait::unauthenticated);
    }
  }
  call.reply.ok();
  return Outcome::done;
}

Outcome config_resetstat(Call& call) {
  call.server.statistics = {};
  call.store.forget_expired_count();
  std::fill(call.server.counters.of_command.begin(), call.server.counters.of_command.end(),
            CommandStatistics());
  call.reply.ok();
  return Outcome::done;
}

Outcome config_rewrite(Call& call) {
  return fail(call, "ERR The server is running without a config file");
}

constexpr auto subcommands = std::to_array<Subcommand>({
    {"GET", -3, config_get},
    {"RESETSTAT", 2, config_resetstat},
    {"REWRITE", 2, config_rewrite},
    {"SET", -4, config_set},
});

constexpr auto help = std::to_array<std::string_view>({
    "GET <pattern>",
    "    Return parameters matching the glob-like <pattern> and their values.",
    "SET <directive> <value>",
    "    Set the configuration <directive> to <value>, where no memory hangs on it.",
    "RESETSTAT",
    "    Reset statistics reported by the INFO command.",
});

}  // namespace

Outcome config(Call& call) { return run_subcommand(call, "config", subcommands, help); }

}  // namespace kv::handle
