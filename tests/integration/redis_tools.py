"""Redis's own tools work with kvd."""

import csv
import io
import subprocess

import harness
from harness import Kvd, run


def cli(server, *arguments, **options):
    result = run("redis-cli", "-p", str(server.port), *arguments, **options)
    assert result.returncode == 0, (arguments, result.stdout, result.stderr)
    assert result.stderr == "", result.stderr
    return result.stdout


def proof_redis_cli_works():
    """Commands, lists, errors, INFO, and a session on standard input."""
    with Kvd("--connections", "10", "--keys", "10") as server:
        assert cli(server, "PING") == "PONG\n"
        assert cli(server, "SET", "greeting", "hello world") == "OK\n"
        assert cli(server, "GET", "greeting") == "hello world\n"
        assert cli(server, "RPUSH", "l", "a", "b", "c") == "3\n"
        assert cli(server, "LRANGE", "l", "0", "-1") == "a\nb\nc\n"
        assert cli(server, "LPOP", "l", "2") == "a\nb\n"
        assert cli(server, "TYPE", "l") == "list\n"
        assert cli(server, "GET", "l").startswith("WRONGTYPE ")
        assert cli(server, "NONSENSE").startswith("ERR unknown command 'NONSENSE'")
        assert cli(server, "-n", "0", "DBSIZE") == "2\n"
        assert "arena_planned_bytes:" in cli(server, "INFO", "memory")
        assert "connections_max" in cli(server, "CONFIG", "GET", "*")
        assert "rpush" in cli(server, "COMMAND").lower()
        session = subprocess.run(["redis-cli", "-p", str(server.port)], text=True, check=True,
                                 input="SET a 1\nGET a\nDEL a\nGET a\n", capture_output=True)
        assert session.stdout == "OK\n1\n1\n\n", session.stdout


def proof_redis_cli_can_load_a_file_through_a_pipe():
    """redis-cli --pipe sends the protocol as it is, as fast as it can."""
    with Kvd("--connections", "10", "--keys", "2000") as server:
        data = b"".join(harness.encode("SET", f"key:{i}", i) for i in range(2000))
        loaded = subprocess.run(["redis-cli", "-p", str(server.port), "--pipe"], input=data,
                                check=True, capture_output=True)
        assert b"errors: 0, replies: 2000" in loaded.stdout, loaded.stdout
        assert cli(server, "DBSIZE") == "2000\n"
        assert cli(server, "GET", "key:1999") == "1999\n"


def benchmark(server, *arguments):
    """redis-benchmark ends at the first error reply. Returns requests per second by test."""
    result = run("redis-benchmark", "-p", str(server.port), "--csv", *arguments)
    assert result.returncode == 0, (arguments, result.stdout, result.stderr)
    assert "rror" not in result.stdout + result.stderr, result.stdout + result.stderr
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    return {row["test"]: float(row["rps"]) for row in rows}


def proof_redis_benchmark_runs():
    """Every test whose commands there are, without pipelining and with 16 commands at once."""
    tests = "ping,set,get,lpush,rpush,lpop,rpop,lrange,mset"
    with Kvd("--connections", "60", "--keys", "1000", "--key-max", "64", "--value-max", "256",
             "--list-max", "100000", "--block", "64", "--store", "64MiB", "--command-args-max",
             "1024", "--large-reply-slots", "2", "--large-request-slots", "2") as server:
        for depth in ("1", "16"):
            rates = benchmark(server, "-t", tests, "-n", "8000", "-c", "50", "-P", depth, "-d",
                              "64", "-r", "100")
            assert len(rates) == 14, rates
            assert min(rates.values()) > 100, rates
            assert cli(server, "FLUSHALL") == "OK\n"


if __name__ == "__main__":
    harness.main(globals())
