"""The contract of a cluster component: what it declares to policies and reviewers, read leaf by leaf.

Every component of the provider `etcd` that is a cluster carries the same contract, whatever its platform: as its
inputs, and as the output `contract`. Nothing in it is secret, but nothing holds a component of somebody else to that:
so messages repeat numbers and what a rule compares with, never a text that could not be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pulumi_policy.proxy import UnknownValueError

from etcd_ops.model.problems import Problem

MODULE = "etcd:index:"
"""Begins the type of every component and resource of the provider."""
STATEFUL_SETS, STATIC_PODS = "stateful-sets", "static-pods"
KUBERNETES = (STATEFUL_SETS, STATIC_PODS)
"""Platforms whose members run in pods."""
EC2 = "ec2"
"""The platform whose members run on instances of AWS."""
PLATFORMS = (*KUBERNETES, EC2)
"""Those that rules may be about alone."""
CONTAINERS = ("etcd", "agent")
"""What a member consists of there."""
_OUTPUT = "contract"
_MARKS = frozenset({"clusterName", "members", "etcd"})
"""Properties that together only a contract has."""
T = TypeVar("T")


class Unreadable(Exception):
    """A part of the contract that a rule needs is missing, or is not what it should be."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(str(self.problem))

    @property
    def problem(self) -> Problem:
        """What to tell of it: what cannot be judged never passes."""
        reason = f"{self.reason}, so that the cluster cannot be judged"
        return Problem(self.path, reason, "correct the component's contract")


@dataclass(frozen=True, slots=True)
class Section:
    """An object of the contract. Reading what is unknown in a preview raises the policy SDK's UnknownValueError."""

    values: Mapping[str, Any]
    path: str = ""

    def at(self, key: str) -> str:
        """The path of one of its properties."""
        return f"{self.path}.{key}" if self.path else key

    def section(self, key: str) -> Section:
        """An object in it."""
        return _as_section(self._value(key), self.at(key))

    def entries(self, key: str) -> tuple[Entry, ...]:
        """A list in it. Its entries can be counted even where one of them is not known yet."""
        value = self._value(key)
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise Unreadable(self.at(key), "is not a list")
        return tuple(Entry(value, index, f"{self.at(key)}[{index}]") for index in range(len(value)))

    def text(self, key: str) -> str:
        """A text in it."""
        return _as_text(self._value(key), self.at(key))

    def whole(self, key: str) -> int:
        """A whole number in it; the engine hands every number over as a float."""
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
            raise Unreadable(self.at(key), "is not a whole number")
        return int(value)

    def flag(self, key: str) -> bool:
        """A truth value in it."""
        value = self._value(key)
        if not isinstance(value, bool):
            raise Unreadable(self.at(key), "is neither true nor false")
        return value

    def has(self, key: str) -> bool:
        """Whether there is such a property, known or not."""
        return key in frozenset(self.values)

    def _value(self, key: str) -> Any:
        if not self.has(key):
            raise Unreadable(self.at(key), "is missing")
        return self.values[key]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a list in the contract."""

    values: Sequence[Any]
    index: int
    path: str

    @property
    def section(self) -> Section:
        """The object that it is."""
        return _as_section(self.values[self.index], self.path)

    @property
    def text(self) -> str:
        """The text that it is."""
        return _as_text(self.values[self.index], self.path)


@dataclass(frozen=True, slots=True)
class Member:
    """A declared member."""

    slot: str
    members: Section

    @property
    def section(self) -> Section:
        """Everything declared of it."""
        return self.members.section(self.slot)

    @property
    def zone(self) -> str:
        """The zone that it stands in."""
        return self.section.text("zone")

    @property
    def volume_bytes(self) -> int:
        """Size of its volume."""
        return self.section.whole("volumeBytes")

    def at(self, key: str) -> str:
        """The path of one of its properties."""
        return f"{self.members.at(self.slot)}.{key}"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A declared cluster. Every property raises Unreadable or UnknownValueError where the contract fails it."""

    section: Section

    @property
    def environment(self) -> str:
        """What the cluster is for, such as `production`."""
        return self.section.text("environment")

    @property
    def platform(self) -> str:
        """What its members run on, such as `stateful-sets`."""
        return self.section.text("platform")

    @property
    def members(self) -> tuple[Member, ...]:
        """Its members. They can be counted even where what is declared of one is not known yet."""
        section = self.section.section("members")
        return tuple(Member(slot, section) for slot in section.values)

    @property
    def version(self) -> str:
        """The version of etcd."""
        return self.section.section("etcd").text("version")

    @property
    def quota_bytes(self) -> int:
        """Size at which the database refuses writes."""
        return self.section.section("etcd").whole("quotaBackendBytes")

    def protects(self, what: str) -> bool:
        """Whether the engine refuses to delete its `volumes` or `authorities`."""
        return self.section.section("protect").flag(what)


def cluster_of(resource_type: str, properties: Mapping[str, Any]) -> Cluster | None:
    """The cluster that a resource declares; None for every other resource.

    Args:
        resource_type: the resource's type.
        properties: its inputs, or its outputs.
    """
    if not resource_type.startswith(MODULE):
        return None
    names = frozenset(properties)
    if _OUTPUT in names:
        return Cluster(Section(Section(properties).section(_OUTPUT).values))
    return Cluster(Section(properties)) if names >= _MARKS else None


def each(items: Iterable[T], judge: Callable[[T], Iterable[Problem]]) -> Iterator[Problem]:
    """What `judge` finds in each item, such as a member; one that cannot be judged does not hide the others.

    Raises:
        UnknownValueError: for the first that is not known yet, when all others were judged.
    """
    unknown: list[UnknownValueError] = []
    for item in items:
        yield from _known(item, judge, unknown)
    if unknown:
        raise unknown[0]


def _known(item: T, judge: Callable[[T], Iterable[Problem]], unknown: list[UnknownValueError]) -> Iterator[Problem]:
    try:
        yield from judge(item)
    except Unreadable as unreadable:
        yield unreadable.problem
    except UnknownValueError as later:
        unknown.append(later)


def _as_section(value: Any, path: str) -> Section:
    if not isinstance(value, Mapping):
        raise Unreadable(path, "is not an object")
    return Section(value, path)


def _as_text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise Unreadable(path, "is not a text")
    return value
