#!/usr/bin/python3
"""The schema of kvplan schema accepts every valid example and refuses what kvplan refuses.

    config_schema_test.py KVPLAN
"""

import json
import pathlib
import subprocess
import sys
import tomllib

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Mistakes that a schema can see; the others span options, or are no TOML.
SEEN_BY_SCHEMA = ("unknown-key", "type", "number", "size", "choice", "minimum", "maximum",
                  "multiple")

# Text → whether kvplan and the schema accept it; the two must agree.
SMALL = {
    'val_size_max = "4KiB"': True,
    'val_size_max = "4_096"': True,
    'val_size_max = "4 KiB"': True,
    'val_size_max = "4k"': False,
    'val_size_max = "4Ki"': False,
    'val_size_max = "1.5KiB"': False,
    'val_size_max = "_4"': False,
    "val_size_max = 0": False,
    "val_size_max = true": False,
    'key_count = "1_000"': True,
    'key_count = "1KiB"': False,
    "block_bytes = 264": True,
    "block_bytes = 258": False,
    "[memory]\nlock = true": True,
    '[memory]\nlock = "off"': True,
    "[memory]\nlock = 1": False,
    '[memory]\nhuge_pages = "transparent"': True,
    '[memory]\nhuge_pages = "on"': False,
    '[server]\nstall_timeout_ms = "30s"': True,
    '[server]\nstall_timeout_ms = "30 y"': False,
    '[server]\naddress = ""': False,
    "[server]\nkeys = 1": False,
    "[servers]\nport = 1": False,
}


def kvplan_accepts(kvplan, text):
    done = subprocess.run([kvplan, "--config", "-"], input=text, capture_output=True, text=True,
                          check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0


def main():
    kvplan = sys.argv[1]
    schema = json.loads(subprocess.run([kvplan, "schema"], capture_output=True, check=True).stdout)
    assert schema["$schema"] == "http://json-schema.org/draft-04/schema#"
    jsonschema.Draft4Validator.check_schema(schema)
    validator = jsonschema.Draft4Validator(schema)
    failures = []

    def judge(name, document, wanted):
        if validator.is_valid(document) != wanted:
            failures.append(f"{name}: the schema {'refuses' if wanted else 'accepts'} it")

    for path in sorted((ROOT / "examples").iterdir()):
        if path.suffix == ".toml":
            judge(path.name, tomllib.loads(path.read_text(encoding="utf-8")), True)
        elif path.suffix == ".json":
            judge(path.name, json.loads(path.read_text(encoding="utf-8")), True)
    for name in SEEN_BY_SCHEMA:
        text = (ROOT / "examples/failing" / f"{name}.toml").read_text(encoding="utf-8")
        judge(f"failing/{name}", tomllib.loads(text), False)
    for text, wanted in SMALL.items():
        judge(repr(text), tomllib.loads(text), wanted)
        if kvplan_accepts(kvplan, text) != wanted:
            failures.append(f"{text!r}: kvplan and this test disagree")

    starter = subprocess.run([kvplan, "init"], capture_output=True, text=True, check=True).stdout
    judge("the starter config", tomllib.loads(starter), True)
    uncommented = "\n".join(line[2:] if line.startswith("# ") and " = " in line and
                            line.split()[1].replace("_", "").isalnum() and line.split()[2] == "="
                            else line for line in starter.split("\n"))
    every_option = tomllib.loads(uncommented)
    judge("the starter config with every option", every_option, True)
    if not kvplan_accepts(kvplan, uncommented):
        failures.append("kvplan refuses the starter config with every option")
    for name, part in schema["properties"].items():
        names = part["properties"] if part.get("type") == "object" else {}
        missing = [n for n in names if n not in every_option.get(name, {})]
        if name not in every_option or missing:
            failures.append(f"the starter config lacks {name} {missing}")
    print("\n".join(failures) or "schema and kvplan agree")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
