#include "planner/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>

#include "kvcore/load/source.hpp"
#include "kvcore/load/words.hpp"
#include "planner/number_text.hpp"
#include "planner/quantity.hpp"
#include "planner/yaml.hpp"

namespace kv {

namespace {

using words::in_quotes;

constexpr uint64_t page_bytes = 4096;
constexpr uint64_t manifest_bytes_max = 16 * mebibyte;

/// "registry:5000/team/kvd:1.2" → "kvd:1.2".
std::string_view last_part(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool names_kvd(std::string_view path) { return last_part(path).starts_with("kvd"); }

bool has_word_of_kvd(const YamlNode* words) {
  if (words == nullptr) return false;
  if (words->kind == YamlNode::Kind::list) {
    return std::any_of(words->items.begin(), words->items.end(),
                       [](const YamlRef& item) { return names_kvd(item->text); });
  }
  for (std::string_view rest = words->text; !rest.empty();) {
    const auto end = std::min(rest.find(' '), rest.size());
    if (names_kvd(rest.substr(0, end))) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

std::string_view text_of(const YamlNode* node) { return node ? node->text : std::string_view(); }

const YamlNode* find_path(const YamlNode* node, std::initializer_list<std::string_view> path) {
  for (const std::string_view name : path) node = node ? node->find(name) : nullptr;
  return node;
}

class Checker {
 public:
  Checker(ManifestReport& report, const Source& source, std::string_view container,
          const Allocation& allocation)
      : report_(report),
        source_(source),
        container_(container),
        needed_bytes_(allocation.container_bytes),
        wanted_bytes_(limit_bytes(allocation)) {}

  /// Pods stand at different depths in a Deployment, a CronJob or a List: every map with a
  /// list of containers is taken for one. A node that several aliases name is seen once.
  void kubernetes(const YamlNode& node) {
    if (!seen_.insert(&node).second) return;
    for (const std::string_view name : {"containers", "initContainers"}) {
      const YamlNode* list = node.find(name);
      if (list == nullptr || list->kind != YamlNode::Kind::list) continue;
      for (const YamlRef& item : list->items) kubernetes_container(*item);
    }
    for (const YamlRef& item : node.items) kubernetes(*item);
    for (const auto& [name, member] : node.members) kubernetes(*member);
  }

  void compose(const YamlNode& services) {
    for (const auto& [name, service] : services.members) {
      const bool wanted = container_.empty()
                              ? name.starts_with("kvd") || is_kvd(*service, "container_name")
                              : name == container_;
      if (!wanted) continue;
      const YamlNode* limit = service->find("mem_limit");
      if (limit == nullptr) {
        limit = find_path(service.get(), {"deploy", "resources", "limits", "memory"});
      }
      judge(name, limit, QuantityRules::compose, *service, "mem_limit");
    }
  }

  void unit(std::string_view text) {
    YamlNode place;
    YamlNode limit;
    uint32_t line = 0;
    bool is_kvd_unit = !container_.empty();
    for (std::string_view rest = text; !rest.empty();) {
      const auto end = std::min(rest.find('\n'), rest.size());
      std::string_view words = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      ++line;
      const auto equals = words.find('=');
      if (equals == std::string_view::npos) continue;
      YamlNode value;
      value.line = line;
      value.column = static_cast<uint32_t>(equals + 2);
      value.text = words.substr(equals + 1);
      while (value.text.ends_with(' ') || value.text.ends_with('\r')) value.text.pop_back();
      if (words.substr(0, equals) == "MemoryMax") limit = value;
      if (words.substr(0, equals) != "ExecStart") continue;
      place = value;
      is_kvd_unit = is_kvd_unit || has_word_of_kvd(&value);
    }
    if (!is_kvd_unit) return;
    judge("the unit", limit.line == 0 ? nullptr : &limit, QuantityRules::systemd, place,
          "MemoryMax");
  }

 private:
  static bool is_kvd(const YamlNode& node, std::string_view name_key) {
    return names_kvd(text_of(node.find(name_key))) || names_kvd(text_of(node.find("image"))) ||
           has_word_of_kvd(node.find("command")) || has_word_of_kvd(node.find("args")) ||
           has_word_of_kvd(node.find("entrypoint"));
  }

  void kubernetes_container(const YamlNode& node) {
    const std::string name(text_of(node.find("name")));
    if (container_.empty() ? !is_kvd(node, "name") : name != container_) return;
    judge(name, find_path(&node, {"resources", "limits", "memory"}), QuantityRules::kubernetes,
          node, "resources.limits.memory");
    const YamlNode* request = find_path(&node, {"resources", "requests", "memory"});
    if (request == nullptr) return;  // Kubernetes takes the limit for it
    const auto bytes = parse_quantity(request->text, QuantityRules::kubernetes);
    if (bytes && *bytes >= needed_bytes_) return;
    add(Rule::manifest_request, *request,
        fmt::format("{} requests {} of memory, and kvd takes {} bytes at start", name,
                    in_quotes(request->text), grouped(needed_bytes_)),
        fmt::format("write memory: \"{}\", or leave the request out", wanted_bytes_));
  }

  void judge(const std::string& name, const YamlNode* limit, QuantityRules rules,
             const YamlNode& place, std::string_view key) {
    if (limit == nullptr) {
      report_.limits.push_back({name, UINT64_MAX});
      add(Rule::manifest_limit, place,
          fmt::format("{} has no memory limit, and the plan needs one of {} bytes", name,
                      grouped(wanted_bytes_)),
          fmt::format("set {} to {}", key, wanted_bytes_));
      return;
    }
    const auto bytes = parse_quantity(limit->text, rules);
    if (!bytes) {
      report_.limits.push_back({name, 0});
      add(Rule::manifest_limit, *limit, fmt::format("{} is not a quantity", in_quotes(limit->text)),
          fmt::format("write {}", wanted_bytes_));
      return;
    }
    report_.limits.push_back({name, *bytes});
    const uint64_t whole_pages = *bytes == UINT64_MAX ? *bytes : *bytes / page_bytes * page_bytes;
    if (whole_pages >= needed_bytes_) return;
    const bool thousandth = rules == QuantityRules::kubernetes && limit->text.ends_with('m');
    add(Rule::manifest_limit, *limit,
        fmt::format("{} has a memory limit of {}, {} bytes too few: the plan needs {} bytes", name,
                    in_quotes(limit->text), grouped(needed_bytes_ - whole_pages),
                    grouped(needed_bytes_)),
        thousandth ? "'m' is a thousandth in Kubernetes; 'M' and 'Mi' are megabytes and mebibytes"
                   : fmt::format("write {}", wanted_bytes_));
  }

  void add(Rule rule, const YamlNode& node, std::string message, std::string hint) {
    const uint64_t begin = source_.offset(node.line, node.column);
    report_.findings.push_back({rule, rule_info(rule).severity,
                                source_.place(begin, begin + node.text.size()), std::move(message),
                                std::move(hint)});
  }

  ManifestReport& report_;
  const Source& source_;
  std::string_view container_;
  uint64_t needed_bytes_;
  uint64_t wanted_bytes_;
  std::set<const YamlNode*> seen_;
};

ManifestReport unreadable(const std::string& path, std::string message) {
  ManifestReport report;
  Place place;
  place.file = path;
  report.findings.push_back(
      {Rule::unreadable, Severity::error, std::move(place), std::move(message), {}});
  return report;
}

}  // namespace

uint64_t limit_bytes(const Allocation& allocation) {
  return (allocation.container_bytes + page_bytes - 1) / page_bytes * page_bytes;
}

ManifestReport check_manifest(std::string_view text, const std::string& name,
                              std::string_view container, const Allocation& allocation) {
  ManifestReport report;
  const Source source(name, text);
  Checker checker(report, source, container, allocation);
  if (name.ends_with(".yaml") || name.ends_with(".yml")) {
    const YamlResult yaml = read_yaml(text);
    if (!yaml.ok) {
      const uint64_t at = source.offset(yaml.error.line, yaml.error.column);
      report.findings.push_back(
          {Rule::syntax, Severity::error, source.place(at, at + 1), yaml.error.message, {}});
      return report;
    }
    for (const YamlRef& document : yaml.documents) {
      const YamlNode* services = document->find("services");
      services != nullptr ? checker.compose(*services) : checker.kubernetes(*document);
    }
  } else {
    checker.unit(text);
  }
  if (!report.limits.empty()) return report;
  return unreadable(name, container.empty()
                              ? "nothing here runs kvd: no name, image or command begins with 'kvd'"
                              : fmt::format("no container is called {}", in_quotes(container)));
}

ManifestReport check_manifest_file(const std::string& path, std::string_view container,
                                   const Allocation& allocation) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return unreadable(path, fmt::format("cannot read: {}", strerror(errno)));
  std::string text;
  std::array<char, 65536> chunk;
  uint64_t bytes = 0;
  while (text.size() <= manifest_bytes_max &&
         (bytes = std::fread(chunk.data(), 1, chunk.size(), file)) > 0) {
    text.append(chunk.data(), bytes);
  }
  const bool failed = std::ferror(file) != 0;
  const int reason = errno;
  std::fclose(file);
  if (failed) return unreadable(path, fmt::format("cannot read: {}", strerror(reason)));
  if (text.size() > manifest_bytes_max) return unreadable(path, "is larger than 16 MiB");
  return check_manifest(text, path, container, allocation);
}

}  // namespace kv
