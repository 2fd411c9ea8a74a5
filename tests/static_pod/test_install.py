"""An agent is put onto its node once; from then on its manifest is its own to exchange."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.pod import places
from etcd_ops.static_pod import install as installing
from etcd_ops.static_pod import kept, own
from etcd_ops.static_pod.install import install
from etcd_ops.static_pod.kept import begun
from etcd_ops.static_pod.manifest import encode, template_of
from etcd_ops.static_pod.own_agent import StaticAgent
from etcd_ops.volume.durable import remove_file, write_file
from etcd_ops.volume.layout import VolumeLayout
from tests.standins.deadlines import ample
from tests.static_pod.test_manifest import plain

OLD, NEW, MENDED = (encode(plain(image)) for image in ("old", "new", "mended"))


class Place:
    """The folders that an installing pod sees."""

    def __init__(self, root: Path) -> None:
        self.source, self.delivered, self.manifest = root / "source", root / "delivered", root / "static" / "agent.json"
        self.manifest.parent.mkdir()
        self.volume = root / "volume"
        self.placed = VolumeLayout(self.volume).agent_pod
        self.declare(OLD)

    def declare(self, manifest: str, key: str = "key") -> None:
        """As a kubelet mounts a Secret, whose folders are links."""
        content = self.source / "..2026"
        for path, text in {"config/agent-config.json": "{}", f"config/{places.AGENT_POD}": manifest,
                           "credentials/peer.key": key}.items():  # fmt: skip
            (content / path).parent.mkdir(parents=True, exist_ok=True)
            (content / path).write_text(text)
        for folder in ("config", "credentials"):
            link = self.source / folder
            if not link.exists():
                link.symlink_to(f"..2026/{folder}")

    def install(self, *, anew: bool = False) -> list[str]:
        return install(self.source, self.delivered, self.manifest, self.volume if anew else None)

    def agent(self) -> StaticAgent:
        """As the kubelet starts it now, from whatever manifest there is."""
        VolumeLayout(self.volume).agent.mkdir(parents=True, exist_ok=True)
        value = {"manifests": str(self.manifest.parent), "file": self.manifest.name}
        environment = {places.TEMPLATE: template_of(self.manifest.read_bytes())}
        return StaticAgent(value, self.volume, self.delivered / "config", environment)

    def roll(self, manifest: str) -> None:
        """The stack declares another manifest, and a step of the agent places it."""
        self.declare(manifest)
        self.install()
        asyncio.run(self.agent().recreate(template_of(manifest.encode()), ample))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(own, "SEEN_SECONDS", 0.0)
    return Place(tmp_path)


def test_everything_is_there_before_the_agent_is_run(place: Place) -> None:
    assert place.install() == ["delivered config", "delivered credentials", "placed agent.json"]
    assert place.manifest.read_text() == OLD
    assert place.manifest.stat().st_mode & 0o777 == 0o600
    assert (place.delivered / "credentials" / "peer.key").read_text() == "key"
    assert place.install() == []


def test_a_running_agent_exchanges_its_manifest_itself(place: Place) -> None:
    place.install()
    place.declare(NEW, "another key")
    assert place.install() == ["delivered config", "delivered credentials"]
    assert place.manifest.read_text() == OLD
    assert (place.delivered / "config" / places.AGENT_POD).read_text() == NEW


def test_one_that_does_not_run_gets_another_manifest(place: Place) -> None:
    place.install()
    place.declare(NEW)
    assert place.install(anew=True) == ["delivered config", "placed agent.json"]
    assert place.manifest.read_text() == NEW
    assert place.install(anew=True) == []


def test_what_cannot_run_is_not_put_back_by_the_agent_that_was_installed_for_it(place: Place) -> None:
    """Such as one with too little memory, which a step has placed, and which was corrected then."""
    place.install()
    place.roll(NEW)
    place.agent().manifest.attend()
    place.declare(MENDED)
    place.install(anew=True)
    for _ in range(2):
        assert not place.agent().manifest.attend()
        assert place.manifest.read_text() == MENDED
    ending = place.agent()
    place.manifest.unlink()
    assert ending.manifest.attend()
    assert place.manifest.read_text() == MENDED
    place.roll(NEW)
    assert place.placed.read_text() == place.manifest.read_text() == NEW


@pytest.mark.parametrize("noted", [True, False])
def test_one_that_runs_for_a_moment_puts_nothing_back_meanwhile(
    place: Place, monkeypatch: pytest.MonkeyPatch, noted: bool
) -> None:
    """It attends to its manifest whenever it is started, until it is ended again."""
    place.install()
    place.roll(NEW)
    if not noted:  # the volume was full or read-only when the step had placed it
        begun(place.placed).write_text(NEW)
        place.placed.write_text(OLD)
    place.declare(MENDED)
    before = place.agent()

    def interrupted(real: Callable[..., None]) -> Callable[..., None]:
        def call(*values: Any, **named: Any) -> None:
            real(*values, **named)
            before.manifest.attend()

        return call

    monkeypatch.setattr(kept, "remove_file", interrupted(remove_file))
    monkeypatch.setattr(installing, "write_file", interrupted(write_file))
    place.install(anew=True)
    assert not place.agent().manifest.attend()
    assert place.manifest.read_text() == MENDED


@pytest.mark.parametrize("calls", range(3))
def test_an_installation_that_is_cut_short_is_finished_by_the_next(
    place: Place, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    place.install()
    place.roll(NEW)
    place.declare(MENDED)
    left = calls

    def dying(real: Callable[..., None]) -> Callable[..., None]:
        def call(*values: Any, **named: Any) -> None:
            nonlocal left
            if not left:
                raise OSError("the node lost power")
            left -= 1
            real(*values, **named)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(kept, "remove_file", dying(remove_file))
        patch.setattr(installing, "write_file", dying(write_file))
        with pytest.raises(OSError, match="lost power"):
            place.install(anew=True)
    assert not place.agent().manifest.attend()
    assert place.manifest.read_text() == NEW
    place.install(anew=True)
    assert not place.agent().manifest.attend()
    assert place.manifest.read_text() == MENDED


@pytest.mark.parametrize("found", ["", "garbage: [", OLD[:-20]])
def test_what_is_no_manifest_of_ours_runs_no_agent(place: Place, found: str) -> None:
    place.manifest.write_text(found)
    assert "placed agent.json" in place.install()


def test_as_a_program_it_tells_why_it_failed(place: Place) -> None:
    command = [sys.executable, "-m", "etcd_ops.static_pod.install", *map(str, (place.source, place.delivered))]
    done = subprocess.run([*command, str(place.manifest)], capture_output=True, text=True, check=True)
    assert done.stdout == "delivered config; delivered credentials; placed agent.json\n"
    done = subprocess.run([*command, "/proc/nowhere/agent.json"], capture_output=True, text=True, check=False)
    assert (done.returncode, "FileNotFoundError" in done.stdout) == (1, True)
