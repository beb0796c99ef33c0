"""kvsim as a program: what it prints, how it ends, and that what it prints can be run again.

Each script of tests/simulation/scripts once failed, with a server as it was then; none fails now.
"""

import argparse
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = argparse.Namespace()


def run(program, *arguments, text=""):
    return subprocess.run([program, *arguments], input=text, text=True, capture_output=True,
                          check=False, timeout=300)


def shortest_script(output):
    """The lines from `# seed` on, which are a script."""
    return output[output.index("# seed"):]


class Program(unittest.TestCase):
    def test_help_says_how_it_is_used(self):
        result = run(PROGRAMS.kvsim, "--help")
        self.assertEqual(result.returncode, 0)
        self.assertIn("--forever", result.stdout)

    def test_a_command_line_that_means_nothing_is_refused(self):
        for arguments in ([], ["--seed"], ["--seed", "x"], ["--seeds", "5..2"], ["--turn", "1"]):
            result = run(PROGRAMS.kvsim, *arguments)
            self.assertEqual(result.returncode, 2, arguments)
            self.assertIn("kvsim --seed N", result.stderr)

    def test_what_is_no_script_is_refused_with_its_line(self):
        result = run(PROGRAMS.kvsim, "--script", "-", text="connect 0 0\nfly 0\n")
        self.assertEqual(result.returncode, 2)
        self.assertIn("line 2: fly 0", result.stderr)

    def test_a_printed_seed_does_what_the_seed_does(self):
        script = run(PROGRAMS.kvsim, "--print", "7").stdout
        self.assertTrue(script.startswith("config "))
        result = run(PROGRAMS.kvsim, "--script", "-", text=script)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_a_fault_is_printed_as_a_short_script_that_finds_it_again(self):
        fault = ["--with", "leaked_node"]
        result = run(PROGRAMS.planted, *fault, "--seeds", "1..1000")
        self.assertEqual(result.returncode, 1)
        script = shortest_script(result.stdout)
        self.assertLess(script.count("\n"), 16, script)
        self.assertIn(" LREM ", script)
        again = run(PROGRAMS.planted, *fault, "--script", "-", text=script)
        self.assertEqual(again.returncode, 1)
        without = run(PROGRAMS.kvsim, "--script", "-", text=script)
        self.assertEqual(without.returncode, 0, without.stdout)

    def test_every_script_that_once_failed_passes(self):
        scripts = sorted((HERE / "scripts").glob("*.txt"))
        self.assertTrue(scripts)
        for script in scripts:
            result = run(PROGRAMS.kvsim, "--script", str(script))
            self.assertEqual(result.returncode, 0, result.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kvsim", required=True)
    parser.add_argument("--planted", required=True)
    parser.parse_args(namespace=PROGRAMS)
    unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    main()
