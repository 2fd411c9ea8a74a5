"""A stack with one Rollout, or one LocalCluster from another language's point of view, under the real engine."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.channel.directory import DirectoryChannel
from etcd_ops.channel.port import DESIRED
from etcd_ops.model.spec import Desired, Mode
from tests.rollout.samples import spec
from tests.tools.project import Project
from tools import ROOT
from tools.engine import Engine

SECONDS = 60.0
PLUGIN = f"plugins:\n  providers:\n    - {{name: etcd, path: {ROOT / 'plugin'}}}\n"
PROGRAM = """
import asyncio
import json
from pathlib import Path

import pulumi

from pulumi_etcd import Rollout

rollout = Rollout("demo", json.loads(Path("declaration.json").read_text()))
pulumi.export("generation", rollout.generation)
pulumi.export("running", rollout.running)
"""


def make_project(engine: Engine, folder: Path, name: str = "probe") -> Project:
    """A project that finds the provider in this repository."""
    project = Project.make(engine, folder, name)
    with (folder / "Pulumi.yaml").open("a") as settings:
        settings.write(PLUGIN)
    return project


class RolloutStack:
    """One Rollout whose channel is served by stand-in agents."""

    def __init__(self, project: Project, channel: Path) -> None:
        self.project = project
        self.channel = channel
        channel.mkdir(exist_ok=True)
        project.write(PROGRAM)

    def declare(self, **etcd: Any) -> None:
        """Declare three members with these settings of etcd, in snake_case."""
        cluster = spec().model_dump(mode="json")
        cluster["etcd"] |= etcd
        declaration = {
            "channel": {"kind": "directory", "directory": str(self.channel)},
            "cluster": cluster,
            "deadline_seconds": 45,
        }
        (self.project.folder / "declaration.json").write_text(json.dumps(declaration))

    def in_order(self) -> bool:
        """Whether the channel holds the plain declaration."""
        return self.desired().body == spec().to_wire() and self.desired().mode is Mode.ACTIVE

    def desired(self) -> Desired:
        return Desired.decode((self.channel / DESIRED).read_bytes())

    def write(self, document: Desired) -> None:
        """Write a document as somebody else would."""

        async def replace() -> None:
            channel = DirectoryChannel(self.channel)
            entry = await channel.read(DESIRED)
            assert entry is not None
            await channel.replace(DESIRED, document.encode(), entry.tag)

        asyncio.run(replace())

    def quota(self) -> int:
        """What the channel's document says of etcd's quota."""
        quota: int = self.desired().body["etcd"]["quotaBackendBytes"]
        return quota


def eventually(condition: Callable[[], bool], what: str, seconds: float = SECONDS, pause: float = 0.02) -> None:
    """Wait until a condition holds, which is looked at after every pause."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            pytest.fail(f"{what}: not within {seconds:g} s")
        time.sleep(pause)
