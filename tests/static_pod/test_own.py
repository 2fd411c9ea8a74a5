"""A static pod as its agent keeps it: the file, the volume's copy, and what the pod itself says."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest

from etcd_ops.pod import places
from etcd_ops.static_pod import kept, own
from etcd_ops.static_pod.manifest import encode, template_of
from etcd_ops.static_pod.own import StaticPod
from etcd_ops.static_pod.token import FILES, lend
from etcd_ops.volume.durable import write_file
from etcd_ops.volume.layout import VolumeLayout
from tests.static_pod.test_manifest import plain

OLD, NEW = (encode(plain(image)).encode() for image in ("old", "new"))


class Place:
    """The folders of one static pod."""

    def __init__(self, root: Path) -> None:
        self.manifests, self.volume, self.delivered, self.run = (
            root / each for each in ("manifests", "volume", "config", "run")
        )
        for folder in (self.manifests, VolumeLayout(self.volume).agent, self.delivered, self.run):
            folder.mkdir(parents=True)
        self.file = self.manifests / "c.a-1.json"
        self.placed = VolumeLayout(self.volume).static_pod
        self.declare(OLD)
        self.pod = StaticPod(
            {"manifests": str(self.manifests), "file": self.file.name}, self.volume, self.delivered, self.run
        )

    def declare(self, manifest: bytes) -> None:
        (self.delivered / places.STATIC_POD).write_bytes(manifest)

    def runs(self, manifest: bytes) -> None:
        (self.run / places.TEMPLATE_NOTE).write_text(template_of(manifest))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(own, "SEEN_SECONDS", 0.0)
    return Place(tmp_path)


def test_the_first_one_is_placed_and_then_left_alone(place: Place) -> None:
    assert place.pod.manifest.attend()
    assert place.file.read_bytes() == place.placed.read_bytes() == OLD
    assert place.file.stat().st_mode & 0o777 == 0o600
    assert not place.pod.manifest.attend()


def test_another_declaration_is_not_placed_by_itself(place: Place) -> None:
    place.pod.manifest.attend()
    place.declare(NEW)
    assert not place.pod.manifest.attend()
    place.file.unlink()
    assert place.pod.manifest.attend()
    assert place.file.read_bytes() == OLD


def test_a_step_places_what_is_declared(place: Place) -> None:
    place.pod.manifest.attend()
    place.declare(NEW)
    for _ in range(2):
        asyncio.run(place.pod.recreate(template_of(NEW)))
        assert place.file.read_bytes() == place.placed.read_bytes() == NEW
    assert not place.pod.manifest.attend()


def test_a_step_takes_nothing_but_what_is_declared(place: Place) -> None:
    """The document may be there before the manifest is, or the other way round."""
    place.pod.manifest.attend()
    for delivered, told in ((OLD, template_of(OLD)), (NEW[:-9], "one that is damaged")):
        place.declare(delivered)
        with pytest.raises(OSError, match=f"is {told}, and {template_of(NEW)} is declared"):
            asyncio.run(place.pod.recreate(template_of(NEW)))
    (place.delivered / places.STATIC_POD).unlink()
    with pytest.raises(OSError, match="is none"):
        asyncio.run(place.pod.recreate(template_of(NEW)))
    assert place.file.read_bytes() == OLD


def test_a_step_that_was_cut_short_is_completed(place: Place) -> None:
    """The volume's copy is written first: the kubelet never runs what the volume does not know."""
    place.pod.manifest.attend()
    place.placed.write_bytes(NEW)
    assert place.pod.manifest.attend()
    assert place.file.read_bytes() == NEW


def test_a_full_volume_keeps_no_manifest_from_being_put_back(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.pod.manifest.attend()
    place.file.unlink()

    def write(path: Path, data: bytes, mode: int = 0o600) -> None:
        if path.is_relative_to(place.volume):
            raise OSError(errno.ENOSPC, "no space left on device")
        write_file(path, data, mode)

    monkeypatch.setattr(kept, "write_file", write)
    assert place.pod.manifest.attend()
    assert place.file.read_bytes() == OLD
    place.declare(NEW)
    with pytest.raises(OSError, match="no space left"):
        asyncio.run(place.pod.recreate(template_of(NEW)))
    assert place.file.read_bytes() == OLD


def test_nothing_half_written_is_ever_seen_by_the_kubelet(place: Place) -> None:
    """It reads every file whose name does not begin with a dot (pkg/kubelet/config/file.go)."""
    place.pod.manifest.attend()
    assert [each.name for each in place.manifests.iterdir()] == [place.file.name]


def test_which_one_runs_is_what_the_pod_says(place: Place) -> None:
    assert place.pod.template() == ""
    place.pod.manifest.attend()
    place.runs(OLD)
    place.declare(NEW)
    asyncio.run(place.pod.recreate(template_of(NEW)))
    assert place.pod.template() == template_of(OLD)
    place.runs(NEW)
    assert place.pod.template() == template_of(NEW)


def test_the_token_is_lent_as_often_as_it_is_renewed(tmp_path: Path) -> None:
    source, run = tmp_path / "token", tmp_path / "run"
    lend(source, run)
    assert not run.exists()
    source.mkdir()
    for name in FILES:
        (source / name).write_text(f"first {name}")
    lend(source, run)
    lent = run / places.LENT_TOKEN
    assert {each.name: each.read_text() for each in lent.iterdir()} == {name: f"first {name}" for name in FILES}
    assert {each.stat().st_mode & 0o777 for each in lent.iterdir()} == {0o600}
    (source / "token").write_text("second")
    lend(source, run)
    assert (lent / "token").read_text() == "second"
