from __future__ import annotations

import os
import shlex
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from supervisor.options import ServerOptions

from etcd_ops.zone.configuration import MemberProgram, render_member, render_pod, render_supervisor
from etcd_ops.zone.environment import clean_environment
from etcd_ops.zone.paths import SOCKET_LIMIT, ZonePaths, socket_path, unusable

PART = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12).filter(
    lambda part: part not in (".", "..")
)


def parsed(root: Path, paths: ZonePaths, program: MemberProgram) -> ServerOptions:
    """What supervisord itself understands of the files."""
    paths.members.mkdir(parents=True)
    socket = root / "s.sock"
    paths.configuration.write_text(render_supervisor(paths, socket))
    paths.member_configuration(program.slot).write_text(render_member(program, paths))
    options = ServerOptions()
    options.realize(["-n", "-c", str(paths.configuration)])
    return options


def check(folder: Path) -> None:
    paths = ZonePaths(folder, "a")
    program = MemberProgram("m0", folder / "volumes" / "m0", "/opt/py thon/bin/python")
    options = parsed(folder, paths, program)
    assert options.pidfile == str(paths.supervisor_pid)
    assert options.logfile == str(paths.log)
    assert [server["file"] for server in options.server_configs] == [str(folder / "s.sock")]
    programs = {group.name: group.process_configs[0] for group in options.process_group_configs}
    assert sorted(programs) == ["agent-m0", "etcd-m0"]
    etcd, agent = programs["etcd-m0"], programs["agent-m0"]
    assert etcd.stdout_logfile == str(paths.member_log("m0"))
    assert agent.stdout_logfile == str(paths.agent_log("m0"))
    for each, module in ((etcd, "launch"), (agent, "agent_launch")):
        assert shlex.split(each.command) == [program.python, "-m", f"etcd_ops.runtime.{module}", str(program.volume)]
        assert each.directory == str(paths.directory)
    assert (etcd.exitcodes, etcd.startsecs, etcd.stopwaitsecs, etcd.stopasgroup) == ([0], 1, 30, False)
    assert etcd.priority < agent.priority, "agents stop first"


@given(part=PART)
def test_every_usable_path_reaches_supervisord_as_it_is(part: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / part
        if unusable(root):
            return
        root.mkdir()
        check(root)


@pytest.mark.parametrize("part", ["plain", "with space", "a;b#c", "ü", "$HOME", "(x)", "a=b"])
def test_usable(tmp_path: Path, part: str) -> None:
    root = tmp_path / part
    assert unusable(root) == ""
    root.mkdir()
    check(root)


@pytest.mark.parametrize("part", ["a ;b", "a #b", "a\nb", "a[b]", "a*", "%(here)s", "a'b", 'a"b', "a\\b"])
def test_unusable(tmp_path: Path, part: str) -> None:
    assert "choose another path" in unusable(tmp_path / part)


def test_a_relative_path_is_unusable() -> None:
    assert "not absolute" in unusable(Path("state"))


@given(root=PART, other=PART, zone=st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True), deep=PART)
def test_sockets_are_short_and_never_shared(root: str, other: str, zone: str, deep: str) -> None:
    temporary = Path("/tmp") / deep / (deep * 8)
    mine = socket_path(Path("/") / root, zone, temporary, 1000)
    assert len(os.fsencode(mine)) <= max(SOCKET_LIMIT, len("/tmp/etcd-1000-0123456789/.sock") + 63)
    assert mine != socket_path(Path("/") / root, zone + "x", temporary, 1000)
    assert mine != socket_path(Path("/") / root, zone, temporary, 1001)
    if root != other:
        assert mine != socket_path(Path("/") / other, zone, temporary, 1000)


def test_the_socket_of_a_made_zone_does_not_move(paths: ZonePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    before = paths.socket
    monkeypatch.setattr(tempfile, "tempdir", "/var/tmp")
    monkeypatch.setattr("etcd_ops.zone.paths.os.access", lambda *_: False)
    assert ZonePaths(paths.root, paths.zone).socket == before
    assert ZonePaths(paths.root, "other").socket.parent.parent == Path("/var/tmp")


def test_environment() -> None:
    starter = {
        "PATH": "/bin", "HOME": "/h", "TMPDIR": "/t", "LANG": "C", "ETCD_OPS_X": "1",
        "PULUMI_CONFIG_PASSPHRASE": "secret", "GRPC_VERBOSITY": "NONE", "ETCD_NAME": "x", "PYTHONPATH": "/p",
        "AWS_PROFILE": "p", "HTTPS_PROXY": "x", "https_proxy": "x", "SSH_AUTH_SOCK": "/s",
    }  # fmt: skip
    always = {"PATH", "HOME", "TMPDIR", "LANG", "ETCD_OPS_X"}
    assert set(clean_environment(starter, object_store=False)) == always
    assert set(clean_environment(starter, object_store=True)) == always | {"AWS_PROFILE", "HTTPS_PROXY", "https_proxy"}


def test_a_pod_keeps_etcd_and_shows_its_log(tmp_path: Path) -> None:
    program = MemberProgram("a-1", Path("/var/lib/etcd"), "/usr/bin/python3")
    (tmp_path / "supervisord.conf").write_text(render_pod(program, tmp_path))
    options = ServerOptions()
    options.realize(["-n", "-c", str(tmp_path / "supervisord.conf")])
    programs = {group.name: group.process_configs[0] for group in options.process_group_configs}
    assert sorted(programs) == ["etcd-a-1", "log"]
    etcd, log = programs["etcd-a-1"], programs["log"]
    assert shlex.split(etcd.command) == ["/usr/bin/python3", "-m", "etcd_ops.runtime.launch", "/var/lib/etcd"]
    assert (etcd.exitcodes, etcd.stopwaitsecs) == ([0], 30)
    assert shlex.split(log.command)[-1] == etcd.stdout_logfile
    assert (log.stdout_logfile, log.stdout_logfile_maxbytes) == ("/dev/fd/1", 0)
    assert options.server_configs[0]["file"] == str(tmp_path / "supervisor.sock")
