"""kvload as a process: what it measures, what it refuses, and what it does not let pass.

    load_test.py --kvload KVLOAD --kvecho KVECHO
"""

import argparse
import json
import re
import socket
import subprocess
import tempfile
import threading
import time


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, timeout=120)


class Echo:
    """kvecho, unless told otherwise for GET with values of 64 bytes; `flag` leads kvload to it."""

    def __init__(self, kvecho, *arguments, request_bytes=36, reply_bytes=71):
        self.process = subprocess.Popen(
            [kvecho, "--request-bytes", str(request_bytes), "--reply-bytes", str(reply_bytes),
             *arguments], stdout=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline()
        place = re.match(r"ready on (?:127\.0\.0\.1:(\d+)|(\S+))", ready)
        assert place, ready
        self.flag = ["--port", place[1]] if place[1] else ["--unix", place[2]]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class FakeServer(threading.Thread):
    """Answers one connection with what `answer` makes of what came."""

    def __init__(self, answer):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.answer = answer
        self.start()

    def run(self):
        client, _ = self.listener.accept()
        with client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while received := client.recv(65536):
                client.sendall(self.answer(received))


def pongs(received):
    return b"+PONG\r\n" * received.count(b"PING")


def report_of(done):
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["errors"] == 0
    assert 0 < report["p50_us"] <= report["p99_us"] <= report["p99_9_us"] <= report["max_us"]
    return report


def test_every_request_is_answered(programs):
    for mode in ("ring", "ring-single", "epoll"):
        with Echo(programs.kvecho, "--mode", mode) as echo:
            for connections, pipeline in ((1, 1), (7, 16), (300, 3)):
                report = report_of(run(
                    programs.kvload, *echo.flag, "-c", connections, "-P", pipeline, "-n", 10_000,
                    "--warmup", 0.01, "--server-pid", echo.process.pid, "--json"))
                assert report["requests"] == 10_000, (mode, report)
                assert report["server_cpu_us"] > 0 and report["generator_cpu_us"] > 0


def test_a_unix_socket_serves_as_well(programs):
    with tempfile.TemporaryDirectory() as directory:
        with Echo(programs.kvecho, "--unix", f"{directory}/echo") as echo:
            assert report_of(run(programs.kvload, *echo.flag, "-n", 100, "--json"))


def test_requests_and_replies_may_be_larger_than_every_buffer(programs):
    with Echo(programs.kvecho, request_bytes=1000048, reply_bytes=1000011) as echo:
        done = run(programs.kvload, *echo.flag, "-t", "set", "-d", 1_000_000, "-c", 2, "-P", 4,
                   "-n", 50, "--json")
        assert report_of(done)["requests"] == 50


def test_sizes_are_described(programs):
    done = run(programs.kvload, "--describe", "-t", "get")
    assert json.loads(done.stdout) == {"request_bytes": 36, "reply_bytes": 71}, done
    done = run(programs.kvload, "--describe", "-t", "set", "-d", 1_000_000)
    assert json.loads(done.stdout) == {"request_bytes": 1000048, "reply_bytes": 5}, done


def test_a_rate_is_kept(programs):
    with Echo(programs.kvecho) as echo:
        report = report_of(run(programs.kvload, *echo.flag, "-c", 5, "--rate", 2000, "-s", 0.5,
                               "--json"))
        assert report["requests"] == 1000, report
        assert report["seconds"] >= 0.49, report


def test_a_stall_counts_for_all_who_would_have_asked(programs):
    """A server that stalls once for 0.4 s of 1 s: half of the requests that were due meanwhile
    waited 0.2 s or more, which is a fifth of all. A closed loop would have seen one."""
    begin = time.monotonic()
    stalled = []

    def answer(received):
        if not stalled and time.monotonic() > begin + 0.1:
            stalled.append(True)
            time.sleep(0.4)
        return pongs(received)

    server = FakeServer(answer)
    report = report_of(run(programs.kvload, "-p", server.port, "-t", "ping", "-c", 1, "-P", 1000,
                           "--rate", 1000, "-s", 1, "--json"))
    assert report["requests"] == 1000, report
    assert report["p99_us"] > 300_000, report
    assert report["max_us"] >= 390_000, report


def test_an_error_reply_fails_the_run(programs):
    server = FakeServer(lambda received: b"-OOM blocks are used up\r\n" * received.count(b"PING"))
    done = run(programs.kvload, "-p", server.port, "-t", "ping", "-c", 1, "-n", 10, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["errors"] == 10
    assert done.stderr == ("kvload: error: the server answered with errors, the first of them: "
                           "OOM blocks are used up\n"), done.stderr


def test_nil_replies_are_counted(programs):
    server = FakeServer(lambda received: b"$-1\r\n" * received.count(b"GET"))
    done = run(programs.kvload, "-p", server.port, "-t", "get", "-c", 1, "-n", 10, "--json")
    assert report_of(done)["misses"] == 10


def test_what_is_no_reply_ends_the_run(programs):
    for answer, message in (
            (b"HTTP/1.1 400 Bad Request\r\n", "what came is no reply; the first error: no reply of "
             "RESP2 begins or goes on with byte 72"),
            (b"+PONG\r\n+PONG\r\n", "a reply too many")):
        server = FakeServer(lambda _, answer=answer: answer)
        done = run(programs.kvload, "-p", server.port, "-t", "ping", "-c", 1, "-n", 10)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert done.stderr == f"kvload: error: {message}\n", done.stderr


def test_a_server_that_leaves_ends_the_run(programs):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        leave = threading.Thread(target=lambda: listener.accept()[0].close())
        leave.start()
        done = run(programs.kvload, "-p", port, "-t", "ping", "-c", 1, "-n", 10)
        leave.join()
    assert done.returncode == 1, done
    assert re.match("kvload: error: (the server closed a connection|a re.* cannot be .*)\n",
                    done.stderr), done.stderr


def test_bad_input_is_refused_with_its_place_and_its_limit(programs):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        closed = unused.getsockname()[1]
    cases = [
        (["-p", closed], 1, f"kvload: error: cannot connect to 127.0.0.1:{closed}: Connection "
         "refused\n"),
        (["--host", "localhost"], 1, "kvload: error: 'localhost' is no IPv4 address, such as "
         "127.0.0.1\n"),
        (["--unix", "x" * 108], 1, "kvload: error: the path of a Unix socket has at most 107 "
         "bytes, and this has 108\n"),
        (["-t", "get", "--elements", 3], 2, "kvload: error: --elements: a request of get has one "
         "element\n"),
        (["-c", 30000, "-d", 4096, "-P", 64, "-t", "set"], 2,
         "kvload: error: 30000 connections with 64 requests of 4141 bytes each need 7950720000 "
         "bytes, and the limit is 1073741824\n"),
    ]
    for arguments, code, message in cases:
        done = run(programs.kvload, *arguments)
        assert (done.returncode, done.stdout, done.stderr) == (code, "", message), done
    for arguments, place in ((["-c", 0], "--connections"), (["-P", 0], "--pipeline"),
                             (["-k", 0], "--keys"), (["-d", 0], "--value-bytes"),
                             (["--key-bytes", 11], "--key-bytes"), (["-t", "zadd"], "--test"),
                             (["--rate", 0], "--rate"), (["-n", 5, "-s", 1], "--seconds"),
                             (["--order", "random"], "--order"), (["--no-such"], "--no-such")):
        done = run(programs.kvload, *arguments)
        assert done.returncode == 2 and done.stdout == "" and place in done.stderr, done


def test_a_server_without_a_process_is_not_measured(programs):
    with Echo(programs.kvecho) as echo:
        done = run(programs.kvload, *echo.flag, "-n", 1, "--server-pid", 999999999)
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr == ("kvload: error: --server-pid: no processor time of process 999999999 "
                           "is to be had\n"), done.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kvload", required=True)
    parser.add_argument("--kvecho", required=True)
    parser.add_argument("names", nargs="*", metavar="NAME")
    programs = parser.parse_args()
    tests = {name: test for name, test in globals().items() if name.startswith("test_")}
    for name in programs.names or tests:
        tests[name](programs)


if __name__ == "__main__":
    main()
