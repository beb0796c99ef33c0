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
DATA = CONFIG + '[snapshot]\nenabled = {}\n[data]\ndirectory = "{}"\n'
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


def unit_of(rendered):
    unit = configparser.RawConfigParser(strict=True)
    unit.optionxform = str
    unit.read_string(rendered.render("systemd"))
    return unit


def check_systemd(plain, locked):
    for rendered, wanted in ((plain, plain.component("ring")),
                             (locked, locked.plan["arena_bytes"] + locked.component("ring"))):
        service = dict(unit_of(rendered)["Service"])
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


class Kept(Rendered):
    """With snapshots, in this data.directory."""

    def __init__(self, kvplan, directory, place, enabled="true"):
        super().__init__(kvplan, directory, "kept.toml", DATA.format(enabled, place))
        # 30 s, and the time of the whole disk at 10 MiB/s.
        self.stop_seconds = 30 + -(-self.plan["disk_bytes"] // (10 << 20))

    def comments(self, target):
        return [line.strip() for line in self.render(target).splitlines()
                if line.strip().startswith("# data.directory")]


def check_unit_data(kept):
    """systemd makes what is below /var/lib; anything else has an owner that stays."""
    def service_of(place):
        rendered = kept(place)
        unit = unit_of(rendered)
        service = dict(unit["Service"])
        assert service["RestartPreventExitStatus"] == "65 74 78", service
        assert service["TimeoutStopSec"] == str(rendered.stop_seconds), service
        assert service["ProtectSystem"] == "strict" and service["ProtectHome"] == "yes", service
        return service, unit["Unit"].get("RequiresMountsFor"), rendered.comments("systemd")

    for place, state in (("/var/lib/kvd", "kvd"), ("/var/lib//a/./b c/", "a/b c"),
                         ("/var/lib/50%", "50%%")):
        service, mounts, comments = service_of(place)
        assert service["StateDirectory"] == f'"{state}"', service
        assert service["StateDirectoryMode"] == "0700" and service["DynamicUser"] == "yes", service
        assert "ReadWritePaths" not in service and "WorkingDirectory" not in service, service
        assert mounts == f'"/var/lib/{state}"' and not comments, (mounts, comments)
    for place, state in ((".", "kvd"), ("data/", "kvd/data")):
        service, _, comments = service_of(place)
        assert service["StateDirectory"] == f'"{state}"', service
        assert service["WorkingDirectory"] == "/var/lib/kvd", service
        assert len(comments) == 1 and "from the working directory on" in comments[0], comments
    for place in ("/srv/kvd", "/var/library"):
        service, mounts, comments = service_of(place)
        assert service["ReadWritePaths"] == mounts == f'"{place}"', (service, mounts)
        assert service["User"] == "kvd" and "DynamicUser" not in service, service
        assert len(comments) == 1 and "outside of /var/lib" in comments[0], comments
    for place in ("/", "/var", "/var/lib", "/etc/kvd", "/home", "/tmp", "/run/kvd", "../a",
                  "/var/lib/../x", "/var/lib/a:b", "/srv/it's"):
        service, mounts, comments = service_of(place)
        assert not {"StateDirectory", "ReadWritePaths", "User"} & set(service), (place, service)
        assert mounts is None and len(comments) == 1 and ", which " in comments[0], comments


def check_container_data(kept):
    """A volume where data.directory is, one server at a time, and the time to save."""
    def both(place):
        rendered = kept(place)
        objects = list(yaml.safe_load_all(rendered.render("kubernetes")))
        deployment = objects[0]["spec"]
        pod = deployment["template"]["spec"]
        assert deployment["strategy"] == {"type": "Recreate"}, deployment
        assert pod["terminationGracePeriodSeconds"] == rendered.stop_seconds, pod
        compose = yaml.safe_load(rendered.render("docker-compose"))
        service = compose["services"]["kvd"]
        assert service["stop_grace_period"] == f"{rendered.stop_seconds}s", service
        return rendered, objects[1:], pod, compose

    for place, where, works_in in (("/data", "/data", None), (".", "/var/lib/kvd", "/var/lib/kvd"),
                                   ("a//b", "/var/lib/kvd/a/b", "/var/lib/kvd"),
                                   ("/home/$x", "/home/$x", None)):
        rendered, (claim,), pod, compose = both(place)
        assert claim["kind"] == "PersistentVolumeClaim", claim
        storage = int(claim["spec"]["resources"]["requests"]["storage"])
        disk = rendered.plan["disk_bytes"]
        assert storage == disk + max(disk // 10, 64 << 20), (storage, disk)
        (container,) = pod["containers"]
        assert container["volumeMounts"][1] == {"name": "data", "mountPath": where}, container
        assert pod["volumes"][1] == {"name": "data", "persistentVolumeClaim":
                                     {"claimName": claim["metadata"]["name"]}}, pod
        assert pod["securityContext"]["fsGroup"] > 0, pod
        assert container.get("workingDir") == works_in, container
        service = compose["services"]["kvd"]
        assert compose["volumes"] == {"data": {}}, compose
        assert service["volumes"] == [{"type": "volume", "source": "data",
                                       "target": where.replace("$", "$$")}], service
        assert service.get("working_dir") == works_in, service
    for place in ("/", "/etc/kvd", "/usr/data", "a/../b", "/a:b"):
        rendered, claims, pod, compose = both(place)
        assert not claims and len(pod["volumes"]) == 1 and "volumes" not in compose, place
        assert "volumes" not in compose["services"]["kvd"], compose
        for target in ("kubernetes", "docker-compose"):
            assert len(rendered.comments(target)) == 1, (place, target)


def check_data(kvplan, directory):
    def kept(place):
        return Kept(kvplan, directory, place)

    check_unit_data(kept)
    check_container_data(kept)
    check_verification(kept("."))
    # Without snapshots data.directory is not looked at.
    for target in ("systemd", "kubernetes", "docker-compose"):
        off = [Kept(kvplan, directory, place, "false").render(target)
               for place in ("/tmp", "/data", ".")]
        assert off[0] == off[1] == off[2], off
        plain = Rendered(kvplan, directory, "kept.toml", CONFIG).render(target)
        assert off[0] == plain, off[0]


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
        check_data(kvplan, directory)


if __name__ == "__main__":
    main()
