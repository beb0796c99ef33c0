#include "server/repl/statistics_text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace kv {

namespace {

constexpr std::string_view row = "  {:<12}{:>18}{:>18}{:>10}\n";

/// 1234567 → "1,234,567"
std::string grouped(uint64_t number) {
  std::string text = std::to_string(number);
  for (uint64_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, 1, ',');
  return text;
}

/// Hundredths of a percent, without a floating-point number in between.
std::string percent(uint64_t part, uint64_t whole) {
  if (whole == 0) return "-";
  __extension__ using uint128 = unsigned __int128;
  const auto hundredths = static_cast<uint64_t>(uint128{part} * 10000 / whole);
  return fmt::format("{}.{:02} %", hundredths / 100, hundredths % 100);
}

/// The number behind "used_bytes=" in the line "component_NAME:…" of INFO memory.
uint64_t used_bytes(std::string_view info, std::string_view component) {
  const std::string name = fmt::format("component_{}:", component);
  const uint64_t line = info.find(name);
  if (line == std::string_view::npos) return 0;
  constexpr std::string_view field = ",used_bytes=";
  const uint64_t at = info.find(field, line) + field.size();
  uint64_t bytes = 0;
  std::from_chars(info.data() + at, info.data() + info.size(), bytes);
  return bytes;
}

}  // namespace

std::string statistics_text(const Instance& instance, std::string_view info) {
  const Store& store = instance.store;
  const PoolUse blocks = store.use(Part::blocks);
  const Product& planned = instance.allocation[Part::blocks];
  std::string text = fmt::format(
      "entries     {} of {}\ndata bytes  {} in {} of {} blocks\ncapacity    {} bytes\n"
      "load        {} of the keys, {} of the blocks\n\n",
      grouped(store.key_count()), grouped(store.key_count_max()), grouped(store.data_bytes()),
      grouped(blocks.used), grouped(planned.count), grouped(planned.bytes),
      percent(store.key_count(), store.key_count_max()), percent(blocks.used, planned.count));
  text += fmt::format(row, "component", "planned", "held", "of plan");
  text += fmt::format("  {}\n", std::string(58, '-'));
  uint64_t held = 0;
  for (const ComponentCheck& check : instance.verification.components) {
    const ComponentInfo& component = component_info(check.component);
    const uint64_t used = used_bytes(info, component.id_text);
    held += used;
    text += fmt::format(row, component.name, grouped(check.planned_bytes), grouped(used),
                        percent(used, check.planned_bytes));
  }
  const uint64_t arena_bytes = instance.verification.planned_bytes;
  text += fmt::format("  {}\n", std::string(58, '-'));
  return text +
         fmt::format(row, "arena", grouped(arena_bytes), grouped(held), percent(held, arena_bytes));
}

}  // namespace kv
