"""An agent that is a static pod keeps its own manifest: what a step placed last, else what is declared."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from etcd_ops.pod import places
from etcd_ops.static_pod import own
from etcd_ops.static_pod.kept import begun
from etcd_ops.static_pod.manifest import encode, template_of
from etcd_ops.static_pod.own_agent import StaticAgent
from etcd_ops.volume.layout import VolumeLayout
from tests.standins.deadlines import ample, out_after
from tests.static_pod.test_manifest import plain

OLD, NEW = (encode(plain(image)).encode() for image in ("old", "new"))


class Place:
    """The folders of one agent."""

    def __init__(self, root: Path) -> None:
        self.manifests, self.volume, self.delivered = (root / each for each in ("manifests", "volume", "config"))
        for folder in (self.manifests, VolumeLayout(self.volume).agent, self.delivered):
            folder.mkdir(parents=True)
        self.file = self.manifests / "c.a-1.agent.json"
        self.file.write_bytes(OLD)
        self.declare(OLD)
        value = {"manifests": str(self.manifests), "file": self.file.name}
        self.agent = StaticAgent(value, self.volume, self.delivered, {places.TEMPLATE: template_of(OLD)})

    def declare(self, manifest: bytes) -> None:
        (self.delivered / places.AGENT_POD).write_bytes(manifest)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(own, "SEEN_SECONDS", 0.0)
    return Place(tmp_path)


def test_it_is_of_the_manifest_that_the_kubelet_ran(place: Place) -> None:
    place.declare(NEW)
    assert place.agent.template() == template_of(OLD)


def test_what_was_installed_is_left_alone(place: Place) -> None:
    assert not place.agent.manifest.attend()
    place.declare(NEW)
    assert not place.agent.manifest.attend()
    assert place.file.read_bytes() == OLD


@pytest.mark.parametrize("found", [None, b"", b"{}", OLD[:-9]])
def test_one_that_was_deleted_or_damaged_is_put_back(place: Place, found: bytes | None) -> None:
    if found is None:
        place.file.unlink()
    else:
        place.file.write_bytes(found)
    assert place.agent.manifest.attend()
    assert place.file.read_bytes() == OLD


def test_a_step_places_the_declared_one_which_stays(place: Place) -> None:
    place.declare(NEW)
    for _ in range(2):
        asyncio.run(place.agent.recreate(template_of(NEW), ample))
        assert place.file.read_bytes() == NEW
    place.file.write_bytes(OLD)
    assert place.agent.manifest.attend()
    assert place.file.read_bytes() == NEW


def test_one_that_was_begun_and_not_placed_is_not_placed_by_itself(place: Place) -> None:
    """Also where no step has ever placed any: what was installed stays."""
    begun(VolumeLayout(place.volume).agent_pod).write_bytes(NEW)
    assert not place.agent.manifest.attend()
    assert place.file.read_bytes() == OLD
    assert not VolumeLayout(place.volume).agent_pod.exists()


def test_the_next_agent_remembers_that_it_was_placed(place: Place) -> None:
    begun(VolumeLayout(place.volume).agent_pod).write_bytes(NEW)
    place.file.write_bytes(NEW)
    assert not place.agent.manifest.attend()
    assert VolumeLayout(place.volume).agent_pod.read_bytes() == NEW


def test_it_is_leaving_once_another_one_is_placed(place: Place) -> None:
    place.declare(NEW)
    assert not asyncio.run(place.agent.leaving())
    asyncio.run(place.agent.recreate(template_of(NEW), ample))
    assert asyncio.run(place.agent.leaving())


def test_none_is_placed_once_no_time_is_left(place: Place) -> None:
    place.declare(NEW)
    with pytest.raises(OSError, match="ran out before it was sent"):
        asyncio.run(place.agent.recreate(template_of(NEW), out_after(0)))
    assert place.file.read_bytes() == OLD


def test_nothing_is_put_back_once_it_is_being_taken_off(place: Place) -> None:
    """`etcd_ops.static_pod.remove` deletes what could be put back before it deletes the manifest."""
    asyncio.run(place.agent.recreate(template_of(OLD), ample))
    (place.delivered / places.AGENT_POD).unlink()
    VolumeLayout(place.volume).agent_pod.unlink()
    place.file.unlink()
    assert not place.agent.manifest.attend()
    assert not place.file.exists()
