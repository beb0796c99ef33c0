"""What scripts/coverage.sh prints: the lines of server/ and kvcore/ that ran, from the counters
that clang puts into every program.

    coverage.py --build build/coverage             a table of the files, and what never ran
    coverage.py --build build/coverage --check     compares that with what docs/testing.md lists

A line ran if it did in any program. Lines that follow each other and never ran are one place, known
by the first of them that says something, and the next where that one ends in the middle of a call.
docs/testing.md lists places by that text, in blocks of code marked `uncovered`, so that what moves
stays listed; those that run on some machines only, or in some runs, are in blocks marked
`uncovered at times`:

    server/uring.cpp: return false;
"""

import argparse
import collections
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/testing.md"
COVERED = ("server/", "kvcore/")
BLOCK = re.compile(r"^```uncovered( at times)?\n(.*?)^```", re.DOTALL | re.MULTILINE)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def read_program(program, profile, build):
    """(file, line, how often it ran) of the lines of one program; none of one without counters."""
    result = run("llvm-cov", "export", "-format=lcov", f"-instr-profile={profile}", program)
    if result.returncode != 0:
        if "no coverage data found" in result.stderr.lower():
            return
        raise SystemExit(f"{program}: {result.stderr}")
    name = ""
    for row in result.stdout.splitlines():
        if row.startswith("SF:"):
            path = (build / row[3:]).resolve()
            name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
        elif row.startswith("DA:") and name.startswith(COVERED):
            line, count = row[3:].split(",")
            yield name, int(line), int(count)


def read_counts(build):
    """{file: {line: how often it ran}} over all programs that were built. They are asked one by
    one, for a header and what is compiled twice may differ between them."""
    data = sorted((build / "counters").glob("*.profraw"))
    if not data:
        raise SystemExit(f"{build} has no counters: scripts/coverage.sh builds and runs the tests")
    profile = build / "counters/all.profdata"
    merged = run("llvm-profdata", "merge", "-o", profile, *data)
    if merged.returncode != 0:
        raise SystemExit(merged.stderr)
    counts = collections.defaultdict(collections.Counter)
    for path in sorted(build.rglob("*")):
        if path.is_file() and os.access(path, os.X_OK) and "CMakeFiles" not in path.parts:
            for name, line, count in read_program(path, profile, build):
                counts[name][line] += count
    return counts


def says_something(text):
    """Whether a line is more than the end of what is above it."""
    return bool(text.strip("{});, ")) and not text.startswith(("//", "} else"))


def places(counts):
    """(file, first line, text, lines) of what never ran."""
    for name in sorted(counts):
        text = (ROOT / name).read_text(encoding="utf-8").splitlines()
        place = []
        for number in [*sorted(counts[name]), None]:
            if number is not None and counts[name][number] == 0:
                place.append(number)
                continue
            said = [n for n in place if says_something(text[n - 1].strip())]
            if said:
                first = text[said[0] - 1].strip()
                if first.endswith(("(", ",")) and len(said) > 1:
                    first += " " + text[said[1] - 1].strip()
                yield name, said[0], first, len(place)
            place = []


def table(counts):
    yield f"{'file':<44}{'lines':>7}{'ran':>7}"
    sums = collections.defaultdict(lambda: [0, 0])
    for name in sorted(counts):
        found = (len(counts[name]), sum(count > 0 for count in counts[name].values()))
        for row in (name, name.split("/")[0] + "/"):
            sums[row] = [a + b for a, b in zip(sums[row], found)]
    for name, (lines, ran) in sorted(sums.items(), key=lambda row: (row[0].endswith("/"), row)):
        yield f"{name:<44}{lines:>7}{ran:>7}{100 * ran / lines:>7.1f} %"


def listed():
    """{(file, text): whether it runs at times} of docs/testing.md."""
    known = {}
    for at_times, block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        for row in filter(str.strip, block.splitlines()):
            known[tuple(row.split(": ", 1))] = bool(at_times)
    return known


def differences(counts):
    """What the page does not list, and what it lists that runs."""
    known = listed()
    found = {(name, text): number for name, number, text, _ in places(counts)}
    for (name, text), number in found.items():
        if (name, text) not in known:
            yield f"{name}:{number}: never ran and is not in docs/testing.md: {text}"
    for (name, text), at_times in known.items():
        if (name, text) not in found and not at_times:
            yield f"docs/testing.md: runs, or is gone: {name}: {text}"
        if name not in counts:
            yield f"docs/testing.md: no such file: {name}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/coverage")
    parser.add_argument("--check", action="store_true", help="compare with docs/testing.md")
    options = parser.parse_args()
    counts = read_counts(options.build.resolve())
    if options.check:
        found = list(differences(counts))
        print("\n".join(found) or "what never ran is listed with its reason")
        return 1 if found else 0
    print("\n".join(table(counts)))
    for name, number, text, lines in places(counts):
        print(f"{name}:{number}: {text}" + (f" ({lines} lines)" if lines > 1 else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
