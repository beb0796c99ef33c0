"""Every micro-benchmark runs, and stands beside its limit.

    micro_test.py --kvmicro KVMICRO
"""

import argparse
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def bench(*arguments):
    return subprocess.run([sys.executable, "-B", str(ROOT / "bench/micro.py"), *arguments],
                          capture_output=True, text=True, check=False, timeout=170)


def test_every_benchmark_has_a_line(kvmicro):
    done = bench("--kvmicro", kvmicro, "--runs", "1", "--seconds", "0.0001")
    assert done.returncode == 0, done.stderr
    lines = [line.strip("|").split("|") for line in done.stdout.split("\n")
             if line.startswith("|")][2:]
    names = [cells[0].strip() for cells in lines]
    for part, count in (("table: ", 8), ("chain of ", 12), ("request: ", 4), ("reply: ", 5),
                        ("plan: ", 1)):
        assert sum(name.startswith(part) for name in names) == count, (part, names)
    assert len(names) == len(set(names)), names
    for name, *cells in lines:
        own, limit, limit_ns, times = (cell.strip() for cell in cells)
        assert float(own.replace(",", "")) > 0, name
        if not name.strip().startswith("plan: "):
            assert limit and float(limit_ns.replace(",", "")) > 0, name
            assert float(times.replace(",", "")) >= 0, name  # 0.00 where the limit was held up


def test_what_cannot_be_measured_is_refused(kvmicro):
    for arguments, code, message in (
            (["--kvmicro", "/nowhere"], 1, "/nowhere is not there; scripts/quickstart.sh builds "
             "all that the benchmark needs and installs redis-tools\n"),
            (["--kvmicro", kvmicro, "--only", "no such thing"], 1, None),
            (["--kvmicro", kvmicro, "--runs", "0"], 2, "--runs is 0, and at least one is "
             "needed\n")):
        done = bench(*arguments)
        assert (done.returncode, done.stdout) == (code, ""), done
        assert message is None or done.stderr.endswith(message), done.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kvmicro", required=True)
    kvmicro = parser.parse_args().kvmicro
    test_every_benchmark_has_a_line(kvmicro)
    test_what_cannot_be_measured_is_refused(kvmicro)


if __name__ == "__main__":
    main()
