"""Keeps the generated blocks of README.md up to date.

A block is a marker followed by a fence:

    <!-- output: kvplan --connections 1000 --list-max 50 -->
    ```text
    what that command prints
    ```

or, for what is made from a table of the source, `<!-- commands -->` followed by a Markdown
table. Without --update a block that differs is an error; with it, the block is rewritten.
"""

import argparse
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUTPUT = re.compile(r"(<!-- output: ([^\n]*?) -->\n```text\n)(.*?)(```\n)", re.DOTALL)
COMMANDS = re.compile(r"(<!-- commands -->\n)((?:\|[^\n]*\n)*)")

# What Redis has beside the commands of the table. It is answered as Redis answers a command that
# it does not know.
UNSUPPORTED = ("databases other than 0, other data types (hashes, sets, sorted sets, streams, "
               "bitmaps, HyperLogLog, geo), scripts and functions, publish/subscribe, MONITOR, "
               "ACLs beyond the one password, client tracking, replication, cluster, modules, "
               "RDB and AOF files")


def output_of(command, programs):
    """What a command prints. The programs are those that were just built."""
    program, *arguments = shlex.split(command)
    result = subprocess.run([programs[program], *arguments], cwd=ROOT, text=True,
                            capture_output=True, check=False)
    if result.returncode != 0:
        sys.exit(f"{command}: exit code {result.returncode}\n{result.stderr}")
    return "\n".join(line.rstrip() for line in result.stdout.split("\n"))


def command_table():
    """The commands of kvcore/plan/commands.def by group, in the order of the file."""
    text = (ROOT / "kvcore/plan/commands.def").read_text(encoding="utf-8")
    rows = re.findall(r'^KV_COMMAND\(\w+, "(\w+)".*?"(\w+)",\s*"[\d.]+",\s*"', text,
                      re.MULTILINE | re.DOTALL)
    assert len(rows) == text.count("\nKV_COMMAND("), "a row that cannot be read"
    groups = {}
    for name, group in rows:
        groups.setdefault(group, []).append(f"`{name}`")
    lines = ["| group | commands |", "|---|---|"]
    lines += [f"| {group} | {' '.join(names)} |" for group, names in groups.items()]
    lines.append(f"| not supported | {UNSUPPORTED} |")
    return "\n".join(lines) + "\n"


def generate(text, programs):
    """The README with every block as it should be."""
    text = OUTPUT.sub(lambda m: m[1] + output_of(m[2], programs) + m[4], text)
    return COMMANDS.sub(lambda m: m[1] + command_table(), text)


def self_test():
    """A block that is out of date is found, one that is up to date is not."""
    stale = "a\n<!-- output: say hello -->\n```text\nbye\n```\nb\n"
    fresh = stale.replace("bye", "hello")
    programs = {"say": "/bin/echo"}
    assert generate(stale, programs) == fresh
    assert generate(fresh, programs) == fresh
    assert "`GET`" in generate("<!-- commands -->\n| old |\n\nmore\n", {})
    assert "old" not in generate("<!-- commands -->\n| old |\n\nmore\n", {})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kvplan", required=True)
    parser.add_argument("--kvd", required=True)
    parser.add_argument("--update", action="store_true", help="rewrite README.md")
    arguments = parser.parse_args()
    self_test()
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    assert len(OUTPUT.findall(text)) >= 2, "README.md has no blocks of output"
    assert "<!-- commands -->" in text, "README.md has no table of commands"
    wanted = generate(text, {"kvplan": arguments.kvplan, "kvd": arguments.kvd})
    if wanted == text:
        return 0
    if arguments.update:
        readme.write_text(wanted, encoding="utf-8")
        return 0
    for old, new in zip(text.split("\n"), wanted.split("\n")):
        if old != new:
            print(f"README.md says\n  {old}\nand it is\n  {new}")
            break
    print("run tests/repository/readme.py with --update")
    return 1


if __name__ == "__main__":
    sys.exit(main())
