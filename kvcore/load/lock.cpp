#include "kvcore/load/lock.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "kvcore/load/sha256.hpp"
#include "kvcore/load/words.hpp"

namespace kv {

namespace {

using Json = nlohmann::ordered_json;
using words::grouped;
using words::in_quotes;

/// A lock has a few kilobytes; what is larger is something else.
constexpr uint64_t lock_bytes_max = mebibyte;

Json option_json(const Config& config, const OptionInfo& option) {
  if (option.is_text()) return (config.*option.text).view();
  const uint64_t value = number(config, option.id);
  if (value == unset) return nullptr;
  if (option.kind == OptionKind::toggle) return value != 0;
  if (option.kind == OptionKind::choice) return choice_word(option, value);
  return value;
}

std::string compact(const Json& json) {
  return json.dump(/*indent=*/-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

void add(Rule rule, const std::string& path, std::string message, std::string hint,
         Diagnostics& out) {
  Place place;
  place.file = path;
  out.push_back({rule, Severity::error, place, std::move(message), std::move(hint)});
}

bool read_text(const std::string& path, std::string& text, Diagnostics& out) {
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (!file) {
    add(Rule::lock_missing, path, fmt::format("cannot open the lock: {}", std::strerror(errno)),
        "kvplan lock writes it", out);
    return false;
  }
  text.resize(lock_bytes_max + 1);
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) {
    add(Rule::lock_missing, path, fmt::format("cannot read the lock: {}", std::strerror(errno)), "",
        out);
    return false;
  }
  return true;
}

bool is_number(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_unsigned();
}

/// What is wrong with the document, or empty; fills `lock`.
std::string parse(const Json& json, Lock& lock) {
  if (!json.is_object()) return "not a lock: it is not a JSON object";
  const auto schema = json.find("schema");
  if (schema == json.end() || !schema->is_string() ||
      schema->get_ref<const std::string&>() != lock_schema) {
    return fmt::format("not a lock: its schema is not {}", lock_schema);
  }
  const auto config = json.find("config");
  const auto hash = json.find("config_sha256");
  const auto components_at = json.find("components");
  const bool complete = config != json.end() && config->is_object() && hash != json.end() &&
                        hash->is_string() && components_at != json.end() &&
                        components_at->is_object() && is_number(json, "layout_version") &&
                        is_number(json, "arena_bytes") && is_number(json, "container_bytes");
  if (!complete) return "not a lock: a member is missing or has another type";
  for (const auto& [name, value] : config->items()) {
    if (value.is_structured()) return fmt::format("not a lock: {} has no value", in_quotes(name));
    lock.options.emplace_back(name, compact(value));
  }
  QuickAmount sum = uint64_t{0};
  for (const auto& [name, bytes] : components_at->items()) {
    if (!bytes.is_number_unsigned()) {
      return fmt::format("not a lock: component {} has no bytes", in_quotes(name));
    }
    lock.components.emplace_back(name, bytes.get<uint64_t>());
    sum = sum + bytes.get<uint64_t>();
  }
  lock.layout_version = json["layout_version"].get<uint64_t>();
  lock.arena_bytes = json["arena_bytes"].get<uint64_t>();
  lock.container_bytes = json["container_bytes"].get<uint64_t>();
  if (config_sha256(lock) != hash->get_ref<const std::string&>()) {
    return "edited by hand: its config does not have its config_sha256";
  }
  if (!sum.ok() || sum.value() != lock.arena_bytes) {
    return "edited by hand: its components do not add up to its arena_bytes";
  }
  return {};
}

/// A value of either side, as a message shows it.
std::string shown(const std::string& json_text) {
  if (json_text.empty()) return "nothing";
  if (json_text == "null") return "left out";
  const bool digits = json_text.find_first_not_of("0123456789") == std::string::npos;
  if (digits && json_text.size() < 20) return grouped(std::stoull(json_text));
  if (json_text.front() != '"') return json_text;
  return in_quotes(std::string_view(json_text).substr(1, json_text.size() - 2));
}

const OptionInfo* find_option(std::string_view name) {
  for (const OptionInfo& option : options) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

/// The value under a name on the other side, or one that equals none.
template <typename Value>
Value value_of(const std::vector<std::pair<std::string, Value>>& list, const std::string& name,
               Value none) {
  for (const auto& [candidate, value] : list) {
    if (candidate == name) return value;
  }
  return none;
}

class Comparison {
 public:
  Comparison(const Settings& settings, std::string path, Diagnostics& out)
      : settings_(settings), path_(std::move(path)), out_(out) {}

  void option(const std::string& name, const std::string& now, const std::string& locked) {
    if (now == locked) return;
    const OptionInfo* info = find_option(name);
    Place place;
    place.file = path_;
    if (info != nullptr) {
      const Origin& origin = settings_.origin(info->id);
      if (origin.kind == Origin::Kind::file || origin.kind == Origin::Kind::flag) {
        place = origin.place;
      }
    }
    report(place, fmt::format("{} is {} but was locked as {}",
                              info != nullptr ? std::string(info->key) : in_quotes(name),
                              shown(now), shown(locked)));
  }

  void bytes(const std::string& what, uint64_t now, uint64_t locked) {
    if (now == locked) return;
    Place place;
    place.file = path_;
    const bool more = now > locked;
    report(place, fmt::format("{} is {} bytes but was locked as {} ({} {})", what, grouped(now),
                              grouped(locked), grouped(more ? now - locked : locked - now),
                              more ? "more" : "less"));
  }

  void layout(uint64_t now, uint64_t locked) {
    if (now == locked) return;
    Place place;
    place.file = path_;
    report(place, fmt::format("this program has layout version {}, the lock {}", now, locked));
  }

 private:
  void report(const Place& place, std::string message) {
    const std::string hint = std::exchange(first_, false) ? "review it and run kvplan lock" : "";
    out_.push_back({Rule::lock_stale, Severity::error, place, std::move(message), hint});
  }

  const Settings& settings_;
  std::string path_;
  Diagnostics& out_;
  bool first_ = true;
};

}  // namespace

bool is_secret(const OptionInfo& option) { return option.is_secret(); }

std::string lock_path(const std::string& config_file) { return config_file + ".lock"; }

Lock make_lock(const Allocation& allocation) {
  Lock lock;
  lock.layout_version = layout_version;
  for (const OptionInfo& option : options) {
    if (is_secret(option)) continue;
    lock.options.emplace_back(option.name, compact(option_json(allocation.config, option)));
  }
  for (const ComponentInfo& component : components) {
    lock.components.emplace_back(component.id_text, allocation[component.id]);
  }
  lock.arena_bytes = allocation.arena_bytes;
  lock.container_bytes = allocation.container_bytes;
  return lock;
}

std::string config_sha256(const Lock& lock) {
  std::string text = "{";
  for (const auto& [name, value] : lock.options) {
    text += fmt::format("{}{}:{}", text.size() > 1 ? "," : "", compact(Json(name)), value);
  }
  return sha256_hex(text + "}");
}

std::string lock_text(const Lock& lock) {
  std::string text = fmt::format(
      "{{\n  \"schema\": \"{}\",\n  \"layout_version\": {},\n  \"config_sha256\": \"{}\",\n"
      "  \"config\": {{",
      lock_schema, lock.layout_version, config_sha256(lock));
  const char* comma = "";
  for (const auto& [name, value] : lock.options) {
    text += fmt::format("{}\n    {}: {}", std::exchange(comma, ","), compact(Json(name)), value);
  }
  text += "\n  },\n  \"components\": {";
  comma = "";
  for (const auto& [name, bytes] : lock.components) {
    text += fmt::format("{}\n    {}: {}", std::exchange(comma, ","), compact(Json(name)), bytes);
  }
  return text + fmt::format("\n  }},\n  \"arena_bytes\": {},\n  \"container_bytes\": {}\n}}\n",
                            lock.arena_bytes, lock.container_bytes);
}

std::optional<Lock> read_lock(const std::string& path, Diagnostics& out) {
  std::string text;
  if (!read_text(path, text, out)) return {};
  Lock lock;
  std::string wrong = fmt::format("not a lock: larger than {} bytes", grouped(lock_bytes_max));
  if (text.size() <= lock_bytes_max) {
    const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    wrong = json.is_discarded() ? "not a lock: it is not JSON" : parse(json, lock);
  }
  if (wrong.empty()) return lock;
  add(Rule::lock_invalid, path, std::move(wrong), "kvplan lock writes it anew", out);
  return {};
}

bool compare_lock(const Settings& settings, const Allocation& allocation, const Lock& lock,
                  const std::string& path, Diagnostics& out) {
  const uint64_t before = out.size();
  const Lock now = make_lock(allocation);
  if (now == lock) return true;
  Comparison comparison(settings, path, out);
  const std::string no_value;
  for (const auto& [name, value] : now.options) {
    comparison.option(name, value, value_of(lock.options, name, no_value));
  }
  for (const auto& [name, value] : lock.options) {
    if (value_of(now.options, name, no_value).empty()) comparison.option(name, {}, value);
  }
  comparison.layout(now.layout_version, lock.layout_version);
  for (const auto& [name, bytes] : now.components) {
    comparison.bytes(name, bytes, value_of(lock.components, name, uint64_t{0}));
  }
  for (const auto& [name, bytes] : lock.components) {
    if (value_of(now.components, name, unset) == unset) comparison.bytes(name, 0, bytes);
  }
  comparison.bytes("the arena", now.arena_bytes, lock.arena_bytes);
  comparison.bytes("the container limit", now.container_bytes, lock.container_bytes);
  return out.size() == before;
}

bool check_lock(const Settings& settings, const std::string& path, Diagnostics& out) {
  const std::optional<Lock> lock = read_lock(path, out);
  if (!lock) return false;
  const PlanResult planned = plan(settings.config);
  if (!planned.ok) return false;
  return compare_lock(settings, planned.allocation, *lock, path, out);
}

}  // namespace kv
