"""What the plan promises fits: every limit filled at once, one more of each refused by name,
and after everything is deleted every pool is as it was."""

import harness
from harness import Error, Kvd, encode, encode_array, exchange, plan, raise_file_limit, wait_until


class Filled:
    """A server filled to its guarantee: as many keys as can be at all of their limits at the
    same time, each pushed by one request of the largest size, from every connection at once."""

    def __init__(self, server, planned):
        self.server = server
        self.config = planned["config"]
        derived = planned["derived"]
        self.key_count = min(self.config["key_count"],
                             derived["block_count"] // derived["full_key_blocks"])
        self.everything_fits = self.key_count == self.config["key_count"]
        self.clients = []
        # One for the watcher.
        for _ in range(self.config["connections_max"] - 1):
            self.clients.append(server.client())

    def key(self, index):
        """Of the largest size, and each another one."""
        size = self.config["key_size_max"]
        name = b"%d" % index if size >= 8 else index.to_bytes(size, "little")
        return name + b"k" * (size - len(name))

    def value(self, index):
        size = self.config["val_size_max"]
        return (b"%d." % index * (size // 2 + 1))[:size]

    def elements(self, index):
        return [self.value(index)] * self.config["list_length_max"]

    def store_request(self, index):
        """The whole key in one request where it fits in one, else in two."""
        if self.config["list_length_max"] == 0:
            return encode("SET", self.key(index), self.value(index)), b"+OK\r\n"
        elements = self.elements(index)
        most = self.config["command_args_max"] - 2
        request, reply = b"", b""
        for at in range(0, len(elements), most):
            request += encode("RPUSH", self.key(index), *elements[at:at + most])
            reply += b":%d\r\n" % min(at + most, len(elements))
        return request, reply

    def read_request(self, index):
        if self.config["list_length_max"] == 0:
            value = self.value(index)
            return encode("GET", self.key(index)), b"$%d\r\n%s\r\n" % (len(value), value)
        return encode("LRANGE", self.key(index), 0, -1), encode_array(self.elements(index))

    def at_once(self, request_of):
        """Every key's requests, spread over all connections as pipelines, sent at once."""
        requests = [b""] * len(self.clients)
        replies = [b""] * len(self.clients)
        for index in range(self.key_count):
            request, reply = request_of(index)
            requests[index % len(self.clients)] += request
            replies[index % len(self.clients)] += reply
        exchange(self.clients, requests, replies)

    def close(self):
        for client in self.clients:
            client.close()


def refuses_one_more(filled, watcher):
    """Of connections, keys, elements, and bytes in each."""
    outside = filled.server.client()
    assert outside.file.read() == b"-ERR max number of clients reached\r\n"
    outside.close()
    count = filled.config["key_count"]
    one_more = watcher.command("SET", b"", filled.value(0))
    if filled.everything_fits:
        assert one_more == Error(f"OOM map is full: all {count} keys (key_count) are in use"), (
            one_more)
    else:
        request, _ = filled.store_request(filled.key_count)
        assert one_more == "OK" or one_more.startswith("OOM blocks are full: "), one_more
        watcher.command("DEL", b"")
        watcher.send(request)
        error = watcher.reply()
        assert error.startswith("OOM blocks are full: "), error
        assert error.endswith(" free (store_bytes)"), error
        assert watcher.command("EXISTS", filled.key(filled.key_count)) == 0
    length = filled.config["list_length_max"]
    if length > 0:
        assert watcher.command("RPUSH", filled.key(0), "") == Error(
            f"ERR list of {length + 1} elements would exceed list_length_max ({length})")
    bytes_max = filled.config["val_size_max"]
    assert watcher.command("SET", filled.key(0), b"v" * (bytes_max + 1)) == Error(
        f"ERR value of {bytes_max + 1} bytes exceeds val_size_max ({bytes_max})") or (
            bytes_max < 128)
    bytes_max = filled.config["key_size_max"]
    error = watcher.command("GET", b"k" * (bytes_max + 1))
    assert error == Error(f"ERR key of {bytes_max + 1} bytes exceeds key_size_max ({bytes_max})")


def overwrites_when_full(filled, watcher):
    """With the same size, and a list by a full string; and a list's end by another element."""
    for index in range(min(filled.key_count, 50)):
        key, value = filled.key(index), filled.value(index)
        if filled.config["list_length_max"] > 0:
            assert watcher.command("RPOP", key) == value
            assert watcher.command("LPUSH", key, value) == filled.config["list_length_max"]
        else:
            assert watcher.command("SET", key, value[::-1]) == "OK"
            assert watcher.command("SET", key, value) == "OK"
    last = filled.key(filled.key_count - 1)
    assert watcher.command("SET", last, filled.value(0)) == "OK"
    assert watcher.command("GET", last) == filled.value(0)


def delete_everything(filled, watcher):
    """By every way there is."""
    for index in range(filled.key_count):
        key = filled.key(index)
        way = index % 4
        if watcher.command("TYPE", key) == "string" or way == 0:
            assert watcher.command("DEL", key) == 1
        elif way == 1:
            watcher.command("LPOP", key, filled.config["list_length_max"])
        elif way == 2:
            for _ in range(filled.config["list_length_max"]):
                assert watcher.command("RPOP", key) == filled.value(index)
    watcher.command("FLUSHALL" if filled.key_count > 3 else "PING")
    assert watcher.command("DBSIZE") == 0


def prove(flags):
    planned = plan(*flags)
    raise_file_limit(planned["config"]["connections_max"] + 64)
    with Kvd(*flags) as server, server.client() as watcher:
        before = watcher.used()
        filled = Filled(server, planned)
        assert filled.key_count > 0
        try:
            filled.at_once(filled.store_request)
            assert watcher.command("DBSIZE") == filled.key_count
            # Lists cannot grow: a pipeline of requests, executed and refused.
            filled.at_once(filled.read_request)
            refuses_one_more(filled, watcher)
            overwrites_when_full(filled, watcher)
            used = watcher.used()
            counts = {name: part["count"] for name, part in watcher.fields("part_").items()}
            if filled.everything_fits:
                assert used["entries"] == counts["entries"], (used, counts)
            assert used["connection_records"] == counts["connection_records"]
            delete_everything(filled, watcher)
        finally:
            filled.close()
        wait_until(lambda: watcher.info("clients")["connected_clients"] == "1", "all are gone")
        wait_until(lambda: watcher.used() == before, "every pool is full again")


def proof_the_default_config_holds_what_it_promises():
    """1000 clients, 1000 keys of 1024 bytes, each with 50 elements of 4096 bytes."""
    prove([])


def proof_every_other_kind_of_config_holds_what_it_promises():
    """Few buffers, small blocks, no lists, one of everything, and a store that is smaller than
    the worst case: there the guarantee says how much."""
    few = ["--request-buffers", "2", "--reply-buffers", "2", "--large-request-slots", "1",
           "--large-reply-slots", "1", "--request-buffer-bytes", "256", "--reply-buffer-bytes",
           "4096"]
    prove(["--connections", "50", "--keys", "100", *few])
    prove(["--connections", "20", "--keys", "300", "--list-max", "0", "--block", "32"])
    prove(["--connections", "20", "--keys", "50", "--block", "64", "--key-max", "61",
           "--value-max", "121", "--list-max", "99", *few])
    prove(["--connections", "2", "--keys", "1", "--list-max", "1"])
    prove(["--connections", "9", "--keys", "10", "--value-max", "1MiB", "--list-max", "3"])
    prove(["--connections", "9", "--keys", "200", "--store", "4MiB"])
    prove(["--connections", "9", "--keys", "200", "--store", "1MB", "--list-max", "0"])
    prove(["--connections", "9", "--keys", "20", "--list-max", "2000", "--value-max", "100",
           "--command-args-max", "500"])


if __name__ == "__main__":
    harness.main(globals())
