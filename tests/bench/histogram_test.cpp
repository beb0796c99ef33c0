#include "bench/load/histogram.hpp"

#include <doctest/doctest.h>

#include <memory>

namespace kv::bench {
namespace {

TEST_CASE("a histogram without values has no percentile but 0") {
  const auto histogram = std::make_unique<Histogram>();
  CHECK(histogram->percentile(0.5) == 0);
  CHECK(histogram->percentile(1) == 0);
  CHECK(histogram->max() == 0);
}

TEST_CASE("small values are exact") {
  const auto histogram = std::make_unique<Histogram>();
  for (uint64_t value = 1; value <= 1000; ++value) histogram->record(value);
  CHECK(histogram->count() == 1000);
  CHECK(histogram->percentile(0) == 1);
  CHECK(histogram->percentile(0.5) == 500);
  CHECK(histogram->percentile(0.99) == 990);
  CHECK(histogram->percentile(0.999) == 999);
  CHECK(histogram->percentile(1) == 1000);
}

TEST_CASE("a large value is known to the end of its step") {
  const auto histogram = std::make_unique<Histogram>();
  // 1,000,000 lies between 2^19 and 2^20, which is cut into 1024 steps of 512:
  // 1953 × 512 = 999,936, and the last value of that step is 999,936 + 511.
  histogram->record(1'000'000);
  histogram->record(2'000'000);
  CHECK(histogram->percentile(0.5) == 1'000'447);
}

TEST_CASE("no percentile is larger than the largest value") {
  const auto histogram = std::make_unique<Histogram>();
  histogram->record(1'000'000);
  CHECK(histogram->percentile(0.5) == 1'000'000);
  CHECK(histogram->percentile(1) == 1'000'000);
}

TEST_CASE("every value is known to a thousandth") {
  for (uint64_t value = 1; value < Histogram::value_max / 3; value = value * 3 + 1) {
    const auto histogram = std::make_unique<Histogram>();
    histogram->record(value);
    histogram->record(Histogram::value_max);
    CAPTURE(value);
    CHECK(histogram->percentile(0.5) >= value);
    CHECK(histogram->percentile(0.5) - value <= value / 1000);
  }
}

TEST_CASE("many of a value count as many") {
  const auto histogram = std::make_unique<Histogram>();
  histogram->record(10, 98);
  histogram->record(20, 2);
  CHECK(histogram->count() == 100);
  CHECK(histogram->percentile(0.98) == 10);
  CHECK(histogram->percentile(0.99) == 20);
}

TEST_CASE("what is beyond the largest value is counted there") {
  const auto histogram = std::make_unique<Histogram>();
  histogram->record(UINT64_MAX);
  CHECK(histogram->percentile(1) == 1'099'511'627'775);
  CHECK(histogram->max() == 1'099'511'627'775);
}

}  // namespace
}  // namespace kv::bench
