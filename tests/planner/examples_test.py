#!/usr/bin/python3
"""Everything in examples/ does what it says.

    examples_test.py --kvplan KVPLAN [--update]

Each config of examples/ is valid and within its budget. Each of examples/failing/ is refused
with the diagnostics of its NAME.expected, and there is one for every rule that a file can
break. The steps of the CI examples are run as they stand: green as they are, and red once a
config is over its budget. With --update the *.expected files are rewritten.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"

# Rules that no config file on its own can break.
NOT_OF_A_FILE = {"unreadable", "manifest-limit", "policy-maximum", "policy-minimum",
                 "policy-required", "policy-budget", "lock-missing", "lock-invalid", "lock-stale",
                 "data-invalid", "data-unfit", "load"}

failures = []


def expect(holds, message):
    if not holds:
        failures.append(message)


def run(command, directory, **more):
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=60,
                          check=False, **more)


def rules():
    """The ids of the errors in rules.def."""
    text = (ROOT / "kvcore/plan/rules.def").read_text(encoding="utf-8")
    found = re.findall(r'^KV_RULE\(\w+,\s*"([a-z-]+)",\s*error,', text, re.MULTILINE)
    assert len(found) > 15, "rules.def cannot be read"
    return set(found) - NOT_OF_A_FILE


def check_configs(kvplan):
    configs = [p for p in sorted(EXAMPLES.iterdir()) if p.suffix in (".toml", ".json")]
    assert len(configs) >= 5
    for path in configs:
        done = run([kvplan, "check", f"examples/{path.name}"], ROOT)
        # In a container a server listens for others; who they are is not the config's business.
        told = set(re.findall(r"\[([a-z-]+)\]$", done.stderr, re.MULTILINE))
        expect(done.returncode == 0 and told <= {"public-address"}, f"{path.name}: {done.stderr}")


def check_failing(kvplan, update):
    shown = set()
    for path in sorted((EXAMPLES / "failing").glob("*.toml")):
        name = path.relative_to(ROOT).as_posix()
        done = run([kvplan, "check", name], ROOT)
        got = done.stderr + done.stdout + f"exit {done.returncode}\n"
        expected = path.with_suffix(".expected")
        if update:
            expected.write_text(got, encoding="utf-8")
        want = expected.read_text(encoding="utf-8") if expected.exists() else "no such file"
        expect(got == want, f"{name} says\n{got}and not\n{want}")
        expect(done.returncode == 1, f"{name}: exit {done.returncode}")
        told = set(re.findall(r"\[([a-z-]+)\]$", done.stderr, re.MULTILINE))
        expect(path.stem in told, f"{name} does not break the rule {path.stem}")
        shown |= told
    expect(rules() <= shown, f"no failing example of {sorted(rules() - shown)}")


class Checkout:
    """A copy of examples/ with kvplan on the PATH, as a CI job has it."""

    def __init__(self, kvplan):
        self._holder = tempfile.TemporaryDirectory()
        self.directory = pathlib.Path(self._holder.name)
        (self.directory / "bin").mkdir()
        (self.directory / "bin" / "kvplan").symlink_to(kvplan)
        shutil.copytree(EXAMPLES, self.directory / "examples")
        self.environment = {"PATH": f"{self.directory}/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                            "GITHUB_STEP_SUMMARY": f"{self.directory}/summary.md",
                            "GITHUB_BASE_REF": "main"}
        done = self.shell("git init --quiet && git add examples && git -c user.name=a "
                          "-c user.email=a@example.com commit --quiet --message a && "
                          "git update-ref refs/remotes/origin/main HEAD")
        assert done.returncode == 0, done.stderr

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._holder.cleanup()

    def shell(self, script):
        return run(["bash", "-e", "-o", "pipefail", "-c", script], self.directory,
                   env=self.environment)

    def break_cache(self):
        """A hundred times the keys, and the worst case of the store: far over the budget."""
        path = self.directory / "examples/cache.toml"
        text = path.read_text(encoding="utf-8")
        broken = re.sub(r"(?m)^store_bytes.*\n", "", text).replace("20_000", "2_000_000")
        assert broken != text
        path.write_text(broken, encoding="utf-8")


def github_steps():
    workflow = yaml.safe_load((EXAMPLES / "ci/github-workflow.yml").read_text(encoding="utf-8"))
    return [step["run"] for step in workflow["jobs"]["kvplan"]["steps"] if "run" in step]


def gitlab_steps():
    job = yaml.safe_load((EXAMPLES / "ci/gitlab-ci.yml").read_text(encoding="utf-8"))
    return job["kvplan"]["script"]


def hook_steps():
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert len(hooks) == 1 and hooks[0]["language"] == "system"
    files = re.compile(hooks[0]["files"])
    for name, wanted in (("deploy/kvd.toml", True), ("kvd-cache.json", True),
                         ("pyproject.toml", False), ("package.json", False)):
        expect(bool(files.search(name)) == wanted, f"the hook's files and {name}")
    return [hooks[0]["entry"] + " examples/cache.toml examples/session-cache.json"]


def check_manifest(kvplan):
    """The gate's other half: a limit that is too small."""
    with Checkout(kvplan) as checkout:
        step = [s for s in github_steps() if "--manifest" in s][0]
        assert step in gitlab_steps()
        path = checkout.directory / "examples/deploy/cache.yaml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("limits: {memory: 128Mi}", "limits: {memory: 64Mi}"),
                        encoding="utf-8")
        assert path.read_text(encoding="utf-8") != text
        done = checkout.shell(step)
        expect(done.returncode == 1 and "[manifest-limit]" in done.stderr,
               f"a limit that is too small: {done.stdout}{done.stderr}")


def check_gates(kvplan):
    for name, steps in (("GitHub", github_steps()), ("GitLab", gitlab_steps()),
                        ("pre-commit", hook_steps())):
        assert steps
        with Checkout(kvplan) as checkout:
            for step in steps:
                done = checkout.shell(step)
                expect(done.returncode == 0, f"{name}, green: {step}\n{done.stdout}{done.stderr}")
            checkout.break_cache()
            for step in steps:
                if "kvplan diff" not in step:
                    continue
                done = checkout.shell(step)
                expect(done.returncode == 1 and "--max-growth 25%" in done.stdout,
                       f"{name}, red: {step}\n{done.stdout}{done.stderr}")
            done = checkout.shell(steps[0])
            expect(done.returncode == 1, f"{name}, red: exit {done.returncode}")
            expect("[budget]" in done.stderr or "::error file=" in done.stdout,
                   f"{name}, red, says why:\n{done.stdout}{done.stderr}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kvplan", required=True)
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    kvplan = os.path.abspath(arguments.kvplan)
    check_configs(kvplan)
    check_failing(kvplan, arguments.update)
    check_gates(kvplan)
    check_manifest(kvplan)
    print("\n".join(failures) or "the examples do what they say")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
