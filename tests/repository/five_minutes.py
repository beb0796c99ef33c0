"""Runs the five minutes of README.md word for word, in an empty directory.

    five_minutes.py --kvplan KVPLAN [--update]

A marker before a block of commands says how it must end, and the block behind it what is said;
without one nothing may be said on standard error:

    <!-- run: 1 -->
    ```sh
    kvplan check kvd.toml
    ```
    ```text
    kvd.toml:…: error: …
    ```

With --update these blocks are rewritten.
"""

import argparse
import os
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEP = re.compile(r"<!-- run: (\d) -->\n```sh\n(.*?)```\n(?:\n?```text\n(.*?)```\n)?", re.DOTALL)


def steps(text):
    """(exit code, commands, what is said or None) of each marked block."""
    return [(int(m[1]), m[2], m[3]) for m in STEP.finditer(text)]


def self_test():
    text = ("a\n<!-- run: 1 -->\n```sh\nfalse\n```\n```text\nno\n```\n\n"
            "<!-- run: 0 -->\n```sh\ntrue\n```\nb\n")
    assert steps(text) == [(1, "false\n", "no\n"), (0, "true\n", None)]


def run(text, kvplan, update):
    """Runs the steps in their order; returns the text with what they said."""
    with tempfile.TemporaryDirectory() as directory:
        programs = pathlib.Path(directory) / "bin"
        programs.mkdir()
        (programs / "kvplan").symlink_to(kvplan)
        here = pathlib.Path(directory) / "here"
        here.mkdir()
        for code, commands, said in steps(text):
            done = subprocess.run(["bash", "-e", "-c", commands], cwd=here, capture_output=True,
                                  text=True, check=False,
                                  env={"PATH": f"{programs}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
            told = f"{commands}exit {done.returncode}\n{done.stdout}{done.stderr}"
            assert done.returncode == code, told
            if update and said:
                block = f"{commands}```\n```text\n"
                assert text.count(block + said) == 1, "the same commands twice"
                text = text.replace(block + said, block + done.stderr + done.stdout)
            else:
                heard = done.stderr + done.stdout if said else done.stderr
                assert heard == (said or ""), told + "\nrun this with --update"
    return text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kvplan", required=True)
    parser.add_argument("--update", action="store_true", help="rewrite README.md")
    arguments = parser.parse_args()
    self_test()
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    codes = [code for code, _, _ in steps(text)]
    assert 0 in codes and 1 in codes, "README.md shows no gate that is green and then red"
    updated = run(text, os.path.abspath(arguments.kvplan), arguments.update)
    if updated != text:
        readme.write_text(updated, encoding="utf-8")


if __name__ == "__main__":
    main()
