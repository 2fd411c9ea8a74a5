"""Calls to a supervisord on its Unix socket, each within a time limit.

`supervisor.xmlrpc.SupervisorTransport` has no timeout: a hung supervisord would hang its caller.
"""

from __future__ import annotations

import http.client
import socket
import xmlrpc.client
from enum import IntEnum
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError


class RpcUnavailable(Exception):
    """There was no answer, or not one of supervisord's."""


class RpcFault(Exception):
    """Supervisord refused; `code` is one of `Fault` or another of supervisord's."""

    def __init__(self, method: str, code: int, text: str) -> None:
        super().__init__(f"supervisord refused {method}: {text}")
        self.code = code


class Fault(IntEnum):
    """Codes that callers tell apart. Source: `supervisor.xmlrpc.Faults` of supervisor 4.3."""

    BAD_NAME = 10
    NO_FILE = 20
    FAILED = 30
    SPAWN_ERROR = 50
    ALREADY_STARTED = 60
    NOT_RUNNING = 70
    ALREADY_ADDED = 90
    STILL_RUNNING = 91


def call(path: Path, method: str, *arguments: Any, timeout: float) -> Any:
    """Call one method of supervisord.

    Args:
        path: its Unix socket.
        method: such as `supervisor.getPID`.
        arguments: of the method.
        timeout: seconds without an answer after which it is taken as unavailable.

    Raises:
        RpcUnavailable, RpcFault
    """
    proxy = xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=_Transport(path, timeout))
    try:
        return getattr(proxy, method)(*arguments)
    except xmlrpc.client.Fault as fault:
        raise RpcFault(method, fault.faultCode, fault.faultString) from fault
    except (OSError, http.client.HTTPException, xmlrpc.client.Error, ExpatError, ValueError) as problem:
        raise RpcUnavailable(f"supervisord on {path} does not answer {method}: {problem}") from problem
    finally:
        proxy("close")()


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__()
        self._path = path
        self._timeout = timeout

    def make_connection(self, host: Any) -> _Connection:  # noqa: ARG002 - the socket is the host
        return _Connection(self._path, self._timeout)
