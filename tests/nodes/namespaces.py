"""A network of namespaces: a hub with a bridge, a namespace per zone, and a link from this machine to the hub."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

NODES = "10.77.0"
"""First three numbers of all nodes' addresses."""
PODS = "10.78.0.0/16"
HUB, MACHINE = f"{NODES}.1", f"{NODES}.254"
PREFIX_VARIABLE = "NODES_PREFIX"
PREFIX = os.environ.get(PREFIX_VARIABLE, "etcdn")
"""Begins the names of everything that is made here."""


@dataclass(frozen=True)
class Zone:
    """The network of one zone, which has one node."""

    name: str
    number: int

    @property
    def namespace(self) -> str:
        """Its name."""
        return f"{PREFIX}-{self.name}"

    @property
    def address(self) -> str:
        """Of the node."""
        return f"{NODES}.{10 + self.number}"

    @property
    def pods(self) -> str:
        """The network of its pods."""
        return f"10.78.{10 + self.number}.0/24"

    def inside(self, *command: str) -> list[str]:
        """A command in the zone's network."""
        return inside(self.namespace, *command)

    def cut(self) -> None:
        """Nothing reaches the zone, and nothing leaves it."""
        _ip("-n", f"{PREFIX}-hub", "link", "set", self._link, "down")

    def heal(self) -> None:
        """Undo `cut`."""
        _ip("-n", f"{PREFIX}-hub", "link", "set", self._link, "up")

    @property
    def _link(self) -> str:
        return f"{PREFIX}v-{self.name}"


def inside(namespace: str, *command: str) -> list[str]:
    """A command in a namespace. `ip netns exec` would also give it another /sys, in which no cgroup is."""
    return ["nsenter", f"--net=/run/netns/{namespace}", *command]


@contextmanager
def network(zones: Sequence[Zone]) -> Iterator[str]:
    """Namespaces, links and routes; removed with the block. Yields the hub's namespace."""
    hub = f"{PREFIX}-hub"
    with ExitStack() as made:
        _namespace(made, hub)
        _ip("-n", hub, "link", "add", "br0", "type", "bridge")
        _ip("-n", hub, "addr", "add", f"{HUB}/24", "dev", "br0")
        _ip("-n", hub, "link", "set", "br0", "up")
        _ip("link", "add", f"{PREFIX}-m", "type", "veth", "peer", "name", "machine", "netns", hub)
        made.callback(_remove_link, f"{PREFIX}-m")
        _ip("-n", hub, "link", "set", "machine", "master", "br0", "up")
        _ip("addr", "add", f"{MACHINE}/24", "dev", f"{PREFIX}-m")
        _ip("link", "set", f"{PREFIX}-m", "up")
        for zone in zones:
            _join(made, hub, zone)
        for zone in zones:
            _ip("-n", hub, "route", "add", zone.pods, "via", zone.address)
            for other in zones:
                if other != zone:
                    _ip("-n", zone.namespace, "route", "add", other.pods, "via", other.address)
        yield hub


def remove_namespaces() -> None:
    """Those of a run that was killed; their links go with them. Networks of its pods have nobody in them."""
    for path in Path("/run/netns").glob(f"{PREFIX}-*"):
        _ip("netns", "del", path.name)
    _remove_link(f"{PREFIX}-m")


def _join(made: ExitStack, hub: str, zone: Zone) -> None:
    _namespace(made, zone.namespace)
    _ip("-n", hub, "link", "add", zone._link, "type", "veth", "peer", "name", "eth0", "netns", zone.namespace)
    _ip("-n", hub, "link", "set", zone._link, "master", "br0", "up")
    _ip("-n", zone.namespace, "addr", "add", f"{zone.address}/24", "dev", "eth0")
    _ip("-n", zone.namespace, "link", "set", "eth0", "up")
    _ip("-n", zone.namespace, "route", "add", "default", "via", HUB)
    subprocess.run(zone.inside("sysctl", "-q", "-w", "net.ipv4.ip_forward=1"), check=True)


def _namespace(made: ExitStack, name: str) -> None:
    _ip("netns", "add", name)
    made.callback(_ip, "netns", "del", name)
    _ip("-n", name, "link", "set", "lo", "up")


def _remove_link(name: str) -> None:
    # It goes with the hub's namespace, a moment after that was removed.
    subprocess.run(["ip", "link", "del", name], stderr=subprocess.DEVNULL, check=False)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
