"""A member is taken off its node for good: first what runs it, then it, then its data."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from etcd_ops.pod import places
from etcd_ops.runtime.foreign import holder
from etcd_ops.static_pod import remove as removing
from etcd_ops.static_pod.kept import begun
from etcd_ops.static_pod.remove import remove, remove_agent
from etcd_ops.volume.errors import VolumeError
from etcd_ops.volume.layout import VolumeLayout
from tests.pod.test_alone import agent as alive
from tests.pod.test_alone import says_taken
from tests.runtime.member import eventually
from tests.static_pod.asking import answer, free_port


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removing, "_LOOK_SECONDS", 0.05)


@pytest.fixture
def member(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Manifest, volume and sockets."""
    manifest, volume, run = tmp_path / "manifests" / "c.a-1.json", tmp_path / "volumes" / "a-1", tmp_path / "runs"
    database = VolumeLayout(volume).data / "member" / "snap" / "db"
    for folder in (manifest.parent, database.parent, run):
        folder.mkdir(parents=True)
    manifest.write_text("{}")
    database.write_text("all of it")
    return manifest, volume, run


@contextmanager
def holding(volume: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has the database open, as etcd has."""
    database = VolumeLayout(volume).data / "member" / "snap" / "db"
    script = "import sys, time; file = open(sys.argv[1]); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", script, str(database)]) as process:
        try:
            eventually(lambda: holder(VolumeLayout(volume).data) is not None)
            yield process
        finally:
            process.kill()


def test_nothing_is_left_of_one_that_does_not_run(member: tuple[Path, Path, Path]) -> None:
    for _ in range(2):
        assert remove(*member) == ""
        assert [each.exists() for each in member] == [False, False, False]


def test_a_deletion_that_is_ended_in_the_middle_leaves_no_half_of_a_volume(
    member: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pod may be told to end while it deletes, and the member declared again."""
    _, volume, _ = member

    def ended(path: Path) -> None:
        if path.exists():
            raise OSError(f"ended in the middle of {path.name}")

    with monkeypatch.context() as patch:
        patch.setattr(removing, "delete_volume", ended)
        with pytest.raises(OSError, match="in the middle of a-1"):
            remove(*member)
    assert not volume.exists()
    volume.mkdir()
    assert remove(*member) == ""
    assert list(volume.parent.iterdir()) == []


def test_a_volume_in_another_place_is_refused(member: tuple[Path, Path, Path]) -> None:
    _, volume, _ = member
    elsewhere = volume.with_name("elsewhere")
    volume.rename(elsewhere)
    volume.symlink_to(elsewhere)
    with pytest.raises(VolumeError, match="is a symbolic link"):
        remove(*member)
    assert (VolumeLayout(elsewhere).data / "member" / "snap" / "db").read_text() == "all of it"


def test_data_in_use_are_kept_and_told(member: tuple[Path, Path, Path]) -> None:
    manifest, volume, run = member
    with holding(volume) as process:
        reason = remove(manifest, volume, run, seconds=0.2)
        assert reason == f"etcd still runs as process {process.pid} 0 s after its manifest was deleted"
        assert not manifest.exists()
        assert (VolumeLayout(volume).data / "member" / "snap" / "db").read_text() == "all of it"
    assert remove(manifest, volume, run) == ""


def test_etcd_is_waited_for(member: tuple[Path, Path, Path]) -> None:
    manifest, volume, run = member
    with holding(volume) as process:

        def kubelet() -> None:
            while manifest.exists():
                time.sleep(0.02)
            process.kill()
            process.wait()

        ending = threading.Thread(target=kubelet)
        ending.start()
        assert remove(manifest, volume, run, seconds=30) == ""
        ending.join()
    assert not volume.exists()


def test_a_supervisor_that_answers_may_start_etcd_again(member: tuple[Path, Path, Path]) -> None:
    manifest, volume, run = member
    with socket.socket(socket.AF_UNIX) as supervisor:
        supervisor.bind(str(run / places.SOCKET.name))
        supervisor.listen()
        assert "its supervisor still answers" in remove(manifest, volume, run, seconds=0.2)
        assert volume.exists()
    assert remove(manifest, volume, run) == ""


def test_a_name_of_the_data_in_another_place_is_the_same_data(member: tuple[Path, Path, Path], tmp_path: Path) -> None:
    """In a container, a volume has another name than outside, which nothing leads back from."""
    _, volume, _ = member
    other = tmp_path / "elsewhere"
    database = VolumeLayout(other).data / "member" / "snap" / "db"
    database.parent.mkdir(parents=True)
    database.hardlink_to(VolumeLayout(volume).data / "member" / "snap" / "db")
    with holding(volume) as process:
        found = holder(VolumeLayout(other).data)
        assert found is not None
        assert found.pid == process.pid


@pytest.fixture
def agent(member: tuple[Path, Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """Its manifest, and the folder of what it was told."""
    _, volume, _ = member
    manifest, delivered = tmp_path / "manifests" / "c.a-1.agent.json", tmp_path / "volumes" / "a-1.delivered"
    placed = VolumeLayout(volume).agent_pod
    for path in (manifest, delivered / "config" / places.AGENT_POD, placed, begun(placed)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    return manifest, delivered


def test_an_agent_that_puts_manifests_back_goes_first(
    member: tuple[Path, Path, Path], agent: tuple[Path, Path]
) -> None:
    manifest, volume, run = member
    with alive(run) as process:
        assert says_taken(process)
        reason = remove_agent(*agent, volume, run, seconds=0.2)
        assert reason == "its agent still runs 0 s after its manifest was deleted"
        placed = VolumeLayout(volume).agent_pod
        assert not any(each.exists() for each in (*agent, placed, begun(placed)))
        assert manifest.exists()
        process.kill()
        assert remove_agent(*agent, volume, run) == ""
    assert remove_agent(*agent, volume, run) == ""


def test_as_a_program_it_takes_both_off(member: tuple[Path, Path, Path], agent: tuple[Path, Path]) -> None:
    command = [sys.executable, "-m", "etcd_ops.static_pod.remove", *map(str, (*member, "--agent", *agent))]
    assert subprocess.run(command, check=False).returncode == 0
    assert not any(each.exists() for each in (*member, *agent))


def test_a_kubelet_that_asks_is_told_to_end_the_pod(member: tuple[Path, Path, Path]) -> None:
    """As a kubelet does: it asks, and ends the pod where the answer is a success without content."""
    manifest, volume, run = member
    port = free_port()
    with holding(volume) as process, ThreadPoolExecutor(1) as pool:
        removal = pool.submit(removing._remove_all, manifest, volume, run, (), port)
        eventually(lambda: answer(port) == (200, b""))
        process.kill()
        assert removal.result() == ""
    assert answer(port) == (0, b"")


def test_nothing_is_deleted_while_an_agent_lives(
    member: tuple[Path, Path, Path], agent: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removing, "ended", lambda run, seconds: False)
    assert "its agent still runs" in removing._remove_all(*member, [*agent])
    manifest, volume, _ = member
    assert manifest.exists()
    assert (VolumeLayout(volume).data / "member" / "snap" / "db").read_text() == "all of it"
