"""The launcher, run as a program, with real etcd."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.channel.connect import connect
from etcd_ops.channel.port import FORMATION
from etcd_ops.model.facts import Identity
from etcd_ops.model.status import Highest
from etcd_ops.runtime.known_incarnation import channel_incarnation
from etcd_ops.zone.process import look
from tests.runtime.member import MemberVolume, eventually, launcher, refused, start
from tests.volume.heads import CLUSTER, MEMBER, REAL

pytestmark = pytest.mark.etcd

Run = Callable[[MemberVolume], "subprocess.Popen[str]"]


def write_data(member: MemberVolume, head: bytes = REAL) -> None:
    folder = member.path / "data" / "member" / "wal"
    folder.mkdir(parents=True)
    (folder / "0000000000000000-0000000000000000.wal").write_bytes(head)


def restage(member: MemberVolume, **changes: object) -> None:
    member.stage(first_start=False, expected=member.identity, **changes)


def stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def record(incarnation: int) -> bytes:
    return json.dumps({"token": "t", "state": "formed", "founders": {}, "incarnation": incarnation}).encode()


class TestStarts:
    def test_first_start_and_every_later_one(self, member: MemberVolume, run: Run) -> None:
        launch = member.stage()
        first = run(member)
        assert member.put("key")
        asyncio.run(member.volume.mark_good())
        facts = member.facts()
        assert facts.launch == facts.good
        assert facts.launch is not None
        assert facts.launch.expected == facts.identity
        assert (facts.running_digest, facts.running_binary) == (launch.configuration_digest, launch.binary_sha256)
        stop(first)
        run(member)
        assert member.has("key")

    def test_the_process_is_etcd_itself(self, member: MemberVolume, run: Run) -> None:
        member.stage()
        process = run(member)
        found = look(process.pid)
        assert found is not None
        assert found.command[0] == str(member.etcd)
        note = json.loads((member.path / "member" / "running.json").read_text())
        assert note["pid"] == process.pid
        assert note["bootId"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()

    def test_a_first_start_that_was_cut_off_goes_on(self, member: MemberVolume, run: Run) -> None:
        """Its agent died before it could say that etcd became healthy."""
        member.stage()
        first = run(member)
        assert member.put("key")
        first.kill()
        first.wait()
        run(member)
        assert member.has("key")

    def test_etcd_sees_nothing_of_its_starter(
        self, member: MemberVolume, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ETCD_NAME", "other")
        monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        member.stage()
        process = run(member)
        environment = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
        names = {item.partition(b"=")[0] for item in environment}
        assert b"PATH" in names
        assert not any(name.startswith((b"ETCD_", b"PYTHON", b"SUPERVISOR_")) for name in names)

    def test_a_lost_configuration_file_is_written_again(self, member: MemberVolume, run: Run) -> None:
        launch = member.stage()
        file = member.path / "member" / f"etcd-{launch.configuration_digest[:12]}.yaml"
        file.write_text("name: other\n")
        run(member)
        assert file.read_text() == launch.configuration

    def test_started_where_that_cannot_be_noted(self, member: MemberVolume, run: Run) -> None:
        """As on a full disk: etcd may still have room in the files it made before."""
        member.stage()
        (member.path / "member" / "running.json").mkdir()
        run(member)

    def test_dies_with_its_parent(self, member: MemberVolume) -> None:
        """The parent is killed and can stop nothing: etcd ends at once all the same."""
        member.stage()
        code = "import subprocess, sys, time; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); time.sleep(600)"
        parent = subprocess.Popen(
            [sys.executable, "-c", code, *launcher(member.path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        eventually(member.healthy)
        parent.kill()
        parent.wait()
        eventually(lambda: look(pid) is None, within=5)
        parent.stdout.close()

    def test_an_orphan_does_not_start(self, member: MemberVolume) -> None:
        """Its supervisord died between forking it and its first instruction; here another program stands for it."""
        member.stage()
        process = start(member.path, SUPERVISOR_ENABLED="1")
        output, _ = process.communicate(timeout=20)
        assert process.returncode == 1
        assert "whatever started this has ended" in output


class TestRefusals:
    def test_no_launch(self, member: MemberVolume) -> None:
        assert refused(member.path) == "no launch is staged on this volume"

    def test_a_damaged_launch(self, member: MemberVolume) -> None:
        member.stage()
        (member.path / "member" / "launch.json").write_bytes(b"{")
        assert refused(member.path) == "no launch is staged on this volume"

    def test_no_marker(self, member: MemberVolume) -> None:
        member.stage()
        (member.path / "marker.json").unlink()
        assert "no identity marker" in refused(member.path)

    def test_lost_data(self, member: MemberVolume) -> None:
        member.stage(first_start=False, expected=Identity(1, 2))
        assert "the data is lost" in refused(member.path)

    def test_data_of_another_cluster(self, member: MemberVolume) -> None:
        write_data(member)
        member.stage(first_start=False, expected=Identity(1, 2))
        assert f"the data is of member {MEMBER:x} of cluster {CLUSTER:x}" in refused(member.path)

    def test_unreadable_data(self, member: MemberVolume) -> None:
        write_data(member, REAL[:40])
        member.stage()
        assert "neither started nor wiped" in refused(member.path)
        assert (member.path / "data" / "member" / "wal").is_dir()

    def test_fenced(self, member: MemberVolume) -> None:
        member.stage()
        member.remember(fence=2)
        assert "incarnation 1 is fenced" in refused(member.path)

    def test_an_incarnation_that_the_agent_has_seen(self, member: MemberVolume) -> None:
        member.stage()
        member.remember(highest=Highest(incarnation=2))
        assert "older than 2, which this volume knows of" in refused(member.path)
        member.remember(formation=record(3))
        assert "older than 3, which this volume knows of" in refused(member.path)

    def test_damaged_memory(self, member: MemberVolume) -> None:
        member.stage()
        member.remember(fence=2)
        memory = member.path / "agent" / "memory.json"
        memory.write_bytes(memory.read_bytes()[:60])
        assert "a fence on this volume is unknown" in refused(member.path)

    def test_no_program(self, member: MemberVolume) -> None:
        member.stage(binary_sha256="0" * 64)
        assert "is not cached on this volume" in refused(member.path)

    def test_a_newer_incarnation_in_the_channel(self, member: MemberVolume, tmp_path: Path) -> None:
        member.stage()
        member.channel({"kind": "directory", "directory": str(tmp_path)})
        (tmp_path / "formation.json").write_bytes(record(2))
        assert "older than 2 in the channel" in refused(member.path)

    def test_data_that_was_lost_after_it_had_been_there(self, member: MemberVolume, run: Run) -> None:
        """A first start is spent once data was seen, even before any agent said that etcd is healthy."""
        member.stage()
        for _ in range(2):
            stop(run(member))
        (member.path / "data").rename(member.path / "elsewhere")
        assert "the data is lost" in refused(member.path)
        member.stage()
        run(member)


class TestChannel:
    @pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", record(1)])
    def test_started_where_it_says_nothing_newer(
        self, member: MemberVolume, run: Run, tmp_path: Path, content: bytes | None
    ) -> None:
        member.stage()
        member.channel({"kind": "directory", "directory": str(tmp_path)})
        if content is not None:
            (tmp_path / "formation.json").write_bytes(content)
        run(member)

    def test_started_where_it_hangs(self, member: MemberVolume, run: Run, tmp_path: Path) -> None:
        """Opening a FIFO that nobody writes to waits for ever, as a dead network file system does."""
        os.mkfifo(tmp_path / "formation.json")
        member.stage()
        member.channel({"kind": "directory", "directory": str(tmp_path)})
        begun = time.monotonic()
        run(member)
        assert 1.9 < time.monotonic() - begun < 10

    def test_started_where_an_object_store_hangs(self, member: MemberVolume, run: Run) -> None:
        """The store accepts connections and never answers."""
        with socket.create_server((member.address, 0)) as server:
            endpoint = f"http://{member.address}:{server.getsockname()[1]}"
            member.stage()
            member.channel({"kind": "s3", "bucket": "bucket", "region": "us-east-1", "endpointUrl": endpoint})
            begun = time.monotonic()
            run(member)
            assert time.monotonic() - begun < 10

    def test_an_object_store_is_asked(self, member: MemberVolume, object_store: dict[str, Any]) -> None:
        """Within a time that does not depend on how busy this machine is; the launcher's own is shorter."""
        member.channel(object_store)
        config = member.path / "agent" / "agent-config.json"
        assert channel_incarnation(config, seconds=60) is None
        asyncio.run(connect(object_store).create(FORMATION, record(4)))
        assert channel_incarnation(config, seconds=60) == 4


class TestForcing:
    def test_one_start_makes_a_cluster_of_the_survivor(self, member: MemberVolume, run: Run) -> None:
        """A member of a cluster whose other two members never come back."""
        survivor = lonely_survivor(member, run)
        member.stage(first_start=False, expected=survivor, incarnation=2, force_new_cluster=True)
        process = run(member)
        assert member.put("after")
        assert member.has("before")
        assert member.identity == survivor
        assert member.members() == ["m0"]
        facts = member.facts()
        assert facts.launch is not None
        assert not facts.launch.force_new_cluster

        # Another address than before: etcd makes IDs of the address and the second, and remembers removed ones.
        member.get("/v3/cluster/member/add", {"peerURLs": ["http://127.45.0.8:2"], "isLearner": True})
        assert len(member.members()) == 2
        stop(process)
        run(member)
        assert len(member.members()) == 2, "the second start must not throw members out again"

    def test_the_shot_is_used_even_where_the_start_failed(self, member: MemberVolume, run: Run) -> None:
        member.stage()
        stop(run(member))
        restage(member, force_new_cluster=True, settings={"listen-client-urls": "http://203.0.113.1:1"})
        failed = start(member.path)
        output, _ = failed.communicate(timeout=20)
        assert failed.returncode == 1
        assert "forcing a new cluster" in output
        launch = member.facts().launch
        assert launch is not None
        assert not launch.force_new_cluster
        restage(member, force_new_cluster=True)
        run(member)
        assert not (member.path / "member" / "etcd-forced.yaml").read_text().startswith("{")

    def test_nothing_is_forced_where_that_cannot_be_noted(self, member: MemberVolume, run: Run) -> None:
        member.stage()
        stop(run(member))
        restage(member, force_new_cluster=True)
        (member.path / "member" / "spent.json").unlink(missing_ok=True)
        (member.path / "member" / "spent.json").mkdir()
        failed = start(member.path)
        output, _ = failed.communicate(timeout=20)
        assert failed.returncode == 1
        assert "failed:" in output
        assert "starting etcd" not in output


def lonely_survivor(member: MemberVolume, run: Run) -> Identity:
    """A member with data that believes in two voters more, and so has no quorum."""
    member.stage()
    process = run(member)
    assert member.put("before")
    member.get("/v3/cluster/member/add", {"peerURLs": ["http://127.45.0.8:1"]})
    assert len(member.members()) == 2
    stop(process)
    return member.identity


def test_loads_nothing_but_the_standard_library() -> None:
    """It runs at every start of etcd, and must start where the project's dependencies are damaged."""
    code = (
        "import sys; before = set(sys.modules); import etcd_ops.runtime.launch; "
        "print(*[name for name in set(sys.modules) - before "
        "if name.partition('.')[0] not in sys.stdlib_module_names and not name.startswith('etcd_ops')])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.split() == []


def test_starts_quickly(member: MemberVolume) -> None:
    """Against the bare interpreter, so that a slow machine does not matter."""

    def seconds(*command: str) -> float:
        begun = time.monotonic()
        subprocess.run(command, capture_output=True, check=False)
        return time.monotonic() - begun

    bare = min(seconds(sys.executable, "-c", "pass") for _ in range(5))
    whole = min(seconds(*launcher(member.path)) for _ in range(5))
    assert whole < 12 * bare
