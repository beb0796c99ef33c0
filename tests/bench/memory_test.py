"""bench/density.py, bench/startup.py and bench/sandbox.py work and fill their tables.

    memory_test.py --kvd KVD --kvload KVLOAD --kvmemset KVMEMSET
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def bench(script, *arguments):
    command = [sys.executable, "-B", str(ROOT / "bench" / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=170)


def rows_of(text):
    lines = [line for line in text.split("\n") if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_density_is_of_stores_that_are_full(programs):
    with tempfile.TemporaryDirectory() as directory:
        page = pathlib.Path(directory) / "page.md"
        page.write_text("<!-- bench/density.py -->\n<!-- end -->\n")
        done = bench("density.py", "--kvd", programs.kvd, "--generator", programs.kvload, "--block",
                     72, "--keys", 10_000, "--update", page)
        assert done.returncode == 0, done.stderr
        assert page.read_text() == f"<!-- bench/density.py -->\n{done.stdout}<!-- end -->\n"
    strings, lists = rows_of(done.stdout)
    assert strings[0] == "10,000 keys of 16 B with a value of 64 B", strings
    assert lists[0] == "1,000 keys of 16 B with a list of 10 elements of 64 B", lists
    assert (strings[1], lists[1]) == ("80", "656")
    for row in (strings, lists):
        data, arena, block, redis, ratio = map(float, row[1:])
        assert arena > data and redis > 0 and block == 72 and ratio > 0, row


def test_flags_of_kvd_are_passed_on(programs):
    done = bench("density.py", "--kvd", programs.kvd, "--generator", programs.kvload, "--block",
                 72, "--keys", 10_000, "--", "--budget-arena", "4096")
    assert done.returncode == 1 and "[budget" in done.stderr, done


def test_a_start_is_timed(programs):
    done = bench("startup.py", "--kvd", programs.kvd, "--memset", programs.kvmemset, "--sizes",
                 "0.5,1000000", "--pairs", 2)
    assert done.returncode == 0, done.stderr
    (row,) = rows_of(done.stdout)
    assert 499_000_000 < int(row[0].replace(",", "")) <= 500_004_096, row
    assert all(float(cell.split()[0]) >= 0 and "–" in cell for cell in row[1:]), row
    assert "1e+06 GB are left out: " in done.stdout, done.stdout


def test_the_sandbox_is_measured_beside_none(programs):
    with tempfile.TemporaryDirectory() as directory:
        page = pathlib.Path(directory) / "page.md"
        page.write_text("<!-- bench/sandbox.py -->\n<!-- end -->\n")
        done = bench("sandbox.py", "--kvd", programs.kvd, "--generator", programs.kvload,
                     "--pairs", 2, "--seconds", 0.1, "--update", page)
        assert done.returncode == 0, done.stderr
        assert page.read_text() == f"<!-- bench/sandbox.py -->\n{done.stdout}<!-- end -->\n"
    rows = rows_of(done.stdout)
    assert [row[0].rsplit(", ", 1)[1] for row in rows] == ["1 × 1", "50 × 1", "50 × 16"], rows
    for row in rows:
        assert float(row[1]) > 0 and float(row[2]) > 0, row
        assert row[3].count("%") == row[4].count("%") == 1, row


def test_what_cannot_be_measured_is_refused(programs):
    for script, arguments, code, message in (
            ("density.py", ["--keys", 5], 2, "--keys is 5, and at least 10,000 are needed\n"),
            ("sandbox.py", ["--pairs", 1], 2, "--pairs is 1, and at least two are needed\n"),
            ("startup.py", ["--pairs", 0], 2, "--pairs is 0, and at least one is needed\n"),
            ("startup.py", ["--sizes", "1,x"], 2,
             "--sizes is '1,x', and numbers with commas between are needed\n"),
            ("startup.py", ["--sizes", "0.1"], 2,
             "--sizes has 0.1, and 0.5 GB is the least\n"),
            ("startup.py", ["--kvd", "/nowhere"], 1, "/nowhere is not there; scripts/quickstart.sh "
             "builds all that the benchmark needs and installs redis-tools\n")):
        done = bench(script, *arguments)
        assert (done.returncode, done.stdout) == (code, ""), done
        assert done.stderr.endswith(message), done.stderr
    for argument in ("", "x", "0", "-1", "12x"):
        done = subprocess.run([programs.kvmemset, argument], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 2, done
        assert done.stderr == f"kvmemset: error: '{argument}' is no number of bytes from 1 on\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kvd", required=True)
    parser.add_argument("--kvload", required=True)
    parser.add_argument("--kvmemset", required=True)
    programs = parser.parse_args()
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test(programs)


if __name__ == "__main__":
    main()
