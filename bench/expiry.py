"""What a client notices while a million keys expire in the same second.

Fills kvd with keys that all expire at one time, then sends PING after PING across that time and
prints the longest answer before, during and after.

    expiry.py KVD [KEYS]
"""

import signal
import socket
import subprocess
import sys
import time


def start(kvd, keys):
    process = subprocess.Popen(
        [kvd, "--port", "0", "--connections", "4", "--keys", str(keys), "--key-max", "28",
         "--value-max", "28", "--list-max", "0", "--block", "32"],
        stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.startswith("ready on "):
            return process, int(line.split()[2].rsplit(":", 1)[1])
    raise SystemExit("kvd did not start")


def fill(client, keys, deadline_ms):
    """SETs in pipelines of 1,000, each answered by five bytes."""
    for first in range(0, keys, 1000):
        out = b"".join(b"*5\r\n$3\r\nSET\r\n$11\r\nkey:%07d\r\n$1\r\nv\r\n$4\r\nPXAT\r\n"
                       b"$%d\r\n%d\r\n" % (i, len(str(deadline_ms)), deadline_ms)
                       for i in range(first, min(first + 1000, keys)))
        client.sendall(out)
        left = 5 * (min(first + 1000, keys) - first)
        while left > 0:
            received = client.recv(65536)
            assert received.startswith((b"+OK", b"OK", b"K", b"\r", b"\n")), received[:100]
            left -= len(received)


def ask(client, *words):
    client.sendall(b"*%d\r\n" % len(words)
                   + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
    return client.recv(65536)


def longest_ping_ms(client, until):
    longest = 0
    count = 0
    while not until():
        begin = time.perf_counter()
        assert ask(client, b"PING") == b"+PONG\r\n"
        longest = max(longest, time.perf_counter() - begin)
        count += 1
    return longest * 1000, count


def main():
    keys = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    process, port = start(sys.argv[1], keys)
    try:
        client = socket.create_connection(("127.0.0.1", port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        deadline = time.time() + 10 + keys / 50_000
        fill(client, keys, int(deadline * 1000))
        assert ask(client, b"DBSIZE") == b":%d\r\n" % keys
        print(f"{keys:,} keys, {deadline - time.time():.1f} s before they expire")
        before = longest_ping_ms(client, lambda: time.time() > deadline - 0.1)
        begin = time.time()

        def is_empty():
            return time.time() > deadline and ask(client, b"DBSIZE") == b":0\r\n"

        during = longest_ping_ms(client, is_empty)
        took = time.time() - max(begin, deadline)
        end = time.time() + 1
        after = longest_ping_ms(client, lambda: time.time() > end)
        for name, (longest, count) in (("before", before), ("during", during), ("after", after)):
            print(f"{name:7} longest PING {longest:6.2f} ms of {count:,}")
        print(f"all keys were freed {took * 1000:.0f} ms after their time")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


if __name__ == "__main__":
    main()
