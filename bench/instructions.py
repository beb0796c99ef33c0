"""Instructions per request: with perf where the machine has counters, otherwise with callgrind."""

import pathlib
import re
import subprocess
import tempfile

import servers


class Counter:
    """Runs the generator, and counts what the server executes meanwhile, if that is asked for."""

    def __init__(self, wanted):
        self.has_perf = wanted and servers.installed("perf") and self.perf_counts()

    @staticmethod
    def perf_counts():
        done = subprocess.run(["perf", "stat", "-x,", "-e", "instructions", "true"],
                              capture_output=True, text=True, check=False)
        return done.returncode == 0 and re.match(r"\d+,", done.stderr) is not None

    def run(self, generator, server, arguments):
        if not self.has_perf:
            return generator.load(server, *arguments)
        # perf counts from start to end of the generator, so nothing is warmed up meanwhile.
        arguments = without(arguments, "--warmup")
        with tempfile.NamedTemporaryFile() as counts:
            result = generator.load(server, *arguments, wrap=[
                "perf", "stat", "-x,", "-e", "instructions", "-p", str(server.pid), "-o",
                counts.name, "--"])
            found = re.search(r"^(\d+),", pathlib.Path(counts.name).read_text(encoding="utf-8"),
                              re.MULTILINE)
        if found:
            result["instructions"] = int(found[1]) / result["requests"]
        return result


def without(arguments, flag):
    """The arguments with neither the flag nor its value."""
    if flag not in arguments:
        return arguments
    at = arguments.index(flag)
    return [*arguments[:at], *arguments[at + 2:]]


def with_callgrind(options, generator, row, name):
    """Those of user space: what four fifths of the requests more cost, for each of them."""
    if not servers.installed("valgrind"):
        raise SystemExit("--instructions: this machine has no counters for perf, and valgrind is "
                         "not installed")
    row = row.with_keys(min(row.keys, 10_000))
    many = 5000 * row.pipeline
    if row.moves:
        many = min(many, row.requests(options.seconds))
    few = many // 5
    return (total(options, generator, row, name, many)
            - total(options, generator, row, name, few)) / (many - few)


def total(options, generator, row, name, requests):
    """All instructions of a server that answers so many requests after it was filled."""
    with tempfile.TemporaryDirectory() as directory:
        counts = pathlib.Path(directory) / "callgrind"
        wrap = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={counts}"]
        if name == "kvd":
            # valgrind makes system calls of its own in the process.
            server = servers.start_kvd([*wrap, *row.kvd_command(options.kvd, options.seconds),
                                        "--server-sandbox", "off"])
        else:
            server = servers.start_redis(options.redis_server, wrap=wrap)
        with servers.running(server):
            for arguments in row.before(options.seconds):
                generator.load(server, *arguments)
            generator.load(server, *row.arguments(), "--requests", requests)
            server.shut_down()
        return int(re.search(r"^(?:summary|totals): (\d+)", counts.read_text(encoding="utf-8"),
                             re.MULTILINE)[1])
