#!/usr/bin/python3
"""`kvplan check`: its reports are valid, its edits exact, and every rule can be broken.

    check_test.py KVPLAN
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
KVPLAN = os.path.abspath(sys.argv[1])
SCHEMAS = ROOT / "tests" / "schemas"

# A name with all that a format has to escape, and a line with letters beyond ASCII.
HOSTILE_NAME = "a,b:c%d <e>&\"f\" ü.toml"
HOSTILE_TEXT = 'val_size_max = "1ü\\u0001<&>"\nkey_cuont = 1 # ö %0A\n'

FILES = {
    "fits.toml": "",
    "over.toml": '[memory]\nbudget = "200MiB"\n',
    "warns.toml": '[server]\naddress = "0.0.0.0"\n',
    "broken.json": '{"key_count": ',
    "bytes.toml": "key_count = \x80\xff\n",
    HOSTILE_NAME: HOSTILE_TEXT,
}


def rule_examples():
    """The rules of docs/rules.md with their examples."""
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    return re.findall(r"\n## (\S+)\n.*?```(\w+)\n(.*?)```", page, re.DOTALL)


class Check(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def write(self, files):
        for name, text in files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            encoding = "latin-1" if name == "bytes.toml" else "utf-8"
            path.write_text(text, encoding=encoding)

    def run_check(self, *arguments, summary=None, text=None):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        if summary:
            environment["GITHUB_STEP_SUMMARY"] = str(summary)
        return subprocess.run([KVPLAN, "check", *arguments], cwd=self.directory, text=True,
                              encoding="utf-8", env=environment, input=text or "",
                              capture_output=True, check=False, timeout=60)

    def json(self, *arguments):
        return json.loads(self.run_check("--format", "json", *arguments).stdout)

    def test_every_example_of_a_rule_breaks_that_rule(self):
        examples = rule_examples()
        self.assertGreater(len(examples), 25)
        for rule, language, example in examples:
            arguments = ["config.toml"]
            if language == "sh":
                *before, check = example.splitlines()
                subprocess.run(["bash", "-e", "-c", "\n".join(before)], cwd=self.directory,
                               check=True, stdout=subprocess.DEVNULL,
                               env={"PATH": f"{os.path.dirname(KVPLAN)}:/usr/bin:/bin"})
                arguments = check.split()[2:]
                if check.startswith("kvplan advise "):
                    done = subprocess.run([KVPLAN, "advise", "--format", "json", *arguments],
                                          capture_output=True, check=False)
                    errors = json.loads(done.stdout)["errors"]
                    self.assertIn(rule, [error["rule"] for error in errors])
                    continue
            elif example.startswith("# kvplan-policy.toml"):
                self.write({"config.toml": "", "kvplan-policy.toml": example})
                arguments += ["--policy", "kvplan-policy.toml"]
            elif language == "yaml":
                self.write({"config.toml": "", "deployment.yaml": example})
                arguments += ["--manifest", "deployment.yaml"]
            else:
                self.write({"config.toml": example})
            findings = [f["rule"] for f in self.json(*arguments)["files"][0]["findings"]]
            self.assertIn(rule, findings)

            for path in self.directory.iterdir():
                path.unlink()

    def test_every_rule_has_a_case_of_the_command_line(self):
        cases = "".join(p.read_text(encoding="utf-8")
                        for p in (ROOT / "tests" / "cases").glob("*.case"))
        missing = [rule for rule, _, _ in rule_examples() if f" [{rule}]\n" not in cases]
        self.assertEqual(missing, [])

    def test_json_is_what_its_schema_says_whatever_happens(self):
        schema = json.loads((ROOT / "docs" / "check.schema.json").read_text(encoding="utf-8"))
        jsonschema.Draft7Validator.check_schema(schema)
        self.write(FILES)
        for arguments in (["."], ["missing.toml"], [], ["--nonsense", "."], ["--budget", "4q", "."],
                          ["--policy", "missing.toml", "."], [".", "--deny-warnings"]):
            document = self.json(*arguments)
            jsonschema.validate(document, schema, cls=jsonschema.Draft7Validator)
            del document["files"]
            self.assertFalse(jsonschema.Draft7Validator(schema).is_valid(document))

    def test_sarif_is_what_its_schema_says_and_points_into_the_files(self):
        schema = json.loads((SCHEMAS / "sarif-2.1.0.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        self.write(FILES)
        for arguments in (["."], ["missing.toml"], [], ["--policy", "missing.toml", "."]):
            document = json.loads(self.run_check("--format", "sarif", *arguments).stdout)
            jsonschema.validate(document, schema, cls=jsonschema.Draft202012Validator)
        run = json.loads(self.run_check("--format", "sarif", ".").stdout)["runs"][0]
        for result in run["results"]:
            self.assertEqual(run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"],
                             result["ruleId"])
        hostile = [r for r in run["results"] if r["ruleId"] == "size"][0]
        place = hostile["locations"][0]["physicalLocation"]
        self.assertEqual(place["artifactLocation"]["uri"],
                         "a%2Cb%3Ac%25d%20%3Ce%3E%26%22f%22%20%C3%BC.toml")
        # val_size_max = "1ü\u0001<&>": the string is 14 code points from column 16.
        self.assertEqual(place["region"], {"startLine": 1, "startColumn": 16, "endColumn": 29})

    def test_a_fingerprint_does_not_change_when_lines_are_added_above(self):
        def fingerprints():
            run = json.loads(self.run_check("--format", "sarif", ".").stdout)["runs"][0]
            return [r["partialFingerprints"] for r in run["results"]]
        self.write({"a.toml": "key_cuont = 1\nkey_cuomt = 1\n"})
        before = fingerprints()
        self.assertEqual(len({str(f) for f in before}), 2)
        self.write({"a.toml": "# one more line\n\n  key_cuont = 1\nkey_cuomt = 1\n"})
        self.assertEqual(fingerprints(), before)

    def test_junit_is_what_its_schema_says(self):
        self.write(FILES)
        for arguments in (["."], ["missing.toml"], [], [".", "--deny-warnings"]):
            text = self.run_check("--format", "junit", *arguments).stdout
            done = subprocess.run(["xmllint", "--noout", "--nonet", "--schema",
                                   SCHEMAS / "junit.xsd", "-"], input=text, text=True,
                                  encoding="utf-8", capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, "- validates\n"))
        root = xml.etree.ElementTree.fromstring(self.run_check("--format", "junit", ".").stdout)
        failures = {s.get("name"): s.get("failures") for s in root}
        self.assertEqual(failures, {"fits.toml": "0", "over.toml": "1", "warns.toml": "0",
                                    "broken.json": "1", "bytes.toml": "1", HOSTILE_NAME: "1"})

    def test_every_edit_fits_and_the_next_larger_value_does_not(self):
        configs = ('[memory]\nbudget = "200MiB"\n', '[budget]\nconnections = "30MiB"\n',
                   '[budget]\ncontainer = "400MiB"\n', 'store_bytes = "64MiB"\n[memory]\n'
                   'budget = "96MiB"\n', '[budget]\nmap = 40_000\nlist_pool = "700KiB"\n')
        tried = 0
        for config in configs:
            self.write({"a.toml": config})
            (file,) = self.json("a.toml")["files"]
            self.assertEqual(file["verdict"], "does_not_fit")
            self.assertTrue(file["edits"], config)
            shares = [abs(e["from"] - e["to"]) / e["from"] for e in file["edits"]]
            self.assertEqual(shares, sorted(shares))
            for edit in file["edits"]:
                if "." in edit["option"] or edit["option"] == "block_bytes":
                    continue
                step = 256 if edit["option"] == "store_bytes" else 1
                for value, fits in ((edit["to"], True), (edit["to"] + step, False)):
                    rest = re.sub(rf"(?m)^{edit['option']} = .*\n", "", config)
                    self.write({"b.toml": f"{edit['option']} = {value}\n{rest}"})
                    verdict = self.json("b.toml")["files"][0]["verdict"]
                    self.assertEqual(verdict == "fits", fits, (config, edit, value))
                    tried += 1
        self.assertGreater(tried, 20)

    def test_github_shows_the_worst_ten_and_the_summary_all(self):
        budgets = {f"{i:02}.toml": f'[memory]\nbudget = "{100 + i}MiB"\n' for i in range(14)}
        budgets["a,b:c.toml"] = "key_cuont = 1\n"
        self.write(budgets)
        summary = self.directory / "summary.md"
        summary.write_text("what other steps said\n")
        done = self.run_check("--format", "github", ".", summary=summary)
        lines = done.stdout.splitlines()
        errors = [line for line in lines if line.startswith("::error ")]
        # The smallest budget is exceeded most.
        self.assertEqual([e.split(",")[0] for e in errors],
                         [f"::error file={i:02}.toml" for i in range(10)])
        self.assertIn("%0AAny one of these makes it fit:%0A- ", errors[0])
        self.assertEqual(lines[-2:], ["5 errors and 0 warnings more",
                                      "15 files: 0 fit, 15 do not; 15 errors, 0 warnings"])
        text = summary.read_text()
        self.assertTrue(text.startswith("what other steps said\n"))
        self.assertEqual(sum(line.count(".toml | **does not fit** |")
                             for line in text.splitlines()), 15)
        alone = self.run_check("--format", "github", "a,b:c.toml").stdout
        self.assertTrue(alone.startswith("::error file=a%2Cb%3Ac.toml,line=1,col=1,endColumn=10,"
                                         "title=kvplan unknown-key::unknown key"), alone)

    def test_many_files_are_reported_in_their_order_and_the_same_every_time(self):
        names = [f"d/{i:04}.toml" for i in range(600)]
        self.write({name: f"key_count = {i % 7}\n" for i, name in enumerate(names)})
        first = self.run_check("--format", "json", "d")
        self.assertEqual([f["file"] for f in json.loads(first.stdout)["files"]], names)
        again = self.run_check("--format", "json", "d")
        self.assertEqual((first.stdout, first.stderr), (again.stdout, again.stderr))

    def test_directories_leave_out_policies_locks_and_hidden_files(self):
        self.write({name: "" for name in ("d/b.toml", "d/a.json", "d/kvplan-policy.toml",
                                          "d/b.toml.lock", "d/.c.toml", "d/.git/x.toml",
                                          "d/e/f.toml", "d/notes.txt")})
        self.write({"d/a.json": "{}"})
        files = self.json("./d", "d/b.toml", f"{self.directory}/d/e")["files"]
        self.assertEqual([f["file"] for f in files], ["d/a.json", "d/b.toml", "d/e/f.toml"])

    def test_nothing_to_check_never_passes(self):
        (self.directory / "empty").mkdir()
        self.write({"fits.toml": ""})
        for arguments in ([], ["empty"], ["empty", "fits.toml"], ["missing.toml"],
                          ["fits.toml", "missing.toml"]):
            self.assertEqual(self.run_check(*arguments).returncode, 2, arguments)

    def test_a_lock_lets_nothing_pass_that_was_not_reviewed(self):
        self.write({"a.toml": "key_count = 10\n", "b.toml": ""})
        for name in ("a.toml", "b.toml"):
            subprocess.run([KVPLAN, "lock", name], cwd=self.directory, check=True,
                           stdout=subprocess.DEVNULL)
        self.assertEqual(self.run_check("--locked", "a.toml", "b.toml").returncode, 0)
        # A comment changes nothing, and neither does the default, written out.
        self.write({"a.toml": "# ten\nkey_count = 10\nval_size_max = 4096\n"})
        self.assertEqual(self.run_check("--locked", "a.toml", "b.toml").returncode, 0)
        self.write({"a.toml": "# twenty\nkey_count = 20\n"})
        changed, same = self.json("--locked", "a.toml", "b.toml")["files"]
        self.assertEqual((changed["verdict"], same["verdict"]), ("does_not_fit", "fits"))
        self.assertEqual({f["rule"] for f in changed["findings"]}, {"lock-stale"})
        first = changed["findings"][0]
        self.assertEqual((first["file"], first["line"], first["message"]),
                         ("a.toml", 2, "key_count is 20 but was locked as 10"))
        self.assertEqual({f["file"] for f in changed["findings"][1:]}, {"a.toml.lock"})
        (self.directory / "b.toml.lock").unlink()
        done = self.run_check("--locked", "b.toml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("[lock-missing]", done.stderr)

    def test_a_report_that_cannot_be_written_is_no_verdict(self):
        self.write({"fits.toml": ""})
        done = self.run_check("fits.toml", "--output", "/dev/full")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, "kvplan: error: cannot write '/dev/full': "
                                      "No space left on device\n")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
