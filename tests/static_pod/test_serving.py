"""A manifest that a kubelet fetches: a whole one, or no success at all."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from etcd_ops.pod import places
from etcd_ops.static_pod import kept as keeping
from etcd_ops.static_pod.kept import begun
from etcd_ops.static_pod.manifest import encode
from etcd_ops.static_pod.own import StaticPod
from etcd_ops.static_pod.serving import HOST, ManifestServer, ServedManifest
from etcd_ops.volume.layout import VolumeLayout
from tests.static_pod.asking import answer, free_port
from tests.static_pod.test_manifest import plain

MANIFEST, NEXT = (encode(plain(image)).encode() for image in ("old", "new"))


class Place:
    """The folders of one static pod, and the port at which its manifest is served."""

    def __init__(self, root: Path) -> None:
        self.volume, self.delivered, self.run = (root / each for each in ("volume", "config", "run"))
        for folder in (VolumeLayout(self.volume).agent, self.delivered, self.run):
            folder.mkdir(parents=True)
        (self.delivered / places.STATIC_POD).write_bytes(MANIFEST)
        self.port = free_port()
        self.file = self.run / places.SERVED_MANIFEST

    def started(self) -> ServedManifest:
        """An agent has begun to keep it."""
        found = StaticPod({"port": self.port}, self.volume, self.delivered, self.run).manifest
        assert isinstance(found, ServedManifest)
        return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def kept(place: Place) -> Iterator[ServedManifest]:
    found = place.started()
    yield found
    found.close()


def test_nobody_answers_before_it_is_attended_to(place: Place, kept: ServedManifest) -> None:
    assert answer(place.port) == (0, b"")
    assert kept.attend()
    assert answer(place.port) == (200, MANIFEST)
    assert not kept.attend()


@pytest.mark.parametrize("damage", [b"", b"{}", MANIFEST[:-9], b"{not json"])
def test_a_damaged_one_is_never_served(place: Place, kept: ServedManifest, damage: bytes) -> None:
    """Least of all as a success without content, which would end the pod."""
    kept.attend()
    place.file.write_bytes(damage)
    assert answer(place.port)[0] == 503
    assert kept.attend()
    assert answer(place.port) == (200, MANIFEST)


def test_a_whole_one_is_served_also_where_it_cannot_be_noted(
    place: Place, kept: ServedManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent that has just begun on a full volume; its kubelet waits for the answer after the node's start."""
    place.file.write_bytes(NEXT)
    begun(VolumeLayout(place.volume).static_pod).write_bytes(NEXT)

    def full(source: Path, target: Path) -> None:
        raise OSError(f"no room for {target.name} beside {source.name}")

    monkeypatch.setattr(keeping, "rename_over", full)
    for _ in range(2):
        with pytest.raises(OSError, match="no room"):
            kept.attend()
        assert answer(place.port) == (200, NEXT)


def test_a_deleted_one_is_never_served(place: Place, kept: ServedManifest) -> None:
    kept.attend()
    place.file.unlink()
    assert answer(place.port)[0] == 503


def test_after_a_loss_of_power_it_comes_from_the_volume(place: Place, kept: ServedManifest) -> None:
    """What is in `RUN` is gone then, and so may be what was delivered."""
    kept.attend()
    kept.close()
    place.file.unlink()
    (place.delivered / places.STATIC_POD).unlink()
    later = place.started()
    try:
        assert later.attend()
        assert answer(place.port) == (200, MANIFEST)
    finally:
        later.close()


def test_a_step_that_was_cut_short_is_served_as_far_as_it_came(place: Place, kept: ServedManifest) -> None:
    """What was begun is served from when it is in `RUN`; after a loss of power, what was placed to the end."""
    kept.attend()
    placed = VolumeLayout(place.volume).static_pod
    begun(placed).write_bytes(NEXT)
    assert not kept.attend()
    assert answer(place.port) == (200, MANIFEST)
    place.file.unlink()
    assert kept.attend()
    assert answer(place.port) == (200, MANIFEST)
    place.file.write_bytes(NEXT)
    assert not kept.attend()
    assert answer(place.port) == (200, NEXT)
    place.file.unlink()
    assert kept.attend()
    assert answer(place.port) == (200, NEXT)


def test_other_paths_are_not_answered(place: Place, kept: ServedManifest) -> None:
    kept.attend()
    assert answer(place.port, "/")[0] == 404


def test_a_port_that_is_taken_is_told_and_tried_again(place: Place, kept: ServedManifest) -> None:
    with socket.create_server((HOST, place.port)), pytest.raises(OSError, match="in use"):
        kept.attend()
    assert not kept.attend()
    assert answer(place.port) == (200, MANIFEST)


def test_only_loopback_is_listened_on() -> None:
    port = free_port()
    server = ManifestServer(port, lambda: None)
    server.serve()
    try:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port))
    finally:
        server.close()
