"""What scripts/coverage.sh prints: the lines of server/ and kvcore/ that ran, from gcov's counters.

    coverage.py --build build/coverage             a table of the files, and the lines that did not
    coverage.py --build build/coverage --check     compares them with what docs/testing.md lists

docs/testing.md lists lines by their text, in blocks of code marked `uncovered`, so that a line
that moves stays listed:

    server/uring.cpp: return false;
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/testing.md"
COVERED = ("server/", "kvcore/")
BLOCK = re.compile(r"```uncovered\n(.*?)```", re.DOTALL)
FILES_AT_ONCE = 50


def read_counts(build):
    """{file: {line: how often it ran}}, over all programs that were built."""
    counts = collections.defaultdict(collections.Counter)
    data = sorted(build.rglob("*.gcda"))
    if not data:
        raise SystemExit(f"{build} has no counters: scripts/coverage.sh builds and runs the tests")
    for at in range(0, len(data), FILES_AT_ONCE):
        told = subprocess.run(["gcov", "--json-format", "--stdout", *data[at:at + FILES_AT_ONCE]],
                              cwd=build, capture_output=True, check=True).stdout
        for line in told.splitlines():
            for file in json.loads(line)["files"]:
                path = (build / file["file"]).resolve()
                name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
                if name.startswith(COVERED):
                    for row in file["lines"]:
                        counts[name][row["line_number"]] += row["count"]
    return counts


def uncovered(counts):
    """(file, line, text) of each line that never ran. A closing brace is no line of its own."""
    for name in sorted(counts):
        text = (ROOT / name).read_text(encoding="utf-8").splitlines()
        for number in sorted(counts[name]):
            line = text[number - 1].strip()
            if counts[name][number] == 0 and line.strip("});,"):
                yield name, number, line


def table(counts):
    yield f"{'file':<44}{'lines':>7}{'ran':>7}{'':>8}"
    missing = collections.Counter(name for name, _, _ in uncovered(counts))
    everything = [0, 0]
    for name in sorted(counts):
        lines = len(counts[name])
        ran = lines - missing[name]
        everything = [everything[0] + lines, everything[1] + ran]
        yield f"{name:<44}{lines:>7}{ran:>7}{100 * ran / lines:>7.1f} %"
    yield (f"{'together':<44}{everything[0]:>7}{everything[1]:>7}"
           f"{100 * everything[1] / everything[0]:>7.1f} %")


def listed():
    """{(file, text)} of docs/testing.md."""
    rows = [row for block in BLOCK.findall(PAGE.read_text(encoding="utf-8"))
            for row in block.splitlines() if row.strip()]
    return {tuple(row.split(": ", 1)) for row in rows}


def differences(counts):
    """What the page does not list, and what it lists that runs."""
    known = listed()
    found = {(name, text): number for name, number, text in uncovered(counts)}
    for (name, text), number in found.items():
        if (name, text) not in known:
            yield f"{name}:{number}: never ran and is not in docs/testing.md: {text}"
    for name, text in sorted(known - found.keys()):
        yield f"docs/testing.md: runs, or is gone: {name}: {text}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/coverage")
    parser.add_argument("--check", action="store_true", help="compare with docs/testing.md")
    options = parser.parse_args()
    counts = read_counts(options.build.resolve())
    if options.check:
        found = list(differences(counts))
        print("\n".join(found) or "every line that never ran is listed with its reason")
        return 1 if found else 0
    print("\n".join(table(counts)))
    for name, number, text in uncovered(counts):
        print(f"{name}:{number}: {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
