"""The wire: frames that are split, joined, inline, binary or broken."""

import time

import harness
from harness import Error, Kvd, encode, encode_bulk

FLAGS = ["--connections", "20", "--keys", "50", "--request-buffer-bytes", "256"]

# Every kind of frame, with bytes in it that look like frames.
SESSION = b"".join([
    encode("SET", b"\r\n$3\r\n", b"*1\r\n\x00\xff"), encode("GET", b"\r\n$3\r\n"),
    b"PING\r\n", b"\r\n", b"*0\r\n", b"set 'a b' \"c\\x00d\"\r\n", encode("GET", "a b"),
    encode("RPUSH", "l", "", "1", "22"), encode("LRANGE", "l", 0, -1),
    encode("SET", "k" * 1025, "v"), encode("DEL", "l", "a b"),
])
ANSWER = (
    b"+OK\r\n$6\r\n*1\r\n\x00\xff\r\n+PONG\r\n+OK\r\n"
    b"$3\r\nc\x00d\r\n:3\r\n*3\r\n$0\r\n\r\n$1\r\n1\r\n$2\r\n22\r\n"
    b"-ERR key of 1025 bytes exceeds key_size_max (1024)\r\n:2\r\n")


def read_exactly(client, count):
    data = client.file.read(count)
    assert len(data) == count, data
    return data


def proof_commands_may_be_split_at_every_byte():
    """In two packets at each place, and in packets of a single byte: the replies are the same
    bytes."""
    with Kvd(*FLAGS) as server:
        with server.client() as client:
            client.send(SESSION)
            assert read_exactly(client, len(ANSWER)) == ANSWER
        places = [*range(1, 260), *range(260, len(SESSION), 61)]
        for place in places:
            with server.client() as client:
                client.send(SESSION[:place])
                time.sleep(0.002)
                client.send(SESSION[place:])
                assert read_exactly(client, len(ANSWER)) == ANSWER, place
        with server.client() as client:
            for at in range(0, 400):
                client.send(SESSION[at:at + 1])
                time.sleep(0.0005)
            client.send(SESSION[400:])
            assert read_exactly(client, len(ANSWER)) == ANSWER


def proof_a_pipeline_of_100000_commands_is_answered_in_order():
    """Far more than fits in any buffer, in either direction."""
    count = 100000
    with Kvd(*FLAGS) as server, server.client() as client:
        data = b"".join(encode("ECHO", i) for i in range(count))
        replies = client.pipeline(data, count)
        assert replies == [b"%d" % i for i in range(count)]
        # Writes, too, with what they return.
        data = b"".join(encode("SET", i % 50, i) + encode("GET", i % 50) for i in range(20000))
        replies = client.pipeline(data, 40000)
        assert replies[0::2] == ["OK"] * 20000
        assert replies[1::2] == [b"%d" % i for i in range(20000)]


def proof_a_pipeline_of_the_largest_requests_and_replies_is_answered():
    """Large slots are taken and given back within one pipeline."""
    value = [b"v" * 4096] * 50
    with Kvd("--connections", "4", "--keys", "10", "--large-request-slots", "1",
             "--large-reply-slots", "1") as server, server.client() as client:
        one = encode("RPUSH", "l", *value) + encode("LRANGE", "l", 0, -1) + encode("DEL", "l")
        assert client.pipeline(one * 100, 300) == [50, value, 1] * 100
        used = client.used()
        assert (used["large_requests"], used["large_replies"]) == (0, 0), used


def proof_large_requests_and_replies_do_not_wait_for_delayed_acknowledgements():
    """With segments as large as the loopback's and socket buffers as small as planned, each
    large frame would wait 40 ms for the other side's acknowledgement: 200 of them 8 s."""
    value = [b"v" * 4096] * 50
    with Kvd("--connections", "4", "--keys", "10") as server, server.client() as client:
        begin = time.monotonic()
        for _ in range(100):
            assert client.command("RPUSH", "l", *value) == 50
            assert client.command("LPOP", "l", 50) == value
        seconds = time.monotonic() - begin
        assert seconds < 2, seconds


def proof_values_hold_any_byte():
    """All 256 bytes, in keys, values, elements, and back."""
    everything = bytes(range(256))
    with Kvd(*FLAGS) as server, server.client() as client:
        assert client.command("SET", everything, everything * 16) == "OK"
        assert client.command("GET", everything) == everything * 16
        assert client.command("RPUSH", "l", everything, b"", everything[::-1]) == 3
        assert client.command("LRANGE", "l", 0, -1) == [everything, b"", everything[::-1]]


def proof_what_is_not_the_protocol_closes_the_connection():
    """After an error with Redis's text; the commands before it are answered, those behind it
    are not executed."""
    broken = {
        b"*1\r\nX": "ERR Protocol error: expected '$', got 'X'",
        b"*abc\r\n": "ERR Protocol error: invalid multibulk length",
        b"*99999999\r\n": "ERR Protocol error: invalid multibulk length",
        b"*1\r\n$-5\r\n": "ERR Protocol error: invalid bulk length",
        b"*1\r\n$999999999999\r\n": "ERR Protocol error: invalid bulk length",
        b"set 'a\r\n": "ERR Protocol error: unbalanced quotes in request",
        b"a" * 70000: "ERR Protocol error: too big inline request",
        b"*" + b"1" * 70000: "ERR Protocol error: too big mbulk count string",
    }
    with Kvd(*FLAGS) as server, server.client() as other:
        for number, (data, error) in enumerate(broken.items(), 1):
            with server.client() as client:
                client.send(encode("SET", "before", number) + data)
                assert client.reply() == "OK", data[:20]
                assert client.reply() == Error(error), data[:20]
                assert client.is_closed(), data[:20]
            assert other.command("GET", "before") == b"%d" % number
            assert other.info("stats")["protocol_errors"] == str(number)
        with server.client() as client:
            client.send(b"*1\r\nX\r\n" + encode("SET", "behind", "1"))
            assert client.is_closed()
        assert other.command("EXISTS", "behind") == 0


def proof_quit_answers_what_came_before_it_and_closes():
    """The reply is OK; what comes behind it is dropped."""
    with Kvd(*FLAGS) as server, server.client() as other:
        with server.client() as client:
            client.send(encode("SET", "k", "1") + encode("QUIT") + encode("SET", "k", "2"))
            assert client.file.read() == b"+OK\r\n+OK\r\n"
        assert other.command("GET", "k") == b"1"


def proof_a_client_that_closes_its_side_gets_its_replies_first():
    """`printf … | nc` works: the end of the input is not the end of the output."""
    value = b"v" * 4096
    with Kvd(*FLAGS) as server, server.client() as client:
        assert client.command("SET", "k", value) == "OK"
        client.send(encode("GET", "k") * 200)
        client.socket.shutdown(1)
        assert client.file.read() == encode_bulk(value) * 200


def proof_rare_mistakes_are_answered_in_the_words_of_redis():
    """Numbers beyond their range, words too many, and what is longer than any reply may be."""
    mistakes = (
        (("CLIENT", "PAUSE", 1, "ALL", "x"),
         "ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP."),
        (("COPY", "a", "b", "DB", 1 << 40),
         "ERR value is out of range, value must between -2147483648 and 2147483647"),
        (("BLMOVE", "a", "b", "LEFT", "RIGHT", "1e400"), "ERR timeout is out of range"))
    with Kvd("--connections", "200", "--keys", "4", "--value-max", "10", "--list-max", "0",
             "--transaction-bytes", "1MiB") as server, server.client() as client:
        for words, error in mistakes:
            assert client.command(*words) == Error(error), words
        assert client.command("SET", "n", "-0") == "OK"
        assert client.command("INCRBYFLOAT", "n", "-0") == b"0"
        count = 20000
        assert client.command("MULTI") == "OK"
        replies = client.pipeline(encode("PING") * count, count)
        assert replies[0] == "QUEUED" and replies[-1] == Error(
            "ERR transaction has more commands than the largest reply has room for"), replies[-1]
        assert client.command("DISCARD") == "OK"
        others = [server.client() for _ in range(199)]
        for other in others:
            assert other.command("CLIENT", "SETNAME", "n" * 10) == "OK"
        assert client.command("CLIENT", "LIST").startswith("ERR "), client.command("CLIENT", "LIST")
        for other in others:
            other.close()


if __name__ == "__main__":
    harness.main(globals())
