#include "planner/sweep.hpp"

#include <doctest/doctest.h>

#include <string>

#include "planner/sweep_report.hpp"

namespace kv {

namespace {

std::string problem(std::string_view words) { return parse_axis(words).problem; }

uint64_t count_of(const std::string& text, const std::string& word) {
  uint64_t count = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

Sweep sweep_of(std::initializer_list<std::string_view> words) {
  std::vector<SweepAxis> axes;
  for (const std::string_view word : words) {
    const ParsedAxis parsed = parse_axis(word);
    REQUIRE(parsed.problem.empty());
    axes.push_back(parsed.axis);
  }
  return sweep(Config{}, axes);
}

}  // namespace

TEST_CASE("an axis runs from its first value in steps, up to the last that is not behind the end") {
  CHECK(parse_axis("keys=10:40:10").axis.values == std::vector<uint64_t>{10, 20, 30, 40});
  CHECK(parse_axis("keys=10:45:10").axis.values == std::vector<uint64_t>{10, 20, 30, 40});
  CHECK(parse_axis("list_max=0:0:1").axis.values == std::vector<uint64_t>{0});
  CHECK(parse_axis("value-max=1KiB:3KiB:1KiB").axis.values ==
        std::vector<uint64_t>{1024, 2048, 3072});
  CHECK(parse_axis("value_max=1KiB:3KiB:1KiB").axis.option == Option::val_size_max);
}

TEST_CASE("an axis that makes no sense says why") {
  CHECK(problem("keys") == "--vary 'keys' is not OPTION=FROM:TO:STEP");
  CHECK(problem("keys=1:2") == "--vary 'keys=1:2' is not OPTION=FROM:TO:STEP");
  CHECK(problem("kyes=1:2:1") == "no option is called 'kyes'");
  CHECK(problem("keys=5:2:1") == "--vary key_count runs from 5 down to 2");
  CHECK(problem("keys=1:5:0") == "--vary key_count has a step of 0");
  CHECK(problem("keys=0:5:1") == "--vary key_count leaves the bounds of the option");
  CHECK(problem("block=32:100:6") == "--vary block_bytes leaves the multiples of 4");
  CHECK(problem("keys=1:10001:1") ==
        "--vary key_count has 10,001 values, but a sweep at most 10,000 points");
  CHECK(problem("keys=1:4000000000:1").ends_with("but a sweep at most 10,000 points"));
  CHECK(problem("port=1:5:1") == "the plan does not depend on server.port");
  CHECK(problem("memory.lock=0:1:1") == "memory.lock is not a count or a size");
  CHECK(problem("keys=1:5:x") ==
        "--vary 'keys=1:5:x': key_count is 'x' but must be a whole number");
}

TEST_CASE("every point is the plan of its values") {
  const Sweep result = sweep_of({"keys=100:300:100", "list_max=0:20:10"});
  REQUIRE(result.points.size() == 9);
  for (uint64_t second = 0; second < 3; ++second) {
    for (uint64_t first = 0; first < 3; ++first) {
      Config config;
      config.key_count = 100 + 100 * first;
      config.list_length_max = 10 * second;
      const Allocation expected = plan(config).allocation;
      const SweepPoint& point = result.at(first, second);
      CHECK(point.planned);
      CHECK(point.components == expected.component_bytes);
      CHECK(point.container_bytes == expected.container_bytes);
    }
  }
}

TEST_CASE("a point without a plan names its rule, and the others are there") {
  // 50 elements of 32 MiB are 1.6 GiB, of 64 MiB beyond 2 GiB.
  Config config;
  config.store_bytes = gibibyte;
  const Sweep result = sweep(config, {parse_axis("value_max=32MiB:64MiB:32MiB").axis});
  CHECK(result.points[0].planned);
  CHECK_FALSE(result.points[1].planned);
  CHECK(result.points[1].broken == Rule::request_too_large);
  CHECK(sweep_csv(result).ends_with(",request-size\n"));
}

TEST_CASE("a plot has an area for each component and each panel, and ends as it begins") {
  const std::string one = sweep_svg(sweep_of({"keys=100:300:100"}));
  CHECK(one.starts_with("<svg "));
  CHECK(one.ends_with("</svg>\n"));
  const uint64_t layers = count_of(one, "<polygon ");
  CHECK(layers >= 7);
  CHECK(one == sweep_svg(sweep_of({"keys=100:300:100"})));
  const std::string many = sweep_svg(sweep_of({"keys=100:300:100", "list_max=10:40:10"}));
  CHECK(count_of(many, "<polygon ") == 4 * layers);
  CHECK(count_of(many, "list_length_max = ") == 4);
}

TEST_CASE("ticks stand at round numbers") {
  const std::string svg = sweep_svg(sweep_of({"keys=1000:9000:1000"}));
  for (const char* label : {">2,000<", ">8,000<", ">0 MiB<", ">500 MiB<", ">2,000 MiB<"}) {
    CAPTURE(label);
    CHECK(count_of(svg, label) == 1);
  }
}

}  // namespace kv
