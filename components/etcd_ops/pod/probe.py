"""What a kubelet asks of etcd: `python -m etcd_ops.pod.probe ready|live [URL]`. Standard library only, and quick.

Ready is whoever serves a linearizable read. Alive is everything but an etcd that listens and does not answer, or
answers `/livez` with anything but 200: one that does not run is its supervisor's affair, and one that may not start is
not started by killing its container. Neither a lost quorum nor a full database fails `/livez` (etcd,
server/etcdserver/api/etcdhttp/health.go).
"""

from __future__ import annotations

import http.client
import sys
from urllib.parse import urlsplit

from etcd_ops.pod.places import HEALTH

PATHS = {"ready": "/readyz", "live": "/livez"}
SECONDS = 4.0


def ask(url: str, path: str, seconds: float = SECONDS) -> int:
    """The status of an answer; 0 where nothing listens.

    Raises:
        OSError, http.client.HTTPException: something listens and does not answer.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    try:
        try:
            connection.connect()
        except ConnectionRefusedError:
            return 0
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def problem(kind: str, url: str = HEALTH, seconds: float = SECONDS) -> str:
    """Why a probe fails; empty where it succeeds.

    Args:
        kind: `ready` or `live`.
        url: of etcd's health listener.
        seconds: that an answer may take.
    """
    try:
        status = ask(url, PATHS[kind], seconds)
    except (OSError, http.client.HTTPException) as error:
        return f"etcd does not answer: {error}"
    if status == 0:
        return "etcd does not listen" if kind == "ready" else ""
    return "" if status == http.client.OK else f"{PATHS[kind]} says {status}"


def main() -> int:
    """Run as a program."""
    kind, url = [*sys.argv[1:], HEALTH][:2]
    found = problem(kind, url)
    if found:
        print(found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
