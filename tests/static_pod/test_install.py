"""An agent is put onto its node once; from then on its manifest is its own to exchange."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from etcd_ops.pod import places
from etcd_ops.static_pod.install import install
from etcd_ops.static_pod.manifest import encode
from tests.static_pod.test_manifest import plain

OLD, NEW = encode(plain("old")), encode(plain("new"))


class Place:
    """The folders that an installing pod sees."""

    def __init__(self, root: Path) -> None:
        self.source, self.delivered, self.manifest = root / "source", root / "delivered", root / "static" / "agent.json"
        self.manifest.parent.mkdir()
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
        return install(self.source, self.delivered, self.manifest, anew=anew)


@pytest.fixture
def place(tmp_path: Path) -> Place:
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
