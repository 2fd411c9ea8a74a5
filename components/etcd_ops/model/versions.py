"""etcd versions: what each line knows, and which version may follow which on a live cluster."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from etcd_ops.model import versions_data
from etcd_ops.model.versions_data import Gate, LineData, Minimum, Option


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """A minor line, such as 3.6: what etcd calls a cluster version or a storage version."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Line:
        """Read `3.6` or `3.6.0`, as etcd writes cluster and storage versions.

        Raises:
            ValueError: it is neither.
        """
        found = re.fullmatch(r"(\d{1,4})\.(\d{1,4})(\.\d{1,6})?", text)
        if found is None:
            raise ValueError(f"{text!r} is not a version such as 3.6")
        return cls(int(found[1]), int(found[2]))

    @property
    def next(self) -> Line:
        """The line after this one."""
        return Line(self.major, self.minor + 1)

    @property
    def previous(self) -> Line:
        """The line before this one."""
        return Line(self.major, self.minor - 1)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A release of etcd, such as 3.6.15."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read `3.6.15`.

        Raises:
            ValueError: it is not three numbers; pre-releases are not supported.
        """
        found = re.fullmatch(r"(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,5})", text)
        if found is None:
            raise ValueError(f"{text!r} is not a release such as {RELEASES[-1]}")
        return cls(int(found[1]), int(found[2]), int(found[3]))

    @property
    def line(self) -> Line:
        """The minor line it belongs to."""
        return Line(self.major, self.minor)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


LINES: Mapping[Line, LineData] = MappingProxyType({Line(3, data.minor): data for data in versions_data.LINES})
"""Every line this version of the package knows."""
RELEASES: tuple[Version, ...] = tuple(Version(*numbers) for numbers in versions_data.RELEASES)
"""Pinned releases that the local platform can obtain, oldest first."""


def release(line: Line) -> Version | None:
    """The pinned release of a line; None for a line without one."""
    return next((version for version in RELEASES if version.line == line), None)


def below_floor(version: Version) -> Minimum | None:
    """The minimum that `version` misses and without which agents cannot work safely; None where it is met."""
    return _missed(version, LINES[version.line].floor)


def below_safe(version: Version) -> Minimum | None:
    """The recommended minimum that `version` misses; None where it is met."""
    return _missed(version, LINES[version.line].safe)


def _missed(version: Version, minimum: Minimum) -> Minimum | None:
    return minimum if version.patch < minimum.patch else None


def options(line: Line) -> Mapping[str, Option]:
    """Keys of the configuration file that `line` reads, by name.

    Raises:
        KeyError: an unknown line.
    """
    return LINES[line].options


def gates(line: Line) -> Mapping[str, Gate]:
    """Feature gates of `line`, by name; empty before there were any.

    Raises:
        KeyError: an unknown line.
    """
    return LINES[line].gates


def key_on(line: Line, key: str) -> str | None:
    """What `line` calls the setting that newer lines call `key`; None where it does not have it."""
    if key in options(line):
        return key
    former = next((old for old, new, _ in versions_data.RENAMED if new == key), "")
    return former if former in options(line) else None


def replacement(key: str) -> str:
    """What later lines call an experimental `key`: a key, or `feature-gates: Gate`; empty where nothing."""
    if key in versions_data.GATE_OF_KEY:
        return f"feature-gates: {versions_data.GATE_OF_KEY[key]}"
    return next((new for old, new, _ in versions_data.RENAMED if old == key), "")


def switches_on(line: Line, wanted: Mapping[str, bool]) -> dict[str, bool | str]:
    """The configuration keys by which `line` turns feature gates on and off.

    Args:
        line: a known line.
        wanted: gate name to value; gates that the line has neither as gate nor as key are left out.
    """
    if gates(line):
        known = {name: value for name, value in wanted.items() if name in gates(line)}
        return {"feature-gates": ",".join(f"{name}={str(value).lower()}" for name, value in known.items())}
    keys = {gate: key for key, gate in versions_data.GATE_OF_KEY.items()}
    return {keys[name]: value for name, value in wanted.items() if name in keys}


_OBSERVED = re.compile(r"(\d{1,4})\.(\d{1,4})(?:\.(\d{1,6}))?(?:[-+].*)?", re.DOTALL)


def version_of(text: str) -> Version | None:
    """The version that a member says it is; of a pre-release the one it precedes. None where it says none."""
    found = _OBSERVED.fullmatch(text)
    return Version(int(found[1]), int(found[2]), int(found[3])) if found and found[3] else None


def line_of(text: str) -> Line | None:
    """The line of a cluster, storage or program version as etcd writes it; None where it is none."""
    found = _OBSERVED.fullmatch(text)
    return Line(int(found[1]), int(found[2])) if found else None


def replays_v2(version: Version) -> bool:
    """Whether a program can replay what 3.5 wrote: see `LineData.replays_v2`. True for a line that is not known."""
    return version.line not in LINES or LINES[version.line].replays_v2


class EdgeKind(Enum):
    """How a cluster gets from what it runs to a declared version."""

    NONE = "none"
    """Every member runs it already."""
    PATCH = "patch"
    """Programs are exchanged; the cluster version stays. Also the way back from an unfinished upgrade."""
    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    """Before a program changes, etcd's downgrade must be enabled and the storage version have followed."""
    UNKNOWN = "unknown"
    """Too little was observed to tell."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Edge:
    kind: EdgeKind
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """The versions of a live cluster, as observed; never as declared."""

    cluster: Line | None
    """The cluster version etcd agreed on."""
    members: tuple[Version, ...] = ()
    """What each member's program says it is."""
    storage: tuple[Line, ...] = ()
    """Storage versions of the members that tell one (3.6 and later)."""
    downgrading: Line | None = None
    """Target of a downgrade that is enabled."""

    @classmethod
    def read(
        cls,
        cluster: str,
        members: Iterable[str] = (),
        storage: Iterable[str] = (),
        downgrading: str = "",
    ) -> Running:
        """Build it from etcd's own strings; what is not a version, such as `not_decided`, is unknown."""
        return cls(
            cluster=line_of(cluster),
            members=tuple(version for text in members if (version := version_of(text)) is not None),
            storage=tuple(line for text in storage if (line := line_of(text)) is not None),
            downgrading=line_of(downgrading),
        )


def edge(running: Running, target: Version) -> Edge:
    """How a cluster gets from what was observed to `target`.

    Rules: one line at a time; a floor for every member before an upgrade (upgrade guides of 3.6 and 3.7);
    once the cluster version has risen, back only through etcd's downgrade (server/etcdserver/version).
    """
    if target.line not in LINES:
        return _refused(f"etcd {target.line} is not known", f"declare one of {_listed()}")
    if running.cluster is None or not running.members:
        return Edge(EdgeKind.UNKNOWN, "the cluster's version could not be observed")
    if running.downgrading is not None:
        return _while_downgrading(running, running.cluster, running.downgrading, target)
    if target.line == running.cluster:
        return _within(running, running.cluster, target)
    if target.line > running.cluster:
        return _upwards(running, running.cluster, target)
    return _downwards(running.cluster, target)


def _refused(reason: str, remedy: str) -> Edge:
    return Edge(EdgeKind.REFUSED, reason, remedy)


def _listed() -> str:
    return ", ".join(str(version) for version in RELEASES)


def _within(running: Running, cluster: Line, target: Version) -> Edge:
    if all(version == target for version in running.members):
        return Edge(EdgeKind.NONE)
    ahead = [version for version in running.members if version.line > cluster]
    if len(ahead) == len(running.members) or any(line > cluster for line in running.storage):
        reason = f"every member left {cluster} already, so that the cluster version is about to rise"
        return _refused(reason, "declare it again once the cluster version has settled")
    return Edge(EdgeKind.PATCH, f"the cluster version is still {cluster}: members go back" if ahead else "")


def _upwards(running: Running, cluster: Line, target: Version) -> Edge:
    if target.line > cluster.next:
        if all(version.line > cluster for version in running.members):
            return Edge(EdgeKind.UNKNOWN, f"every member left {cluster} already: the cluster version is about to rise")
        reason = f"the cluster version is {cluster}, and etcd is upgraded one minor version at a time"
        return _refused(reason, f"declare {release(cluster.next) or cluster.next} first")
    minimum = LINES[cluster].before_next if cluster in LINES else None
    if minimum is None:
        return _refused(f"no upgrade from {cluster} is known", f"declare one of {_listed()}")
    lagging = [each for each in running.members if each.line == cluster and each.patch < minimum.patch]
    if lagging:
        reason = f"{minimum.reason}; one runs {min(lagging)}"
        return _refused(reason, f"declare {release(cluster)} first")
    return Edge(EdgeKind.UPGRADE)


def _downwards(cluster: Line, target: Version) -> Edge:
    risen = f"the cluster version is {cluster}"
    if cluster not in LINES:
        return _refused(f"{risen}, which is newer than this package", "use a newer release of it")
    if target.line.next != cluster:
        return _refused(
            f"{risen}, and etcd is downgraded one minor version at a time", "declare the line before it first"
        )
    if not LINES[cluster].downgrades:
        # etcd itself can (its downgrade guides). But a member of 3.5 tells neither its storage version nor
        # whether a downgrade is under way, so that no agent could prove how far it got.
        reason = f"{risen}, and going back to {target.line} cannot be observed safely"
        return _refused(reason, f"stay on {cluster}, or restore an older backup as a new cluster")
    return Edge(EdgeKind.DOWNGRADE)


def _while_downgrading(running: Running, cluster: Line, aim: Line, target: Version) -> Edge:
    if target.line == aim:
        if cluster == aim and all(version == target for version in running.members):
            return Edge(EdgeKind.NONE)
        supported = _downwards(aim.next, target)
        return supported if supported.reason else Edge(EdgeKind.DOWNGRADE, f"the downgrade to {aim} is under way")
    if target.line == aim.next:
        return Edge(EdgeKind.UPGRADE, f"the downgrade to {aim} is taken back")
    if target.line == aim.next.next and all(version.line == aim.next for version in running.members):
        # Nobody has followed the downgrade: it was given up, or only meant to make members take snapshots.
        return Edge(EdgeKind.UNKNOWN, f"the downgrade to {aim} is not taken back yet")
    return _refused(f"a downgrade to {aim} is under way", f"declare {aim} or {aim.next}")


def cannot_open(program: Version, cluster: Line | None, storage: Line | None, *, v2_entries: bool = False) -> str:
    """Why this etcd would not start, or must not be started, on a member's data; empty where it may.

    etcd refuses data of a newer line (server/storage/schema), a cluster version above its own
    (server/etcdserver/version, MustDetectDowngrade), and panics on raft entries that it cannot read.

    Args:
        program: the version to be started.
        cluster: the cluster version; None while unknown.
        storage: the member's storage version; None where it is unknown or before 3.6.
        v2_entries: whether the member's write-ahead log has entries as 3.5 writes them since its last raft snapshot.
    """
    if storage is not None and storage > program.line:
        return f"the data's storage version is {storage}, newer than etcd {program}"
    if cluster is not None and cluster > program.line:
        return f"the cluster version is {cluster}, newer than etcd {program}"
    if cluster is not None and cluster.next < program.line:
        return f"the cluster version is {cluster}: etcd {program} may not skip {cluster.next}"
    if v2_entries and not replays_v2(program):
        return f"etcd {program} cannot replay what 3.5 wrote: a raft snapshot must be taken before"
    return ""
