#include "planner/manifest.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "planner/yaml.hpp"

namespace kv {

namespace {

/// Only the container's figure counts here: 1,000,000 bytes, which is 244.14 pages, so 245
/// pages or 1,003,520 bytes are the least limit.
Allocation plan_of_a_million() {
  Allocation allocation;
  allocation.container_bytes = 1000000;
  return allocation;
}

std::string findings(std::string_view text, const std::string& name = "a.yaml",
                     std::string_view container = "") {
  std::string out;
  for (const Diagnostic& one :
       check_manifest(text, name, container, plan_of_a_million()).findings) {
    out += render(one, /*color=*/false);
  }
  return out;
}

std::string pod(std::string_view resources) {
  return fmt::format(
      "kind: Pod\n"
      "spec:\n"
      "  containers:\n"
      "    - name: web\n"
      "      image: nginx\n"
      "    - name: cache\n"
      "      image: registry:5000/team/kvd:1.2\n"
      "{}",
      resources);
}

}  // namespace

TEST_CASE("the least limit is the plan in whole pages") {
  CHECK(limit_bytes(plan_of_a_million()) == 1003520);
  Allocation whole;
  whole.container_bytes = 8192;
  CHECK(limit_bytes(whole) == 8192);
}

TEST_CASE("a container with enough memory is fine, and is reported") {
  const std::string text = pod("      resources: {limits: {memory: 980Ki}}\n");  // 1,003,520
  CHECK(findings(text) == "");
  const ManifestReport report = check_manifest(text, "a.yaml", "", plan_of_a_million());
  REQUIRE(report.limits.size() == 1);
  CHECK(report.limits[0].name == "cache");
  CHECK(report.limits[0].bytes == 1003520);
}

TEST_CASE("a limit that is too small is an error at its place") {
  CHECK(findings(pod("      resources:\n        limits:\n          memory: \"979Ki\"\n")) ==
        // 979 KiB are 1,002,496 bytes, which the kernel rounds down to 244 pages, 999,424.
        "a.yaml:10:19: error: cache has a memory limit of '979Ki', 576 bytes too few: the plan "
        "needs 1,000,000 bytes; write 1003520 [manifest-limit]\n"
        "   10 |           memory: \"979Ki\"\n"
        "      |                   ^~~~~\n");
}

TEST_CASE("thousandths of a byte are told apart from megabytes") {
  CHECK(findings(pod("      resources: {limits: {memory: 400m}}\n")) ==
        "a.yaml:8:36: error: cache has a memory limit of '400m', 1,000,000 bytes too few: the "
        "plan needs 1,000,000 bytes; 'm' is a thousandth in Kubernetes; 'M' and 'Mi' are "
        "megabytes and mebibytes [manifest-limit]\n"
        "    8 |       resources: {limits: {memory: 400m}}\n"
        "      |                                    ^~~~\n");
}

TEST_CASE("a container without a limit, or with one that is no quantity, is an error") {
  CHECK(findings(pod("")) ==
        "a.yaml:6:7: error: cache has no memory limit, and the plan needs one of 1,003,520 bytes; "
        "set resources.limits.memory to 1003520 [manifest-limit]\n"
        "    6 |     - name: cache\n"
        "      |       ^\n");
  CHECK(findings(pod("      resources: {limits: {memory: 1GB}}\n")) ==
        "a.yaml:8:36: error: '1GB' is not a quantity; write 1003520 [manifest-limit]\n"
        "    8 |       resources: {limits: {memory: 1GB}}\n"
        "      |                                    ^~~\n");
}

TEST_CASE("a request below the plan is a warning") {
  const std::string text = pod("      resources: {limits: {memory: 2M}, requests: {memory: 1k}}\n");
  CHECK(findings(text) ==
        "a.yaml:8:60: warning: cache requests '1k' of memory, and kvd takes 1,000,000 bytes at "
        "start; write memory: \"1003520\", or leave the request out [manifest-request]\n"
        "    8 |       resources: {limits: {memory: 2M}, requests: {memory: 1k}}\n"
        "      |                                                            ^~\n");
}

TEST_CASE("every container that runs kvd is found, in all documents, and in templates") {
  const std::string text =
      "kind: Service\n---\n---\nkind: List\nitems:\n"
      "  - kind: CronJob\n"
      "    spec: {jobTemplate: {spec: {template: {spec: {containers: [\n"
      "      {name: kvd, resources: {limits: {memory: 1M}}}]}}}}}\n"
      "---\n" +
      pod("      command: [/usr/bin/kvd, --config, x]\n"
          "      resources: {limits: {memory: 3M}}\n");
  const ManifestReport report = check_manifest(text, "a.yml", "", plan_of_a_million());
  REQUIRE(report.limits.size() == 2);
  CHECK(report.limits[0].name == "kvd");
  CHECK(report.limits[0].bytes == 1000000);
  CHECK(report.limits[1].bytes == 3000000);
  // 1,000,000 bytes are 244 whole pages, 576 bytes below the plan.
  CHECK(report.findings.size() == 1);
}

TEST_CASE("a container can be picked by its name") {
  const std::string text = pod("");
  const ManifestReport report = check_manifest(text, "a.yaml", "web", plan_of_a_million());
  REQUIRE(report.limits.size() == 1);
  CHECK(report.limits[0].name == "web");
  CHECK(findings(text, "a.yaml", "db") ==
        "a.yaml: error: no container is called 'db' [unreadable]\n");
}

TEST_CASE("nothing that runs kvd is an error, never a pass") {
  CHECK(findings("kind: Pod\n") ==
        "a.yaml: error: nothing here runs kvd: no name, image or command begins with 'kvd' "
        "[unreadable]\n");
  CHECK(check_manifest("", "a.yaml", "", plan_of_a_million()).limits.empty());
}

TEST_CASE("a Compose service has its limit in either place") {
  CHECK(findings("services:\n  kvd: {mem_limit: 2m}\n  web: {image: nginx}\n") == "");
  CHECK(findings("services:\n  a:\n    image: kvd\n    deploy:\n      resources:\n"
                 "        limits: {memory: 1kb}\n") ==
        "a.yaml:6:26: error: a has a memory limit of '1kb', 1,000,000 bytes too few: the plan "
        "needs 1,000,000 bytes; write 1003520 [manifest-limit]\n"
        "    6 |         limits: {memory: 1kb}\n"
        "      |                          ^~~\n");
}

TEST_CASE("a systemd unit has its limit in MemoryMax") {
  const std::string unit = "[Service]\nExecStart=/usr/bin/kvd --config /etc/kvd.toml\n";
  CHECK(findings(unit + "MemoryMax=1M\n", "kvd.service") == "");
  CHECK(findings(unit + "MemoryMax=infinity\n", "kvd.service") == "");
  CHECK(findings(unit, "kvd.service") ==
        "kvd.service:2:11: error: the unit has no memory limit, and the plan needs one of "
        "1,003,520 bytes; set MemoryMax to 1003520 [manifest-limit]\n"
        "    2 | ExecStart=/usr/bin/kvd --config /etc/kvd.toml\n"
        "      |           ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n");
  CHECK(findings("[Service]\nExecStart=/bin/true\n", "x.service") ==
        "x.service: error: nothing here runs kvd: no name, image or command begins with 'kvd' "
        "[unreadable]\n");
}

TEST_CASE("a file that is no YAML is an error at its place") {
  CHECK(findings("a: [1,\n  b: }\n") ==
        "a.yaml:2:6: error: did not find expected node content [syntax]\n"
        "    2 |   b: }\n"
        "      |      ^\n");
  CHECK(findings("a: 1\na: 2\n") ==
        "a.yaml:2:1: error: the key 'a' is given twice [syntax]\n"
        "    2 | a: 2\n"
        "      | ^\n");
  CHECK(findings("a: *b\n") ==
        "a.yaml:1:4: error: no anchor is called 'b' [syntax]\n"
        "    1 | a: *b\n"
        "      |    ^\n");
}

TEST_CASE("aliases cost nothing, however often they are repeated") {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 40; ++i) {
    text += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
  }
  const YamlResult yaml = read_yaml(text);
  REQUIRE(yaml.ok);
  CHECK(check_manifest(text, "a.yaml", "", plan_of_a_million()).limits.empty());
}

TEST_CASE("nesting is bounded, through aliases too") {
  CHECK(read_yaml(std::string(60, '[') + std::string(60, ']')).ok);
  const YamlResult deep = read_yaml(std::string(100000, '['));
  CHECK_FALSE(deep.ok);
  CHECK(deep.error.message == "the file is nested too deeply");
  std::string chain = "- &a0 [x]\n";
  for (int i = 1; i < 100; ++i) chain += fmt::format("- &a{} [*a{}]\n", i, i - 1);
  CHECK(read_yaml(chain).error.message == "the file is nested too deeply");
}

}  // namespace kv
