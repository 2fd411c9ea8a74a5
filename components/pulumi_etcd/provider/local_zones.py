"""What LocalZone does: a zone's supervisor and watchdog on this machine."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from etcd_ops.model.problems import Problem
from etcd_ops.zone.errors import ZoneError
from etcd_ops.zone.paths import ZonePaths, unusable
from etcd_ops.zone.supervisor import create_zone, inspect_zone, remove_zone, start_zone
from pulumi_etcd.provider.fixed import moved, unknown
from pulumi_etcd.provider.resource import Call, Checked, Failed, Live
from pulumi_etcd.provider.tidy import remove_if_empty
from pulumi_etcd.provider.values import UNKNOWN, Properties

_IDENTITY = ("directory", "zone")


class LocalZones:
    """Daemons that outlive the engine. After a reboot, an `up` finds them dead and starts them."""

    replaces: ClassVar[frozenset[str]] = frozenset()

    async def check(self, call: Call) -> Checked:
        """Judge the directory and the name."""
        inputs = {"objectStore": False, **call.inputs}
        problems = unknown(inputs, _IDENTITY) or moved(
            call.old, inputs, _IDENTITY, "destroy the cluster first (its volumes can be kept)"
        )
        reason = "" if problems else unusable(Path(inputs["directory"]))
        return Checked(inputs, (*problems, Problem("directory", reason)) if reason else problems)

    async def drift(self, call: Call) -> Mapping[str, str]:
        """Whether supervisor and watchdog run."""
        facts = await asyncio.to_thread(inspect_zone, _paths(call.inputs))
        if facts.up:
            return {}
        return {"running": f"zone {call.inputs['zone']} does not run ({facts.reason}): it will be started"}

    async def create(self, call: Call) -> tuple[str, Properties]:
        """Make and start the zone."""
        paths = _paths(call.inputs)
        if not call.preview:
            await _start(paths, call.inputs)
        return str(paths.directory), _outputs(call.inputs, running=True, starts=1)

    async def read(self, call: Call) -> Live | None:
        """The zone as it is."""
        directory = Path(call.id)
        paths = ZonePaths.of_directory(directory)
        facts = await asyncio.to_thread(inspect_zone, paths)
        if not facts.exists:
            return None
        place = {"directory": str(paths.root), "zone": paths.zone}
        inputs = {"objectStore": False, **call.inputs, **place}
        return Live(call.id, inputs, _outputs(inputs, running=facts.up, starts=call.state.get("starts", 1)))

    async def update(self, call: Call) -> Properties:
        """Make it again as it is declared, and start what does not run."""
        starts = call.state.get("starts", 1)
        if not (await asyncio.to_thread(inspect_zone, _paths(call.inputs))).up:
            starts = UNKNOWN if call.preview else starts + 1
        if not call.preview:
            await _start(_paths(call.inputs), call.inputs)
        return _outputs(call.inputs, running=True, starts=starts)

    async def delete(self, call: Call) -> None:
        """Stop it and delete its files."""
        try:
            await asyncio.to_thread(_remove, ZonePaths.of_directory(Path(call.id)))
        except ZoneError as problem:
            raise Failed(str(problem)) from problem


def _remove(paths: ZonePaths) -> None:
    remove_zone(paths)
    remove_if_empty(paths.root / "zones", paths.root)


def _paths(inputs: Properties) -> ZonePaths:
    return ZonePaths(Path(inputs["directory"]), inputs["zone"])


def _outputs(inputs: Properties, *, running: bool, starts: int | str) -> Properties:
    return inputs | {"socket": str(_paths(inputs).socket), "running": running, "starts": starts}


async def _start(paths: ZonePaths, inputs: Properties) -> None:
    try:
        await asyncio.to_thread(create_zone, paths, sys.executable, inputs["objectStore"])
        await asyncio.to_thread(start_zone, paths)
    except ZoneError as problem:
        raise Failed(f"zone {paths.zone} does not start: {problem}") from problem
