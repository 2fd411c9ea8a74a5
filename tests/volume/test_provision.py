from __future__ import annotations

import json
from pathlib import Path

import pytest

from etcd_ops.volume.errors import VolumeError
from etcd_ops.volume.provision import create_volume, delete_volume, volume_marker, write_agent_config


def test_marked_once(tmp_path: Path) -> None:
    volume = tmp_path / "m0"
    identifier = create_volume(volume, "m0", "local")
    assert create_volume(volume, "m0", "local") == identifier
    assert json.loads((volume / "marker.json").read_text()) == {
        "cluster": "local",
        "slot": "m0",
        "volumeId": identifier,
        "platform": "local",
    }
    assert volume.stat().st_mode & 0o777 == 0o700


def test_every_volume_has_its_own_id(tmp_path: Path) -> None:
    assert create_volume(tmp_path / "a", "m0", "local") != create_volume(tmp_path / "b", "m0", "local")


@pytest.mark.parametrize(("slot", "cluster"), [("m1", "local"), ("m0", "other")])
def test_the_volume_of_another_member_is_refused(tmp_path: Path, slot: str, cluster: str) -> None:
    create_volume(tmp_path / "v", "m0", "local")
    with pytest.raises(VolumeError, match="is the volume of member m0 of cluster local"):
        create_volume(tmp_path / "v", slot, cluster)


@pytest.mark.parametrize("left", ["data", "member"])
def test_a_filled_volume_without_marker_is_left_to_an_operator(tmp_path: Path, left: str) -> None:
    (tmp_path / "v" / left).mkdir(parents=True)
    with pytest.raises(VolumeError, match="no valid marker"):
        create_volume(tmp_path / "v", "m0", "local")
    assert volume_marker(tmp_path / "v") is None


@pytest.mark.parametrize("content", ["", "[]", '{"cluster": "local", "slot": "m0", "volumeId": 1, "platform": "x"}'])
def test_a_damaged_marker_is_none(tmp_path: Path, content: str) -> None:
    create_volume(tmp_path / "v", "m0", "local")
    (tmp_path / "v" / "marker.json").write_text(content)
    assert volume_marker(tmp_path / "v") is None
    with pytest.raises(VolumeError, match="no valid marker"):
        create_volume(tmp_path / "v", "m0", "local")


def test_deleted_with_everything(tmp_path: Path) -> None:
    create_volume(tmp_path / "v", "m0", "local")
    write_agent_config(tmp_path / "v", {"slot": "m0"})
    delete_volume(tmp_path / "v")
    delete_volume(tmp_path / "v")
    assert not (tmp_path / "v").exists()


def test_a_link_is_not_followed_into_deletion(tmp_path: Path) -> None:
    create_volume(tmp_path / "real", "m0", "local")
    (tmp_path / "v").symlink_to(tmp_path / "real")
    with pytest.raises(VolumeError, match="symbolic link"):
        delete_volume(tmp_path / "v")
    assert volume_marker(tmp_path / "real") is not None


def test_the_agent_is_told_its_place(tmp_path: Path) -> None:
    config = {"cluster": "local", "slot": "m0", "channel": {"kind": "directory", "directory": "/x"}}
    write_agent_config(tmp_path, config)
    assert json.loads((tmp_path / "agent" / "agent-config.json").read_text()) == config
