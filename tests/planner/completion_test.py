#!/usr/bin/python3
"""Completion, help and manual pages name every flag of every command, in each shell.

    completion_test.py KVPLAN KVD
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLUMNS = 80


def output(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **more)
    assert done.returncode == 0 and done.stderr == "", (command, done.returncode, done.stderr)
    return done.stdout


def flags_in(text):
    """The flags that a help text lists, not those that a sentence names."""
    found = set()
    for line in text.split("\n"):
        names = re.match(r"  (?:-\w, |    )?(--[a-z][a-z-]*(?:, --[a-z][a-z-]*)*)", line)
        if names:
            found.update(names.group(1).split(", "))
    return found


def commands_of(kvplan):
    """The commands and their flags, by their own help."""
    listed = re.search(r"Commands:\n((?:  .*\n)+)", output(kvplan, "--help")).group(1)
    names = re.findall(r"^  ([a-z]+) ", listed, re.MULTILINE)
    assert "plan" in names and "completion" in names
    return {name: flags_in(output(kvplan, name, "--help")) for name in names}


def check_help(programs):
    for command in programs:
        text = output(*command, "--help")
        long = [line for line in text.split("\n") if len(line) > COLUMNS]
        assert not long, (command, long)
        names = re.findall(r"^  +(?:-\w, )?(--[\w-]+)", text, re.MULTILINE)
        assert len(names) == len(set(names)), f"{command}: a flag stands twice"


def bash_words(script, *words):
    """What bash offers for the last word."""
    line = " ".join(f"'{word}'" for word in words)
    return output("bash", "-c", f"source '{script}'\nCOMP_WORDS=({line})\n"
                  f"COMP_CWORD={len(words) - 1}\n_kvplan\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
                  ).split()


def check_bash(script, commands):
    assert set(bash_words(script, "kvplan", "")) == set(commands)
    for name, flags in commands.items():
        assert set(w for w in bash_words(script, "kvplan", name, "--")
                   if w.startswith("--")) == flags, name
    assert set(bash_words(script, "kvplan", "--key-")) == {
        f for f in commands["plan"] if f.startswith("--key-")}
    assert bash_words(script, "kvplan", "--color", "n") == ["never"]
    assert bash_words(script, "kvplan", "plan", "--memory-huge-pages", "t") == ["transparent"]
    assert bash_words(script, "kvplan", "render", "sys") == ["systemd"]
    assert bash_words(script, "kvplan", "explain", "lock-") == [
        "lock-missing", "lock-invalid", "lock-stale"]
    assert bash_words(script, "kvplan", "--explain", "list") == ["list_pool"]


def check_zsh(script, commands):
    output("zsh", "-f", "-n", script)
    text = pathlib.Path(script).read_text(encoding="utf-8")
    for name, flags in commands.items():
        body = re.search(rf"^    {name}\)\n(.*?)^      ;;", text, re.MULTILINE | re.DOTALL)
        assert set(re.findall(r"'(--[\w-]+)\[", body.group(1))) == flags, name


def fish_words(script, line):
    shown = output("fish", "--no-config", "-c", f"source '{script}'; complete -C '{line}'")
    return [word.split("\t")[0] for word in shown.split("\n") if word]


def check_fish(script, commands):
    assert set(commands) <= set(fish_words(script, "kvplan "))
    for name, flags in commands.items():
        assert set(fish_words(script, f"kvplan {name} --")) == flags, name
    assert fish_words(script, "kvplan --color n") == ["never"]


def check_manual(name, flags):
    path = ROOT / "docs/man" / f"{name}.1"
    text = path.read_text(encoding="utf-8").replace("\\-", "-")
    text = re.sub(r"\\f[BR]", " ", text)
    for flag in flags:
        assert re.search(rf"(?<![\w-]){flag}(?![\w-])", text), f"{name}.1 lacks {flag}"
    shown = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8", path], capture_output=True,
                           text=True, check=False)
    assert shown.returncode == 0 and shown.stderr == "", shown.stderr


def main():
    kvplan, kvd = sys.argv[1:3]
    commands = commands_of(kvplan)
    check_help([[kvplan], [kvd]] + [[kvplan, name] for name in commands])
    with tempfile.TemporaryDirectory() as directory:
        for shell, check in (("bash", check_bash), ("zsh", check_zsh), ("fish", check_fish)):
            script = f"{directory}/{shell}"
            output(kvplan, "completion", shell, "--output", script)
            check(script, commands)
    check_manual("kvplan", set().union(*commands.values()) | set(commands))
    check_manual("kvd", flags_in(output(kvd, "--help")))


if __name__ == "__main__":
    main()
