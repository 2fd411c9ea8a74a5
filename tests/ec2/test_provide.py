"""What is put on a volume before anything runs there, and which volumes are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from etcd_ops.ec2 import artifacts, places
from etcd_ops.ec2.keeper import Keeper
from etcd_ops.ec2.machine import Machine
from etcd_ops.ec2.provide import mark_or_refuse, provide
from etcd_ops.ec2.refusal import LONGEST, status
from etcd_ops.model.status import State
from etcd_ops.runtime import agent_state
from etcd_ops.runtime.agent_state import AgentState, Release
from etcd_ops.runtime.connect import connect_runtime
from etcd_ops.runtime.systemd import SystemdRuntime
from etcd_ops.volume.errors import VolumeError
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.volume.marker import Marker, encode_marker, read_marker
from tests.ec2.conftest import machine_config

MACHINE = Machine.model_validate(machine_config("orders", ""))
VOLUME = "vol-0123456789abcdef0"


class NoneFetched:
    """A bucket in which nothing is."""

    asked: list[str]

    def __init__(self) -> None:
        self.asked = []

    def release(self, archive: str) -> Path:
        self.asked.append(archive)
        raise OSError("away")


class Fetched(NoneFetched):
    """A bucket that has everything."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def release(self, archive: str) -> Path:
        self.asked.append(archive)
        program = self._folder / archive
        program.touch()
        return program


def layout_of(folder: Path) -> VolumeLayout:
    (folder / "lost+found").mkdir()
    return VolumeLayout(folder)


def test_an_empty_volume_is_marked_where_it_is_vouched_for(tmp_path: Path) -> None:
    layout = layout_of(tmp_path)
    mark_or_refuse(tmp_path, MACHINE, VOLUME, lambda: False)
    assert read_marker(layout.marker) is None
    mark_or_refuse(tmp_path, MACHINE, VOLUME, lambda: True)
    assert read_marker(layout.marker) == Marker("orders", "a-1", VOLUME, "ec2")


def test_files_without_a_marker_are_for_an_operator(tmp_path: Path) -> None:
    layout = layout_of(tmp_path)
    layout.data.mkdir()
    mark_or_refuse(tmp_path, MACHINE, VOLUME, lambda: True)
    assert read_marker(layout.marker) is None


@pytest.mark.parametrize(
    ("marker", "problem"),
    [
        (Marker("orders", "a-1", VOLUME, "ec2"), ""),
        (Marker("orders", "a-1", "6d1c0c55-accepted", "ec2"), ""),
        (Marker("orders", "b-1", VOLUME, "ec2"), "member b-1 of cluster orders, not of a-1"),
        (Marker("bills", "a-1", VOLUME, "ec2"), "member a-1 of cluster bills"),
        (Marker("orders", "a-1", "vol-0fedcba9876543210", "ec2"), "is a copy of vol-0fedcba9876543210"),
    ],
)
def test_a_marked_volume_is_asked_for_nothing_and_has_to_be_the_right_one(
    tmp_path: Path, marker: Marker, problem: str
) -> None:
    layout = layout_of(tmp_path)
    layout.marker.write_bytes(encode_marker(marker))
    if not problem:
        return mark_or_refuse(tmp_path, MACHINE, VOLUME, pytest.fail)
    with pytest.raises(VolumeError, match=problem):
        mark_or_refuse(tmp_path, MACHINE, VOLUME, pytest.fail)
    return None


def test_the_agent_finds_everything_named(tmp_path: Path) -> None:
    provide(tmp_path, MACHINE, VOLUME, "1.0", NoneFetched())
    config = json.loads(VolumeLayout(tmp_path).agent_config.read_text())
    assert Machine.model_validate(config["machine"]) == MACHINE
    assert isinstance(connect_runtime(config["runtime"]), SystemdRuntime)
    assert config["channel"]["kind"] == "s3"
    keeper = Keeper.of(config, tmp_path)
    assert [keeper.vouches_for(each) for each in (VOLUME, "vol-0fedcba9876543210", "")] == [True, False, False]
    assert agent_state.read(tmp_path).current == Release("1.0", (str(artifacts.own_program()),))


def test_a_refusal_says_nothing_of_data_that_nobody_has_seen() -> None:
    """Peers must take it neither for an empty volume nor for an intact one."""
    told = status(MACHINE, "no volume carries this slot's tags")
    assert (told.state, told.volume_marked, told.has_data, told.empty) == (State.HELD, False, False, False)
    assert told.attestation is None
    assert "no volume carries" in told.reason
    assert len(status(MACHINE, "x" * 9999).reason) == LONGEST


class TestReleases:
    """A machine before this one may have run another release than is here."""

    ARCHIVE = "a" * 64
    BEFORE = Release("0.9", (str(places.RELEASES / ARCHIVE / "bin" / "etcd-ops"),))

    def state(self, volume: Path) -> AgentState:
        agent_state.initialise(volume, self.BEFORE.version, self.BEFORE.command)
        return agent_state.read(volume)

    def test_it_is_fetched(self, tmp_path: Path) -> None:
        before, bucket = self.state(tmp_path), Fetched(tmp_path)
        provide(tmp_path, MACHINE, VOLUME, "1.0", bucket)
        assert agent_state.read(tmp_path) == before
        assert bucket.asked == [self.ARCHIVE]

    def test_where_it_cannot_be_had_the_declared_one_runs(self, tmp_path: Path) -> None:
        self.state(tmp_path)
        provide(tmp_path, MACHINE, VOLUME, "1.0", NoneFetched())
        assert agent_state.read(tmp_path).current.version == "1.0"
