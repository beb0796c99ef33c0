#include "planner/explain.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/planner/configs.hpp"
#include "tests/planner/evaluator.hpp"

namespace kv {

namespace {

Explanation explain_config(const Config& config, std::string_view section) {
  Settings settings;
  settings.config = config;
  return explain(settings, plan(config).allocation, section);
}

bool has_option(const Explanation& explanation, Option id) {
  return std::any_of(explanation.options.begin(), explanation.options.end(),
                     [&](const ExplainedOption& option) { return option.option == id; });
}

bool has_term(const Explanation& explanation, std::string_view name) {
  return std::any_of(explanation.terms.begin(), explanation.terms.end(),
                     [&](const ExplainedFormula& term) { return term.name == name; });
}

}  // namespace

TEST_CASE("every section's parts, worked out from their text, add up to its bytes") {
  RandomConfigs configs(3);
  for (int i = 0; i < 200; ++i) {
    const Explanation explanation = explain_config(configs.next(), "");
    // What is outside of the arena, and what is on disk.
    REQUIRE(explanation.sections.size() == component_count + 2);
    for (const ExplainedSection& section : explanation.sections) {
      uint64_t sum = 0;
      for (const ExplainedFormula& part : section.parts) {
        INFO(section.id << ": " << part.name << " = " << part.numbers);
        REQUIRE(evaluate(part.numbers) == part.value);
        sum += part.value;
      }
      INFO(section.id);
      REQUIRE(sum == section.bytes);
    }
  }
}

TEST_CASE("one component is explained with what it depends on and nothing else") {
  const Explanation explanation = explain_config(Config{}, "map");
  REQUIRE(explanation.sections.size() == 1);
  CHECK(explanation.sections[0].id == "map");
  CHECK(has_option(explanation, Option::key_count));
  CHECK_FALSE(has_option(explanation, Option::connections_max));
  CHECK(has_term(explanation, "bucket_count"));
  CHECK_FALSE(has_term(explanation, "key_blocks"));
}

TEST_CASE("a computed option brings the options that it is computed from") {
  Config config;
  CHECK(has_option(explain_config(config, "blocks"), Option::list_length_max));
  config.store_bytes = 1 << 20;
  CHECK_FALSE(has_option(explain_config(config, "blocks"), Option::list_length_max));
}

TEST_CASE("a component is found by its id and by its name") {
  CHECK(explain_config(Config{}, "list_pool").sections[0].id == "list_pool");
  CHECK(explain_config(Config{}, "list pool").sections[0].id == "list_pool");
  CHECK(explain_config(Config{}, "outside").sections[0].id == "outside");
}

TEST_CASE("a port is not grouped like a quantity") {
  CHECK(option_value_text(Config{}, option_info(Option::server_port)) == "6379");
  CHECK(option_value_text(Config{}, option_info(Option::key_size_max)) == "1,024");
  CHECK(option_value_text(Config{}, option_info(Option::memory_budget)) == "none");
  CHECK(option_value_text(Config{}, option_info(Option::memory_populate)) == "on");
}

}  // namespace kv
