"""kvd repl: the prompt, on a terminal and on piped input."""

import os
import select
import signal
import subprocess
import tempfile

import harness
from harness import Kvd, programs
from terminal import Terminal

SMALL = ["--connections", "4", "--keys", "4", "--key-max", "20", "--value-max", "100",
         "--list-max", "3", "--block", "32"]


def piped(text, *flags):
    return subprocess.run([programs.kvd, "repl", *SMALL, *flags], input=text, text=True,
                          capture_output=True, check=False, timeout=60)


def expect(typed, printed, *flags):
    result = piped(typed, *flags)
    assert result.stdout == printed, result.stdout
    assert result.stderr == "", result.stderr
    assert result.returncode == 0, result.returncode


def proof_the_words_of_the_tutorial_work_on_piped_input():
    """Replies as redis-cli prints them, no prompt, and what follows `quit` is not read."""
    expect('put a "hello world"\nget a\ncount\ndel a b\nget a\n\nquit\nput b 1\n',
           'OK\n"hello world"\n(integer) 1\n(integer) 1\n(nil)\n')


def proof_errors_on_piped_input_go_on_and_the_exit_code_is_0():
    expect('get\nget "a\nRPUSH l a b c d\nput k 1\nLLEN k\nget k',
           "(error) ERR wrong number of arguments for 'get' command\n"
           "Invalid argument(s)\n"
           "(error) ERR list of 4 elements would exceed list_length_max (3)\n"
           "OK\n"
           "(error) WRONGTYPE Operation against a key holding the wrong kind of value\n"
           '"1"\n')


def proof_the_prompt_asks_for_no_password_and_ends_with_shutdown():
    expect("put k v\nget k\nSHUTDOWN\nget k\n", 'OK\n"v"\n', "--server-password", "p")


def proof_the_prompt_refuses_what_the_server_refuses_with_the_same_exit_code():
    """The config is checked, and then carved and verified, as for serving."""
    result = piped("count\n", "--keys", "0")
    assert result.returncode == 78, result
    assert "key_count" in result.stderr and result.stdout == "", result
    result = subprocess.run([programs.kvd_unplanned, "repl", *SMALL], input="count\n", text=True,
                            capture_output=True, check=False, timeout=60)
    assert result.returncode == 78, result
    assert "sessions: planned" in result.stderr and result.stdout == "", result


def proof_a_config_can_be_tried_to_its_limit_on_piped_input():
    """Three keys fit and a fourth does not; a value beyond the limit is refused."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write('connections_max = 2\nkey_count = 3\nval_size_max = 5\n')
        file.flush()
        typed = "put k longer\n" + "".join(f"put k{i} v\n" for i in range(4)) + "count\n"
        result = subprocess.run([programs.kvd, "repl", "--config", file.name], input=typed,
                                text=True, capture_output=True, check=True, timeout=60)
    assert result.stdout == (
        "(error) ERR value of 6 bytes exceeds val_size_max (5)\n" + "OK\n" * 3 +
        "(error) OOM map is full: all 3 keys (key_count) are in use\n(integer) 3\n"), result


def proof_stats_shows_what_each_component_holds_of_its_plan():
    """3 keys of 1 byte; values of 1 and 30 bytes, in a block of 32 with their keys, and a list of
    2 elements of 1 byte: 36 bytes in 1 + 1 + 3 blocks. The plan has 4 × (1 + 3 × 4) blocks."""
    output = piped(f"put a 1\nput b {'x' * 30}\nRPUSH l x y\nstats\n").stdout
    lines = output.split("(integer) 2\n")[1].split("\n")
    assert lines[0] == "entries     3 of 4", lines
    assert lines[1] == "data bytes  36 in 5 of 52 blocks", lines
    assert lines[2] == "capacity    1,664 bytes", lines
    assert lines[3] == "load        75.00 % of the keys, 9.61 % of the blocks", lines
    table = {line[2:14].strip(): line[14:].split() for line in lines[5:] if line}
    assert table["blocks"][:2] == ["1,664", "160"], table
    planned = {component["name"].replace("_", " "): f"{component['bytes']:,}"
               for component in harness.plan(*SMALL)["components"]}
    for name, bytes_planned in planned.items():
        assert table[name][0] == bytes_planned, (name, table)


def proof_the_prompt_prints_what_redis_cli_prints():
    """The same lines to both, the second over the network: the same text but for the lines
    that only one of them has."""
    lines = ['SET a "q\\"\\x00\\xffz\\t"', "GET a", "MGET a nosuch b", "RPUSH l one two three",
             "LRANGE l 0 -1", "LPOP l 2", "LLEN a", "GET", "nonsense a b", "COMMAND INFO get set",
             "DBSIZE", "TYPE l", "COMMAND COUNT", "HELLO 2 nonsense", "COMMAND GETKEYS GET a",
             "GET 'single \\' quoted'", "ECHO ''", "LRANGE l 5 9", "CONFIG GET list-*"]
    text = "".join(line + "\n" for line in lines)
    with Kvd(*SMALL) as server:
        cli = subprocess.run(["redis-cli", "--no-raw", "-p", str(server.port)], input=text,
                             text=True, capture_output=True, check=True, timeout=60)
    expect(text, cli.stdout.replace("\n\n", "\n"))


def proof_replies_of_every_kind_are_printed_as_redis_cli_prints_them():
    """Both protocols: escapes, texts, maps, doubles and what is empty; and no reply where none was
    asked for."""
    expect('put b "\\n\\r\\t\\a\\b\\\\\\x01\\""\nget b\nINFO cluster\nMGET nosuch\n'
           'LRANGE nosuch 0 1\nEXEC\nRESET\n',
           'OK\n"\\n\\r\\t\\a\\b\\\\\\x01\\""\n# Cluster\ncluster_enabled:0\n1) (nil)\n'
           "(empty array)\n(error) ERR EXEC without MULTI\nRESET\n")
    output = piped("HELLO 3\nget nosuch\nCONFIG GET maxclients\nCONFIG GET nosuch\nINFO cluster\n"
                   "multi\nINFO cluster\nstats\nexec\nMEMORY STATS\n").stdout
    assert piped("MEMORY DOCTOR\n").stdout.startswith("Sam, all memory was taken at the start: ")
    lines = output.split("\n")
    assert lines[0] == '1# "server" => "redis"' and lines[2] == '3# "proto" => (integer) 3', lines
    assert "\n(nil)\n1# \"maxclients\" => \"4\"\n(empty hash)\n# Cluster\n" in output, output
    assert ("\nOK\nQUEUED\n(error) stats asks for INFO, which a transaction would queue\n"
            "1) # Cluster\ncluster_enabled:0\n") in output, output
    assert '"dataset.percentage" => (double) 0' in output, output
    expect("CLIENT REPLY OFF\nput a 1\nCLIENT REPLY ON\nget a\nCLIENT REPLY SKIP\nput a 2\nget a\n",
           'OK\n"1"\n"2"\n')


def proof_an_interrupt_ends_a_command_that_waits_and_not_the_prompt():
    with subprocess.Popen([programs.kvd, "repl", *SMALL], stdin=subprocess.PIPE, text=True,
                          stdout=subprocess.PIPE) as prompt:
        print("put a 1", flush=True, file=prompt.stdin)
        assert prompt.stdout.readline() == "OK\n"
        print("BLPOP nosuch 0\nget a", flush=True, file=prompt.stdin)
        while not select.select([prompt.stdout], [], [], 0.1)[0]:
            prompt.send_signal(signal.SIGINT)
        output, _ = prompt.communicate(timeout=20)
    assert output == '"1"\n' and prompt.returncode == 0, (output, prompt.returncode)


def proof_lines_can_be_edited_completed_and_recalled_on_a_terminal():
    """Tab, the arrows, Ctrl-A, Ctrl-C and Ctrl-D, and history from one time to the next."""
    with tempfile.TemporaryDirectory() as folder:
        history = os.path.join(folder, "history")
        command = [programs.kvd, "repl", *SMALL, "--history", history]
        with Terminal(*command) as terminal:
            assert "no network" in terminal.wait_for("kvd> ")
            terminal.type("put a 1\n")
            terminal.wait_for("OK\r\nkvd> ")
            terminal.type("MG\t a b\n")
            terminal.wait_for('1) "1"\r\n2) (nil)\r\nkvd> ')
            terminal.type("\x1b[A\x1b[A\x05\x7f2\n")  # the line before the last, 1 made 2
            terminal.wait_for("OK\r\nkvd> ")
            terminal.type("a\x01get \n")
            terminal.wait_for('"2"\r\nkvd> ')
            terminal.type("FLUSHALL\x03")
            terminal.wait_for("kvd> ")
            terminal.type("coun\t\n")
            terminal.wait_for("(integer) 1\r\nkvd> ")
            terminal.type("\x04")
            assert terminal.end() == 0
        with Terminal(*command) as terminal:
            terminal.wait_for("kvd> ")
            terminal.type("\x1b[A\n")
            terminal.wait_for("(integer) 0\r\nkvd> ")
            terminal.type("exit\n")
            assert terminal.end() == 0


if __name__ == "__main__":
    harness.main(globals())
