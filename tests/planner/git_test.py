#!/usr/bin/python3
"""kvplan diff reads the old side from git: revisions, paths, and what goes wrong with them.

    git_test.py KVPLAN
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

KVPLAN = os.path.abspath(sys.argv[1])
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nonexistent",
               "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
               "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org",
               "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org"}


def run(directory, *arguments, **environment):
    return subprocess.run([KVPLAN, "diff", *arguments], cwd=directory, capture_output=True,
                          text=True, check=False, env={**ENVIRONMENT, **environment})


def git(directory, *arguments):
    subprocess.run(["git", *arguments], cwd=directory, check=True, capture_output=True,
                   env=ENVIRONMENT)


def expect_error(directory, word, message, *more, **environment):
    done = run(directory, word, *more, **environment)
    assert done.returncode == 2, (word, done.returncode, done.stdout, done.stderr)
    assert done.stdout == "", done.stdout
    assert done.stderr == message, (word, done.stderr)


def expect_values(directory, arguments, before, after, names):
    done = run(directory, *arguments, "--format", "json")
    assert done.returncode == 0, (arguments, done.stderr)
    report = json.loads(done.stdout)
    found = [report[side]["config"]["key_count"] for side in ("old", "new")]
    assert found == [before, after], (arguments, found)
    assert [report["old"]["name"], report["new"]["name"]] == names, report["new"]["name"]


def check_reads(top):
    """Each form of a name gives the sides that it says."""
    config = top / "configs" / "a.toml"
    config.parent.mkdir()
    config.write_text("key_count = 1\n")
    git(top, "init", "-q", "-b", "main")
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "one")
    config.write_text("key_count = 2\n")
    git(top, "commit", "-q", "-a", "-m", "two")
    config.write_text("key_count = 3\n")
    git(top, "add", ".")
    config.write_text("key_count = 4\n")

    name = "configs/a.toml"
    expect_values(top, [f"HEAD:{name}"], 2, 4, [f"HEAD:{name}", name])
    expect_values(top, [f"HEAD~1:{name}"], 1, 4, [f"HEAD~1:{name}", name])
    expect_values(top, [f":{name}"], 3, 4, [f":{name}", name])
    expect_values(top, [f"HEAD~1:{name}", f"main:{name}"], 1, 2,
                  [f"HEAD~1:{name}", f"main:{name}"])
    # A path is taken from the top of the repository, unless it begins with a dot.
    expect_values(top / "configs", [f"HEAD:{name}"], 2, 4, [f"HEAD:{name}", f"../{name}"])
    expect_values(top / "configs", ["HEAD:./a.toml"], 2, 4, ["HEAD:./a.toml", "./a.toml"])
    # A file of that name comes before a revision.
    (top / f"HEAD:{name}".replace("/", "_")).write_text("key_count = 9\n")
    expect_values(top, ["HEAD:configs_a.toml", name], 9, 4, ["HEAD:configs_a.toml", name])


def check_errors(top, outside):
    shallow = "a shallow clone has only the last commits"
    expect_error(top, "NOPE:configs/a.toml",
                 f"NOPE:configs/a.toml: error: no revision 'NOPE'; {shallow} [unreadable]\n")
    expect_error(top, "HEAD:a.toml",
                 "HEAD:a.toml: error: no file 'a.toml' in revision 'HEAD' [unreadable]\n")
    expect_error(top, ":a.toml", ":a.toml: error: no file 'a.toml' in the index [unreadable]\n")
    expect_error(top, "HEAD:configs",
                 "HEAD:configs: error: 'configs' is not a file in revision 'HEAD' [unreadable]\n")
    expect_error(outside, "HEAD:a.toml",
                 "HEAD:a.toml: error: not in a git repository [unreadable]\n")
    expect_error(top, "HEAD:configs/a.toml", "HEAD:configs/a.toml: error: cannot run git: "
                 "No such file or directory [unreadable]\n", PATH=str(outside))
    # A shell would run these; git gets them as one argument.
    for word in ("$(touch owned):a.toml", "HEAD:a.toml;touch owned", "`touch owned`:x"):
        assert run(top, word).returncode == 2
    assert not list(top.rglob("owned*")), "a shell was involved"


def check_diagnostics(top):
    """An invalid config in the old revision is shown with its place in that revision."""
    config = top / "configs" / "a.toml"
    config.write_text("key_count = 0\n")
    git(top, "commit", "-q", "-a", "-m", "bad")
    config.write_text("key_count = 5\n")
    done = run(top, "HEAD:configs/a.toml")
    assert done.returncode == 1, done
    assert done.stderr == (
        "HEAD:configs/a.toml:1:13: error: key_count is 0 but must be at least 1 [minimum]\n"
        "    1 | key_count = 0\n      |             ^\n"), done.stderr


def check_summary(top):
    """The GitHub format appends the comment to the step's summary."""
    with tempfile.TemporaryDirectory() as name:
        summary = pathlib.Path(name, "summary.md")
        summary.write_text("before\n")
        done = run(top, "HEAD~1:configs/a.toml", "--format", "github", "--max-growth", "0",
                   GITHUB_STEP_SUMMARY=str(summary))
        assert done.returncode == 1, done
        assert done.stdout.startswith("::error title=kvplan diff,file=configs/a.toml::"), done
        text = summary.read_text()
        assert text.startswith("before\n### kvplan: `configs/a.toml`: the container limit grows")
        assert "**Not allowed:**" in text, text


def main():
    with tempfile.TemporaryDirectory() as inside, tempfile.TemporaryDirectory() as outside:
        top = pathlib.Path(inside)
        check_reads(top)
        check_errors(top, pathlib.Path(outside))
        check_diagnostics(top)
        check_summary(top)
    print("git is read as it should be")


if __name__ == "__main__":
    main()
