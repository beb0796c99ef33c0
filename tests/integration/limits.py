"""A limit of the machine below the container figure ends the start, with what is missing and with
one option that fits."""

import os
import re
import resource

import cgroup
import harness
from harness import plan


def words(flags):
    return [word for pair in flags.items() for word in pair]


def refused(flags, limit_name, **options):
    """kvd must not start with these limits. Returns the bytes that it needs, and the flags with the
    option that it names."""
    result = harness.run(harness.programs.kvd, *harness.IO_FLAGS, *words(flags),
                         "--check", **options)
    assert (result.returncode, result.stdout) == (71, ""), result
    found = re.fullmatch(
        rf"kvd: error: {limit_name} is ([\d,]+) bytes and ([\d,]+) are needed, ([\d,]+) more; "
        r"raise it .*; or lower (\S+) to (\d+) \(instead of [\d,]+\): .*\n", result.stderr)
    assert found, result.stderr
    limit, needed, missing = (int(found.group(i).replace(",", "")) for i in (1, 2, 3))
    assert needed == limit + missing, result.stderr
    return needed, {**flags, "--" + re.sub("[._]", "-", found.group(4)): found.group(5)}


def expect_start(flags, **options):
    result = harness.run(harness.programs.kvd, *harness.IO_FLAGS, *words(flags),
                         "--check", **options)
    assert (result.returncode, result.stderr) == (0, ""), result


def proof_a_control_group_that_is_too_small_is_refused_with_an_option_that_fits():
    """The limit is that of a group above; a byte too little counts. What is named fits, and so does
    the figure itself."""
    flags = {"--connections-max": "20", "--key-count": "100"}
    figure = plan(*words(flags))["container_bytes"]
    limit = figure // cgroup.PAGE * cgroup.PAGE - cgroup.PAGE
    with cgroup.Group("kvd-outer") as outer:
        inner = f"{outer.path}/inner"
        os.mkdir(inner)

        def enter():
            cgroup.write(f"{inner}/cgroup.procs", 0)
        try:
            outer.limit(limit)
            name = rf"the memory limit of the control group \({re.escape(outer.path)}/memory\.\S+\)"
            needed, edit = refused(flags, name, preexec_fn=enter)
            assert needed == figure, (needed, figure)
            expect_start(edit, preexec_fn=enter)
            outer.limit(limit + 2 * cgroup.PAGE)
            expect_start(flags, preexec_fn=enter)
        finally:
            os.rmdir(inner)


def proof_limits_of_the_process_that_are_too_low_are_refused_with_an_option_that_fits():
    """RLIMIT_AS and RLIMIT_DATA. With the option that is named kvd starts, and with the limit."""
    flags = {"--connections-max": "100", "--key-count": "1000"}
    low = plan(*words(flags))["arena_bytes"]
    for kind, name in ((resource.RLIMIT_AS, "RLIMIT_AS"), (resource.RLIMIT_DATA, "RLIMIT_DATA")):
        def limit_to(count, kind=kind):
            return lambda: resource.setrlimit(kind, (count, count))
        needed, edit = refused(flags, name, preexec_fn=limit_to(low))
        expect_start(edit, preexec_fn=limit_to(low))
        expect_start(flags, preexec_fn=limit_to(needed))


if __name__ == "__main__":
    harness.main(globals())
