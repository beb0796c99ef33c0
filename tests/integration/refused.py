"""A kernel that refuses: every step of the start that can fail does so here, by a filter that
answers one system call with an error, as containers and old kernels do."""

import collections
import ctypes
import errno
import os
import re
import tempfile

import harness
from harness import IO, Kvd, Skip, programs, run, wait_until

SMALL = ["--connections", "10", "--keys", "10"]
RING, EPOLL = ["--server-io", "io_uring"], ["--server-io", "epoll"]
SOCKET_FILE = f"/tmp/kvd-refused-{os.getpid()}.sock"
LARGE = ["--connections", "10", "--keys", "1000", "--value-max", "700000", "--list-max", "0"]
UNIX = ["--server-unix-socket", SOCKET_FILE]

# Source: seccomp.h.
ALLOW, ERRNO, EQUAL = 0x7fff0000, 0x00050000, 4

# Descriptors of a kvd that inherits none but 0, 1 and 2.
FIRST_LISTENER, SECOND_LISTENER = 3, 4
# With snapshots these come first.
DIRECTORY, CURRENT, NEXT = 3, 4, 5

# Source: linux/socket.h, fcntl.h, sys/epoll.h, sys/mman.h, linux/io_uring.h, linux/seccomp.h,
# linux/prctl.h.
AF_UNIX, AF_INET = 1, 2
SOL_SOCKET, SO_REUSEADDR = 1, 2
F_SETFL, EPOLL_CTL_ADD, EPOLL_CTL_MOD = 4, 1, 3
PROT_NONE, PROT_READ, PROT_WRITE, MADV_POPULATE_WRITE = 0, 1, 2, 23
MAP_OF_THE_ARENA = 0x4022  # private, anonymous, no reserve
REGISTER_RESTRICTIONS, REGISTER_PBUF_RING = 11, 22
SET_MODE_FILTER, GET_ACTION_AVAIL = 1, 2
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 4, 38, 47
RLIMIT_CORE = 4


class Condition(ctypes.Structure):
    """scmp_arg_cmp of seccomp.h: an argument by its index, and what it is."""
    _fields_ = [("index", ctypes.c_uint), ("how", ctypes.c_int),
                ("value", ctypes.c_uint64), ("unused", ctypes.c_uint64)]


def refusing(call, arguments, error):
    """For a child: the call is answered with the error, where the arguments are {index: value}."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    number = library.seccomp_syscall_resolve_name(call.encode())
    if number < 0:
        raise Skip(f"this architecture has no {call}")
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(ALLOW)))
    conditions = [Condition(index, EQUAL, value, 0) for index, value in arguments.items()]
    added = library.seccomp_rule_add_array(context, ctypes.c_uint32(ERRNO | error), number,
                                           len(conditions),
                                           (Condition * len(conditions))(*conditions))
    assert added == 0, (call, added)

    def apply():
        assert library.seccomp_load(context) == 0
    return apply


Refusal = collections.namedtuple("Refusal", "call arguments error flags said")

EMFILE, EINVAL, EPERM, ENOMEM = errno.EMFILE, errno.EINVAL, errno.EPERM, errno.ENOMEM
NO_SECCOMP = (r"the kernel refuses a seccomp filter \(Invalid argument\), and server.sandbox is "
              r"strict or log; .*")
REFUSALS = [
    Refusal("prlimit64", {1: RLIMIT_CORE}, EPERM, [], "cannot forbid core dumps: {}"),
    Refusal("prctl", {0: PR_SET_DUMPABLE}, EPERM, [], "cannot forbid core dumps: {}"),
    Refusal("mmap", {3: MAP_OF_THE_ARENA}, ENOMEM, [],
            r"cannot reserve \d+ bytes: {}; no limit of the process stands in the way, so .*"),
    Refusal("mprotect", {2: PROT_READ | PROT_WRITE}, ENOMEM, [],
            r"cannot make writable \d+ bytes: {}; vm\..*"),
    Refusal("mprotect", {2: PROT_NONE}, ENOMEM, [], r"cannot protect \d+ bytes: {}"),
    Refusal("mprotect", {1: 4096, 2: PROT_NONE}, ENOMEM, [], "cannot protect 4096 bytes: {}"),
    Refusal("munmap", {}, EINVAL, [], r"cannot give back \d+ bytes: {}"),
    Refusal("madvise", {2: MADV_POPULATE_WRITE}, errno.EFAULT, [],
            r"cannot populate \d+ bytes: {}"),
    Refusal("socket", {0: AF_INET}, EMFILE, [], r"cannot open a socket for 127.0.0.1:0: {}"),
    Refusal("setsockopt", {1: SOL_SOCKET, 2: SO_REUSEADDR}, EINVAL, [],
            r"cannot set the socket options of 127.0.0.1:0: {}"),
    Refusal("listen", {0: FIRST_LISTENER}, EPERM, [], r"cannot listen on 127.0.0.1:0: {}"),
    Refusal("socket", {0: AF_UNIX}, EMFILE, UNIX, r"cannot open a socket for SOCKET: {}"),
    Refusal("setsockopt", {0: SECOND_LISTENER}, EINVAL, UNIX,
            r"cannot set the socket options of SOCKET: {}"),
    Refusal("mprotect", {1: 4096, 2: PROT_READ}, ENOMEM, UNIX,
            r"cannot remember the path of SOCKET: {}"),
    Refusal("chmod", {}, EPERM, UNIX, r"cannot set the permissions of SOCKET: {}"),
    Refusal("listen", {0: SECOND_LISTENER}, EPERM, UNIX, r"cannot listen on SOCKET: {}"),
    Refusal("io_uring_setup", {}, EINVAL, RING,
            r"the kernel refuses io_uring: {}: it does not know the features that kvd uses; .*"),
    Refusal("io_uring_setup", {}, ENOMEM, RING,
            r"the kernel refuses io_uring: {}: the rings need \d+ bytes of locked memory and .*"),
    Refusal("io_uring_register", {1: REGISTER_PBUF_RING}, EINVAL, RING,
            r"the kernel refuses io_uring: {}: it does not know the features that kvd uses; .*"),
    Refusal("io_uring_register", {1: REGISTER_RESTRICTIONS}, EPERM, RING,
            r"the kernel refuses io_uring: the kernel refuses to restrict io_uring \({}\); .*"),
    Refusal("epoll_create1", {}, EMFILE, EPOLL, r"the kernel refuses epoll_create1 \({}\)"),
    Refusal("signalfd4", {}, EMFILE, EPOLL, r"the kernel refuses signalfd \({}\)"),
    Refusal("epoll_ctl", {}, ENOMEM, EPOLL, r"the kernel refuses epoll_ctl \({}\)"),
    Refusal("epoll_ctl", {1: EPOLL_CTL_ADD, 2: FIRST_LISTENER}, ENOMEM, EPOLL,
            r"the kernel refuses epoll_ctl \({}\)"),
    Refusal("fcntl", {0: FIRST_LISTENER, 1: F_SETFL}, EPERM, EPOLL,
            r"the kernel refuses O_NONBLOCK \({}\)"),
    Refusal("prctl", {0: PR_SET_NO_NEW_PRIVS}, EPERM, [], "cannot forbid new privileges: {}"),
    Refusal("prctl", {0: PR_CAP_AMBIENT}, EPERM, [],
            "cannot clear the ambient capabilities: {}"),
    Refusal("capset", {}, EPERM, [], "cannot drop the capabilities: {}"),
    Refusal("seccomp", {0: GET_ACTION_AVAIL}, EINVAL, [], NO_SECCOMP),
    Refusal("pipe2", {}, EMFILE, [], r"cannot build the sandbox \({}\)"),
    Refusal("seccomp", {0: SET_MODE_FILTER}, EINVAL, [], NO_SECCOMP),
]

EIO = errno.EIO
REFUSALS_OF_FILES = [
    Refusal("flock", {}, errno.EWOULDBLOCK, [],
            r"data.directory 'DATA' is in use by another server \({}\)"),
    Refusal("flock", {}, errno.ENOLCK, [], r"cannot lock data.directory 'DATA' \({}\)"),
    Refusal("pwrite64", {}, EIO, [], r"cannot write 'DATA/snapshot.kv.tmp' \({}\)"),
    Refusal("fsync", {}, EIO, [], r"cannot write 'DATA/snapshot.kv.tmp' \({}\)"),
    Refusal("fsync", {0: DIRECTORY}, EIO, [], r"cannot rename 'DATA/snapshot.kv.tmp' \({}\)"),
    Refusal("pread64", {0: CURRENT}, EIO, [],
            r"DATA/snapshot.kv: offset 0: it cannot be read \({}\)"),
    Refusal("fallocate", {0: CURRENT}, errno.ENOSPC, [],
            r"cannot reserve \d+ bytes for 'DATA/snapshot.kv' \({}\); the plan's section disk .*"),
    Refusal("fallocate", {0: NEXT}, errno.ENOSPC, [],
            r"cannot reserve \d+ bytes for 'DATA/snapshot.kv.next' \({}\); .*"),
    Refusal("renameat2", {}, EINVAL, [], r"the file system of 'DATA' cannot exchange two names "
            r"\(renameat2: {}\), which snapshots need"),
]


def proof_each_step_that_the_kernel_refuses_ends_the_start_and_is_named():
    """With 71, and nothing is left behind."""
    for row in REFUSALS:
        result = run(programs.kvd, *SMALL, "--port", "0", *harness.io_flags(row.flags), *row.flags,
                     preexec_fn=refusing(row.call, row.arguments, row.error))
        said = row.said.replace("SOCKET", SOCKET_FILE).format(os.strerror(row.error))
        assert result.returncode == 71, (row, result.returncode, result.stderr)
        assert re.fullmatch(f"kvd: error: {said}\n", result.stderr), (row, result.stderr)
        assert not os.path.exists(SOCKET_FILE), row


def saving(data):
    return ["--snapshot-enabled", "on", "--data-directory", data, "--snapshot-interval-ms", "0"]


def expect_refusal_of_files(row, data):
    result = run(programs.kvd, *SMALL, "--port", "0", *harness.IO_FLAGS, *saving(data),
                 preexec_fn=refusing(row.call, row.arguments, row.error))
    said = row.said.replace("DATA", data).format(os.strerror(row.error))
    assert result.returncode == 65, (row, result.returncode, result.stderr)
    assert re.fullmatch(f"kvd: error: {said}\n", result.stderr), (row, result.stderr)


def proof_each_step_with_the_files_that_is_refused_ends_the_start_and_is_named():
    """With 65; a disk that cannot be read is one of them."""
    for row in REFUSALS_OF_FILES:
        with tempfile.TemporaryDirectory(prefix="kvd-refused-") as data:
            expect_refusal_of_files(row, data)
    with tempfile.TemporaryDirectory(prefix="kvd-refused-") as data:
        with Kvd(*SMALL, *saving(data)):
            pass
        expect_refusal_of_files(Refusal("fsync", {0: DIRECTORY}, EIO, [],
                                        r"cannot sync data.directory 'DATA' \({}\)"), data)
    with tempfile.TemporaryDirectory(prefix="kvd-refused-") as data:
        with Kvd(*SMALL, "--store", "64MiB", *saving(data)):
            pass
        expect_refusal_of_files(Refusal("ftruncate", {}, EIO, [],
                                        r"cannot shorten 'DATA/snapshot.kv.next' \({}\)"), data)


def proof_where_no_space_can_be_reserved_the_start_says_so():
    with tempfile.TemporaryDirectory(prefix="kvd-refused-") as data:
        with Kvd(*SMALL, *saving(data), preexec=refusing("fallocate", {}, errno.EOPNOTSUPP)) as kvd:
            for name in ("snapshot.kv", "snapshot.kv.next"):
                assert f"the file system reserves no space for {data}/{name}\n" in kvd.report
            with kvd.client() as client:
                assert client.command("SAVE") == "OK"


def proof_a_snapshot_that_cannot_be_synced_leaves_the_last_one_and_says_so():
    """With epoll, since nothing refuses what a ring does."""
    failed = f"kvd: snapshot failed: {os.strerror(EIO)}; the last one stays\n"
    with tempfile.TemporaryDirectory(prefix="kvd-refused-") as data:
        server = Kvd(*SMALL, *EPOLL, *saving(data), preexec=refusing("fsync", {0: NEXT}, EIO))
        with server.client() as client:
            assert client.command("SET", "a", "1") == "OK"
            reply = client.command("SAVE")
            assert reply == ("ERR the snapshot failed: snapshot_last_errno in INFO persistence has "
                             "the reason"), reply
            state = client.info("persistence")
            assert state["rdb_last_bgsave_status"] == "err", state
            assert state["snapshot_last_errno"] == str(EIO), state
            assert state["snapshot_failures"] == "1", state
            assert state["rdb_changes_since_last_save"] == "1", state
            assert client.command("GET", "a") == b"1"
        # The one at the end fails as well.
        assert server.stop() == 74, server.errors
        assert server.errors == 2 * failed, server.errors
        with Kvd(*SMALL, *EPOLL, *saving(data)) as server, server.client() as client:
            assert client.command("DBSIZE") == 0


def serves(*flags, **options):
    """What INFO says of a server that is started so and does its work."""
    with Kvd(*SMALL, *flags, **options) as server, server.client() as client:
        assert client.command("SET", "k", "v" * 4096) == "OK"
        assert client.command("GET", "k") == b"v" * 4096
        return client.info("server")


def proof_pages_that_cannot_be_populated_at_once_are_touched():
    """As by Linux before 5.14."""
    serves(preexec=refusing("madvise", {2: MADV_POPULATE_WRITE}, EINVAL))


def proof_a_large_arena_is_populated_without_threads_where_there_are_none():
    """From 512 MiB on each processor would clear a share."""
    planned = harness.plan(*LARGE)["arena_bytes"]
    with Kvd(*LARGE, preexec=refusing("clone3", {}, errno.EAGAIN)) as server:
        assert server.arena_mapping(planned)[3] == planned


def proof_a_client_that_cannot_be_watched_is_closed():
    """By epoll, which then goes on with those that it has."""
    with Kvd(*SMALL, *EPOLL) as server, server.client() as client:
        pid = int(client.info("server")["process_id"])
        first = max(int(name) for name in os.listdir(f"/proc/{pid}/fd"))
    with Kvd(*SMALL, *EPOLL,
             preexec=refusing("epoll_ctl", {1: EPOLL_CTL_ADD, 2: first + 1}, ENOMEM)) as server:
        with server.client() as client:
            for _ in range(2):
                with server.client() as unwatched:
                    assert unwatched.is_closed()
            assert client.command("PING") == "PONG"
    # One that does not read is watched for room as well.
    with Kvd(*SMALL, *EPOLL,
             preexec=refusing("epoll_ctl", {1: EPOLL_CTL_MOD}, ENOMEM)) as server:
        with server.client() as client, server.client() as unwatched:
            assert client.command("SET", "k", "v" * 4096) == "OK"
            unwatched.send(harness.encode("GET", "k") * 2000)
            wait_until(lambda: client.info("clients")["connected_clients"] == "1", "it is closed")


def proof_a_ring_is_made_with_the_best_flags_that_the_kernel_knows():
    """In its own memory where it does not take the arena's, then without deferred task work; and
    where it cannot be restricted, epoll serves."""
    if IO != "auto":
        raise Skip("epoll was chosen")
    if run("strace", "-qq", "true").returncode != 0:
        raise Skip("ptrace is not permitted here")
    for refused, wanted, flags in (("1", "kernel", ["--server-sandbox", "off"]),
                                   ("1..2", "kernel", []), ("1..3", "none", [])):
        strace = ["strace", "-D", "-qq", "-o", os.devnull, "-e", "trace=io_uring_setup",
                  "-e", f"inject=io_uring_setup:error=EINVAL:when={refused}"]
        told = serves(*flags, wrapper=strace)
        assert told["ring_memory"] == wanted, (refused, told)
    told = serves(preexec=refusing("io_uring_register", {1: REGISTER_RESTRICTIONS}, EPERM))
    assert told["multiplexing_api"] == "epoll", told


if __name__ == "__main__":
    harness.main(globals())
