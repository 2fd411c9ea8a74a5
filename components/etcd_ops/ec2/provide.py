"""Puts on a mounted volume what agent and launcher need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from etcd_ops.ec2 import artifacts, places
from etcd_ops.ec2.machine import Machine
from etcd_ops.runtime import agent_state
from etcd_ops.runtime.agent_state import AgentState, Release
from etcd_ops.volume.durable import write_file
from etcd_ops.volume.errors import VolumeError
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.volume.marker import Marker, encode_marker, read_marker
from etcd_ops.volume.provision import is_fresh, write_agent_config

PLATFORM = "ec2"
VOLUME_PREFIX = "vol-"


class Releases(Protocol):
    """Fetches a release by the SHA-256 of its archive; `etcd_ops.ec2.artifacts.Artifacts` is the real one."""

    def release(self, archive: str) -> Path:
        """Its program."""


def mark_or_refuse(volume: Path, machine: Machine, volume_id: str, vouched: Callable[[], bool]) -> None:
    """Mark an empty volume that the platform vouches for, and refuse another member's, or a copy.

    One that is not vouched for, or holds a member's files without a marker, is left as it is: the agent holds it until
    an operator accepts it.

    Args:
        volume: where it is mounted.
        machine: whose it should be.
        volume_id: of the EBS volume.
        vouched: whether an empty one may be marked; only asked for such.

    Raises:
        VolumeError: it is not this member's.
        OSError
    """
    layout = VolumeLayout(volume)
    marker = read_marker(layout.marker)
    if marker is None:
        if is_fresh(layout) and vouched():
            write_file(layout.marker, encode_marker(Marker(machine.cluster, machine.slot, volume_id, PLATFORM)), 0o644)
        return
    if (marker.cluster, marker.slot) != (machine.cluster, machine.slot):
        raise VolumeError(
            f"{volume_id} is the volume of member {marker.slot} of cluster {marker.cluster}, "
            f"not of {machine.slot} of {machine.cluster}: take the tags from it, and give the slot its own"
        )
    if marker.volume_id.startswith(VOLUME_PREFIX) and marker.volume_id != volume_id:
        raise VolumeError(
            f"{volume_id} is a copy of {marker.volume_id}: older data than was voted for must not come back; "
            "give the slot an empty volume, and it is caught up by the others"
        )


def provide(volume: Path, machine: Machine, volume_id: str, version: str, releases: Releases) -> None:
    """Put the agent's configuration on the volume, and name a release that this machine has. Idempotent.

    Args:
        volume: where it is mounted.
        machine: whose it is.
        volume_id: of the EBS volume, the only one with the slot's tags.
        version: of the release that runs this.
        releases: fetches others.

    Raises:
        VolumeError, OSError
    """
    write_agent_config(volume, agent_config(machine, volume_id))
    own = Release(version, (str(artifacts.own_program()),))
    agent_state.initialise(volume, own.version, own.command)
    with agent_state.state_lock(volume):
        state = agent_state.read(volume)
        settled = _settled(state, own, releases)
        if settled != state:
            agent_state.write(volume, settled)


def agent_config(machine: Machine, volume_id: str) -> dict[str, Any]:
    """How the agent finds everything."""
    return {
        "cluster": machine.cluster,
        "slot": machine.slot,
        "zone": machine.zone,
        "channel": machine.channel.to_wire(),
        "runtime": {"kind": "systemd", "unit": places.MEMBER_UNIT},
        "machine": machine.to_wire(),
        "claimed": volume_id,
    }


def _settled(state: AgentState, own: Release, releases: Releases) -> AgentState:
    """The state with releases that are here: a machine before this one may have run others."""
    if _here(state.current, releases):
        return state
    return state._replace(current=own, candidate=None, previous=None, trial="", attempts=0)


def _here(release: Release, releases: Releases) -> bool:
    program = release.command[0]
    if Path(program).exists():
        return True
    archive = artifacts.release_of(program)
    if not archive:
        return False
    try:
        return releases.release(archive).exists()
    except (OSError, ValueError):
        return False
