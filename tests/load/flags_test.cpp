#include "kvcore/load/flags.hpp"

#include <doctest/doctest.h>

#include <CLI/CLI.hpp>

#include "tests/load/loading.hpp"

namespace kv {

namespace {

/// One run of a program with these arguments.
struct Run {
  CLI::App app{"", "kvd"};
  std::string file;
  ConfigFlags flags{app};
  Settings settings;
  Diagnostics out;

  explicit Run(std::vector<std::string> arguments) {
    app.add_option("-c,--config", file, "a file")->type_name("FILE");
    set_up_help(app);
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes a vector
    app.parse(arguments);
    flags.apply(settings, out);
  }
};

std::string flag_errors(std::vector<std::string> arguments) {
  return rendered(Run(std::move(arguments)).out);
}

/// The message for arguments that the program does not know.
std::string unknown(std::vector<std::string> arguments) {
  CLI::App app{"", "kvd"};
  const ConfigFlags flags(app);
  std::reverse(arguments.begin(), arguments.end());
  CHECK_THROWS_AS(app.parse(arguments), CLI::ExtrasError);
  return unknown_flag_message(app);
}

/// A valid value for every option that is not its default, as it is written in TOML, in JSON
/// and behind a flag.
struct Sample {
  Option id;
  const char* toml;
  const char* json;
  const char* flag;
};

constexpr Sample samples[] = {
    {Option::connections_max, "2_000", "2000", "2000"},
    {Option::key_count, "5000", "\"5_000\"", "5_000"},
    {Option::expiring_keys_max, "0", "\"0\"", "0"},
    {Option::key_size_max, "'64B'", "64", "64"},
    {Option::val_size_max, "'2KiB'", "\"2KiB\"", "2KiB"},
    {Option::list_length_max, "0", "0", "0"},
    {Option::store_bytes, "'2MB'", "2000000", "2000kB"},
    {Option::block_bytes, "0x80", "128", "128B"},
    {Option::request_buffers, "'9'", "9", "9"},
    {Option::request_buffer_bytes, "8192", "\"8KiB\"", "8KiB"},
    {Option::reply_buffers, "10", "10", "10"},
    {Option::reply_buffer_bytes, "'32 KiB'", "32768", "32KiB"},
    {Option::large_request_slots, "3", "3", "3"},
    {Option::large_reply_slots, "4", "4", "4"},
    {Option::command_args_max, "64", "64", "64"},
    {Option::transaction_slots, "5", "5", "5"},
    {Option::transaction_bytes, "'8KiB'", "8192", "8KiB"},
    {Option::key_watches_max, "99", "99", "99"},
    {Option::memory_budget, "'1GiB'", "1073741824", "1024MiB"},
    {Option::memory_populate, "false", "\"off\"", "off"},
    {Option::memory_lock, "'on'", "true", "on"},
    {Option::memory_huge_pages, "'explicit'", "\"explicit\"", "explicit"},
    {Option::budget_connections, "'1GiB'", "1073741824", "1GiB"},
    {Option::budget_fba, "'2GiB'", "2147483648", "2GiB"},
    {Option::budget_map, "'3GiB'", "3221225472", "3GiB"},
    {Option::budget_blocks, "'4GiB'", "4294967296", "4GiB"},
    {Option::budget_list_pool, "'5GiB'", "5368709120", "5GiB"},
    {Option::budget_expiry, "'10GiB'", "10737418240", "10GiB"},
    {Option::budget_sessions, "'11GiB'", "11811160064", "11GiB"},
    {Option::budget_ring, "'6GiB'", "6442450944", "6GiB"},
    {Option::budget_epoll, "'12GiB'", "12884901888", "12GiB"},
    {Option::budget_statistics, "'11GiB'", "11811160064", "11GiB"},
    {Option::budget_snapshot, "'13GiB'", "13958643712", "13GiB"},
    {Option::budget_padding, "'7GiB'", "7516192768", "7GiB"},
    {Option::budget_arena, "'8GiB'", "8589934592", "8GiB"},
    {Option::budget_container, "'9GiB'", "9663676416", "9GiB"},
    {Option::budget_disk, "'14GiB'", "15032385536", "14GiB"},
    {Option::data_directory, "'/var/lib/kvd'", "\"/var/lib/kvd\"", "/var/lib/kvd"},
    {Option::snapshot_enabled, "true", "\"on\"", "on"},
    {Option::snapshot_buffer_bytes, "'64KiB'", "65536", "64KiB"},
    {Option::snapshot_interval_ms, "'5m'", "300000", "300s"},
    {Option::snapshot_on_stop, "false", "\"off\"", "off"},
    {Option::server_address, "'::1'", "\"::1\"", "::1"},
    {Option::server_port, "7000", "7000", "7000"},
    {Option::server_unix_socket, "'/run/kvd.sock'", "\"/run/kvd.sock\"", "/run/kvd.sock"},
    {Option::server_unix_socket_access, "'group'", "\"group\"", "group"},
    {Option::server_password, "'hunter2'", "\"hunter2\"", "hunter2"},
    {Option::server_protected_mode, "false", "false", "off"},
    {Option::server_io, "'epoll'", "\"epoll\"", "epoll"},
    {Option::server_sandbox, "'log'", "\"log\"", "log"},
    {Option::server_core_dumps, "true", "\"on\"", "on"},
    {Option::server_backlog, "128", "128", "128"},
    {Option::server_stall_timeout_ms, "'5s'", "5000", "5000ms"},
    {Option::server_request_timeout_ms, "0", "0", "0"},
    {Option::server_idle_timeout_ms, "'5m'", "300000", "300s"},
    {Option::server_tcp_keepalive_ms, "60000", "\"60s\"", "1m"},
    {Option::server_socket_send_bytes, "65536", "\"64KiB\"", "64KiB"},
    {Option::server_socket_receive_bytes, "'16KiB'", "16384", "16KiB"},
    {Option::slowlog_threshold_us, "0", "0", "0"},
    {Option::slowlog_length, "1000", "1000", "1_000"},
};
static_assert(std::size(samples) == option_count, "every option has a sample");

/// One sample in a file of its own.
std::string file_of(const Sample& sample, FileFormat format) {
  const OptionInfo& option = option_info(sample.id);
  const std::string section(option.section());
  const std::string key(option.key_in_section());
  if (format == FileFormat::toml) {
    return (section.empty() ? "" : "[" + section + "]\n") + key + " = " + sample.toml + "\n";
  }
  const std::string pair = "{\"" + key + "\": " + sample.json + "}";
  return section.empty() ? pair : "{\"" + section + "\": " + pair + "}";
}

Config loaded(const Sample& sample, FileFormat format) {
  Settings settings;
  Diagnostics out;
  load_text(file_of(sample, format), format, "a", settings, out);
  CHECK(rendered(out) == "");
  CHECK(settings.origin(sample.id).kind == Origin::Kind::file);
  CHECK(check(settings, out));
  return settings.config;
}

}  // namespace

TEST_CASE("every option can be set in TOML, in JSON and by its flags, to the same effect") {
  for (uint64_t i = 0; i < option_count; ++i) {
    const Sample& sample = samples[i];
    const OptionInfo& option = option_info(sample.id);
    CAPTURE(option.key);
    REQUIRE(sample.id == options[i].id);
    const Config toml = loaded(sample, FileFormat::toml);
    CHECK_FALSE(toml == Config());
    CHECK(toml == loaded(sample, FileFormat::json));

    Run named({flag_name(option), sample.flag});
    CHECK(rendered(named.out) == "");
    CHECK(toml == named.settings.config);
    CHECK(named.settings.origin(sample.id).kind == Origin::Kind::flag);
    CHECK(describe(named.settings.origin(sample.id)) == flag_name(option));

    if (option.alias.empty()) continue;
    Run alias({flag_alias(option) + "=" + sample.flag});
    CHECK(toml == alias.settings.config);
    CHECK(describe(alias.settings.origin(sample.id)) == flag_alias(option));
  }
}

TEST_CASE("all options at once are the same in TOML, in JSON and by flags") {
  std::string toml;
  std::string json;
  std::string section;
  std::vector<std::string> arguments;
  for (const Sample& sample : samples) {  // the table has the options of a section together
    const OptionInfo& option = option_info(sample.id);
    if (option.section() != section) {
      if (!section.empty()) json += "}";
      section = option.section();
      toml += "[" + section + "]\n";
      json += ", \"" + section + "\": {";
    } else if (!json.empty()) {
      json += ", ";
    }
    toml += std::string(option.key_in_section()) + " = " + sample.toml + "\n";
    json += "\"" + std::string(option.key_in_section()) + "\": " + sample.json;
    arguments.push_back(flag_name(option));
    arguments.push_back(sample.flag);
  }
  Settings from_toml;
  Settings from_json;
  Diagnostics out;
  load_text(toml, FileFormat::toml, "a.toml", from_toml, out);
  load_text("{" + json + "}}", FileFormat::json, "a.json", from_json, out);
  CHECK(rendered(out) == "");
  const Run run(arguments);
  CHECK(rendered(run.out) == "");
  CHECK(from_toml.config == from_json.config);
  CHECK(from_toml.config == run.settings.config);
  CHECK(run.settings.config.server_address.view() == "::1");
  CHECK(run.settings.config.store_bytes == 2000000);
}

TEST_CASE("flags that are not given change nothing") {
  const Run run({});
  CHECK(rendered(run.out) == "");
  CHECK(run.settings.config == Config());
}

TEST_CASE("every bad flag is reported in one run, as it was typed") {
  CHECK(flag_errors({"--value-max", "512m", "--key-count", "-3", "--keys=", "x y", "--memory-lock",
                     "yes"}) ==
        "--key-count -3: error: key_count is given twice, the other time as --keys 'x y' "
        "[duplicate-key]\n"
        "--value-max 512m: error: '512m' in val_size_max is ambiguous: to some programs 'm' is a "
        "power of 1000, to others of 1024; write 512MiB or 512MB [size]\n"
        "--memory-lock yes: error: memory.lock is 'yes' but must be on or off; did you mean "
        "'on'? [choice]\n");
}

TEST_CASE("a flag that is given twice is an error, even with the same value") {
  CHECK(flag_errors({"--keys", "5", "--keys", "5"}) ==
        "--keys 5: error: key_count is given twice, the other time as --keys 5 "
        "[duplicate-key]\n");
}

TEST_CASE("a flag wins over the file") {
  Settings settings;
  Diagnostics out;
  load_text("key_count = 5\nval_size_max = 6\n", FileFormat::toml, "a.toml", settings, out);
  const Run run({"--keys", "7"});
  CHECK(run.flags.apply(settings, out));
  CHECK(settings.config.key_count == 7);
  CHECK(settings.config.val_size_max == 6);
  CHECK(describe(settings.origin(Option::key_count)) == "--keys");
}

TEST_CASE("an unknown flag is told the nearest") {
  CHECK(unknown({"--kyes", "5"}) == "unknown flag '--kyes'; did you mean '--keys'?");
  CHECK(unknown({"--key-cout=5"}) == "unknown flag '--key-cout'; did you mean '--key-count'?");
  CHECK(unknown({"--budget", "5"}) == "unknown flag '--budget'; did you mean '--memory-budget'?");
  CHECK(unknown({"--frobnicate"}) == "unknown flag '--frobnicate'");
  CHECK(unknown({"cache.toml"}) == "unexpected argument 'cache.toml'");
  CHECK(unknown_flag_message(Run({}).app) == "");
}

TEST_CASE("the help names every option once and fits 80 columns") {
  const std::string help = Run({}).app.help();
  for (const OptionInfo& option : options) {
    const std::string name = flag_name(option) + " ";
    CAPTURE(name);
    const auto first = help.find(name);
    CHECK(first != std::string::npos);
    CHECK(help.find(name, first + 1) == std::string::npos);
  }
  for (std::string::size_type begin = 0; begin < help.size();) {
    const auto end = help.find('\n', begin);
    REQUIRE(end != std::string::npos);
    CAPTURE(help.substr(begin, end - begin));
    CHECK(end - begin <= 80);
    CHECK((end == begin || help[end - 1] != ' '));
    begin = end + 1;
  }
  CHECK(help.find("\n\n\n") == std::string::npos);
}

TEST_CASE("the help of an option has its names, its type, its bounds and its default") {
  const std::string help = Run({}).app.help();
  const auto has = [&](std::string_view text) { return help.find(text) != std::string::npos; };
  CHECK(
      has("  -h, --help                Print this help message and exit\n"
          "  -c, --config FILE         a file\n"));
  CHECK(
      has("      --keys, --key-count COUNT\n"
          "                            keys that can exist at once\n"
          "                            [1 to 4,294,967,294; default 1000]\n"));
  CHECK(
      has("      --memory-budget SIZE  the arena may not be larger; kvplan and kvd check it\n"
          "                            [4KiB to 1048576TiB; default none]\n"));
  CHECK(has("      --memory-lock on|off  lock the arena in memory (mlock) [default off]\n"));
  CHECK(
      has("how long a client may hold a buffer without progress\n"
          "                            [100ms to 1d; default 30s]\n"));
}

}  // namespace kv
