"""The volume of a member before anything runs in its pod."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.pod.provide import PLATFORM, provide
from etcd_ops.runtime import agent_state
from etcd_ops.volume.credentials import leaves
from etcd_ops.volume.errors import VolumeError
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.volume.marker import read_marker
from tests.etcd.authority import Authority
from tests.pod.test_delivery import USES, Mounted


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    authority = Authority("client-1")
    mounted = Mounted(tmp_path / "mounts")
    mounted.write(mounted.mounts.authorities, {"client-1.crt": authority.certificate_pem})
    mounted.issue(authority, *USES)
    delivery = {"authorities": str(mounted.mounts.authorities), "credentials": str(mounted.mounts.credentials)}
    return {
        "cluster": "c", "slot": "a-1", "zone": "a", "delivery": delivery,
        "agent": {"version": "0.1.0", "command": ["etcd-ops"]},
    }  # fmt: skip


@pytest.fixture
def layout(tmp_path: Path) -> VolumeLayout:
    root = tmp_path / "volume"
    (root / "lost+found").mkdir(parents=True)
    return VolumeLayout(root)


def test_an_empty_volume_is_marked_and_provided(config: dict[str, Any], layout: VolumeLayout) -> None:
    provide(config, layout.root)
    marker = read_marker(layout.marker)
    assert marker is not None
    assert (marker.cluster, marker.slot, marker.platform) == ("c", "a-1", PLATFORM)
    assert json.loads(layout.agent_config.read_text()) == config
    assert set(leaves(layout.root)) == set(USES)
    assert agent_state.read(layout.root).current.command == ("etcd-ops",)


def test_a_pod_that_comes_back_finds_its_volume_as_it_was(config: dict[str, Any], layout: VolumeLayout) -> None:
    provide(config, layout.root)
    marker = read_marker(layout.marker)
    provide({**config, "zone": "b"}, layout.root)
    assert read_marker(layout.marker) == marker
    assert json.loads(layout.agent_config.read_text())["zone"] == "b"


def test_another_empty_volume_is_another_volume(config: dict[str, Any], layout: VolumeLayout, tmp_path: Path) -> None:
    provide(config, layout.root)
    other = tmp_path / "other"
    other.mkdir()
    provide(config, other)
    markers = [read_marker(VolumeLayout(root).marker) for root in (layout.root, other)]
    assert all(markers) and markers[0] != markers[1]


def test_data_without_a_marker_is_left_to_an_operator(config: dict[str, Any], layout: VolumeLayout) -> None:
    layout.data.mkdir()
    provide(config, layout.root)
    assert read_marker(layout.marker) is None
    assert layout.agent_config.exists()


def test_the_volume_of_another_member_is_refused(config: dict[str, Any], layout: VolumeLayout) -> None:
    provide(config, layout.root)
    with pytest.raises(VolumeError, match="not of b-1 of c"):
        provide({**config, "slot": "b-1"}, layout.root)
