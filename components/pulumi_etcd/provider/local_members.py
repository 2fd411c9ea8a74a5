"""What LocalMember does: a member's volume, credentials and programs. When etcd runs is the agent's affair."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from etcd_ops.runtime import agent_state
from etcd_ops.volume.credentials import delivered, take_in
from etcd_ops.volume.errors import VolumeError
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.volume.marker import read_marker
from etcd_ops.volume.provision import create_volume, delete_volume, mark, shelve, write_agent_config
from etcd_ops.zone.configuration import MemberProgram, etcd_program
from etcd_ops.zone.errors import ZoneError
from etcd_ops.zone.members import add_member, remove_member
from etcd_ops.zone.paths import ZonePaths
from pulumi_etcd.certificates import fingerprint
from pulumi_etcd.provider.fixed import moved, unknown
from pulumi_etcd.provider.forgetting import forget
from pulumi_etcd.provider.resource import Call, Checked, Failed, Live
from pulumi_etcd.provider.tidy import remove_if_empty
from pulumi_etcd.provider.values import UNKNOWN, Properties

_IDENTITY = ("directory", "cluster", "slot", "zone")
_KNOWN = (*_IDENTITY, "channel", "agent")


class LocalMembers:
    """The volume is made once; credentials are only ever added; programs are the same for a member's whole life."""

    replaces: ClassVar[frozenset[str]] = frozenset()

    async def check(self, call: Call) -> Checked:
        """Judge what names the member."""
        inputs = {"keepVolume": False, "adopt": False, **call.inputs}
        remedy = "declare another slot, and drop this one in a later step"
        return Checked(inputs, unknown(inputs, _KNOWN) or moved(call.old, inputs, _IDENTITY, remedy))

    async def drift(self, call: Call) -> Mapping[str, str]:
        """Whether everything that was delivered is still there."""
        return await asyncio.to_thread(_drift, call.inputs, call.state)

    async def create(self, call: Call) -> tuple[str, Properties]:
        """Make the volume and everything on it, and have the zone run the two programs."""
        layout = _layout(call.inputs)
        if call.preview:
            computed = {"volumeId": UNKNOWN, "fingerprints": UNKNOWN}
            return str(layout.root), call.inputs | {"volume": str(layout.root)} | computed
        try:
            await asyncio.to_thread(_make_volume, layout, call.inputs)
            await asyncio.to_thread(_provide, layout, call.inputs)
        except (VolumeError, ZoneError) as problem:
            raise Failed(str(problem)) from problem
        return str(layout.root), _outputs(layout, call.inputs)

    async def read(self, call: Call) -> Live | None:
        """The member's volume as it is; an unmounted one is not a member that is gone."""
        if not call.inputs:
            raise Failed("a LocalMember holds keys that nobody gives back: it cannot be imported; use `adopt`")
        layout = VolumeLayout(Path(call.id))
        registered = _paths(call.inputs).member_configuration(call.inputs["slot"]).exists()
        if not layout.root.is_dir() and not registered:
            return None
        return Live(call.id, call.inputs, call.state | {"volumeId": _volume_id(layout, call.state)})

    async def update(self, call: Call) -> Properties:
        """Deliver what is new. The volume is never made a second time: one without a marker is an operator's affair."""
        layout = _layout(call.inputs)
        if call.preview:
            return call.state | call.inputs | {"fingerprints": _fingerprints(call.inputs)}
        if read_marker(layout.marker) is None:
            text = f"{layout.root} has no identity marker: is its disk mounted? Its member is held"
            await call.warn(f"{text} until `etcd-ops approve` accepts it")
        try:
            await asyncio.to_thread(_provide, layout, call.inputs)
        except (VolumeError, ZoneError) as problem:
            raise Failed(str(problem)) from problem
        return _outputs(layout, call.inputs) | {"volumeId": _volume_id(layout, call.state)}

    async def delete(self, call: Call) -> None:
        """End its programs, and delete its volume unless it is to be kept."""
        layout, slot = VolumeLayout(Path(call.id)), call.state["slot"]
        volume_id = _volume_id(layout, call.state)
        try:
            await asyncio.to_thread(remove_member, _paths(call.state), slot)
            put_away = shelve if call.state.get("keepVolume") else _delete_volume
            await asyncio.to_thread(put_away, layout.root)
        except (VolumeError, ZoneError) as problem:
            raise Failed(str(problem)) from problem
        kept = bool(call.state.get("keepVolume"))
        await forget(call.state["channel"], slot, volume_id, volume_is_gone=not kept)


def _paths(inputs: Properties) -> ZonePaths:
    return ZonePaths(Path(inputs["directory"]), inputs["zone"])


def _layout(inputs: Properties) -> VolumeLayout:
    return VolumeLayout(Path(inputs["directory"], "volumes", inputs["slot"]))


def _volume_id(layout: VolumeLayout, state: Properties) -> str:
    marker = read_marker(layout.marker)
    return marker.volume_id if marker else str(state.get("volumeId", ""))


def _fingerprints(inputs: Properties) -> Properties:
    return {
        use: UNKNOWN if leaf["certPem"] == UNKNOWN else fingerprint(leaf["certPem"])
        for use, leaf in sorted(inputs["credentials"].items())
    }


def _authorities(inputs: Properties) -> Iterator[str]:
    for generations in inputs["authorities"].values():
        yield from generations.values()


def _outputs(layout: VolumeLayout, inputs: Properties) -> Properties:
    return inputs | {
        "volume": str(layout.root),
        "volumeId": _volume_id(layout, {}),
        "fingerprints": _fingerprints(inputs),
    }


def _make_volume(layout: VolumeLayout, inputs: Properties) -> None:
    if inputs["adopt"] and read_marker(layout.marker) is None:
        mark(layout.root, inputs["slot"], inputs["cluster"])
    create_volume(layout.root, inputs["slot"], inputs["cluster"])


def _provide(layout: VolumeLayout, inputs: Properties) -> None:
    """Put on the volume what the agent and the launcher need, and have them run. Idempotent."""
    issued = {use: (leaf["certPem"], leaf["keyPem"]) for use, leaf in inputs["credentials"].items()}
    take_in(layout.root, _authorities(inputs), issued)
    write_agent_config(layout.root, _agent_config(layout, inputs))
    agent_state.initialise(layout.root, inputs["agent"]["version"], inputs["agent"]["command"])
    add_member(_paths(inputs), MemberProgram(inputs["slot"], layout.root, sys.executable))


def _agent_config(layout: VolumeLayout, inputs: Properties) -> Properties:
    slot = inputs["slot"]
    socket = str(_paths(inputs).socket)
    return {
        "cluster": inputs["cluster"],
        "slot": slot,
        "zone": inputs["zone"],
        "volume": str(layout.root),
        "channel": inputs["channel"],
        "runtime": {"kind": "supervisor", "socket": socket, "program": etcd_program(slot)},
    }


def _drift(inputs: Properties, state: Properties) -> dict[str, str]:
    layout, paths, slot = _layout(inputs), _paths(inputs), inputs["slot"]
    found = {}
    if read_marker(layout.marker) is None:
        found["volumeId"] = f"{layout.root} has no identity marker: is its disk mounted?"
    if not set(state.get("fingerprints", {}).values()) <= delivered(layout.root):
        found["fingerprints"] = f"{layout.root} lacks credentials: they will be delivered again"
    if not paths.member_configuration(slot).exists():
        found["volume"] = f"zone {inputs['zone']} does not run {slot}: its programs will be added again"
    return found


def _delete_volume(volume: Path) -> None:
    delete_volume(volume)
    remove_if_empty(volume.parent, volume.parent.parent)
