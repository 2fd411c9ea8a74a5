"""Whether etcd may be started, from explicit facts. Pure; standard library only."""

from __future__ import annotations

from typing import NamedTuple

from etcd_ops.volume.data import DataFacts
from etcd_ops.volume.launch_record import StagedLaunch
from etcd_ops.volume.marker import Marker


class Situation(NamedTuple):
    """What the launcher found on the volume, and in the channel where it answered in time."""

    launch: StagedLaunch | None
    """With the one-time permissions that are left."""
    was_first_start: bool = False
    """The launch was staged for a first start, whether or not that is used up."""
    marker: Marker | None = None
    data: DataFacts = DataFacts(present=False, identity=None)
    fence: int = 0
    """Incarnation below which nothing on this volume starts again."""
    newest: int = 0
    """The highest incarnation that this volume knows of."""
    memory_problem: str = ""
    """Why the agent's memory could not be read; empty where it could, or there is none."""
    binary_cached: bool = True
    channel: int | None = None
    """The incarnation in the channel; None where it was not, or could not be, read."""


class Start(NamedTuple):
    """Etcd may start."""

    force_new_cluster: bool = False


class Refuse(NamedTuple):
    """Etcd must not start, until something named in `reason` changes."""

    reason: str


def judge(found: Situation) -> Start | Refuse:
    """Whether to start: the first thing that speaks against it, in the order of what an operator would look at."""
    if found.launch is None:
        return Refuse("no launch is staged on this volume")
    if found.marker is None:
        return Refuse("the volume carries no identity marker: is it mounted? accept it if it is the right one")
    refusal = _data_refusal(found, found.launch) or _incarnation_refusal(found, found.launch)
    if refusal:
        return Refuse(refusal)
    if not found.binary_cached:
        return Refuse(f"etcd with SHA-256 {found.launch.binary_sha256} is not cached on this volume")
    return Start(found.launch.force_new_cluster)


def _data_refusal(found: Situation, launch: StagedLaunch) -> str:
    if not found.data.present:
        return "" if launch.first_start else "there is no data, and this is not a first start: the data is lost"
    if found.data.identity is None:
        return "there is data, but the head of its write-ahead log cannot be read: neither started nor wiped"
    if launch.expected is None:
        return "" if found.was_first_start else "the launch does not say which member's data is expected"
    if found.data.identity != launch.expected:
        return f"the data is of {_name(found.data.identity)}, not of {_name(launch.expected)}"
    return ""


def _incarnation_refusal(found: Situation, launch: StagedLaunch) -> str:
    own = launch.incarnation
    if found.memory_problem:
        return f"the agent's memory is damaged, so a fence on this volume is unknown: {found.memory_problem}"
    if own < found.fence:
        return f"incarnation {own} is fenced: this volume serves {found.fence} or later"
    if own < found.newest:
        return f"incarnation {own} is older than {found.newest}, which this volume knows of"
    if found.channel is not None and own < found.channel:
        return f"incarnation {own} is older than {found.channel} in the channel"
    return ""


def _name(identity: tuple[int, int]) -> str:
    return f"member {identity[1]:x} of cluster {identity[0]:x}"
