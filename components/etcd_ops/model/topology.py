"""Where members stand: slots over zones, their names, addresses and URLs, and the arithmetic of quorums."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from etcd_ops.model.gate import quorum
from etcd_ops.model.problems import Invalid, Problem

__all__ = [
    "Addressing", "Loopback", "Named", "OnNodes", "OneAddress", "Place", "Slot", "Topology", "Urls", "Zones",
    "fatal_zones", "order_of_change", "plan", "quorum", "tolerates",
]  # fmt: skip

CLIENT_PORT = 2379
"""etcd's registered client port; a member's other ports follow it."""
PORTS_PER_MEMBER = 10
"""Distance between the client ports of two members that share an address: room for four, and neat to read."""
ZONES_PER_ADDRESS = 16
"""Zones that one address has port numbers for."""
PEER_PORT, METRICS_PORT, HEALTH_PORT = 2380, 2381, 2382
"""Of a member that has an address of its own, beside `CLIENT_PORT`."""
LONGEST_HOST = 253
"""Characters of a host name (RFC 1035)."""
HIGHEST_PORT = 65_535

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def tolerates(voters: int) -> int:
    """How many voters may fail while the others still have a quorum."""
    return voters - quorum(voters)


@dataclass(frozen=True, slots=True)
class Urls:
    """The four listeners of a member."""

    peer: str
    client: str
    metrics: str
    """Where the agent republishes etcd's metrics, over mutual TLS."""
    health: str
    """etcd's own metrics and health; loopback only."""
    loopback: str = ""
    """Where clients on the member's machine reach it, too; empty where they do not."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a member stands, as far as its address may follow from it."""

    zone: int
    """Number of its zone, from 0."""
    ordinal: int
    """From 1, within the zone."""
    slot: str = ""


class Addressing(Protocol):
    """How a platform addresses its members. Equal places have equal URLs for ever: members never move."""

    def problem(self, place: Place) -> str:
        """Why there is no address for this place; empty where there is one."""

    def urls(self, place: Place) -> Urls:
        """The URLs of the member in this place."""


def _urls(address: str, port: int) -> Urls:
    return Urls(
        peer=f"https://{address}:{port + 1}",
        client=f"https://{address}:{port}",
        metrics=f"https://{address}:{port + 3}",
        health=f"http://{address}:{port + 2}",
    )


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.IPv4Address(address).is_loopback
    except ValueError:
        return False


def _port_problem(port: int) -> str:
    if 1 <= port <= HIGHEST_PORT - 3:
        return ""
    return f"its ports would be {port} to {port + 3}, which are not all between 1 and {HIGHEST_PORT}"


@dataclass(frozen=True, slots=True)
class Loopback:
    """One loopback address per zone; members of a zone share it."""

    network: str = "127.0.10"
    """First three numbers of the addresses."""
    base_port: int = CLIENT_PORT

    def problem(self, place: Place) -> str:
        """Why there is no address for this place; empty where there is one."""
        if not _is_loopback(f"{self.network}.1"):
            return f"{self.network!r} is not the start of a loopback network, such as 127.0.10"
        return "a network has addresses for 254 zones" if place.zone > 253 else _port_problem(self._port(place.ordinal))

    def urls(self, place: Place) -> Urls:
        """The URLs of the member in this place."""
        return _urls(f"{self.network}.{place.zone + 1}", self._port(place.ordinal))

    def _port(self, ordinal: int) -> int:
        return self.base_port + PORTS_PER_MEMBER * (ordinal - 1)


@dataclass(frozen=True, slots=True)
class OneAddress:
    """Every member on the same address, where a machine has only one loopback address (macOS)."""

    address: str = "127.0.0.1"
    base_port: int = CLIENT_PORT

    def problem(self, place: Place) -> str:
        """Why there is no address for this place; empty where there is one."""
        if not _is_loopback(self.address):
            return f"{self.address!r} is not a loopback address, such as 127.0.0.1"
        if place.zone >= ZONES_PER_ADDRESS:
            return f"one address has port numbers for {ZONES_PER_ADDRESS} zones"
        return _port_problem(self._port(place))

    def urls(self, place: Place) -> Urls:
        """The URLs of the member in this place."""
        return _urls(self.address, self._port(place))

    def _port(self, place: Place) -> int:
        return self.base_port + PORTS_PER_MEMBER * (ZONES_PER_ADDRESS * (place.ordinal - 1) + place.zone)


@dataclass(frozen=True, slots=True)
class Named:
    """A host name, and so a machine, of its own for every member; they listen on the same ports."""

    prefix: str
    """Of the host name, before the slot's name."""
    suffix: str
    """Of the host name, after it."""

    def problem(self, place: Place) -> str:
        """Why there is no address for this place; empty where there is one."""
        host = self._host(place)
        return "" if len(host) <= LONGEST_HOST else f"its host name {host} would be longer than {LONGEST_HOST}"

    def urls(self, place: Place) -> Urls:
        """The URLs of the member in this place."""
        host = self._host(place)
        return Urls(
            peer=f"https://{host}:{PEER_PORT}",
            client=f"https://{host}:{CLIENT_PORT}",
            metrics=f"https://{host}:{METRICS_PORT}",
            health=f"http://127.0.0.1:{HEALTH_PORT}",
        )

    def _host(self, place: Place) -> str:
        return f"{self.prefix}{place.slot}{self.suffix}"


@dataclass(frozen=True, slots=True)
class OnNodes:
    """A node, and so an address, of its own for every member, and the ports that are free on all of the nodes."""

    addresses: Mapping[str, str]
    """By slot: a host name or an IP address."""
    base_port: int = CLIENT_PORT
    loopback: bool = False
    """Whether clients on a member's node reach it on loopback, too."""

    def problem(self, place: Place) -> str:
        """Why there is no address for this place; empty where there is one."""
        if place.slot not in self.addresses:
            return "no node is named for it"
        return _port_problem(self.base_port)

    def urls(self, place: Place) -> Urls:
        """The URLs of the member in this place."""
        address = self.addresses[place.slot]
        host, own = (f"[{address}]", "[::1]") if ":" in address else (address, "127.0.0.1")
        return Urls(
            peer=f"https://{host}:{self.base_port + 1}",
            client=f"https://{host}:{self.base_port}",
            metrics=f"https://{host}:{self.base_port + 2}",
            health=f"http://127.0.0.1:{self.base_port + 3}",
            loopback=f"https://{own}:{self.base_port}" if self.loopback else "",
        )


@dataclass(frozen=True, slots=True)
class Slot:
    """A member's place in the declaration."""

    name: str
    zone: str
    ordinal: int
    """From 1, within the zone."""
    urls: Urls


@dataclass(frozen=True, slots=True)
class Topology:
    """A cluster's slots, by ordinal and, of the same one, by their zones' numbers."""

    slots: tuple[Slot, ...]

    @property
    def zones(self) -> dict[str, str]:
        """Zone by slot."""
        return {slot.name: slot.zone for slot in self.slots}


Zones = Sequence[str] | Mapping[str, int]
"""Names of zones; either in the order of their numbers (from 0), or each with its number. A zone's number never
changes while it has members: take a zone out of the middle only with numbers given."""


def plan(
    zones: Zones, addressing: Addressing, *, size: int | None = None, slots: Mapping[str, str] | None = None
) -> Topology:
    """Place members.

    Args:
        zones: where members may stand.
        addressing: how the platform numbers members.
        size: how many members, spread evenly: the i-th stands in zone i modulo the number of zones, and is called
            `{zone}-{ordinal}`; growing or shrinking never moves one that stays.
        slots: instead of `size`, the zone of every slot; its name ends in its ordinal within the zone: `b-2`.

    Raises:
        Invalid: with every problem; paths are `size`, `zones` and `slots.<name>`.
    """
    numbers = _numbers(zones)
    problems = list(_zone_problems(zones, numbers))
    if (size is None) == (slots is None):
        problems.append(Problem("size", "either the size or the slots must be given", "give one of them"))
    if size is not None and size < 1:
        problems.append(Problem("size", f"{size} is not a number of members", "declare 1, 3, 5 or 7"))
    if problems:
        raise Invalid(problems)
    places = _spread(size, list(numbers)) if size is not None else slots or {}
    problems.extend(_slot_problems(places, numbers, addressing, "size" if slots is None else ""))
    if problems:
        raise Invalid(problems)
    placed = [_slot(name, zone, numbers, addressing) for name, zone in places.items()]
    # A mapping's keys have an order in Python only, and the endpoints are a list.
    return Topology(tuple(sorted(placed, key=lambda slot: (slot.ordinal, numbers[slot.zone]))))


def _numbers(zones: Zones) -> dict[str, int]:
    if isinstance(zones, Mapping):
        return dict(sorted(zones.items(), key=lambda item: item[1]))
    return {zone: zones.index(zone) for zone in zones}


def _zone_problems(zones: Zones, numbers: Mapping[str, int]) -> Iterator[Problem]:
    if not zones:
        yield Problem("zones", "there is none", "name at least one")
    for zone, times in Counter(list(zones)).items():
        if not _LABEL.fullmatch(zone):
            yield Problem("zones", f"{zone!r} is not a name", "use lower-case letters, digits and dashes")
        if times > 1:
            yield Problem("zones", f"{zone!r} is named {times} times", "name every zone once")
    for number, times in Counter(numbers.values()).items():
        if number < 0 or times > 1:
            yield Problem("zones", f"the number {number} is not one zone's", "number zones from 0, each differently")


def _spread(size: int, zones: Sequence[str]) -> dict[str, str]:
    placed = ((index // len(zones) + 1, zones[index % len(zones)]) for index in range(size))
    return {f"{zone}-{ordinal}": zone for ordinal, zone in placed}


def _ordinal(name: str) -> int:
    """The ordinal at the end of a slot's name; 0 where there is none."""
    found = re.fullmatch(r".+-([1-9]\d{0,3})", name)
    return int(found[1]) if found else 0


def _slot_problems(
    places: Mapping[str, str], numbers: Mapping[str, int], addressing: Addressing, path: str
) -> Iterator[Problem]:
    taken: dict[tuple[str, int], str] = {}
    for name, zone in places.items():
        where, ordinal = path or f"slots.{name}", _ordinal(name)
        if not _LABEL.fullmatch(name):
            yield Problem(where, f"{name!r} is not a name", "use at most 63 lower-case letters, digits and dashes")
        elif ordinal == 0:
            yield Problem(where, "the name does not end in an ordinal", f"call it {zone}-1, for example")
        elif zone not in numbers:
            yield Problem(where, f"there is no zone {zone!r}", f"use one of {', '.join(numbers)}")
        elif (zone, ordinal) in taken:
            other = taken[zone, ordinal]
            yield Problem(where, f"{other} is number {ordinal} of zone {zone} already", "use another ordinal")
        elif reason := addressing.problem(Place(numbers[zone], ordinal, name)):
            yield Problem(where, reason, "choose another addressing")
        taken.setdefault((zone, ordinal), name)


def _slot(name: str, zone: str, numbers: Mapping[str, int], addressing: Addressing) -> Slot:
    ordinal = _ordinal(name)
    return Slot(name, zone, ordinal, addressing.urls(Place(numbers[zone], ordinal, name)))


def fatal_zones(zones: Mapping[str, str]) -> tuple[str, ...]:
    """Zones whose loss alone ends the quorum.

    Args:
        zones: zone by slot, of the voters.
    """
    members = Counter(zones.values())
    return tuple(sorted(zone for zone, count in members.items() if count > tolerates(len(zones))))


def order_of_change(zones: Mapping[str, str], leader: str | None) -> tuple[str, ...]:
    """The order in which members are restarted: one zone after the other, the leader's zone last, it last of all.

    Args:
        zones: zone by slot.
        leader: the slot that leads now; None while unknown.
    """
    last = zones.get(leader) if leader is not None else None
    return tuple(sorted(zones, key=lambda slot: (zones[slot] == last, zones[slot], slot == leader, slot)))
