#!/usr/bin/python3
"""The generated pages in docs/ are what the tables say now.

    docs_test.py KVPLAN-DOCS KVD
"""

import difflib
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ("options.md", "commands.md", "rules.md", "plan.schema.json", "check.schema.json",
         "config.schema.json", "diff.schema.json", "lock.schema.json", "advise.schema.json",
         "solve.schema.json", "sweep.schema.json", "man/kvplan.1", "man/kvd.1")


def main():
    stale = 0
    with tempfile.TemporaryDirectory() as directory:
        (pathlib.Path(directory) / "man").mkdir()
        subprocess.run([sys.argv[1], directory], check=True)
        with open(f"{directory}/man/kvd.1", "wb") as page:
            subprocess.run([sys.argv[2], "--man"], stdout=page, check=True)
        for page in PAGES:
            checked_in = (ROOT / "docs" / page).read_text(encoding="utf-8")
            generated = (pathlib.Path(directory) / page).read_text(encoding="utf-8")
            if checked_in == generated:
                continue
            stale += 1
            print(f"docs/{page} is out of date; build the target docs")
            sys.stdout.writelines(difflib.unified_diff(
                checked_in.splitlines(True), generated.splitlines(True), "docs", "tables", n=1))
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
