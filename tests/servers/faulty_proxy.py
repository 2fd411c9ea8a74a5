"""An HTTP proxy in front of a real server that loses, repeats, delays and forges what passes through it."""

from __future__ import annotations

import http.client
import threading
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar

from typing_extensions import Self


class Fault(Enum):
    """What is done to one request."""

    LOSE_ANSWER = auto()
    """Forward it, and close the connection instead of answering."""
    LOSE_REQUEST = auto()
    """Close the connection without forwarding it."""
    REPEAT = auto()
    """Forward it twice, and give the second answer: as a proxy does that retries."""
    ERROR_AFTER = auto()
    """Forward it, and answer 500."""
    BUSY = auto()
    """Answer 409 ConditionalRequestConflict without forwarding it."""
    REFUSE = auto()
    """Answer 412 PreconditionFailed without forwarding it."""
    FORBID = auto()
    """Answer 403 AccessDenied without forwarding it."""
    TRUNCATE = auto()
    """Give half of the answer's body."""
    HOLD = auto()
    """Forward it only once `release` is called; the client will have given up."""


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    method: str
    path: str
    headers: dict[str, str]
    """By name in lower case."""


class FaultyProxy:
    """A running proxy; as a context manager, it ends with the block."""

    def __init__(self, host: str, port: int) -> None:
        """Choose the server behind it."""
        self.requests: list[Request] = []
        self._upstream = (host, port)
        self._faults: dict[str, deque[Fault]] = {}
        self._released = threading.Event()
        self._landed = threading.Event()
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer((host, 0), handler)
        self._server.daemon_threads = True

    @property
    def endpoint(self) -> str:
        """The URL that clients use."""
        return f"http://{self._server.server_address[0]!s}:{self._server.server_port}"

    def next(self, method: str, *faults: Fault) -> None:
        """Do these to the next requests of `method`, one each."""
        self._faults.setdefault(method, deque()).extend(faults)

    def pending(self) -> int:
        """How many faults are still to be done."""
        return sum(len(waiting) for waiting in self._faults.values())

    def reset(self) -> None:
        """Forget requests and faults, and let go what is held."""
        self._released.set()
        self.requests.clear()
        self._faults.clear()
        self._released, self._landed = threading.Event(), threading.Event()

    def release(self) -> int:
        """Forward the request that is held; returns the status that the server answered."""
        self._released.set()
        assert self._landed.wait(10), "nothing was held"
        return self._late_status

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def fault(self, method: str) -> Fault | None:
        """The fault of the next request of `method`."""
        waiting = self._faults.get(method)
        return waiting.popleft() if waiting else None

    def forward(self, request: Request, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Send a request to the server behind; returns status, headers and body."""
        connection = http.client.HTTPConnection(*self._upstream, timeout=30)
        try:
            connection.request(request.method, request.path, body, request.headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def hold(self, request: Request, body: bytes) -> None:
        """Keep a request until `release`."""
        released, landed = self._released, self._landed
        released.wait()
        self._late_status, _, _ = self.forward(request, body)
        landed.set()


class _Handler(BaseHTTPRequestHandler):
    proxy: ClassVar[FaultyProxy]
    protocol_version = "HTTP/1.1"

    def handle_one(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items() if name.lower() != "expect"}
        request = Request(self.command, self.path, headers)
        body = self.rfile.read(int(headers.get("content-length", 0)))
        self.proxy.requests.append(request)
        fault = self.proxy.fault(self.command)
        if fault in _FORGED:
            self._forge(*_FORGED[fault])
            return
        if fault is Fault.LOSE_REQUEST:
            self.close_connection = True
            return
        if fault is Fault.HOLD:
            self.proxy.hold(request, body)
            self.close_connection = True
            return
        self._pass(request, body, fault)

    def _pass(self, request: Request, body: bytes, fault: Fault | None) -> None:
        status, headers, content = self.proxy.forward(request, body)
        if fault is Fault.REPEAT:
            status, headers, content = self.proxy.forward(request, body)
        if fault is Fault.LOSE_ANSWER:
            self.close_connection = True
            return
        if fault is Fault.ERROR_AFTER:
            self._forge(500, "InternalError")
            return
        self._answer(status, headers, content, sent=len(content) // 2 if fault is Fault.TRUNCATE else len(content))

    def _forge(self, status: int, code: str) -> None:
        content = f"<Error><Code>{code}</Code><Message>forged by a test</Message></Error>".encode()
        self._answer(status, [("Content-Type", "application/xml")], content, sent=len(content))

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes, *, sent: int) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if status not in (204, 304):
            self.wfile.write(content[:sent])
        if sent < len(content):
            self.close_connection = True

    do_GET = do_PUT = do_DELETE = do_HEAD = handle_one  # noqa: N815 - the names that http.server calls

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's signature
        """Say nothing."""


_FORGED: dict[Fault | None, tuple[int, str]] = {
    Fault.BUSY: (409, "ConditionalRequestConflict"),
    Fault.REFUSE: (412, "PreconditionFailed"),
    Fault.FORBID: (403, "AccessDenied"),
}
