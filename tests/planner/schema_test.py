#!/usr/bin/python3
"""docs/plan.schema.json accepts what kvplan prints and rejects what it must not.

    schema_test.py KVPLAN
"""

import copy
import json
import pathlib
import subprocess
import sys

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUNS = [
    [],
    ["--keys", "10", "--list-max", "0", "--memory-budget", "64GiB"],
    ["--store", "64MiB", "--memory-huge-pages", "explicit"],
    ["--explain"],
    ["--explain", "padding"],
    ["--connections", "32000", "--explain", "ring"],
    ["--memory-budget", "1MiB"],
    ["--keys", "0"],
    ["--kyes", "0"],
    ["--config", "missing.toml"],
]


def plan(kvplan, flags):
    done = subprocess.run([kvplan, "--format", "json"] + flags, capture_output=True, check=False)
    return json.loads(done.stdout)


def broken(document):
    """Copies of a plan with one thing wrong in each."""
    for key in ("schema", "config", "arena_bytes", "components", "guarantee"):
        copied = copy.deepcopy(document)
        del copied[key]
        yield f"without {key}", copied
    changes = {
        "another schema": lambda d: d.update(schema="kvplan/plan/2"),
        "bytes as text": lambda d: d.update(arena_bytes="247.5MiB"),
        "an unknown member": lambda d: d.update(extra=1),
        "an unknown option": lambda d: d["config"].update(keys=1),
        "an option missing": lambda d: d["config"].pop("key_count"),
        "an option out of bounds": lambda d: d["config"].update(connections_max=0),
        "a component missing": lambda d: d["components"].pop(),
        "components in another order": lambda d: d["components"].reverse(),
        "a part missing": lambda d: d["components"][0]["parts"].pop(),
        "a part of another name": lambda d: d["components"][0]["parts"][0].update(name="x"),
        "no errors in errors": lambda d: d.update(errors=[]),
    }
    for name, change in changes.items():
        copied = copy.deepcopy(document)
        change(copied)
        yield name, copied


def main():
    kvplan = sys.argv[1]
    schema = json.loads((ROOT / "docs" / "plan.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    failures = 0
    for flags in RUNS:
        for error in validator.iter_errors(plan(kvplan, flags)):
            failures += 1
            print(f"kvplan {' '.join(flags)}: {error.message[:300]}")
    for name, document in broken(plan(kvplan, [])):
        if validator.is_valid(document):
            failures += 1
            print(f"accepted: {name}")
    print("the schema holds" if failures == 0 else f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
