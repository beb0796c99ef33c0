#!/usr/bin/python3
"""What kvplan render writes is read as its reader reads it, and has the plan's exact limits.

    render_test.py KVPLAN
"""

import configparser
import json
import pathlib
import subprocess
import sys
import tempfile

import yaml

PAGE = 4096
CONFIG = """
connections_max = 100
list_length_max = 0
[server]
port = 7000
"""
LOCKED = CONFIG + 'address = "0.0.0.0"\n[memory]\nlock = true\n'
EPOLL = CONFIG + 'io = "epoll"\n'
HUGE = CONFIG + '[memory]\nhuge_pages = "explicit"\n'


class Rendered:
    """One config in a directory of its own, and what is rendered from it."""

    def __init__(self, kvplan, directory, name, text):
        self.kvplan, self.directory, self.name = kvplan, directory, name
        (directory / name).write_text(text, encoding="utf-8")
        self.plan = json.loads(self.run("--config", name, "--format", "json"))
        self.limit = -(-self.plan["container_bytes"] // PAGE) * PAGE

    def run(self, *words, code=0):
        done = subprocess.run([self.kvplan, *words], cwd=self.directory, capture_output=True,
                              text=True, check=False)
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout if code == 0 else done.stderr

    def render(self, target, *words):
        return self.run("render", target, self.name, *words)

    def component(self, name):
        return next(c["bytes"] for c in self.plan["components"] if c["name"] == name)


def container_of(rendered, *words):
    manifest = yaml.safe_load(rendered.render("kubernetes", *words))
    assert manifest["kind"] == "Deployment"
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    return container


def check_kubernetes(plain, locked, huge):
    container = container_of(plain)
    exact = {"memory": str(plain.limit)}
    assert container["resources"] == {"limits": exact, "requests": exact}, container
    assert container["command"] == ["kvd", "--config", "/etc/kvd/plain.toml"]
    assert container["ports"] == [{"containerPort": 7000}]
    security = container["securityContext"]
    assert security["seccompProfile"] == {"type": "Unconfined"}
    assert "add" not in security["capabilities"]

    container = container_of(locked, "--seccomp", "kvd.json", "--image", "here/kvd:2")
    assert container["image"] == "here/kvd:2"
    security = container["securityContext"]
    assert security["seccompProfile"] == {"type": "Localhost", "localhostProfile": "kvd.json"}
    assert security["capabilities"]["add"] == ["IPC_LOCK"]

    limits = container_of(huge)["resources"]["limits"]
    assert limits["hugepages-2Mi"] == str(huge.plan["arena_bytes"])
    assert huge.plan["arena_bytes"] % (2 << 20) == 0


def check_compose(plain, locked):
    service = yaml.safe_load(plain.render("docker-compose"))["services"]["kvd"]
    assert service["mem_limit"] == service["memswap_limit"] == plain.limit
    # 100 clients, one that is told that there is no room, and 32 of kvd itself.
    assert service["ulimits"]["nofile"] == 133
    assert service["ulimits"]["memlock"] == plain.component("ring")
    assert service["security_opt"] == ["seccomp=unconfined"]
    assert "ports" not in service  # nobody outside reaches a loopback address
    service = yaml.safe_load(locked.render("docker-compose"))["services"]["kvd"]
    assert service["ulimits"]["memlock"] == locked.plan["arena_bytes"] + locked.component("ring")
    assert service["ports"] == ["7000:7000"]


def check_systemd(plain, locked):
    for rendered, wanted in ((plain, plain.component("ring")),
                             (locked, locked.plan["arena_bytes"] + locked.component("ring"))):
        unit = configparser.RawConfigParser(strict=True)
        unit.optionxform = str
        unit.read_string(rendered.render("systemd"))
        service = dict(unit["Service"])
        assert service["MemoryMax"] == str(rendered.limit)
        assert service["LimitNOFILE"] == "133"
        assert service["LimitMEMLOCK"] == str(wanted)
        assert service["ExecStart"] == f'/usr/bin/kvd --config "/etc/kvd/{rendered.name}"'
        assert service["RestartPreventExitStatus"] == "78"


def check_epoll(epoll):
    """What does not ask for io_uring needs no profile that allows it, and locks no queues."""
    assert epoll.component("ring") == 0
    text = epoll.render("systemd")
    assert "LimitMEMLOCK" not in text and "io_uring" not in text, text
    text = epoll.render("kubernetes")
    assert "{type: RuntimeDefault}" in text and "io_uring" not in text, text
    service = yaml.safe_load(epoll.render("docker-compose"))["services"]["kvd"]
    assert service["ulimits"]["memlock"] == 0 and "security_opt" not in service, service
    service = yaml.safe_load(epoll.render("docker-compose", "--seccomp", "x"))["services"]["kvd"]
    assert service["security_opt"] == ["seccomp=x"], service


def check_verification(rendered):
    """What was rendered holds the plan; a byte less does not."""
    for target, name in (("kubernetes", "a.yaml"), ("docker-compose", "b.yml"),
                         ("systemd", "kvd.service")):
        text = rendered.render(target)
        path = rendered.directory / name
        path.write_text(text, encoding="utf-8")
        told = rendered.run("check", "--manifest", name, rendered.name)
        spare = rendered.limit - rendered.plan["container_bytes"]
        assert f"may take {rendered.limit:,} bytes, {spare:,} more than the plan's" in told, told
        path.write_text(text.replace(str(rendered.limit), str(rendered.limit - 1)),
                        encoding="utf-8")
        told = rendered.run("check", "--manifest", name, rendered.name, code=1)
        assert "[manifest-limit]" in told and told.startswith(f"{name}:"), told
    rendered.run("check", "--manifest", "missing.yaml", rendered.name, code=2)


def check_names(kvplan, directory):
    """A file's name cannot become a key, a comment's end or a specifier."""
    name = "a %n $x \"b\"\\ : #c.toml"
    odd = Rendered(kvplan, directory, name, CONFIG)
    assert container_of(odd)["command"][2] == "/etc/kvd/" + name
    service = yaml.safe_load(odd.render("docker-compose"))["services"]["kvd"]
    assert service["command"][2] == "/etc/kvd/" + name
    assert '"/etc/kvd/a %%n $$x \\"b\\"\\\\ : #c.toml"' in odd.render("systemd")
    lines = Rendered(kvplan, directory, "a\nkind: X.toml", CONFIG)
    assert yaml.safe_load(lines.render("kubernetes"))["kind"] == "Deployment"


def main():
    kvplan = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        plain = Rendered(kvplan, directory, "plain.toml", CONFIG)
        locked = Rendered(kvplan, directory, "locked.toml", LOCKED)
        huge = Rendered(kvplan, directory, "huge.toml", HUGE)
        check_kubernetes(plain, locked, huge)
        check_compose(plain, locked)
        check_systemd(plain, locked)
        check_epoll(Rendered(kvplan, directory, "epoll.toml", EPOLL))
        check_verification(plain)
        check_names(kvplan, directory)


if __name__ == "__main__":
    main()
