"""The agent's container: what its volume lost is provided again, and then it is the agent's launcher."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.pod import keep, places
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.volume.marker import read_marker
from tests.pod.test_provide import config

__all__ = ["config"]


class Became(Exception):
    """Instead of becoming another program."""


@pytest.fixture
def volume(config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VolumeLayout:
    told = tmp_path / "agent-config.json"
    told.write_text(json.dumps(config))
    root = tmp_path / "volume"
    root.mkdir()
    monkeypatch.setattr(places, "CONFIG", told)
    monkeypatch.setattr(places, "VOLUME", root)
    # A process that became nothing else would wait for itself: see test_alone.
    monkeypatch.setattr(keep, "take_turn", Path.stat)
    monkeypatch.setattr(places, "RUN", tmp_path)

    def become(program: str, words: list[str]) -> None:
        raise Became(words)

    monkeypatch.setattr("os.execv", become)
    return VolumeLayout(root)


def test_a_volume_that_was_emptied_is_another_one(volume: VolumeLayout) -> None:
    markers = []
    for _ in range(2):
        with pytest.raises(Became) as became:
            keep.main()
        assert became.value.args[0][1:] == ["-m", "etcd_ops.runtime.agent_launch", str(volume.root)]
        assert volume.agent_config.is_file()
        markers.append(read_marker(volume.marker))
        for each in volume.root.iterdir():
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    assert None not in markers
    assert markers[0] != markers[1]


def test_a_volume_that_is_as_it_was_stays_so(volume: VolumeLayout) -> None:
    markers = []
    for _ in range(2):
        with pytest.raises(Became):
            keep.main()
        markers.append(read_marker(volume.marker))
    assert markers[0] == markers[1]


def test_what_lost_only_its_marker_is_not_marked_again(volume: VolumeLayout) -> None:
    """Such a disk is an operator's to look at."""
    with pytest.raises(Became):
        keep.main()
    volume.data.mkdir()
    volume.marker.unlink()
    with pytest.raises(Became):
        keep.main()
    assert read_marker(volume.marker) is None


def test_a_volume_of_another_member_is_refused(volume: VolumeLayout) -> None:
    with pytest.raises(Became):
        keep.main()
    told = json.loads(places.CONFIG.read_text())
    places.CONFIG.write_text(json.dumps({**told, "slot": "b-1"}))
    with pytest.raises(SystemExit, match="is the volume of member a-1"):
        keep.main()
