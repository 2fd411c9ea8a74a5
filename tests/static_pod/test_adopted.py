"""kubeadm's etcd is taken over: first what its kubelet runs it from, then it, then its data, which are never copied."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.model.facts import Outside
from etcd_ops.programs import etcd
from etcd_ops.runtime.port import RuntimeUnavailable
from etcd_ops.static_pod import adopted as adopting
from etcd_ops.static_pod.adopted import AdoptedStaticPod
from etcd_ops.volume import data as volume_data
from etcd_ops.volume import outside as outside_module
from etcd_ops.volume.directory import DirectoryVolume
from etcd_ops.volume.layout import VolumeLayout
from tests.runtime.member import eventually
from tests.volume.heads import CLUSTER, MEMBER, REAL

MANIFEST = "kind: Pod\n"
VOLUME = "kube-system.control-plane/a-1"
LOG = "0000000000000000-0000000000000000.wal"


class Node:
    """The folders of one control plane node."""

    def __init__(self, root: Path) -> None:
        self.data, self.manifest = root / "etcd", root / "manifests" / "etcd.yaml"
        self.layout = VolumeLayout(self.data / VOLUME)
        for folder in (self.manifest.parent, self.layout.root):
            folder.mkdir(parents=True)
        self.manifest.write_text(MANIFEST)

    def fill(self) -> None:
        """What looks like a member's data."""
        for folder, name, content in (("wal", LOG, REAL), ("snap", "db", b"all of it")):
            (self.data / "member" / folder).mkdir(parents=True)
            (self.data / "member" / folder / name).write_bytes(content)

    def agent(self) -> AdoptedStaticPod:
        """Of an agent that was just started."""
        return AdoptedStaticPod({"manifest": str(self.manifest), "data": str(self.data), "volume": VOLUME})

    def end(self, seconds: float = 0.0) -> None:
        asyncio.run(self.agent().end(seconds))

    def outside(self) -> Outside | None:
        volume = DirectoryVolume(self.layout.root, "a-1", "control-plane", outside=self.agent().outside)
        facts = asyncio.run(volume.facts())
        assert facts.has_data
        assert facts.identity is not None
        assert (facts.identity.cluster_id, facts.identity.member_id) == (CLUSTER, MEMBER)
        return facts.outside

    def places(self) -> list[Path]:
        """Data-dirs that have the data: one, whatever happens."""
        candidates = (self.data, self.layout.taking, self.layout.data)
        return [each for each in candidates if (each / "member" / "snap" / "db").is_file()]


@pytest.fixture
def node(tmp_path: Path) -> Node:
    made = Node(tmp_path)
    made.fill()
    return made


@contextmanager
def running(node: Node) -> Iterator[subprocess.Popen[bytes]]:
    """A real etcd on the node's data-dir."""
    base = "http://127.0.66.1"
    command = [
        str(etcd.obtain(etcd.DEFAULT) / "etcd"), f"--data-dir={node.data}", "--name=node-a", "--log-level=error",
        f"--listen-client-urls={base}:2379", f"--advertise-client-urls={base}:2379",
        f"--listen-peer-urls={base}:2380", f"--initial-advertise-peer-urls={base}:2380",
        f"--initial-cluster=node-a={base}:2380",
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def test_until_it_is_ended_it_is_only_looked_at(node: Node) -> None:
    before = {path: path.stat().st_mtime_ns for path in node.data.rglob("*")}
    assert node.outside() is Outside.KEPT
    assert {path: path.stat().st_mtime_ns for path in node.data.rglob("*")} == before
    assert node.manifest.read_text() == MANIFEST


def test_manifest_and_data_change_places(node: Node) -> None:
    """The file is the same, not a copy; and where it was, no etcd can begin anew."""
    database = (node.data / "member" / "snap" / "db").stat().st_ino
    for _ in range(2):
        node.end()
        assert node.outside() is None
        assert node.places() == [node.layout.data]
        assert (node.layout.data / "member" / "snap" / "db").stat().st_ino == database
        assert "taken over" in (node.data / "member").read_text()
        assert [*node.manifest.parent.iterdir()] == []
        assert (node.layout.set_aside / "etcd.yaml").read_text() == MANIFEST


def test_a_manifest_that_came_back_does_not_take_the_place_of_the_first(node: Node) -> None:
    node.layout.set_aside.mkdir()
    (node.layout.set_aside / "etcd.yaml").write_text("an earlier one")
    node.end()
    assert {each.read_text() for each in node.layout.set_aside.iterdir()} == {"an earlier one", MANIFEST}


@pytest.mark.parametrize("reason", ["another file system", "user 4711's", "Invalid argument"])
def test_where_data_cannot_change_places_nothing_is_touched(
    node: Node, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    real = Path.stat

    def other(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = list(real(self, follow_symlinks=follow_symlinks))
        if self == node.data / "member":
            found[2 if "system" in reason else 4] = 4711
        return os.stat_result(found)

    def refuse(one: Path, other: Path) -> None:
        raise OSError(22, "Invalid argument")

    if reason == "Invalid argument":
        monkeypatch.setattr(outside_module, "swap", refuse)
    else:
        monkeypatch.setattr(Path, "stat", other)
    with pytest.raises(OSError, match=reason):
        node.end()
    monkeypatch.undo()
    assert node.outside() is Outside.KEPT
    assert node.manifest.read_text() == MANIFEST
    assert [*node.layout.root.iterdir()] == []


def test_without_data_nothing_happens(tmp_path: Path) -> None:
    empty = Node(tmp_path)
    empty.end()
    assert empty.manifest.exists()
    assert [*empty.layout.root.iterdir()] == []


def test_from_where_it_runs_has_to_be_known(node: Node) -> None:
    """Its kubelet would start it again, from a file of another name."""
    other = node.manifest.rename(node.manifest.with_name("etcd.yml"))
    assert node.outside() is Outside.KEPT
    with pytest.raises(OSError, match="among the manifests: declare the one"):
        node.end()
    assert other.exists()
    assert node.places() == [node.data]


class Crash(BaseException):
    """The agent is killed."""


def crashing(at: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Kill before the `at`-th change of the disk; returns how many there were."""
    made = 0

    def counted(change: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: object) -> None:
            nonlocal made
            if made == at:
                raise Crash
            made += 1
            change(*arguments)

        return call

    for module, names in (
        (outside_module, ("make_directory", "remove_file", "rename", "swap", "write_file")),
        (adopting, ("make_directory", "remove_file", "write_file")),
    ):
        for name in names:
            monkeypatch.setattr(module, name, counted(getattr(module, name)))
    return lambda: made


def test_killed_anywhere_it_goes_on_and_data_are_in_one_place(tmp_path: Path) -> None:
    """The launch is not staged for data elsewhere, so that nothing starts in between: see tests/model."""
    for at in range(100):
        node = Node(tmp_path / str(at))
        node.fill()
        with pytest.MonkeyPatch.context() as patch:
            made = crashing(at, patch)
            try:
                node.end()
                break
            except Crash:
                assert made() == at
        assert len(node.places()) == 1
        released = not node.manifest.exists()
        assert node.outside() in ((Outside.RELEASED, None) if released else (Outside.KEPT,))
        if released:
            assert (node.layout.set_aside / "etcd.yaml").read_text() == MANIFEST
        node.end()
        assert node.places() == [node.layout.data]
        assert (node.data / "member").is_file()
    else:
        pytest.fail("it never ended")
    assert at > 8


@given(st.booleans(), st.booleans(), st.booleans())
def test_what_is_on_the_volume_is_never_exchanged(on_volume: bool, on_its_way: bool, manifest: bool) -> None:
    """Whatever lies about: data that the volume has stay, and nothing is lost."""
    with tempfile.TemporaryDirectory() as folder:
        node = Node(Path(folder))
        node.fill()
        for wanted, place in ((on_volume, node.layout.data), (on_its_way, node.layout.taking)):
            if wanted:
                (place / "member" / "snap").mkdir(parents=True)
                (place / "member" / "snap" / "db").write_text(place.name)
        if not manifest:
            node.manifest.unlink()
        before = len(node.places())
        with nullcontext() if manifest or on_volume or on_its_way else pytest.raises(OSError, match="there is no etcd"):
            node.end()
        assert len(node.places()) == before
        if on_volume:
            assert (node.layout.data / "member" / "snap" / "db").read_text() == "data"
            assert node.manifest.exists() == manifest


@pytest.mark.etcd
def test_a_real_etcd_keeps_its_data_until_it_has_ended(tmp_path: Path) -> None:
    node = Node(tmp_path)
    with running(node) as process:
        eventually((node.data / "member" / "snap" / "db").exists)
        eventually(lambda: volume_data.inspect(node.data).identity is not None)
        with pytest.raises(RuntimeUnavailable, match="has yet to end"):
            node.end(0.3)
        assert process.poll() is None
        assert node.places() == [node.data]
        assert not node.manifest.exists()

        def kubelet() -> None:
            time.sleep(0.3)
            process.terminate()

        ending = threading.Thread(target=kubelet)
        ending.start()
        node.end(8)
        assert process.wait(10) is not None
        ending.join()
    assert node.places() == [node.layout.data]


@pytest.mark.etcd
def test_an_etcd_that_is_started_where_the_data_were_ends(node: Node) -> None:
    """As where kubeadm's manifest is put back: it would form a cluster of its own, which API servers would believe."""
    node.end()
    with running(node) as process:
        assert process.wait(20) != 0
    assert node.places() == [node.layout.data]


def test_a_disk_that_is_lost_later_is_lost(node: Node) -> None:
    """The note in the place of the former data is none."""
    node.end()
    shutil.rmtree(node.layout.data)
    volume = DirectoryVolume(node.layout.root, "a-1", "control-plane", outside=node.agent().outside)
    facts = asyncio.run(volume.facts())
    assert (facts.has_data, facts.identity, facts.outside) == (False, None, None)
    node.end()
    assert not node.layout.data.exists()


def test_the_way_back_is_two_names(node: Node) -> None:
    node.end()
    (node.data / "member").unlink()
    (node.layout.data / "member").rename(node.data / "member")
    (node.layout.set_aside / "etcd.yaml").rename(node.manifest)
    (node.layout.data).rmdir()
    assert node.outside() is Outside.KEPT


def test_what_an_agent_is_told_is_all_it_needs(node: Node) -> None:
    told = json.dumps({"manifest": str(node.manifest), "data": str(node.data), "volume": VOLUME})
    assert AdoptedStaticPod(json.loads(told)).outside == node.agent().outside
