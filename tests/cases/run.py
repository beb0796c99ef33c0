#!/usr/bin/python3
"""Runs the command-line cases: each *.case file holds the input and the expected output.

    run.py --kvplan PROGRAM [--update] [NAME...]

A case is a sentence (lines that begin with '#') and sections:

    === run kvplan --config cache.toml    the command; shell quoting, no shell
    === env NO_COLOR=1                    one more variable of the environment
    === file cache.toml                   a file that is there before
    === copy examples/cache.toml          a file of the repository, at the same path
    === first kvplan lock cache.toml      a command before it, which must succeed; what it writes
                                          is there before
    === stdin                             standard input
    === stdout, === stderr                expected, byte for byte; absent when empty
    === exit 0                            expected
    === written plan.csv                  a file that is there afterwards, with its content

Each runs in an empty directory. An escape character is shown as ␛. With --update the expected
sections are rewritten from what the program did; read the difference before committing it.
"""

import argparse
import difflib
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

CASES = pathlib.Path(__file__).resolve().parent
REPOSITORY = CASES.parent.parent
EXPECTED = ("stdout", "stderr", "exit", "written")
TIMEOUT_SECONDS = 20


class Section:
    def __init__(self, kind, argument, lines):
        self.kind, self.argument, self.lines = kind, argument, lines

    @property
    def body(self):
        return "".join(line + "\n" for line in self.lines)

    @property
    def text(self):
        head = f"=== {self.kind} {self.argument}".rstrip()
        return head + "\n" + self.body


def parse(path):
    """Returns the sentence and the sections of a case."""
    comment, sections = [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("=== "):
            kind, _, argument = line[4:].partition(" ")
            sections.append(Section(kind, argument, []))
        elif sections:
            sections[-1].lines.append(line)
        else:
            comment.append(line)
    return comment, sections


def section(sections, kind):
    found = [s for s in sections if s.kind == kind]
    return found[0] if found else Section(kind, "", [])


def shown(data):
    return data.decode("utf-8", "backslashreplace").replace("\x1b", "␛")


def run(kvplan, sections):
    """Runs the case in a directory of its own; returns the sections that it should expect."""
    command = shlex.split(section(sections, "run").argument)
    if command[:1] != ["kvplan"]:
        raise ValueError("the command must be kvplan")
    environment = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    if "LLVM_PROFILE_FILE" in os.environ:  # scripts/coverage.sh counts what runs
        environment["LLVM_PROFILE_FILE"] = os.environ["LLVM_PROFILE_FILE"]
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        for s in sections:
            if s.kind == "env":
                key, _, value = s.argument.partition("=")
                environment[key] = value
            if s.kind in ("file", "copy"):
                target = directory / s.argument
                target.parent.mkdir(parents=True, exist_ok=True)
                content = s.body.encode() if s.kind == "file" else (
                    REPOSITORY / s.argument).read_bytes()
                target.write_bytes(content)
        for s in sections:
            if s.kind == "first":
                subprocess.run([kvplan] + shlex.split(s.argument)[1:], cwd=directory,
                               env=environment, stdout=subprocess.DEVNULL,
                               timeout=TIMEOUT_SECONDS, check=True)
        given = {path.relative_to(directory).as_posix() for path in directory.rglob("*")}
        done = subprocess.run([kvplan] + command[1:], cwd=directory, env=environment,
                              input=section(sections, "stdin").body.encode(),
                              capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
        result = []
        for kind, data in (("stdout", done.stdout), ("stderr", done.stderr)):
            if data:
                end = "" if data.endswith(b"\n") else "(no newline at the end)"
                result.append(Section(kind, end, shown(data).split("\n")[:-1 if not end else None]))
        result.append(Section("exit", str(done.returncode), []))
        for path in sorted(p for p in directory.rglob("*") if p.is_file()):
            relative = path.relative_to(directory).as_posix()
            if relative not in given:
                result.append(Section("written", relative, shown(path.read_bytes()).splitlines()))
        return result


def check(path, kvplan, update):
    comment, sections = parse(path)
    if not comment or not comment[0].startswith("# "):
        print(f"{path.name}: must begin with a sentence that says what it shows")
        return False
    inputs = [s for s in sections if s.kind not in EXPECTED]
    expected = [s for s in sections if s.kind in EXPECTED]
    actual = run(kvplan, inputs)
    want = "".join(s.text for s in expected)
    got = "".join(s.text for s in actual)
    if want == got:
        return True
    if update:
        head = "".join(line + "\n" for line in comment) + "".join(s.text for s in inputs)
        path.write_text(head + got, encoding="utf-8")
        print(f"{path.name}: updated")
        return True
    print(f"{path.name}: {comment[0][2:]}")
    sys.stdout.writelines(difflib.unified_diff(want.splitlines(True), got.splitlines(True),
                                               "expected", "actual"))
    return False


def main():
    parser = argparse.ArgumentParser(description="Runs the command-line cases.")
    parser.add_argument("--kvplan", required=True)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    kvplan = os.path.abspath(options.kvplan)
    paths = sorted(CASES.glob("*.case"))
    if options.names:
        paths = [p for p in paths if p.stem in options.names]
    failed = [p.name for p in paths if not check(p, kvplan, options.update)]
    print(f"{len(paths) - len(failed)} of {len(paths)} cases passed")
    # No case at all must not look like success.
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
