"""Back-pressure: what is not there is waited for, in order, or refused; memory never grows."""

import os
import socket
import time

import harness
from harness import Error, Kvd, encode, encode_array, encode_bulk, exchange, wait_until

TOO_MANY = b"-ERR max number of clients reached\r\n"


def large_push(key, element, count=10):
    """A request that needs a large slot where receive buffers have 256 bytes."""
    return encode("RPUSH", key, *[element * 1000] * count)


def waiting(client):
    return int(client.info("clients")["clients_waiting"])


def stat(client, name):
    return int(client.info("stats")[name])


def proof_a_client_too_many_is_told_so_and_those_inside_keep_working():
    """As often as it tries; and it gets in as soon as somebody leaves."""
    with Kvd("--connections", "3", "--keys", "10") as server:
        inside = [server.client() for _ in range(3)]
        assert all(client.command("PING") == "PONG" for client in inside)
        for round_ in range(1, 21):
            outside = server.client()
            assert outside.file.read() == TOO_MANY
            outside.close()
            assert inside[round_ % 3].command("SET", "k", round_) == "OK"
            assert stat(inside[0], "rejected_connections") == round_
        inside.pop().close()
        wait_until(lambda: inside[0].info("clients")["connected_clients"] == "2", "a free record")
        with server.client() as late:
            assert late.command("GET", "k") == b"20"
        for client in inside:
            client.close()


def crowd(server, watcher):
    """Two clients hold both receive buffers with half a request while a third sends; all are
    served. Returns whether one ever had to wait: whoever is fast enough does not."""
    half = len(encode("PING")) // 2
    with server.client() as first, server.client() as second, server.client() as third:
        for holder in (first, second):
            holder.send(encode("PING")[:half])
        time.sleep(0.01)
        third.send(encode("PING"))
        time.sleep(0.01)
        for holder in (first, second):
            holder.send(encode("PING")[half:])
        assert [client.reply() for client in (first, second, third)] == ["PONG"] * 3
    return stat(watcher, "waits_request_buffer") > 0


def proof_clients_that_outnumber_the_buffers_are_all_served():
    """100 clients at once over 2 receive and 2 send buffers and one large slot of each kind."""
    flags = ["--connections", "101", "--keys", "200", "--request-buffers", "2", "--reply-buffers",
             "2", "--large-request-slots", "1", "--large-reply-slots", "1",
             "--request-buffer-bytes", "256", "--reply-buffer-bytes", "1024"]
    with Kvd(*flags) as server, server.client() as watcher:
        before = watcher.used()
        clients = [server.client() for _ in range(100)]
        values = [[b"%d" % i * 500] * 5 for i in range(100)]
        requests = [encode("SET", f"s{i}", "x" * 50) + encode("RPUSH", f"l{i}", *values[i]) +
                    encode("LRANGE", f"l{i}", 0, -1) + encode("GET", f"s{i}")
                    for i in range(100)]
        replies = [b"+OK\r\n:5\r\n" + encode_array(values[i]) + encode_bulk(b"x" * 50)
                   for i in range(100)]
        exchange(clients, requests, replies)
        for client in clients:
            client.close()
        wait_until(lambda: watcher.info("clients")["connected_clients"] == "1", "all have left")
        wait_until(lambda: crowd(server, watcher), "somebody waits for a receive buffer")
        assert watcher.command("FLUSHALL") == "OK"
        wait_until(lambda: watcher.used() == before, "every buffer is free again")


def proof_those_who_wait_for_a_large_request_slot_are_served_in_order():
    """The one slot is held by a request that is not complete; three more arrive, wait, and
    are executed in the order in which they came."""
    with Kvd("--connections", "10", "--keys", "10", "--large-request-slots", "1",
             "--request-buffer-bytes", "256") as server, server.client() as watcher:
        holder = server.client()
        request = large_push("l", b"0", 3)
        holder.send(request[:1500])
        wait_until(lambda: watcher.used()["large_requests"] == 1, "the slot is held")
        others = []
        for number in (b"1", b"2", b"3"):
            others.append(server.client())
            others[-1].send(large_push("l", number, 2))
            wait_until(lambda: waiting(watcher) == len(others), "the client waits")
        assert all(client.is_silent() for client in others)
        assert watcher.command("SET", "small", "served") == "OK"
        holder.send(request[1500:])
        assert [client.reply() for client in [holder, *others]] == [3, 5, 7, 9]
        order = b"".join(element[:1] for element in watcher.command("LRANGE", "l", 0, -1))
        assert order == b"000112233", order
        assert watcher.used()["large_requests"] == 0
        for client in [holder, *others]:
            client.close()


def proof_one_that_stalls_with_a_large_slot_is_closed_in_time():
    """It stops in the middle of a request; the next in the queue is served after the timeout,
    not before."""
    with Kvd("--connections", "10", "--keys", "10", "--large-request-slots", "1",
             "--request-buffer-bytes", "256", "--server-stall-timeout-ms",
             "600") as server, server.client() as watcher:
        holder, other = server.client(), server.client()
        begin = time.monotonic()
        holder.send(large_push("l", b"0")[:1500])
        wait_until(lambda: watcher.used()["large_requests"] == 1, "the slot is held")
        other.send(large_push("l", b"1"))
        assert other.reply() == 10
        seconds = time.monotonic() - begin
        assert 0.5 < seconds < 2, seconds
        assert holder.is_closed()
        assert stat(watcher, "stalled_connections_closed") == 1
        assert watcher.command("LLEN", "l") == 10
        # One that makes progress, however slowly, is not closed.
        request = large_push("l", b"2", 2)
        for at in range(0, len(request), 500):
            other.send(request[at:at + 500])
            time.sleep(0.3)
        assert other.reply() == 12


def proof_one_that_stalls_with_a_receive_buffer_that_others_want_is_closed():
    """With one receive buffer, half a request in it keeps everybody out, for a while."""
    with Kvd("--connections", "10", "--keys", "10", "--request-buffers", "1",
             "--server-stall-timeout-ms", "600") as server:
        holder = server.client()
        holder.send(encode("SET", "k", "v")[:10])
        time.sleep(0.2)
        with server.client() as other:
            other.send(encode("SET", "k", "w"))
            assert other.is_silent(0.2)
            assert other.reply() == "OK"
            assert holder.is_closed()
            # An idle client holds nothing, and stays.
            idle = server.client()
            time.sleep(1)
            assert other.command("GET", "k") == b"w"
            assert idle.command("PING") == "PONG"


def proof_a_client_that_never_reads_is_closed_and_others_are_served():
    """Its replies fill its socket; what it sends is not received any more; then its time is up."""
    with Kvd("--connections", "10", "--keys", "10", "--server-stall-timeout-ms",
             "700") as server, server.client() as other:
        assert other.command("SET", "k", "v" * 4096) == "OK"
        deaf = server.client(receive_bytes=4096)
        deaf.socket.settimeout(0.2)
        asked = 0
        try:
            while asked < 1000000:
                deaf.send(encode("GET", "k") * 100)
                asked += 100
        except (TimeoutError, BlockingIOError, ConnectionError):
            pass
        assert asked < 1000000, "the server took everything"
        begin = time.monotonic()
        slowest = 0
        while stat(other, "stalled_connections_closed") == 0:
            start = time.monotonic()
            assert other.command("GET", "k") == b"v" * 4096
            slowest = max(slowest, time.monotonic() - start)
            assert time.monotonic() - begin < 5, "it is never closed"
        assert slowest < 0.6, slowest
        assert deaf.is_closed()
        wait_until(lambda: other.info("clients")["connected_clients"] == "1", "its record is free")


ELEMENTS = [b"%03d" % number + b"v" * 4093 for number in range(60)]


def unsent_bytes(port):
    """What the kernel holds in the send queues of the server's sockets, also of those that nobody
    has open any more. Source: Documentation/networking/proc_net_tcp.rst."""
    with open("/proc/net/tcp", encoding="utf-8") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    return sum(int(row[4].split(":")[0], 16) for row in rows
               if int(row[1].split(":")[1], 16) == port and row[3] != "0A")


def deaf_clients(server, count, request):
    """Clients that ask for more than they read, and whose requests were all received."""
    before = unsent_bytes(server.port)
    clients = [server.client(receive_bytes=4096) for _ in range(count)]
    for client in clients:
        client.send(request)
    wait_until(lambda: unsent_bytes(server.port) > before + count * 16 * 1024, "queues are full")
    time.sleep(0.2)
    return clients


def proof_the_kernel_keeps_nothing_for_clients_that_are_closed_for_not_reading():
    """Closed for stalling, or by CLIENT KILL, or since the server ends: what they have not read is
    gone within a second. Otherwise it would stay for minutes, and nobody has planned it."""
    for how in ("stall", "kill", "stop"):
        timeout = "700" if how == "stall" else "3600000"
        server = Kvd("--connections", "30", "--keys", "10", "--list-max", "60",
                     "--server-stall-timeout-ms", timeout)
        with server, server.client() as watcher:
            assert watcher.command("RPUSH", "l", *ELEMENTS) == 60
            clients = deaf_clients(server, 20, encode("LRANGE", "l", 0, -1))
            assert unsent_bytes(server.port) > 20 * 16 * 1024
            if how == "stall":
                wait_until(lambda: stat(watcher, "stalled_connections_closed") == 20, "the end")
            elif how == "kill":
                assert watcher.command("CLIENT", "KILL", "TYPE", "normal") == 20
            else:
                assert server.stop() == 0, server.errors
            wait_until(lambda: unsent_bytes(server.port) == 0, f"nothing is kept: {how}", 1)
            assert all(client.is_closed() for client in clients), how
            if how != "stop":
                assert watcher.info("clients")["connected_clients"] == "1", how


def proof_a_client_that_leaves_in_order_and_does_not_read_counts_until_its_time_is_up():
    """All that it asked for is in the kernel when it quits: until it has read that it is one of
    connections_max, and then it is reset."""
    with Kvd("--connections", "20", "--keys", "10", "--list-max", "60",
             "--server-stall-timeout-ms", "1500") as server, server.client() as watcher:
        assert watcher.command("RPUSH", "l", *ELEMENTS) == 60
        clients = deaf_clients(server, 10, encode("LRANGE", "l", 0, 6) + encode("QUIT"))
        used = watcher.used()
        assert used["connection_records"] == 11, used
        assert used["reply_buffers"] + used["large_replies"] <= 1, used
        wait_until(lambda: watcher.info("clients")["connected_clients"] == "1", "they are reset", 4)
        assert stat(watcher, "stalled_connections_closed") == 10
        wait_until(lambda: unsent_bytes(server.port) == 0, "nothing is kept", 1)
        for client in clients:
            client.close()


def proof_a_client_that_leaves_in_order_gets_every_byte_however_late_it_reads():
    """QUIT, an error that closes, and the end of what it sends, behind replies that fill its
    socket. It reads slowly, for longer than the server waits for one that does not read; the end
    of the stream comes behind the last byte, and no reset."""
    values = encode_array(ELEMENTS[:16])
    ends = {"QUIT": (encode("QUIT"), b"+OK\r\n"),
            "error": (b"*x\r\n", b"-ERR Protocol error: invalid multibulk length\r\n"),
            "half": (b"", b"")}
    with Kvd("--connections", "5", "--keys", "10", "--list-max", "60",
             "--server-stall-timeout-ms", "3000") as server, server.client() as watcher:
        assert watcher.command("RPUSH", "l", *ELEMENTS) == 60
        clients = {name: server.client(receive_bytes=16384) for name in ends}
        received = dict.fromkeys(ends, b"")
        for name, (request, _) in ends.items():
            clients[name].send(encode("LRANGE", "l", 0, 15) + request)
        clients["half"].socket.shutdown(socket.SHUT_WR)
        begin = time.monotonic()
        while clients:
            time.sleep(0.5)
            for name, client in list(clients.items()):
                data = client.socket.recv(8192)
                received[name] += data
                if data:
                    continue
                del clients[name]
                client.close()
                assert received[name] == values + ends[name][1], (name, received[name][-80:])
                assert time.monotonic() - begin > 3.5, name
        wait_until(lambda: watcher.info("clients")["connected_clients"] == "1", "all are gone")
        assert stat(watcher, "stalled_connections_closed") == 0


def proof_a_unix_client_that_is_closed_counts_until_it_has_read_or_left():
    """What it has not read lies with it, where nobody can drop it."""
    path = f"/tmp/kvd-{os.getpid()}.sock"
    with Kvd("--connections", "5", "--keys", "10", "--list-max", "60", "--server-stall-timeout-ms",
             "300", "--server-unix-socket", path) as server, server.client() as watcher:
        assert watcher.command("RPUSH", "l", *ELEMENTS) == 60
        reader, leaver = (server.client(path=path) for _ in range(2))
        for client in (reader, leaver):
            client.send(encode("LRANGE", "l", 0, -1))
        wait_until(lambda: stat(watcher, "stalled_connections_closed") == 2, "both have stalled")
        time.sleep(1)
        assert watcher.used()["connection_records"] == 3
        whole = encode_array(ELEMENTS)
        got = reader.file.read()
        assert 0 < len(got) < len(whole) and whole.startswith(got), len(got)
        leaver.close()
        wait_until(lambda: watcher.used()["connection_records"] == 1, "they have left")


def proof_a_client_that_was_blocked_for_longer_than_the_stall_timeout_gets_its_reply():
    """200 wait for 2 s and more, a millisecond apart, so that some of their replies are under way
    whenever the server looks for those who stall; as many are served by a push."""
    count = 200
    with Kvd("--connections", str(2 * count + 1), "--keys", str(count), "--list-max", "1",
             "--server-stall-timeout-ms", "100") as server, server.client() as pusher:
        clients = [server.client() for _ in range(2 * count)]
        for number, client in enumerate(clients[:count]):
            client.send(encode("BLPOP", "none", 2 + number / 1000))
        for number, client in enumerate(clients[count:]):
            client.send(encode("BLPOP", f"list {number}", 0))
        wait_until(lambda: pusher.info("clients")["blocked_clients"] == str(2 * count), "all wait")
        for client in clients[:count]:
            assert client.reply() is None
        for number, client in enumerate(clients[count:]):
            assert pusher.command("RPUSH", f"list {number}", number) == 1
            assert client.reply() == [b"list %d" % number, b"%d" % number]
            client.close()
        assert stat(pusher, "stalled_connections_closed") == 0
        for client in clients[:count]:
            client.close()


def proof_those_who_wait_for_a_large_reply_slot_are_served_in_order():
    """The one slot is held by a client that does not read; when it reads, the others follow."""
    value = b"v" * 4096
    with Kvd("--connections", "10", "--keys", "10", "--large-reply-slots", "1",
             "--list-max", "200") as server, server.client() as watcher:
        assert watcher.command("RPUSH", "l", *[value] * 200) == 200
        slow = server.client(receive_bytes=4096)
        slow.send(encode("LRANGE", "l", 0, -1))
        wait_until(lambda: watcher.used()["large_replies"] == 1, "the slot is held")
        # Each pops five elements: which ones tells when it was served.
        others = []
        assert watcher.command("RPUSH", "m", *[b"%d" % (i // 5) * 4096 for i in range(15)]) == 15
        for number in range(3):
            others.append(server.client())
            others[-1].send(encode("LPOP", "m", 5))
            wait_until(lambda: waiting(watcher) == len(others), "the client waits")
        assert all(client.is_silent(0.1) for client in others)
        assert watcher.command("LLEN", "m") == 15
        assert slow.reply() == [value] * 200
        assert [client.reply()[0][:1] for client in others] == [b"0", b"1", b"2"]
        slow.close()


def proof_a_command_waits_before_it_is_executed_never_after():
    """LPOP of a reply that has no slot leaves the list alone until it gets one."""
    value = b"v" * 4096
    with Kvd("--connections", "10", "--keys", "10", "--large-reply-slots", "1",
             "--reply-buffer-bytes", "16KiB", "--list-max", "200", "--server-stall-timeout-ms",
             "1000") as server, server.client() as watcher:
        assert watcher.command("RPUSH", "l", *[value] * 200) == 200
        assert watcher.command("RPUSH", "m", *[value] * 10) == 10
        slow = server.client(receive_bytes=4096)
        slow.send(encode("LRANGE", "l", 0, -1))
        wait_until(lambda: watcher.used()["large_replies"] == 1, "the slot is held")
        popper = server.client()
        popper.send(encode("LPOP", "m", 10))
        assert popper.is_silent()
        assert watcher.command("LLEN", "m") == 10
        wait_until(lambda: stat(watcher, "stalled_connections_closed") == 1, "the slot is free")
        assert popper.reply() == [value] * 10
        assert watcher.command("LLEN", "m") == 0
        assert slow.is_closed()
        popper.close()


def proof_nothing_leaks_when_clients_break_off_anywhere():
    """500 clients that leave in the middle of requests and replies; then every record, buffer
    and slot is free again."""
    with Kvd("--connections", "20", "--keys", "10", "--request-buffer-bytes", "256",
             "--large-request-slots", "2", "--large-reply-slots", "2", "--request-buffers", "4",
             "--reply-buffers", "4", "--server-stall-timeout-ms",
             "300") as server, server.client() as watcher:
        assert watcher.command("RPUSH", "l", *["v" * 4096] * 50) == 50
        before = watcher.used()
        request = large_push("m", b"x", 5) + encode("LRANGE", "l", 0, -1) * 5 + encode("DEL", "m")
        for number in range(500):
            client = server.client(receive_bytes=4096)
            try:
                client.send(request[:1 + number * len(request) // 500])
                if number % 3 == 0:
                    client.socket.settimeout(0.01)
                    client.socket.recv(100)
            except (ConnectionError, TimeoutError):
                pass
            client.close()
        watcher.command("DEL", "m")
        wait_until(lambda: watcher.info("clients")["connected_clients"] == "1", "all are gone")
        wait_until(lambda: watcher.command("DEL", "m") in (0, 1) and watcher.used() == before,
                   "everything is free again")


def proof_over_a_limit_is_refused_by_name_and_the_connection_stays_usable():
    """Key, value, list, arguments, frame: each error names its limit, nothing is stored, and
    the command behind it in the same packet is executed."""
    with Kvd("--connections", "4", "--keys", "10", "--key-max", "100", "--value-max", "1000",
             "--list-max", "20", "--command-args-max", "50") as server, server.client() as client:
        refused = {
            encode("SET", "k" * 101, "v"): "ERR key of 101 bytes exceeds key_size_max (100)",
            encode("SET", "k", "v" * 1001): "ERR value of 1001 bytes exceeds val_size_max (1000)",
            encode("SET", "k", "v" * 500000):
                "ERR value of 500000 bytes exceeds val_size_max (1000)",
            encode("GET", "k" * 70000): "ERR key of 70000 bytes exceeds key_size_max (100)",
            encode("RPUSH", "l", *["v"] * 21):
                "ERR list of 21 elements would exceed list_length_max (20)",
            encode("DEL", *["k"] * 50): "ERR request of 51 arguments exceeds command_args_max (50)",
            encode("DEL", *["k"] * 5000):
                "ERR request of 5001 arguments exceeds command_args_max (50)",
            encode("MSET", "ok", "v", "k" * 101, "v"):
                "ERR key of 101 bytes exceeds key_size_max (100)",
        }
        for request, error in refused.items():
            client.send(request + encode("PING"))
            assert (client.reply(), client.reply()) == (Error(error), "PONG"), error
        largest = harness.plan("--connections", "4", "--keys", "10", "--key-max", "100",
                               "--value-max", "1000", "--list-max", "20", "--command-args-max",
                               "50")["derived"]["request_bytes_max"]
        client.send(encode("MSET", *["v" * 1000] * 48) + encode("PING"))
        error = client.reply()
        assert error.startswith("ERR request of "), error
        assert error.endswith(f" bytes or more exceeds the largest request ({largest})"), error
        assert client.reply() == "PONG"
        assert client.command("DBSIZE") == 0
        # Exactly at the limits everything is accepted.
        assert client.command("SET", "k" * 100, "v" * 1000) == "OK"
        assert client.command("RPUSH", "l", *["v" * 1000] * 20) == 20
        assert client.command("RPUSH", "l", "v") == Error(
            "ERR list of 21 elements would exceed list_length_max (20)")
        assert client.command("LLEN", "l") == 20


def proof_a_full_store_refuses_by_name_and_changes_nothing():
    """No entry and no block: reads, overwrites and deletions go on."""
    with Kvd("--connections", "4", "--keys", "3", "--value-max", "1000", "--list-max", "4",
             "--store", "4KiB") as server, server.client() as client:
        # 16 blocks of 256 bytes: a key and its value, 1,001 bytes, take four.
        assert client.command("MSET", "a", "1" * 1000, "b", "2" * 1000, "c", "3" * 1000) == "OK"
        assert client.command("SET", "d", "") == Error(
            "OOM map is full: all 3 keys (key_count) are in use")
        assert client.command("DEL", "a") == 1
        assert client.command("MSET", "d", "x", "e", "x") == Error(
            "OOM map is full: 2 keys needed, 1 free (key_count)")
        assert client.command("DBSIZE") == 2
        # Eight blocks are in use, eight are free; a list of two full elements takes nine.
        assert client.command("RPUSH", "l", "v" * 1000, "v" * 1000) == Error(
            "OOM blocks are full: 9 needed, 8 free (store_bytes)")
        assert client.command("EXISTS", "l") == 0
        assert client.command("RPUSH", "l", "v" * 1000) == 1
        assert client.command("SET", "b", "4" * 1000) == "OK"
        assert client.command("GET", "b") == b"4" * 1000
        assert stat(client, "refused_for_memory") == 3


def proof_more_clients_go_on_at_once_than_the_ring_takes_submissions():
    """1,100 clients wait for the end of a pause; the ring has 1,024 places."""
    count = 1100
    harness.raise_file_limit(2 * count)
    with Kvd("--connections", str(count + 1), "--keys", "10") as server, server.client() as client:
        assert client.command("CLIENT", "PAUSE", 60000, "WRITE") == "OK"
        waiting = [server.client() for _ in range(count)]
        for each in waiting:
            each.send(encode("SET", "k", "x"))
        time.sleep(0.3)
        assert client.command("CLIENT", "UNPAUSE") == "OK"
        assert all(each.reply() == "OK" for each in waiting)
        for each in waiting:
            each.close()


if __name__ == "__main__":
    harness.main(globals())
