"""bench/run.py works and fills its table; how fast anything is, is no business of a test.

    run_test.py --kvd KVD --kvload KVLOAD --kvecho KVECHO [NAME...]
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import chart  # noqa: E402
import report  # noqa: E402
import rows  # noqa: E402

ROW = "GET, 64 B, 1 million keys, 50 × 16"
SMALL_ROW = "GET, 64 B, 1,000 keys, 50 × 16"


def bench(programs, *arguments):
    command = [sys.executable, "-B", str(ROOT / "bench/run.py"), "--kvd", programs.kvd,
               "--generator", programs.kvload, "--echo", programs.kvecho, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=170)


def cells_of(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def check_table(text, instructions):
    """One workload: a line for each server, with figures in every column that it has."""
    lines = [line for line in text.split("\n") if line.startswith("|")]
    assert cells_of(lines[0]) == report.HEADINGS, lines[0]
    kvd, redis, limit = (cells_of(line) for line in lines[2:])
    assert kvd[:2] == [SMALL_ROW, "kvd"], kvd
    assert redis[:2] == ["", "Redis"] and limit[:2] == ["", "limit"], lines
    for cells in (kvd, redis, limit):
        for cell in cells[2:7]:
            middle, least, most = (float(figure.replace(",", "")) for figure in
                                   cell.rstrip(")").replace(" (", "–").split("–"))
            assert 0 < least <= middle <= most, cell
    assert all(kvd[8:]), kvd
    assert (kvd[7] != "–", redis[7] != "–") == (instructions, instructions), lines


def test_figures_have_three_digits(_):
    for value, text in ((0.1234, "0.12"), (1.236, "1.24"), (12.34, "12.3"), (123.4, "123"),
                        (1234.5, "1,230"), (987_654, "988,000"), (0, "0.00")):
        assert report.figure(value) == text, (value, report.figure(value))
    assert report.spread([3, 1, 2]) == "2.00 (1.00–3.00)"
    assert report.spread([3]) == "3.00"


def measured_of(kvd_cpu, redis_cpu):
    def runs(cpu):
        return [dict(rps=1e6 / value, server_cpu_us=value, p50_us=1, p99_us=2, p99_9_us=3)
                for value in cpu]

    return {"GET": {"kvd": runs(kvd_cpu), "Redis": runs(redis_cpu), "limit": runs([1, 1, 1])}}


def test_a_ratio_is_the_median_of_the_pairs(_):
    line = report.table(measured_of([2, 3, 4], [4, 4, 16])).split("\n")[2]
    assert cells_of(line)[8:] == ["0.50 (0.25–0.75)", "3.00 (2.00–4.00)", "2.00 (1.33–4.00)"], line


def test_the_chart_is_svg_with_every_workload(_):
    tree = xml.etree.ElementTree.fromstring(chart.svg(measured_of([2, 3, 4], [4, 4, 16])))
    texts = [element.text for element in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert "GET" in texts and "0.50 (3.00)" in texts and "2.00 (333,000)" in texts, texts


def test_every_workload_is_one_that_generator_and_server_accept(programs):
    names = [row.name for row in rows.all_rows()]
    assert len(names) == len(set(names)) > 25, names
    for row in rows.all_rows():
        row = row.with_keys(100)
        for arguments in (row.arguments(), *row.before(0.1)):
            done = subprocess.run([programs.kvload, "--describe", *map(str, arguments)],
                                  capture_output=True, text=True, check=False)
            assert done.returncode == 0, (row.name, done.stderr)
            assert json.loads(done.stdout)["request_bytes"] >= 14
        command = [str(word) for word in row.kvd_command(programs.kvd, 0.1)]
        done = subprocess.run([*command, "--check"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (row.name, done.stderr)


def test_a_run_fills_the_table_the_chart_and_the_page(programs):
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        page = directory / "page.md"
        page.write_text("before\n<!-- bench/run.py -->\nold\n<!-- end -->\nafter\n")
        done = bench(programs, "--quick", "--pairs", "2", "--only", ROW, "--output",
                     f"{directory}/table.md", "--svg", f"{directory}/chart.svg", "--json",
                     f"{directory}/runs.json", "--update", str(page))
        assert done.returncode == 0, done.stderr
        check_table(done.stdout, instructions=False)
        assert (directory / "table.md").read_text() == done.stdout
        assert page.read_text() == (f"before\n<!-- bench/run.py -->\n{done.stdout}<!-- end -->\n"
                                    "after\n")
        assert (directory / "page.svg").read_text() == (directory / "chart.svg").read_text()
        runs = json.loads((directory / "runs.json").read_text())[SMALL_ROW]
        for server in ("kvd", "Redis", "limit"):
            assert len(runs[server]) == 2, runs
            for run in runs[server]:
                assert run["errors"] == run["misses"] == 0 < run["requests"], run


def test_a_list_is_left_as_it_was_found(programs):
    for command in ("LPUSH", "LPOP"):
        done = bench(programs, "--quick", "--pairs", "3", "--seconds", "0.02", "--only",
                     f"{command}.*50 × 16")
        assert done.returncode == 0, done.stderr


def test_instructions_are_counted(programs):
    done = bench(programs, "--quick", "--pairs", "2", "--only", ROW, "--instructions")
    assert done.returncode == 0, done.stderr
    check_table(done.stdout, instructions=True)


def test_what_cannot_be_run_is_refused(programs):
    cases = [
        (["--only", "ZADD"], 1, "--only ZADD: no workload is called that; --list shows them\n"),
        (["--only", "("], 1, "--only (: missing ), unterminated subpattern at position 0\n"),
        (["--kvd", "/nowhere/kvd"], 1, "/nowhere/kvd is not there; scripts/quickstart.sh builds "
         "all that the benchmark needs and installs redis-tools\n"),
        (["--pairs", "0"], 2, "--pairs is 0, and at least one is needed\n"),
        (["--seconds", "0"], 2, "--seconds is 0.0, and 0.01 to 3600 are possible\n"),
        (["--update", str(ROOT / "LICENSE")], 1, f"{ROOT / 'LICENSE'} has 0 places marked "
         "<!-- bench/run.py --> … <!-- end -->, and one is needed\n"),
    ]
    for arguments, code, message in cases:
        done = bench(programs, "--quick", *arguments)
        assert (done.returncode, done.stdout) == (code, ""), done
        assert done.stderr.endswith(message), done.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kvd", required=True)
    parser.add_argument("--kvload", required=True)
    parser.add_argument("--kvecho", required=True)
    parser.add_argument("names", nargs="*", metavar="NAME")
    programs = parser.parse_args()
    tests = {name: test for name, test in globals().items() if name.startswith("test_")}
    slow = {"test_instructions_are_counted"}
    for name in programs.names or tests.keys() - slow:
        tests[name](programs)


if __name__ == "__main__":
    main()
