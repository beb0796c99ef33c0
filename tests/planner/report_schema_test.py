#!/usr/bin/python3
"""The schemas in docs/ accept what the commands print, and reject what they must not.

    report_schema_test.py KVPLAN
"""

import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import jsonschema

KVPLAN = os.path.abspath(sys.argv[1])
ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = {
    "a.toml": "connections_max = 10\n",
    "b.json": '{"connections_max": 20, "server": {"port": 1}, "memory": {"lock": true}}',
    "bad.toml": "key_count = 0\n",
    "load.csv": "key_bytes,value_bytes,count,list_length\n16,64,900,0\n24,1000,20,50\n",
    "load.jsonl": '{"key_bytes": 16, "value_bytes": 64, "count": 9}\n',
    "tight.toml": "[memory]\nbudget = \"1MiB\"\n",
}
RUNS = {
    "advise": [["--key", "16", "--value", "64"], ["--key", "1", "--value", "0", "--list", "3"],
               ["--histogram", "load.csv"], ["--histogram", "load.jsonl", "--config", "a.toml"],
               ["--key", "16", "--value", "512MiB", "--keys", "1000"], ["--key", "16"],
               ["--key", "16", "--value", "1PB"], ["--histogram", "a.toml"],
               ["--key", "9", "--value", "9", "--keys", "4294967294", "--list", "9"],
               ["--key", "9", "--value", "9", "--key-max", "8"],
               ["--key", "9", "--value", "9", "--config", "bad.toml"],
               ["--key", "9", "--value", "9", "--config", "tight.toml"],
               ["--key", "9", "--value", "9", "--config", "missing.toml"]],
    "diff": [["a.toml", "b.json"], ["a.toml", "a.toml"], ["b.json", "a.toml", "--max-growth", "1%"],
             ["a.toml", "b.json", "--max-growth", "1"], ["a.toml", "bad.toml"], ["a.toml"],
             ["a.toml", "missing.toml"], ["a.toml", "tight.toml"], ["--max-growth", "x"]],
    "solve": [["--limit", "2GiB", "--max", "keys"], ["--limit", "auto", "--max", "connections"],
              ["--limit", "1GiB", "--for", "arena", "--max", "keys", "--then", "value_max"],
              ["--limit", "1KiB", "--max", "keys"], ["--limit", "1PB", "--max", "keys"],
              ["--limit", "64TiB", "--max", "connections"], ["--max", "keys"],
              ["--limit", "1GiB", "--max", "store", "--fix", "keys=10"],
              ["--limit", "1GiB", "--max", "keys", "--config", "bad.toml", "--fix", "key_max=0"]],
    "sweep": [["--vary", "keys=10:100:10"], ["--vary", "value_max=32MiB:64MiB:32MiB"],
              ["--vary", "keys=10:40:10", "--vary", "list_max=0:20:10"], ["--vary", "keys"],
              ["--vary", "keys=1:9:1", "--config", "tight.toml"],
              ["--vary", "keys=1:9:1", "--config", "missing.toml"],
              ["--vary", "keys=1:9:1", "--fix", "connections=0"]],
}


def broken(document):
    """Copies with one thing wrong in each: a member missing, one too many, another type."""
    for key in document:
        copied = copy.deepcopy(document)
        del copied[key]
        yield f"without {key}", copied
        copied = copy.deepcopy(document)
        copied[key] = {"x": []}
        yield f"{key} of another type", copied
    yield "an unknown member", {**document, "extra": 1}


def main():
    failures = []

    def judge(name, document, run):
        schema = json.loads((ROOT / "docs" / f"{name}.schema.json").read_text(encoding="utf-8"))
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema)
        failures.extend(f"{name} {run}: {error.message[:300]}"
                        for error in validator.iter_errors(document))
        if "errors" not in document:
            failures.extend(f"{name} {run}: accepted {what}"
                            for what, wrong in broken(document) if validator.is_valid(wrong))

    with tempfile.TemporaryDirectory() as directory:
        for name, text in FILES.items():
            pathlib.Path(directory, name).write_text(text, encoding="utf-8")
        for command, runs in RUNS.items():
            for flags in runs:
                done = subprocess.run([KVPLAN, command, "--format", "json", *flags], text=True,
                                      cwd=directory, capture_output=True, check=False)
                judge(command, json.loads(done.stdout), flags)
        for second in ([], ["--vary", "list_max=0:40:20"]):
            done = subprocess.run([KVPLAN, "sweep", "--vary", "keys=1:9:1", "--format", "svg",
                                   *second], check=True, capture_output=True)
            root = xml.etree.ElementTree.fromstring(done.stdout)
            if root.tag != "{http://www.w3.org/2000/svg}svg":
                failures.append(f"sweep: not an SVG document but {root.tag}")
        subprocess.run([KVPLAN, "lock", "a.toml"], cwd=directory, check=True, capture_output=True)
        lock = json.loads(pathlib.Path(directory, "a.toml.lock").read_text(encoding="utf-8"))
        judge("lock", lock, "a.toml")
    print("\n".join(failures) or "the schemas hold")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
