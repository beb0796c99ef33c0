#include "planner/quantity.hpp"

#include <doctest/doctest.h>

namespace kv {

namespace {

std::optional<uint64_t> kubernetes(std::string_view text) {
  return parse_quantity(text, QuantityRules::kubernetes);
}

}  // namespace

TEST_CASE("a Kubernetes quantity is bytes by its suffix") {
  CHECK(kubernetes("128974848") == 128974848);
  CHECK(kubernetes("123Mi") == 128974848);  // 123 × 1,048,576
  CHECK(kubernetes("129M") == 129000000);
  CHECK(kubernetes("129e6") == 129000000);
  CHECK(kubernetes("129E+6") == 129000000);
  CHECK(kubernetes("1E") == 1000000000000000000);
  CHECK(kubernetes("1Ei") == 1152921504606846976);
  CHECK(kubernetes("1k") == 1000);
  CHECK(kubernetes("1Ki") == 1024);
  CHECK(kubernetes("+5") == 5);
}

TEST_CASE("a fraction of a Kubernetes quantity is exact, and rounded up to a byte") {
  CHECK(kubernetes("1.5Gi") == 1610612736);
  CHECK(kubernetes("0.1Ki") == 103);  // 102.4
  CHECK(kubernetes(".5k") == 500);
  CHECK(kubernetes("5.") == 5);
  CHECK(kubernetes("128974848000m") == 128974848);
  CHECK(kubernetes("400m") == 1);  // 0.4 bytes: what was meant was Mi
  CHECK(kubernetes("1500u") == 1);
  CHECK(kubernetes("2e-1") == 1);
  CHECK(kubernetes("0m") == 0);
}

TEST_CASE("what is no Kubernetes quantity is refused") {
  for (const char* text : {"", "Mi", "1 Mi", "1MiB", "1mb", "-1", "1K", "1g", "0x10", "1e", "1e6Mi",
                           "1..5", "1.5.", "infinity", "1234567890123456789"}) {
    CAPTURE(text);
    CHECK_FALSE(kubernetes(text).has_value());
  }
}

TEST_CASE("a quantity beyond 63 bits is as good as none") {
  CHECK(kubernetes("8Ei") == UINT64_MAX);
  CHECK(kubernetes("9e18") == 9000000000000000000);
  CHECK(kubernetes("1e19") == UINT64_MAX);
  CHECK(kubernetes("1e99") == UINT64_MAX);
  CHECK(kubernetes("1e-99") == 1);
}

TEST_CASE("Compose counts in powers of 1024 and does not mind capitals") {
  CHECK(parse_quantity("1024kb", QuantityRules::compose) == 1048576);
  CHECK(parse_quantity("64M", QuantityRules::compose) == 67108864);
  CHECK(parse_quantity("1gb", QuantityRules::compose) == 1073741824);
  CHECK(parse_quantity("50b", QuantityRules::compose) == 50);
  CHECK_FALSE(parse_quantity("64Mi", QuantityRules::compose).has_value());
}

TEST_CASE("systemd counts in powers of 1024 and knows infinity") {
  CHECK(parse_quantity("64M", QuantityRules::systemd) == 67108864);
  CHECK(parse_quantity("infinity", QuantityRules::systemd) == UINT64_MAX);
  CHECK_FALSE(parse_quantity("50%", QuantityRules::systemd).has_value());
  CHECK_FALSE(parse_quantity("64m", QuantityRules::systemd).has_value());
}

}  // namespace kv
