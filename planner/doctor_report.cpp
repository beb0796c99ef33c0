#include "planner/doctor_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "kvcore/load/words.hpp"
#include "kvcore/load/wrap.hpp"
#include "kvcore/plan/options.hpp"
#include "planner/number_text.hpp"
#include "planner/style.hpp"
#include "planner/table.hpp"

namespace kv {

namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t text_indent = 24;  ///< " pass  receive buffers  "

Style style_of(Verdict verdict) {
  return verdict == Verdict::pass   ? Style::dim
         : verdict == Verdict::warn ? Style::accent
                                    : Style::bold;
}

/// wrap() with the first line moved up to what stands before it.
std::string hanging(std::string_view text) {
  return wrap(text, text_indent, terminal_columns).substr(text_indent);
}

std::string finding_text(const Finding& finding, bool color) {
  std::string out = fmt::format(
      " {}  {:<17}{}", styled(verdict_word(finding.verdict), style_of(finding.verdict), color),
      finding.name, hanging(finding.text));
  if (!finding.remedy.empty()) {
    out += fmt::format("{:>{}}{}", "mend: ", text_indent, hanging(finding.remedy));
  }
  return out;
}

Table use_table(const DoctorReport& report) {
  Table table;
  const Audience all = {true, true, true};
  table.columns = {{"component", "component", all},
                   {"planned", "planned_bytes", all, true},
                   {"carved", "carved_bytes", all, true},
                   {"resident", "resident_bytes", all, true},
                   {"most used", "used_bytes_max", all, true}};
  Row total = {Row::Role::total, {Cell::of_text("arena")}};
  std::array<uint64_t, 4> sums = {};
  for (const ComponentInfo& component : components) {
    const auto index = static_cast<uint64_t>(component.id);
    const ComponentUse use = report.server ? report.server->components[index] : ComponentUse{};
    const uint64_t resident = report.residence ? (*report.residence)[index] : 0;
    const std::array<uint64_t, 4> numbers = {(*report.allocation)[component.id], use.carved_bytes,
                                             resident, use.used_bytes_max};
    Row row = {Row::Role::heading, {Cell::of_text(component.name)}};
    for (uint64_t i = 0; i < numbers.size(); ++i) {
      const bool known =
          i == 0 || (i == 2 ? report.residence.has_value() : report.server.has_value());
      row.cells.push_back(known ? Cell::of_number(numbers[i]) : Cell());
      sums[i] += numbers[i];
    }
    table.rows.push_back(std::move(row));
  }
  for (uint64_t i = 0; i < sums.size(); ++i) {
    const bool known =
        i == 0 || (i == 2 ? report.residence.has_value() : report.server.has_value());
    total.cells.push_back(known ? Cell::of_number(sums[i]) : Cell());
  }
  table.rows.push_back({Row::Role::rule, {}});
  table.rows.push_back(std::move(total));
  return table;
}

std::string savings_text(const DoctorReport& report) {
  if (report.savings.empty()) {
    return " Every limit was reached: nothing could be lowered.\n";
  }
  std::string out = " What would have sufficed so far, without headroom:\n";
  for (const Saving& saving : report.savings) {
    out += fmt::format("   {:<20} {:>14} → {:>14}   saves {:>15} bytes\n",
                       option_info(saving.option).key, grouped(saving.value),
                       grouped(saving.lowest), grouped(saving.container_bytes));
  }
  out += fmt::format("   all of it: {} bytes of the container, {} of them of the arena\n",
                     grouped(report.all_savings.container_bytes),
                     grouped(report.all_savings.arena_bytes));
  return out;
}

Json findings_json(const DoctorReport& report) {
  Json out = Json::array();
  for (const Finding& finding : report.findings) {
    Json json;
    json["name"] = finding.name;
    json["verdict"] = verdict_word(finding.verdict);
    json["text"] = finding.text;
    json["remedy"] = finding.remedy.empty() ? Json() : Json(finding.remedy);
    out.push_back(std::move(json));
  }
  return out;
}

Json components_json(const DoctorReport& report) {
  Json out = Json::array();
  for (const ComponentInfo& component : components) {
    const auto index = static_cast<uint64_t>(component.id);
    Json json;
    json["name"] = component.id_text;
    json["planned_bytes"] = (*report.allocation)[component.id];
    if (report.server) {
      json["carved_bytes"] = report.server->components[index].carved_bytes;
      json["used_bytes_max"] = report.server->components[index].used_bytes_max;
    }
    if (report.residence) json["resident_bytes"] = (*report.residence)[index];
    out.push_back(std::move(json));
  }
  return out;
}

Json savings_json(const DoctorReport& report) {
  Json out = Json::array();
  for (const Saving& saving : report.savings) {
    out.push_back({{"option", option_info(saving.option).name},
                   {"value", saving.value},
                   {"lowest", saving.lowest},
                   {"arena_bytes", saving.arena_bytes},
                   {"container_bytes", saving.container_bytes}});
  }
  return out;
}

}  // namespace

std::vector<Finding> examine_server(const DoctorReport& report) {
  std::vector<Finding> out;
  if (report.server) {
    Finding finding = {"server", Verdict::pass, "carved what this config plans", {}};
    for (const ComponentInfo& component : components) {
      const ComponentUse& use = report.server->components[static_cast<uint64_t>(component.id)];
      const uint64_t planned = (*report.allocation)[component.id];
      if (use.carved_bytes == planned || finding.verdict == Verdict::fail) continue;
      finding.verdict = Verdict::fail;
      finding.text = fmt::format("carved {} bytes for {}, and this config plans {}",
                                 grouped(use.carved_bytes), component.name, grouped(planned));
      finding.remedy = "start kvd with this config, or give the doctor the one that it runs";
    }
    out.push_back(std::move(finding));
  }
  if (report.residence) {
    uint64_t resident = 0;
    for (const uint64_t bytes : *report.residence) resident += bytes;
    const uint64_t arena = report.allocation->arena_bytes;
    Finding finding = {
        "residence",
        Verdict::pass,
        fmt::format("{} of {} bytes of the arena are resident", grouped(resident), grouped(arena)),
        {}};
    if (resident < arena && report.allocation->config.memory_populate != 0) {
      finding.verdict = Verdict::warn;
      finding.text += ", though memory.populate is on: the rest was swapped out";
      finding.remedy = "set memory.lock, or turn swap off for kvd (MemorySwapMax=0)";
    }
    out.push_back(std::move(finding));
  }
  return out;
}

std::string doctor_text(const DoctorReport& report, bool color) {
  std::string out;
  for (const Finding& finding : report.findings) out += finding_text(finding, color);
  if (report.server || report.residence) {
    out += '\n' + render_text(use_table(report), color);
  }
  if (report.server) out += '\n' + savings_text(report);
  return out;
}

std::string doctor_json(const DoctorReport& report) {
  Json json;
  json["schema"] = "kvplan/doctor/1";
  json["verdict"] = verdict_word(worst(report.findings));
  json["findings"] = findings_json(report);
  if (report.server || report.residence) json["components"] = components_json(report);
  if (report.server) {
    json["savings"] = savings_json(report);
    json["all_savings"] = {{"arena_bytes", report.all_savings.arena_bytes},
                           {"container_bytes", report.all_savings.container_bytes}};
  }
  return json.dump(2) + "\n";
}

}  // namespace kv
