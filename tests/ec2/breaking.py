"""Stand-in of S3 on loopback that breaks off in the middle of an answer: a real server, and real connections."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_READ_SECONDS = 0.1
"""In which the other side has read what was sent, so that it is in the middle of the body."""


class Fault(Enum):
    """What becomes of an answer."""

    NONE = auto()
    RESET = auto()
    """The connection is reset in mid-body."""
    TRUNCATED = auto()
    """It is closed in mid-body, in good order."""
    STALLED = auto()
    """Nothing more comes in mid-body."""
    BUSY = auto()
    """503 SlowDown."""
    FORBIDDEN = auto()
    """403 AccessDenied, as before a role's new policy is known everywhere."""
    MISSING = auto()
    """404 NoSuchKey."""


_ERRORS = {Fault.BUSY: (503, "SlowDown"), Fault.FORBIDDEN: (403, "AccessDenied"), Fault.MISSING: (404, "NoSuchKey")}


class BreakingServer(ThreadingHTTPServer):
    """Serves one body under every path, or breaks it off."""

    daemon_threads = True

    def __init__(self, address: str, body: bytes) -> None:
        super().__init__((address, 0), _Handler)
        self.body, self.fault = body, Fault.NONE
        self.ended = threading.Event()

    @property
    def endpoint(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


class _Handler(BaseHTTPRequestHandler):
    server: BreakingServer

    def do_GET(self) -> None:
        body, fault = self.server.body, self.server.fault
        if fault in _ERRORS:
            return self._refuse(*_ERRORS[fault])
        self._send(200, len(body), body if fault is Fault.NONE else body[: len(body) // 2])
        if fault is not Fault.NONE:
            self._break_off(fault)
        return None

    def _refuse(self, status: int, code: str) -> None:
        text = f"<Error><Code>{code}</Code><Message>a stand-in says so</Message></Error>".encode()
        self._send(status, len(text), text)

    def _send(self, status: int, length: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(content)

    def _break_off(self, fault: Fault) -> None:
        self.close_connection = True
        if fault is Fault.STALLED:
            self.server.ended.wait()
        if fault is Fault.RESET:
            time.sleep(_READ_SECONDS)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())

    def log_message(self, *values: object) -> None:
        """Nothing is logged."""


@contextmanager
def breaking_server(body: bytes, address: str = "127.47.0.3") -> Iterator[BreakingServer]:
    """A running one, ended with the block."""
    server = BreakingServer(address, body)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
