"""Installs into a temporary prefix, builds a project that does find_package(kvcore) against
it, and compares the plan which that prints with the installed kvplan's."""

import argparse
import json
import pathlib
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{command}:\n{result.stdout}{result.stderr}"
    return result.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--compiler", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        prefix = f"{directory}/prefix"
        build = f"{directory}/build"
        run("cmake", "--install", arguments.build, "--prefix", prefix)
        run("cmake", "-S", str(HERE / "consumer"), "-B", build, "-G", "Ninja",
            f"-DCMAKE_CXX_COMPILER={arguments.compiler}", f"-DCMAKE_PREFIX_PATH={prefix}")
        run("cmake", "--build", build)
        arena = int(run(f"{build}/consumer"))
        plan = json.loads(run(f"{prefix}/bin/kvplan", "--keys", "123", "--format", "json"))
        assert arena == plan["arena_bytes"], f"{arena} != {plan['arena_bytes']}"
        for page in ("kvplan", "kvd"):
            installed = pathlib.Path(f"{prefix}/share/man/man1/{page}.1")
            assert installed.read_bytes().startswith(b".TH"), installed
        version = run(f"{prefix}/bin/kvd", "--version")
        assert version.startswith("kvd "), version


if __name__ == "__main__":
    main()
