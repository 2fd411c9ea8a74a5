"""What a kubelet asks of etcd: `python -m etcd_ops.pod.probe ready|live [URL]`. Standard library only, and quick.

Ready is whoever serves a linearizable read. Alive is everything but an etcd that listens and does not answer, or
answers `/livez` with anything but 200: one that does not run is its supervisor's affair, and one that may not start is
not started by killing its container. Neither a lost quorum nor a full database fails `/livez` (etcd,
server/etcdserver/api/etcdhttp/health.go).
"""

from __future__ import annotations

import socket
import sys
from urllib.parse import urlsplit

from etcd_ops.pod.places import HEALTH

PATHS = {"ready": "/readyz", "live": "/livez"}
SECONDS = 4.0
OK, PORT = 200, 80
LONGEST = 1000
"""Bytes of an answer's first line."""


def ask(url: str, path: str, seconds: float = SECONDS) -> int:
    """The status of an answer; 0 where nothing listens.

    By hand, for `http.client` takes three times as long to import as everything else here takes, every five seconds.

    Raises:
        OSError, ValueError: something listens and does not answer.
    """
    parts = urlsplit(url)
    try:
        connection = socket.create_connection((parts.hostname, parts.port or PORT), timeout=seconds)
    except ConnectionRefusedError:
        return 0
    with connection, connection.makefile("rb") as answer:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode())
        return _status(answer.readline(LONGEST))


def _status(line: bytes) -> int:
    """Of the first line of an answer (RFC 9112, section 4).

    Raises:
        ValueError: it is none.
    """
    protocol, _, rest = line.partition(b" ")
    if not protocol.startswith(b"HTTP/1."):
        raise ValueError(f"{line!r} is no answer")
    return int(rest[:3])


def problem(kind: str, url: str = HEALTH, seconds: float = SECONDS) -> str:
    """Why a probe fails; empty where it succeeds.

    Args:
        kind: `ready` or `live`.
        url: of etcd's health listener.
        seconds: that an answer may take.
    """
    try:
        status = ask(url, PATHS[kind], seconds)
    except (OSError, ValueError) as error:
        return f"etcd does not answer: {error}"
    if status == 0:
        return "etcd does not listen" if kind == "ready" else ""
    return "" if status == OK else f"{PATHS[kind]} says {status}"


def main() -> int:
    """Run as a program."""
    kind, url = [*sys.argv[1:], HEALTH][:2]
    found = problem(kind, url)
    if found:
        print(found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
