"""URLs of members, in the one form that etcd compares letter by letter: `scheme://host:port`."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_URL = re.compile(r"(?P<scheme>https?)://(?:\[(?P<six>[0-9a-f:]+)\]|(?P<host>[a-z0-9.-]+)):(?P<port>[1-9]\d{0,4})")
_HOST = re.compile(r"(?!.{254})([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.?")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Url:
    """A member's URL, taken apart."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Url:
        """Read a URL.

        Raises:
            ValueError: it is not in that form; the message says what is wrong.
        """
        found = _URL.fullmatch(text)
        if found is None:
            raise ValueError("must be scheme://host:port in lower case, with a port and nothing after it")
        url = cls(found["scheme"], found["six"] or found["host"], int(found["port"]))
        if url.port > 65_535:
            raise ValueError(f"{url.port} is not a port")
        if url.address is None and (re.fullmatch(r"[\d.]+", url.host) or not _HOST.fullmatch(url.host)):
            raise ValueError(f"{url.host!r} is neither an address nor a host name")
        if str(url) != text:
            raise ValueError(f"must be written {url}")
        return url

    @property
    def address(self) -> Address | None:
        """The host, where it is an address rather than a name."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    def __str__(self) -> str:
        host = str(self.address) if self.address is not None else self.host
        return f"{self.scheme}://[{host}]:{self.port}" if ":" in host else f"{self.scheme}://{host}:{self.port}"
