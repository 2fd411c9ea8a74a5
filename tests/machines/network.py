"""The network of the machines: a namespace with a bridge, AWS at its end of it, and a namespace per machine."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.nodes.namespaces import inside

PREFIX = "etcdm"
"""Begins the names of everything that is made here."""
HUB = f"{PREFIX}-hub"
NETWORK = "10.97.0.0/16"
_LENGTH = 16
APIS, NAMES, TESTS = "10.97.0.1", "10.97.0.2", "10.97.0.254"
"""Addresses of AWS's APIs, which is also the router, of its resolver, and of this machine."""
APIS_PORT = 5000
METADATA = "169.254.169.254"
_LINK = f"{PREFIX}-m"
_SERVICES: Mapping[str, str] = {
    "apis": f"ip daddr {APIS} tcp dport {APIS_PORT}",
    "metadata": f"ip daddr {METADATA}",
    "names": f"ip daddr {NAMES} udp dport 53",
}
EVERYTHING = tuple(_SERVICES)
"""Of AWS that machines reach."""


@contextmanager
def hub() -> Iterator[str]:
    """The namespace of AWS, and a link from this machine to it; removed with the block."""
    with ExitStack() as made:
        ip("netns", "add", HUB)
        made.callback(ip, "netns", "del", HUB)
        ip("-n", HUB, "link", "set", "lo", "up")
        # Without an address of its own, a bridge takes the lowest of its ports', and changes it as machines come.
        ip("-n", HUB, "link", "add", "br0", "address", "02:00:0a:61:00:01", "type", "bridge")
        for address in (f"{APIS}/{_LENGTH}", f"{NAMES}/{_LENGTH}", f"{METADATA}/32"):
            ip("-n", HUB, "addr", "add", address, "dev", "br0")
        ip("-n", HUB, "link", "set", "br0", "up")
        ip("link", "add", _LINK, "type", "veth", "peer", "name", "tests", "netns", HUB)
        made.callback(_remove_link)
        ip("-n", HUB, "link", "set", "tests", "master", "br0", "up")
        ip("addr", "add", f"{TESTS}/{_LENGTH}", "dev", _LINK)
        ip("link", "set", _LINK, "up")
        yield HUB


def remove_leftovers() -> None:
    """Namespaces of a run that was killed; links go with them."""
    for path in Path("/run/netns").glob(f"{PREFIX}-*"):
        ip("netns", "del", path.name)
    _remove_link()


class Link:
    """A machine's own namespace, and its link to the bridge.

    Args:
        name: of the machine; at most nine characters, because those of links are short.
        address: the machine's.
    """

    def __init__(self, name: str, address: str) -> None:
        self.namespace, self.address = f"{PREFIX}-{name}", address
        self._port = f"v-{name}"

    def make(self) -> None:
        """Make both; the machine's own system sets its end up."""
        ip("netns", "add", self.namespace)
        ip("-n", HUB, "link", "add", self._port, "type", "veth", "peer", "name", "eth0", "netns", self.namespace)
        ip("-n", HUB, "link", "set", self._port, "master", "br0", "up")

    def remove(self) -> None:
        """Remove both."""
        ip("netns", "del", self.namespace)

    def cut(self) -> None:
        """Nothing reaches the machine, and nothing leaves it."""
        ip("-n", HUB, "link", "set", self._port, "down")

    def heal(self) -> None:
        """Undo `cut`."""
        ip("-n", HUB, "link", "set", self._port, "up")

    def file(self) -> str:
        """What tells systemd-networkd the address, as DHCP would."""
        parts = (
            "[Match]\nName=eth0\n\n[Network]\n",
            f"Address={self.address}/{_LENGTH}\nGateway={APIS}\nDNS={NAMES}\n",
            "LinkLocalAddressing=no\nIPv6AcceptRA=no\n",
        )
        return "".join(parts)


@contextmanager
def away(nft: list[str], *services: str) -> Iterator[None]:
    """Packets of machines to services of AWS get lost; whatever comes from this machine does not.

    Args:
        nft: the command, with what it needs before it.
        services: some of `EVERYTHING`.
    """
    table, command = f"inet {PREFIX}", inside(HUB, *nft)
    rules = [f"add rule {table} lost ip saddr != {TESTS} {_SERVICES[service]} drop" for service in services]
    chain = f"add chain {table} lost {{ type filter hook input priority 0; policy accept; }}"
    script = "\n".join([f"add table {table}", chain, *rules, ""])
    subprocess.run([*command, "-f", "-"], input=script, text=True, check=True)
    try:
        yield
    finally:
        subprocess.run([*command, "delete", "table", "inet", PREFIX], check=True)


def ip(*words: str) -> None:
    """Run ip(8)."""
    subprocess.run(["ip", *words], check=True)


def _remove_link() -> None:
    # It goes with the hub's namespace, a moment after that was removed.
    subprocess.run(["ip", "link", "del", _LINK], stderr=subprocess.DEVNULL, check=False)
