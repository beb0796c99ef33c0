"""The rules of the repository, as tests.

Each function rule_* yields "path:line: message" for every violation; its first line of
documentation is the rule. Each comes with a case in `self_tests` that it must find fault with
and one that it must accept, so that no rule can pass because it looks at nothing.

    rules.py NAME        one rule over the tree, after its self-test
    rules.py             all of them
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE = (".cpp", ".hpp", ".def")
TEXT = CODE + (".py", ".md", ".sh", ".cmake", ".txt", ".toml", ".json", ".yml", ".yaml")

SOURCE_LINES_MAX = 500
HEADER_LINES_MAX = 200
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100

# Code of kvd that runs after seal(): all of kvcore/data, kvcore/memory and server but what starts
# it up, and what only kvplan calls.
STARTS_UP = {
    "kvcore/memory/arena.cpp", "kvcore/memory/arena.hpp", "kvcore/memory/ceilings.cpp",
    "kvcore/memory/ceilings.hpp", "kvcore/memory/cgroup.cpp", "kvcore/memory/cgroup.hpp",
    "kvcore/memory/limits.cpp", "kvcore/memory/limits.hpp", "kvcore/memory/verify.cpp",
    "kvcore/memory/verify.hpp",
    "server/command_line.cpp", "server/command_line.hpp", "server/instance.cpp",
    "server/instance.hpp", "server/listener.cpp", "server/listener.hpp", "server/main.cpp",
    "server/privileges.cpp", "server/privileges.hpp", "server/room.cpp", "server/room.hpp",
    "server/sandbox.cpp", "server/seal_hooks.cpp", "server/start_report.cpp",
    "server/start_report.hpp", "server/uring_setup.cpp", "server/epoll_setup.cpp",
    "server/backend.cpp", "server/backend.hpp", "server/snapshot_load.cpp",
    "server/snapshot_load.hpp", "server/snapshot_start.cpp", "server/snapshot_start.hpp",
    "kvcore/data/fit.hpp", "kvcore/data/fit_text.cpp",
    "kvcore/data/zigkv.hpp", "kvcore/data/zigkv.cpp",
}

# What may allocate, or maps memory. fmt::format_to_n and std::string_view may not match.
ALLOCATES = re.compile(
    r"\bnew\b(?!\s*\()|\b(?:malloc|calloc|realloc|strdup|aligned_alloc|mmap|mremap|sbrk)\s*\("
    r"|\bstd::(?:w?string|vector|deque|list|map|multimap|set|unordered_\w+|function|any"
    r"|to_string|make_unique|make_shared|shared_ptr|o?stringstream|ostringstream|regex)\b"
    r"|\bfmt::(?:format|print|to_string|memory_buffer)\b")

# Operating system headers, which the pure part must compile without.
SYSTEM_HEADER = re.compile(
    r'#include\s*<(?:sys/|linux/|netinet/|arpa/|unistd|fcntl|errno|signal|time\.h|liburing|'
    r"pthread|thread|mutex|fstream|iostream|filesystem|cstdio|cstdlib|chrono)")

# kvcore/plan, kvcore/memory, … and what each may include.
LAYERS = {
    "kvcore/plan": {"kvcore/plan"},
    "kvcore/load": {"kvcore/plan", "kvcore/load"},
    "kvcore/data": {"kvcore/plan", "kvcore/data"},
    "kvcore/memory": {"kvcore/plan", "kvcore/memory"},
    "planner": {"kvcore/plan", "kvcore/load", "kvcore/data", "kvcore/memory", "planner"},
    "server": {"kvcore/plan", "kvcore/load", "kvcore/data", "kvcore/memory", "server"},
    "bench/net": {"bench/net"},
    "bench/load": {"bench/net", "bench/load"},
    "bench/echo": {"bench/net", "bench/echo"},
    "bench/micro": {"kvcore/plan", "kvcore/memory", "server", "bench/load", "bench/micro"},
}


def read_tree():
    """Every text file of the repository by its path, build directories left out."""
    files = {}
    for path in sorted(ROOT.rglob("*")):
        name = path.relative_to(ROOT).as_posix()
        if name.split("/")[0] in (".git", "build") or not path.is_file():
            continue
        if path.suffix in TEXT or name.startswith((".ci/", "scripts/")):
            files[name] = path.read_text(encoding="utf-8")
    return files


def lines_of(files, suffixes):
    for name, text in files.items():
        if name.endswith(suffixes):
            for number, line in enumerate(text.split("\n"), 1):
                yield name, number, line


def without_comments_and_strings(text):
    """The code with comments and literals blanked, line by line as it was."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
                         r"|'(?:\\.|[^'\\\n])+'(?!\w)", re.DOTALL)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def layer_of(name):
    return next((layer for layer in LAYERS if name.startswith(layer + "/")), None)


def is_product(name):
    return name.endswith(CODE) and layer_of(name) is not None


def rule_includes_go_one_way_only(files):
    """kvcore knows neither planner nor server, which do not know each other."""
    for name, number, line in lines_of(files, CODE):
        layer = layer_of(name)
        match = re.match(r'\s*#include\s*"([^"]+)"', line)
        if layer is None or not match:
            continue
        target = layer_of(match.group(1))
        if target not in LAYERS[layer]:
            yield f"{name}:{number}: {layer} must not include {match.group(1)}"


def rule_the_planning_library_includes_no_system_header(files):
    """kvcore/plan compiles where there is no operating system."""
    for name, number, line in lines_of(files, CODE):
        if name.startswith("kvcore/plan/") and SYSTEM_HEADER.match(line.strip()):
            yield f"{name}:{number}: {line.strip()} in the pure part"


def rule_files_stay_small(files):
    """Sources have less than 500 lines, headers at most 200."""
    for name, text in files.items():
        limit = SOURCE_LINES_MAX - 1 if name.endswith((".cpp", ".py")) else HEADER_LINES_MAX
        lines = text.count("\n")
        if name.endswith((".cpp", ".hpp", ".py")) and lines > limit:
            yield f"{name}:{lines}: more than {limit} lines"


def rule_functions_stay_small(files):
    """Functions have less than 70 lines."""
    scope = re.compile(r'\b(?:namespace|class|struct|union|enum|extern)\b')
    for name, text in files.items():
        if not name.endswith((".cpp", ".hpp")):
            continue
        code = without_comments_and_strings(text)
        code = re.sub(r"^\s*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group()),
                      code, flags=re.MULTILINE)
        stack, head = [], 0
        for match in re.finditer(r"[{};]", code):
            text_before = code[head:match.start()]
            head = match.end()
            if match.group() == "{":
                is_scope = bool(scope.search(text_before)) and "(" not in text_before
                outside = all(kind == "scope" for kind, _ in stack)
                kind = "scope" if is_scope else "function" if outside else "block"
                begin = match.start() - len(text_before.lstrip())
                stack.append((kind, code.count("\n", 0, begin) + 1))
            elif match.group() == "}" and stack:
                kind, first = stack.pop()
                lines = code.count("\n", 0, match.start()) + 2 - first
                if kind == "function" and lines >= FUNCTION_LINES_MAX:
                    yield f"{name}:{first}: a function of {lines} lines"


def rule_lines_are_at_most_100_columns(files):
    """Columns are counted in code points; generated blocks of the README may be wider."""
    for name, number, line in lines_of(files, CODE + (".py", ".sh", ".cmake", "CMakeLists.txt")):
        if len(line) > COLUMNS_MAX:
            yield f"{name}:{number}: {len(line)} columns"


def rule_code_that_runs_after_seal_uses_nothing_that_allocates(files):
    """No container, no string, no allocating call in kvcore/memory and server."""
    for name, text in files.items():
        if not name.startswith(("kvcore/data/", "kvcore/memory/", "server/")) or name in STARTS_UP:
            continue
        if name.startswith("server/repl/"):  # the prompt, which serves nobody and never seals
            continue
        if not name.endswith(CODE):
            continue
        code = without_comments_and_strings(text)
        for number, line in enumerate(code.split("\n"), 1):
            match = ALLOCATES.search(line)
            if match:
                yield f"{name}:{number}: {match.group().strip()} may allocate"


def rule_every_header_opens_with_what_it_is(files):
    """A header opens with a comment of two lines or more, and has #pragma once."""
    for name, text in files.items():
        if name.endswith(".hpp"):
            if not re.match(r"//[^\n]*\n//", text):
                yield f"{name}:1: does not open with a comment of two lines"
            if "\n#pragma once\n" not in text:
                yield f"{name}:1: no #pragma once"


def rule_nothing_is_left_to_be_done(files):
    """No marker of unfinished work in what is built."""
    marker = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    for name, number, line in lines_of(files, CODE + (".py", ".sh", ".cmake", ".txt", ".toml")):
        if marker.search(line):
            yield f"{name}:{number}: {line.strip()}"


def rule_no_path_of_a_machine_is_named(files):
    """Nothing refers to a developer's directories."""
    path = re.compile(r"(?<![\w.$}])/(?:home|root|Users|w[o]rk)/[\w.]|/tmp/(?:b[-]|bash_jobs)")
    for name, number, line in lines_of(files, ("",)):
        if path.search(line):
            yield f"{name}:{number}: {line.strip()}"


def rule_every_startup_file_that_may_allocate_exists(files):
    """The list of files that run before seal() names no file that is gone."""
    for name in sorted(STARTS_UP):
        if name not in files:
            yield f"{name}:1: listed in STARTS_UP and not there"


def rule_the_permitted_system_calls_are_documented(files):
    """ARCHITECTURE.md's table has the rows of system_calls.def, in their order."""
    text = files.get("server/system_calls.def", "")
    wanted = re.findall(r'^KV_PERMITTED\((\w+), (\w+), \w+, "(.*)"\)', text, re.MULTILINE)
    if len(wanted) != len(re.findall(r"^KV_PERMITTED\(", text, re.MULTILINE)):
        yield "server/system_calls.def:1: a row that cannot be read"
    listed = re.findall(r"^\| `(\w+)` \| (both|io_uring|epoll) \|[^|]*\| (.*) \|$",
                        files.get("ARCHITECTURE.md", ""), re.MULTILINE)
    if wanted != listed:
        yield f"ARCHITECTURE.md:1: the table is not that of system_calls.def: {wanted} {listed}"


def rule_links_lead_to_files(files):
    """Every relative link of a Markdown file names something that is there."""
    for name, number, line in lines_of(files, (".md",)):
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)[^)]*\)", line):
            if not ((ROOT / name).parent / target).exists():
                yield f"{name}:{number}: {target} is not there"


def clang_format(arguments, text=None):
    return subprocess.run(["clang-format", *arguments], cwd=ROOT, input=text, text=True,
                          capture_output=True, check=False)


def rule_code_is_formatted(files):
    """clang-format has nothing to change."""
    names = [n for n in files if n.endswith((".cpp", ".hpp")) and (ROOT / n).exists()]
    result = clang_format(["--dry-run", "-Werror", *names])
    yield from re.findall(r"^\S+:\d+:\d+: error: .*$", result.stderr, re.MULTILINE)
    for name, text in files.items():  # the self-test's files are not on the disk
        if name.endswith((".cpp", ".hpp")) and name not in names:
            if clang_format([f"--assume-filename={ROOT / name}"], text).stdout != text:
                yield f"{name}:1: is not formatted"


def function_of(lines):
    return "int f() {\n" + "  g();\n" * (lines - 2) + "}\n"


# rule: (file name, bad text, good text)
self_tests = {
    rule_includes_go_one_way_only: (
        "kvcore/memory/x.cpp", '#include "kvcore/load/settings.hpp"\n',
        '#include "kvcore/plan/config.hpp"\n#include <vector>\n'),
    rule_the_planning_library_includes_no_system_header: (
        "kvcore/plan/x.hpp", "#include <unistd.h>\n", "#include <cstdint>\n"),
    rule_files_stay_small: ("server/x.hpp", "\n" * 201, "\n" * 200),
    rule_functions_stay_small: (
        "server/x.cpp", "namespace kv {\n" + function_of(70) + "}\n",
        "namespace kv {\n" + function_of(69) + function_of(69) + "}\n"),
    rule_lines_are_at_most_100_columns: ("server/x.cpp", "x" * 101, "x" * 100),
    rule_code_that_runs_after_seal_uses_nothing_that_allocates: (
        "server/x.cpp", "const auto s = fmt::format(f, 1);\n",
        "// A new std::string\nstd::string_view v; new (place) T; fmt::format_to_n(a, n, f);\n"),
    rule_every_header_opens_with_what_it_is: (
        "server/x.hpp", "// One line.\n#pragma once\n", "// Two\n// lines.\n#pragma once\n"),
    rule_nothing_is_left_to_be_done: ("server/x.cpp", "// TO" "DO: later\n", "// todos los\n"),
    rule_no_path_of_a_machine_is_named: (
        "README.md", "see /ho" "me/me/file\n", "see https://example.org/home/x and /proc/1\n"),
    rule_the_permitted_system_calls_are_documented: (
        "server/system_calls.def", 'KV_PERMITTED(close, both, any, "closes")\n', "// No rows.\n"),
    rule_links_lead_to_files: (
        "README.md", "see [it](docs/gone.md)\n", "see [it](LICENSE) and [x](https://x.org/y)\n"),
    rule_code_is_formatted: ("server/x_unformatted.cpp", "int  x ;\n", "int x;\n"),
}


def find_violations(rule, files):
    if rule in self_tests:
        name, bad, good = self_tests[rule]
        assert list(rule({name: bad})), f"{rule.__name__} accepts what it must not"
        faults = list(rule({name: good}))
        assert not faults, f"{rule.__name__} finds fault with what is right: {faults}"
    else:
        assert list(rule({})), f"{rule.__name__} accepts an empty tree"
    return list(rule(files))


def main():
    rules = {name: value for name, value in globals().items() if name.startswith("rule_")}
    names = sys.argv[1:] or list(rules)
    files = read_tree()
    assert len(files) > 50, "that is not the repository"
    failed = False
    for name in names:
        for violation in find_violations(rules[name], files):
            print(violation)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
