"""Asks for a manifest, as a kubelet does."""

from __future__ import annotations

import http.client
import socket

from etcd_ops.static_pod.serving import HOST, URL_PATH


def answer(port: int, path: str = URL_PATH) -> tuple[int, bytes]:
    """Status and content; 0 and nothing where nobody listens."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        found = connection.getresponse()
        return found.status, found.read()
    except ConnectionRefusedError:
        return 0, b""
    finally:
        connection.close()


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server((HOST, 0)) as found:
        return int(found.getsockname()[1])
