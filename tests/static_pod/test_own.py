"""A static pod as its agent keeps it: the file, the volume's copy, and what the pod itself says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from errno import EIO, ENOSPC, EROFS
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.agent.ports import PodOutcomeUnknown
from etcd_ops.pod import places
from etcd_ops.static_pod import kept, own
from etcd_ops.static_pod.kept import begun
from etcd_ops.static_pod.manifest import encode, template_of
from etcd_ops.static_pod.own import StaticPod
from etcd_ops.static_pod.token import FILES, lend
from etcd_ops.volume.durable import sync_directory, write_file
from etcd_ops.volume.layout import VolumeLayout
from tests.standins.deadlines import ample, out_after
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
        self.pod = self.again()

    def again(self) -> StaticPod:
        """As an agent that has just begun keeps it."""
        value = {"manifests": str(self.manifests), "file": self.file.name}
        return StaticPod(value, self.volume, self.delivered, self.run)

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
        asyncio.run(place.pod.recreate(template_of(NEW), ample))
        assert place.file.read_bytes() == place.placed.read_bytes() == NEW
    assert not place.pod.manifest.attend()


def test_a_step_takes_nothing_but_what_is_declared(place: Place) -> None:
    """The document may be there before the manifest is, or the other way round."""
    place.pod.manifest.attend()
    for delivered, told in ((OLD, template_of(OLD)), (NEW[:-9], "one that is damaged")):
        place.declare(delivered)
        with pytest.raises(OSError, match=f"is {told}, and {template_of(NEW)} is declared"):
            asyncio.run(place.pod.recreate(template_of(NEW), ample))
    (place.delivered / places.STATIC_POD).unlink()
    with pytest.raises(OSError, match="is none"):
        asyncio.run(place.pod.recreate(template_of(NEW), ample))
    assert place.file.read_bytes() == OLD


class Died(BaseException):
    """The agent's process has ended, or the machine has lost its power."""


class Cut:
    """What writes, until it is cut short right before or after one of its effects; counts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at, self.done, self.how = -1, 0, BaseException()
        for name in ("write_file", "sync_directory", "rename_over"):
            monkeypatch.setattr(kept, name, self._cutting(getattr(kept, name)))

    def order(self, at: int, how: BaseException) -> None:
        """Effects of even number are cut off, of odd number the last that there are."""
        self.at, self.done, self.how = at, 0, how

    def _cutting(self, effect: Callable[..., None]) -> Callable[..., None]:
        def cut(*values: Any, **named: Any) -> None:
            self._look()
            effect(*values, **named)
            self._look()

        return cut

    def _look(self) -> None:
        self.done += 1
        if self.done - 1 == self.at:
            raise self.how


EFFECTS = 8
"""Before and after: it is begun, it is where the kubelet looks, that is on disk, it is placed."""


def test_a_step_has_so_many_effects(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.pod.manifest.attend()
    place.declare(NEW)
    cut = Cut(monkeypatch)
    asyncio.run(place.pod.recreate(template_of(NEW), ample))
    assert cut.done == EFFECTS


def cut_short(place: Place, monkeypatch: pytest.MonkeyPatch, at: int, how: BaseException) -> None:
    """A step that would have placed NEW after OLD; told as failed where the kubelet has OLD, and only then."""
    place.pod.manifest.attend()
    place.declare(NEW)
    cut = Cut(monkeypatch)
    cut.order(at, how)
    try:
        asyncio.run(place.pod.recreate(template_of(NEW), ample))
    except Died:
        pass
    except OSError:
        assert place.file.read_bytes() == OLD
    else:
        assert place.file.read_bytes() == NEW
    cut.order(-1, how)


@pytest.mark.parametrize("how", [Died(), OSError(EROFS, "read-only file system")], ids=["died", "fault"])
@pytest.mark.parametrize("at", range(EFFECTS))
def test_a_step_that_was_cut_short_is_completed_by_a_step_only(
    place: Place, monkeypatch: pytest.MonkeyPatch, at: int, how: BaseException
) -> None:
    """Nobody asks the gate before `attend`: whatever the kubelet has by then, it keeps."""
    cut_short(place, monkeypatch, at, how)
    found = place.file.read_bytes()
    for _ in range(3):
        assert not place.again().manifest.attend()
        assert place.file.read_bytes() == found
        assert place.placed.read_bytes() == found
    asyncio.run(place.again().recreate(template_of(NEW), ample))
    place.file.unlink()
    assert place.pod.manifest.attend()
    assert place.file.read_bytes() == place.placed.read_bytes() == NEW


@pytest.mark.parametrize("at", range(EFFECTS))
def test_what_is_put_back_was_placed_to_the_end(place: Place, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Also where the kubelet's folder loses it before anybody has looked, as a served one does with the power."""
    cut_short(place, monkeypatch, at, Died())
    placed = place.placed.read_bytes()
    place.file.unlink()
    assert place.again().manifest.attend()
    assert place.file.read_bytes() == placed
    assert placed == (NEW if at == EFFECTS - 1 else OLD)


def test_what_is_remembered_as_placed_is_on_the_kubelets_disk(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a loss of power would leave the one before there, and the next look would exchange it."""
    place.pod.manifest.attend()
    synced: list[tuple[Path, bytes, bytes]] = []

    def noted(path: Path) -> None:
        synced.append((path, place.file.read_bytes(), place.placed.read_bytes()))
        sync_directory(path)

    monkeypatch.setattr(kept, "sync_directory", noted)
    begun(place.placed).write_bytes(NEW)
    place.file.write_bytes(NEW)
    assert not place.pod.manifest.attend()
    assert synced == [(place.manifests, NEW, OLD)]
    assert place.placed.read_bytes() == NEW


@pytest.mark.parametrize("fault", [EROFS, ENOSPC])
def test_a_fault_of_the_kubelets_disk_that_passes_starts_nothing_anew(
    place: Place, monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    """On several nodes at once, perhaps: all of their members would be down together."""
    place.pod.manifest.attend()
    place.declare(NEW)

    def write(path: Path, data: bytes, **named: Any) -> None:
        if path == place.file:
            raise OSError(fault, "for now")
        write_file(path, data, **named)

    with monkeypatch.context() as faulty:
        faulty.setattr(kept, "write_file", write)
        with pytest.raises(OSError, match="for now"):
            asyncio.run(place.pod.recreate(template_of(NEW), ample))
    assert not place.pod.manifest.attend()
    assert place.file.read_bytes() == OLD


def test_where_nobody_can_tell_what_the_kubelet_has_it_may_have_either(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.pod.manifest.attend()
    place.declare(NEW)
    broken = False
    read = kept._read

    def write(path: Path, data: bytes, **named: Any) -> None:
        nonlocal broken
        broken = path == place.file
        write_file(path, data, **named)
        if broken:
            raise OSError(EIO, "input/output error")

    def unreadable(path: Path) -> bytes | None:
        if broken and path == place.file:
            raise OSError(EIO, "input/output error")
        return read(path)

    monkeypatch.setattr(kept, "write_file", write)
    monkeypatch.setattr(kept, "_read", unreadable)
    with pytest.raises(PodOutcomeUnknown):
        asyncio.run(place.pod.recreate(template_of(NEW), ample))
    place.runs(OLD)
    assert asyncio.run(place.pod.leaving())


def test_nothing_is_placed_once_no_time_is_left(place: Place) -> None:
    """As where the disk took long to write it."""
    place.pod.manifest.attend()
    place.declare(NEW)
    with pytest.raises(OSError, match="ran out before it was sent"):
        asyncio.run(place.pod.recreate(template_of(NEW), out_after(0)))
    assert not place.pod.manifest.attend()
    assert place.file.read_bytes() == place.placed.read_bytes() == OLD


def test_it_is_leaving_from_when_another_one_is_placed_until_the_kubelet_runs_that(place: Place) -> None:
    def leaving() -> bool:
        return asyncio.run(place.again().leaving())

    place.pod.manifest.attend()
    assert not leaving()
    place.runs(OLD)
    place.declare(NEW)
    assert not leaving()
    asyncio.run(place.pod.recreate(template_of(NEW), ample))
    assert leaving()
    place.runs(NEW)
    assert not leaving()


def test_a_full_volume_keeps_no_manifest_from_being_put_back(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.pod.manifest.attend()
    place.file.unlink()

    def write(path: Path, data: bytes, **named: Any) -> None:
        if path.is_relative_to(place.volume):
            raise OSError(ENOSPC, "no space left on device")
        write_file(path, data, **named)

    monkeypatch.setattr(kept, "write_file", write)
    assert place.pod.manifest.attend()
    assert place.file.read_bytes() == OLD
    place.declare(NEW)
    with pytest.raises(OSError, match="no space left"):
        asyncio.run(place.pod.recreate(template_of(NEW), ample))
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
    asyncio.run(place.pod.recreate(template_of(NEW), ample))
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
