#include "planner/formula.hpp"

#include <doctest/doctest.h>

#include "tests/planner/configs.hpp"
#include "tests/planner/evaluator.hpp"

namespace kv {

namespace {

std::string printed(std::string_view text) { return print(parse_expression(text)); }

std::string with_numbers(std::string_view text, const Allocation& allocation) {
  return print(substitute(parse_expression(text), allocation));
}

}  // namespace

TEST_CASE("formulas are printed as mathematics") {
  CHECK(printed("a * b + 16384") == "a × b + 16,384");
  CHECK(printed("ceil_div(key_count * 10, bucket_slots * 8)") ==
        "ceil(key_count × 10 / (bucket_slots × 8))");
  CHECK(printed("ceil_div(a, b)") == "ceil(a / b)");
  CHECK(printed("a / b") == "floor(a / b)");
  CHECK(printed("slots * more_than(a, b)") == "slots × (1 if a > b else 0)");
  CHECK(printed("min( max(a+2,1024),1048576 )") == "min(max(a + 2, 1,024), 1,048,576)");
}

TEST_CASE("parentheses are kept where the meaning needs them and dropped elsewhere") {
  CHECK(printed("(a + b) * c") == "(a + b) × c");
  CHECK(printed("(a * b) + c") == "a × b + c");
  CHECK(printed("a - (b - c)") == "a - (b - c)");
  CHECK(printed("ceil_div(a + b, c)") == "ceil((a + b) / c)");
}

TEST_CASE("numbers take the place of names") {
  const Allocation allocation = plan(Config{}).allocation;
  // 256 - 4; 1,024 / 252; 5 + 50 × 17
  CHECK(with_numbers("block_bytes - link_bytes", allocation) == "256 - 4");
  CHECK(with_numbers("ceil_div(key_size_max, block_payload_bytes)", allocation) ==
        "ceil(1,024 / 252)");
  CHECK(with_numbers("sizeof(BufferRingEntry) * request_buffers", allocation) == "16 × 1,000");
}

TEST_CASE("the largest request is spelled out part by part") {
  const Allocation allocation = plan(Config{}).allocation;
  // LPUSHX: "*52\r\n" 5, "$6\r\nLPUSHX\r\n" 12, "$1024\r\n" + 1,024 + 2 = 1,033, 50 elements of
  // "$4096\r\n" + 4,096 + 2 = 4,105.
  CHECK(with_numbers("largest_request(key_size_max, val_size_max, push_elements_max)",
                     allocation) == "5 + 12 + 1 × 1,033 + 50 × 4,105");
  CHECK(largest_request_command(allocation).name == "LPUSHX");
  CHECK(with_numbers("list_reply(val_size_max, list_length_max)", allocation) == "5 + 50 × 4,105");
}

TEST_CASE("every formula, worked out from its text, gives what was planned") {
  RandomConfigs configs(42);
  for (int i = 0; i < 400; ++i) {
    const Config config = configs.next();
    const Allocation allocation = plan(config).allocation;
    for (const TermInfo& term : terms) {
      if (term.constant) continue;
      const std::string text = with_numbers(term.formula, allocation);
      INFO(term.name << " = " << text);
      REQUIRE(evaluate(text) == allocation.terms.*term.value);
    }
    for (const ComputedInfo& computed : computed_options) {
      if (number(config, computed.option) != unset) continue;
      const std::string text = with_numbers(computed.formula, allocation);
      INFO(option_info(computed.option).name << " = " << text);
      REQUIRE(evaluate(text) == number(allocation.config, computed.option));
    }
    for (const PartInfo& part : parts) {
      REQUIRE(evaluate(with_numbers(part.count_formula, allocation)) == allocation[part.id].count);
      REQUIRE(evaluate(with_numbers(part.unit_formula, allocation)) ==
              allocation[part.id].unit_bytes);
    }
    for (const OutsideInfo& outside : outsides) {
      const Product& product = allocation.outside[static_cast<uint64_t>(outside.id)];
      REQUIRE(evaluate(with_numbers(outside.count_formula, allocation)) == product.count);
      REQUIRE(evaluate(with_numbers(outside.unit_formula, allocation)) == product.unit_bytes);
    }
  }
}

TEST_CASE("the evaluator of this test refuses what it does not understand") {
  CHECK_THROWS(evaluate("key_count × 2"));
  CHECK_THROWS(evaluate("5 +"));
  CHECK(evaluate("1,024 × (2 + 3)") == 5'120);
}

}  // namespace kv
