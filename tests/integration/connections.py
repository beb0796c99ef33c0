"""Who may connect, what clients may do to each other, and when they are closed."""

import os
import socket
import stat
import tempfile
import time

import harness
from harness import Closed, Error, Kvd, encode, expect_start_error, plan, run, wait_until

SMALL = ["--connections", "20", "--keys", "50", "--slowlog-length", "8"]
NOAUTH = Error("NOAUTH Authentication required.")
# Word for word what redis-server 7.0.15 says.
DENIED = (
    b"-DENIED Redis is running in protected mode because protected mode is enabled and no password "
    b"is set for the default user. In this mode connections are only accepted from the loopback "
    b"interface. If you want to connect from external computers to Redis you may adopt one of the "
    b"following solutions: 1) Just disable protected mode sending the command 'CONFIG SET "
    b"protected-mode no' from the loopback interface by connecting to Redis from the same host the "
    b"server is running, however MAKE SURE Redis is not publicly accessible from internet if you "
    b"do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just "
    b"disable the protected mode by editing the Redis configuration file, and setting the "
    b"protected mode option to 'no', and then restarting the server. 3) If you started the server "
    b"manually just for testing, restart it with the '--protected-mode no' option. 4) Setup a an "
    b"authentication password for the default user. NOTE: You only need to do one of the above "
    b"things in order for the server to start accepting connections from the outside.\r\n")
WRONGPASS = Error("WRONGPASS invalid username-password pair or user is disabled.")


def config_file(text):
    file = tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8")
    file.write(text)
    file.flush()
    return file


def clients_of(client):
    return int(client.info("clients")["connected_clients"])


def statistic(client, name):
    return int(client.info("stats")[name])


def proof_a_password_in_the_config_is_asked_for_and_shown_nowhere():
    """AUTH and HELLO take it; the plan, INFO, CONFIG GET and the slow log do not tell it."""
    with config_file('[server]\npassword = "hunter2"\n') as config:
        with Kvd(*SMALL, "--config", config.name, "--slowlog-threshold-us", "0") as server:
            assert "hunter2" not in server.report
            with server.client() as client:
                assert client.command("GET", "k") == NOAUTH
                assert client.command("AUTH", "hunter") == WRONGPASS
                assert client.command("AUTH", "hunter2") == "OK"
                assert client.command("GET", "k") is None
                for arguments in (["INFO", "everything"], ["CONFIG", "GET", "*"],
                                  ["SLOWLOG", "GET", "-1"], ["CLIENT", "LIST"]):
                    client.send(encode(*arguments))
                    assert b"hunter2" not in str(client.reply()).encode(), arguments
            with server.client() as client:
                reply = client.command("HELLO", 3, "AUTH", "default", "hunter2")
                assert isinstance(reply, dict) and reply[b"proto"] == 3, reply
        for form in ("json", "table"):
            result = run(harness.programs.kvplan, "--config", config.name, "--format", form,
                         "--explain")
            assert result.returncode == 0, result.stderr
            assert "hunter2" not in result.stdout
    assert plan("--server-password", "hunter2")["config"]["server_password"] == "(hidden)"
    result = run(harness.programs.kvplan, "--server-password", "x" * 128)
    assert result.returncode == 1 and "xxx" not in result.stderr, result.stderr


def proof_a_password_set_at_run_time_is_asked_of_those_who_come_later():
    with Kvd(*SMALL) as server, server.client() as first:
        assert first.command("CONFIG", "SET", "requirepass", "p") == "OK"
        assert first.command("PING") == "PONG"
        with server.client() as second:
            assert second.command("PING") == NOAUTH
            assert second.command("AUTH", "p") == "OK"
            assert second.command("PING") == "PONG"
        assert first.command("CONFIG", "SET", "requirepass", "") == "OK"
        with server.client() as third:
            assert third.command("PING") == "PONG"


def outside_address():
    """An address of this machine that is not the loopback's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1; nothing is sent
            address = probe.getsockname()[0]
        except OSError as error:
            raise harness.Skip("this machine has no address but the loopback's") from error
    if address.startswith("127."):
        raise harness.Skip("this machine has no address but the loopback's")
    return address


def proof_protected_mode_refuses_clients_from_outside_and_says_why():
    """Until there is a password, or the mode is switched off; the loopback always may."""
    address = outside_address()
    flags = [*SMALL, "--server-address", f"127.0.0.1 {address}"]
    with Kvd(*flags) as server, server.client() as inside:
        with harness.Client(server.port, host=address) as outside:
            text = outside.file.read()
            assert text == DENIED, text
        assert statistic(inside, "denied_connections") == 1
        assert clients_of(inside) == 1
        assert inside.command("CONFIG", "SET", "protected-mode", "no") == "OK"
        with harness.Client(server.port, host=address) as outside:
            assert outside.command("PING") == "PONG"
        assert inside.command("CONFIG", "SET", "protected-mode", "yes", "requirepass", "p") == "OK"
        with harness.Client(server.port, host=address) as outside:
            assert outside.command("PING") == NOAUTH
        with harness.Client(server.port, host="127.0.0.1") as local:
            assert local.command("AUTH", "p") == "OK"


def proof_all_addresses_and_the_unix_socket_are_served_at_once():
    """And CLIENT LIST tells them apart."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "kvd.sock")
        with Kvd(*SMALL, "--server-address", "127.0.0.1 127.0.0.2 ::1", "--server-unix-socket",
                 path, "--server-unix-socket-access", "group") as server:
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o770
            assert f"127.0.0.2:{server.port} and [::1]:{server.port} and {path}" in server.report
            clients = [harness.Client(server.port, host=host)
                       for host in ("127.0.0.1", "127.0.0.2", "::1")]
            clients.append(harness.Client(path=path))
            addresses = []
            for number, client in enumerate(clients):
                assert client.command("SET", "k", number) == "OK"
                line = client.command("CLIENT", "INFO").decode()
                addresses.append(line.split("laddr=")[1].split(" ")[0])
            assert addresses == [f"127.0.0.1:{server.port}", f"127.0.0.2:{server.port}",
                                 f"[::1]:{server.port}", f"{path}:0"], addresses
            for client in clients:
                client.close()
        assert not os.path.exists(path), "the socket's file is removed at the end"


def proof_a_socket_file_that_was_left_behind_is_replaced_and_no_other_file():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "kvd.sock")
        with socket.socket(socket.AF_UNIX) as left_behind:
            left_behind.bind(path)
        flags = [*SMALL, "--server-unix-socket", path]
        with Kvd(*flags) as server:
            with harness.Client(path=path) as client:
                assert client.command("PING") == "PONG"
            expect_start_error([*flags, "--port", "0"], 71,
                               f"kvd: error: cannot bind to {path}: Address already in use\n")
            with harness.Client(path=path) as client:
                assert client.command("PING") == "PONG"
            assert server.process.poll() is None
        with open(path, "w", encoding="utf-8") as file:
            file.write("precious")
        expect_start_error([*flags, "--port", "0"], 71,
                           f"kvd: error: cannot bind to {path}: Address already in use\n")
        with open(path, encoding="utf-8") as file:
            assert file.read() == "precious"


def proof_an_idle_client_is_closed_when_its_time_is_up_and_not_before():
    with Kvd(*SMALL) as server, server.client() as busy, server.client() as idle:
        assert idle.command("PING") == "PONG"
        assert busy.command("CONFIG", "SET", "server.idle_timeout_ms", 600) == "OK"
        begin = time.monotonic()
        while time.monotonic() - begin < 0.4:
            assert busy.command("PING") == "PONG"
            time.sleep(0.05)
        assert clients_of(busy) == 2
        wait_until(lambda: clients_of(busy) == 1, "the idle client is closed", 5)
        assert idle.is_closed()
        assert statistic(busy, "idle_connections_closed") == 1


def proof_a_request_that_never_ends_is_closed_however_slowly_it_grows():
    with Kvd(*SMALL, "--server-request-timeout-ms", "600") as server, server.client() as other:
        slow = server.client()
        begin = time.monotonic()
        try:
            for byte in encode("SET", "k", "v" * 4000):
                slow.send(bytes([byte]))
                time.sleep(0.05)
                assert time.monotonic() - begin < 5, "it is never closed"
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert 0.4 < time.monotonic() - begin < 4
        slow.close()
        # Many short requests one after the other are not one long request.
        begin = time.monotonic()
        while time.monotonic() - begin < 1:
            request = encode("PING")
            other.send(request[:5])
            time.sleep(0.1)
            other.send(request[5:])
            assert other.reply() == "PONG"


def proof_keepalive_is_asked_of_tcp():
    """As the kernel tells it in /proc/net/tcp: timer 2 is keepalive."""
    with Kvd(*SMALL, "--server-tcp-keepalive-ms", "300s") as server, server.client() as client:
        assert client.command("PING") == "PONG"
        local = "0100007F:%04X" % server.port
        with open("/proc/net/tcp", encoding="utf-8") as table:
            rows = [line.split() for line in table]
        timers = [row[5] for row in rows if row[1] == local and row[3] == "01"]
        assert len(timers) == 1 and timers[0].startswith("02:"), timers
        assert 25000 < int(timers[0][3:], 16) <= 30000, timers  # in hundredths of a second


def proof_a_killed_client_executes_nothing_more():
    """The killer may be another client or itself; then it gets its reply first."""
    with Kvd(*SMALL) as server, server.client() as killer:
        victim = server.client()
        number = victim.command("CLIENT", "ID")
        assert killer.command("CLIENT", "KILL", "ID", number) == 1
        assert victim.is_closed()
        wait_until(lambda: clients_of(killer) == 1, "it is gone")
        assert killer.command("CLIENT", "KILL", "ID", number) == 0
        itself = server.client()
        address = "127.0.0.1:%d" % itself.socket.getsockname()[1]
        itself.send(encode("SET", "k", 1) + encode("CLIENT", "KILL", address) +
                    encode("SET", "k", 2))
        assert itself.file.read() == b"+OK\r\n+OK\r\n"
        assert killer.command("GET", "k") == b"1"
        crowd = [server.client() for _ in range(10)]
        assert all(client.command("PING") == "PONG" for client in crowd)
        killed = killer.command("CLIENT", "KILL", "TYPE", "normal")
        assert killed == 10, killed
        assert all(client.is_closed() for client in crowd)
        wait_until(lambda: clients_of(killer) == 1, "all are gone")


def proof_paused_commands_wait_without_being_executed_and_run_in_their_order():
    with Kvd(*SMALL) as server, server.client() as master:
        before = master.used()
        assert master.command("RPUSH", "l", "0") == 1
        assert master.command("CLIENT", "PAUSE", 60000, "WRITE") == "OK"
        writers = []
        for number in range(1, 6):
            writers.append(server.client())
            writers[-1].send(encode("RPUSH", "l", number) + encode("LLEN", "l"))
            wait_until(lambda: int(master.info("clients")["clients_waiting"]) == len(writers),
                       "the client waits")
        assert master.command("LRANGE", "l", 0, -1) == [b"0"]
        assert all(client.is_silent(0.05) for client in writers)
        assert master.command("CLIENT", "UNPAUSE") == "OK"
        assert [(client.reply(), client.reply()) for client in writers] == [
            (number + 1, number + 1) for number in range(1, 6)]
        assert master.command("LRANGE", "l", 0, -1) == [b"%d" % i for i in range(6)]
        # A pause of everything ends by itself.
        begin = time.monotonic()
        assert master.command("CLIENT", "PAUSE", 300) == "OK"
        assert writers[0].command("PING") == "PONG"
        assert 0.28 < time.monotonic() - begin < 2
        # One that leaves while it is held leaves nothing behind.
        assert master.command("CLIENT", "PAUSE", 300) == "OK"
        for client in writers:
            client.send(encode("RPUSH", "l", "x"))
            client.close()
        wait_until(lambda: clients_of(master) == 1, "all are gone")
        assert master.command("DEL", "l") == 1
        assert master.used() == before


def proof_client_list_tells_who_is_in_a_transaction_and_who_is_blocked():
    def field(line, name):
        return line.split(f" {name}=")[1].split(" ")[0]

    with Kvd(*SMALL) as server, server.client() as watcher:
        blocked, queuing = server.client(), server.client()
        numbers = [client.command("CLIENT", "ID") for client in (blocked, queuing)]
        blocked.send(encode("BLPOP", "l", 0))
        assert queuing.command("MULTI") == "OK"
        assert queuing.command("SET", "k", 1) == "QUEUED"
        wait_until(lambda: watcher.info("clients")["blocked_clients"] == "1", "it is blocked")
        lines = [watcher.command("CLIENT", "LIST", "ID", number).decode() for number in numbers]
        assert [(field(line, "flags"), field(line, "multi")) for line in lines] == [
            ("b", "-1"), ("x", "1")], lines
        # A client that is killed while it is blocked takes nothing any more.
        watcher.send(encode("CLIENT", "KILL", "ID", numbers[0]) + encode("RPUSH", "l", "v") +
                     encode("LLEN", "l"))
        assert [watcher.reply() for _ in range(3)] == [1, 1, 1]
        assert blocked.is_closed()
        # SHUTDOWN is not queued, and aborts the transaction.
        assert queuing.command("SHUTDOWN") == Error("ERR Command not allowed inside a transaction")
        assert queuing.command("EXEC") == Error(
            "EXECABORT Transaction discarded because of previous errors.")
        # EXEC is not in the slow log: its arguments are no more when it is done.
        assert watcher.command("CONFIG", "SET", "slowlog-log-slower-than", 0) == "OK"
        assert queuing.command("MULTI") == "OK"
        assert queuing.command("DEBUG", "SLEEP", "0.01") == "QUEUED"
        assert queuing.command("EXEC") == ["OK"]
        names = [entry[3][0] for entry in watcher.command("SLOWLOG", "GET")]
        assert b"EXEC" not in names and b"MULTI" in names, names


def proof_replies_that_are_switched_off_are_not_sent_and_the_order_is_kept():
    with Kvd(*SMALL) as server, server.client() as client:
        client.send(encode("ECHO", 1) + encode("CLIENT", "REPLY", "OFF") +
                    b"".join(encode("ECHO", i) for i in range(2, 1000)) + encode("NOPE") +
                    encode("SET", "k", "v" * 5000) + encode("CLIENT", "REPLY", "ON") +
                    encode("ECHO", 2) + encode("CLIENT", "REPLY", "SKIP") + encode("ECHO", 3) +
                    encode("ECHO", 4) + encode("CLIENT", "REPLY", "SKIP") + encode("NOPE") +
                    encode("ECHO", 5))
        assert [client.reply() for _ in range(5)] == [b"1", "OK", b"2", b"4", b"5"]
        assert client.is_silent(0.1)
        # With every reply dropped, no reply buffer is held.
        client.send(encode("CLIENT", "REPLY", "OFF") + encode("SET", "k", 1) * 10000)
        with server.client() as other:
            wait_until(lambda: other.command("GET", "k") == b"1", "the pipeline is executed")
            assert other.used()["reply_buffers"] <= 1


def proof_the_limit_of_clients_holds_at_ten_times_as_many_and_those_inside_are_served():
    """200 try at once and again; the 10 inside never wait long."""
    with Kvd("--connections", "10", "--keys", "10") as server:
        inside = [server.client() for _ in range(10)]
        assert all(client.command("PING") == "PONG" for client in inside)
        slowest = 0
        for round_ in range(10):
            outside = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
            for client in inside:
                begin = time.monotonic()
                assert client.command("SET", "k", round_) == "OK"
                slowest = max(slowest, time.monotonic() - begin)
            for refused in outside:
                refused.settimeout(10)
                assert refused.recv(100) == b"-ERR max number of clients reached\r\n"
                refused.close()
        assert slowest < 1, slowest
        assert statistic(inside[0], "rejected_connections") == 1000
        for client in inside:
            client.close()


def proof_slow_commands_are_kept_with_who_sent_them():
    with Kvd(*SMALL, "--slowlog-threshold-us", "20000") as server, server.client() as client:
        assert client.command("CLIENT", "SETNAME", "sleeper") == "OK"
        assert client.command("SET", "k", "v") == "OK"
        assert client.command("DEBUG", "SLEEP", "0.05") == "OK"
        entries = [entry for entry in client.command("SLOWLOG", "GET")
                   if entry[3][0] == b"DEBUG"]
        assert len(entries) == 1, entries
        _, at, took, arguments, address, name = entries[0]
        assert abs(at - time.time()) < 60
        assert 50000 <= took < 5000000
        assert arguments == [b"DEBUG", b"SLEEP", b"0.05"]
        assert address == b"127.0.0.1:%d" % client.socket.getsockname()[1]
        assert name == b"sleeper"
        # The ring keeps as many as were planned.
        assert client.command("CONFIG", "SET", "slowlog-log-slower-than", 0) == "OK"
        for _ in range(20):
            client.command("PING")
        assert client.command("SLOWLOG", "LEN") == 8
        assert client.fields("part_")["slow_commands"]["used"] == 8


def proof_shutdown_ends_the_server():
    with Kvd(*SMALL) as server:
        client = server.client()
        assert client.command("SHUTDOWN", "SAVE") == Error(
            "ERR Errors trying to SHUTDOWN. Check logs.")
        client.send(encode("SHUTDOWN", "NOSAVE"))
        try:
            client.reply()
            raise AssertionError("there is a reply")
        except Closed:
            pass
        assert server.process.wait(10) == 0


def proof_the_exporter_and_redis_cli_find_what_they_read_in_info():
    """The fields that redis_exporter, ioredis and redis-cli --stat look for."""
    wanted = {"redis_version", "redis_mode", "os", "process_id", "tcp_port", "uptime_in_seconds",
              "connected_clients", "blocked_clients", "maxclients", "used_memory",
              "used_memory_human", "used_memory_rss", "used_memory_peak", "maxmemory",
              "maxmemory_policy", "loading", "rdb_changes_since_last_save",
              "rdb_bgsave_in_progress", "rdb_last_save_time", "rdb_last_bgsave_status",
              "aof_enabled", "aof_rewrite_in_progress", "total_connections_received",
              "total_commands_processed", "instantaneous_ops_per_sec", "total_net_input_bytes",
              "total_net_output_bytes", "rejected_connections", "expired_keys", "evicted_keys",
              "keyspace_hits", "keyspace_misses", "role", "connected_slaves",
              "master_repl_offset", "used_cpu_sys", "used_cpu_user", "cluster_enabled", "db0",
              "cmdstat_set"}
    with Kvd(*SMALL) as server, server.client() as client:
        assert client.command("SET", "k", "v") == "OK"
        fields = client.info("all")
        assert wanted <= set(fields), wanted - set(fields)
        assert fields["loading"] == "0" and fields["role"] == "master"
        assert int(fields["used_memory_rss"]) > int(fields["maxmemory"])


# What clients send on connecting, and what they need to hear. ioredis waits for loading:0, and
# redis-benchmark ends at the first error.
HANDSHAKES = {
    "node-redis and redis-py with RESP3": [
        (("HELLO", "3", "AUTH", "default", "secret", "SETNAME", "me"), lambda r: r[b"proto"] == 3),
        (("CLIENT", "SETINFO", "LIB-NAME", "node-redis"), "OK"),
        (("CLIENT", "SETINFO", "LIB-VER", "6.3.1"), "OK"),
        (("CLIENT", "MAINT_NOTIFICATIONS", "ON", "moving-endpoint-type", "none"),
         lambda r: isinstance(r, Error) and r.startswith("ERR unknown subcommand")),
        (("GET", "nothing"), None)],
    "redis-py with RESP2": [
        (("AUTH", "secret"), "OK"),
        (("CLIENT", "SETNAME", "me"), "OK"),
        (("CLIENT", "SETINFO", "LIB-NAME", "redis-py"), "OK"),
        (("SELECT", "0"), "OK")],
    "ioredis": [
        (("AUTH", "secret"), "OK"),
        (("INFO",), lambda r: b"\r\nloading:0\r\n" in r),
        (("CLIENT", "SETNAME", "me"), "OK")],
    "redis-cli on a terminal": [
        (("AUTH", "secret"), "OK"),
        (("COMMAND", "DOCS"), lambda r: b"get" in r)],
    "redis-benchmark": [
        (("AUTH", "secret"), "OK"),
        (("CONFIG", "GET", "save"), [b"save", b""]),
        (("CONFIG", "GET", "appendonly"), [b"appendonly", b"no"])],
}


def proof_what_clients_send_on_connecting_is_answered_as_they_need_it():
    with Kvd(*SMALL, "--server-password", "secret") as server:
        for name, exchange in HANDSHAKES.items():
            with server.client() as client:
                for command, wanted in exchange:
                    reply = client.command(*command)
                    right = wanted(reply) if callable(wanted) else reply == wanted
                    assert right, (name, command, reply)
        # redis-cli --pipe ends with an empty line and an ECHO of 20 random bytes.
        with server.client() as client:
            assert client.command("AUTH", "secret") == "OK"
            client.send(encode("SET", "k", "v") + b"\r\n" + encode("ECHO", bytes(range(20))))
            assert client.reply() == "OK" and client.reply() == bytes(range(20))


def proof_a_client_that_resets_itself_is_a_stranger_from_its_next_request_on():
    """Also when that came in the same piece: a stranger's frame has ten arguments at most."""
    with Kvd(*SMALL, "--server-password", "secret") as server, server.client() as client:
        assert client.command("AUTH", "secret") == "OK"
        client.send(encode("GET", "k") + encode("RESET") + encode("MGET", *["k"] * 11))
        assert client.reply() is None and client.reply() == "RESET"
        assert client.reply() == Error("ERR Protocol error: unauthenticated multibulk length")


if __name__ == "__main__":
    harness.main(globals())
