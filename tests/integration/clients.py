"""Client libraries work with kvd as their documentation shows them: hiredis and redis-py from
Debian, node-redis and ioredis from npm in the oldest version that runs here and the newest that
was there. docs/clients.md lists them, and is held to what is tried."""

import importlib.metadata
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

import harness
from harness import Kvd, Skip, programs

HERE = pathlib.Path(__file__).resolve().parent
DOCUMENT = HERE.parents[1] / "docs" / "clients.md"
DEBIAN_PACKAGES = "/usr/lib/python3/dist-packages"
FLAGS = ["--connections", "20", "--keys", "3000", "--key-max", "64", "--value-max", "1KiB",
         "--list-max", "100", "--store", "4MiB"]

# package: [(version, script, arguments)]
NODE = {
    "redis": [("0.4.1", "redis_callbacks.js", ["reconnect"]),
              ("3.1.2", "redis_callbacks.js", ["reconnect"]),
              ("4.0.0", "redis_promises.js", ["2"]),
              ("6.3.1", "redis_promises.js", ["2"]),
              ("6.3.1", "redis_promises.js", ["3"])],
    "ioredis": [("1.15.1", "ioredis.js", []),
                ("6.0.0", "ioredis.js", [])],
}


def install(folder, package, versions):
    """Installs each version under its own name; skips where there is no registry."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise Skip("there is no node or npm")
    with open(os.path.join(folder, "package.json"), "w", encoding="utf-8") as file:
        json.dump({"name": "clients", "version": "1.0.0", "private": True}, file)
    wanted = [f"{package}-{version}@npm:{package}@{version}" for version in versions]
    result = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error",
         "--fetch-retries=1", *wanted], cwd=folder, capture_output=True, text=True, check=False,
        timeout=150)
    if result.returncode != 0:
        raise Skip(f"npm cannot install {package}: {result.stderr.strip()[:300]}")


def run_node(folder, package, version, script, arguments):
    """The script asks for the package by its plain name; a link says which version that is."""
    modules = os.path.join(folder, "node_modules")
    link = os.path.join(modules, package)
    if os.path.lexists(link):
        os.remove(link)
    os.symlink(f"{package}-{version}", link)
    shutil.copy(HERE / "node" / script, folder)
    with Kvd(*FLAGS) as server:
        result = subprocess.run(["node", script, str(server.port), *arguments], cwd=folder,
                                capture_output=True, text=True, check=False, timeout=60)
        assert result.returncode == 0 and result.stdout == "done\n", (
            f"{package} {version} {arguments}\n{result.stdout}{result.stderr}")


def try_node(package):
    tries = NODE[package]
    with tempfile.TemporaryDirectory() as folder:
        install(folder, package, sorted({version for version, _, _ in tries}))
        for version, script, arguments in tries:
            run_node(folder, package, version, script, arguments)


def proof_node_redis_works_from_its_callbacks_to_its_newest_version():
    """Pipelines, transactions, WATCH, SCAN, pools, blocking pops, RESP3, and a reconnect."""
    try_node("redis")


def proof_ioredis_works_in_its_oldest_and_newest_version():
    """Pipelines, transactions, WATCH, SCAN, blocking pops, and a reconnect."""
    try_node("ioredis")


def proof_hiredis_works():
    """Commands, binary data, a pipeline, a transaction and a reconnect."""
    program = pathlib.Path(programs.kvd).parents[1] / "tests" / "integration" / "hiredis_client"
    with Kvd(*FLAGS) as server:
        result = harness.run(str(program), str(server.port))
        assert (result.returncode, result.stdout) == (0, "done\n"), result


def redis_py():
    # The interpreter of the tests may be another than Debian's, which the package is for.
    if DEBIAN_PACKAGES not in sys.path:
        sys.path.append(DEBIAN_PACKAGES)
    try:
        import redis  # pylint: disable=import-outside-toplevel
    except ImportError as missing:
        raise Skip("there is no redis-py (Debian's python3-redis)") from missing
    return redis


def use_redis_py(redis, client):
    """What the README of redis-py shows, and its default pipeline, which is a transaction."""
    assert client.ping() is True
    assert client.set("foo", "bar", ex=100, nx=True) is True
    assert client.get("foo") == b"bar"
    assert client.get("missing") is None
    assert 90 < client.ttl("foo") <= 100
    assert client.rpush("list", "a", "b", "c") == 3
    assert client.lrange("list", 0, -1) == [b"a", b"b", b"c"]
    try:
        client.get("list")
        raise AssertionError("GET of a list succeeds")
    except redis.ResponseError as error:
        assert str(error).startswith("WRONGTYPE") or "wrong kind" in str(error), error
    for transaction in (True, False):
        pipe = client.pipeline(transaction=transaction)
        for i in range(500):
            pipe.set(f"key:{i}", i)
        pipe.get("key:7").incr("key:8").lpop("list")
        replies = pipe.execute()
        assert replies[-3:] == [b"7", 9, b"a" if transaction else b"b"], replies[-3:]
    assert sorted(client.scan_iter("key:*", count=100)) == sorted(
        f"key:{i}".encode() for i in range(500))


def watch_with_redis_py(redis, client):
    with client.pipeline() as pipe:
        pipe.watch("key:1")
        client.set("key:1", "other")
        pipe.multi()
        pipe.set("key:1", "mine")
        try:
            pipe.execute()
            raise AssertionError("EXEC succeeds after a change of a watched key")
        except redis.WatchError:
            pass
    assert client.get("key:1") == b"other"
    client.set("count", 0)

    def increment(pipe):
        count = int(pipe.get("count"))
        pipe.multi()
        pipe.set("count", count + 1)

    workers = [threading.Thread(target=lambda: client.transaction(increment, "count"))
               for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert client.get("count") == b"8"


def proof_redis_py_works():
    """Pipelines, transactions, a pool used by threads, a blocking pop, and a reconnect."""
    redis = redis_py()
    with Kvd(*FLAGS) as server:
        pool = redis.BlockingConnectionPool(host="127.0.0.1", port=server.port, max_connections=9,
                                            client_name="proof")
        client = redis.Redis(connection_pool=pool)
        use_redis_py(redis, client)
        watch_with_redis_py(redis, client)
        waiting = threading.Timer(0.2, lambda: client.rpush("jobs", "first"))
        waiting.start()
        assert client.blpop("jobs", timeout=20) == (b"jobs", b"first")
        waiting.join()
        with server.client() as killer:
            killer.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert client.get("count") == b"8"
        pool.disconnect()


def proof_docs_clients_lists_exactly_what_is_tried():
    """A row for every version; those of Debian's packages are the ones installed here."""
    rows = set(re.findall(r"^\| (\S+) \| ([\d.]+) \|", DOCUMENT.read_text(encoding="utf-8"),
                          re.MULTILINE))
    redis_py()
    tried = {("node-redis" if package == "redis" else package, version)
             for package, tries in NODE.items() for version, _, _ in tries}
    tried.add(("redis-py", importlib.metadata.version("redis")))
    tried.add(("redis-cli", harness.run("redis-cli", "--version").stdout.split()[1]))
    tried.add(("redis-benchmark", harness.run("redis-benchmark", "--version").stdout.split()[1]))
    header = pathlib.Path("/usr/include/hiredis/hiredis.h").read_text(encoding="utf-8")
    tried.add(("hiredis", ".".join(re.findall(r"#define HIREDIS_(?:MAJOR|MINOR|PATCH) (\d+)",
                                              header))))
    assert rows == tried, f"docs/clients.md has {rows - tried} and lacks {tried - rows}"


if __name__ == "__main__":
    harness.main(globals())
