"""etcd's metrics and health over mutual TLS: etcd's own listener stays on loopback, the agent republishes it.

Only clients with a certificate of the metrics authority get in; whoever has none learns whether the member is ready,
and nothing else: checks of load balancers bring no certificate. Liveness and startup probes never come here.
"""

from __future__ import annotations

import socket
import ssl
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from etcd_ops.volume.layout import VolumeLayout

Request = socket.socket | tuple[bytes, socket.socket]
READY = "/readyz"
"""etcd's own readiness, which is open to everybody who reaches the port, without the reasons."""
PATHS = ("/metrics", "/health", READY, "/livez")
TIMEOUT = 5.0
"""Seconds for etcd's own listener to answer."""


class _Handler(BaseHTTPRequestHandler):
    timeout = TIMEOUT
    upstream = ""

    def do_GET(self) -> None:
        """Fetch the same path from etcd's loopback listener."""
        path = urlsplit(self.path).path
        if path not in PATHS:
            self.send_error(404)
            return
        if path != READY and not self._certified():
            self._answer(403, "text/plain", b"a certificate of the metrics authority is needed\n")
            return
        try:
            asked = self.path if self._certified() else READY
            with urllib.request.urlopen(self.upstream + asked, timeout=TIMEOUT) as answer:  # noqa: S310
                self._answer(answer.status, answer.headers.get("Content-Type", "text/plain"), answer.read())
        except urllib.error.HTTPError as answer:
            self._answer(answer.code, answer.headers.get("Content-Type", "text/plain"), answer.read())
        except OSError as problem:
            self._answer(503, "text/plain", f"etcd does not answer: {problem}\n".encode())

    def _certified(self) -> bool:
        """Whether the client showed a certificate of the metrics authority; one of another ended the handshake."""
        return isinstance(self.connection, ssl.SSLSocket) and bool(self.connection.getpeercert())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        told = body if self._certified() or status == 403 else b""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *values: object) -> None:
        """Requests are not logged: a scrape every few seconds says nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: type[_Handler], context: ssl.SSLContext) -> None:
        super().__init__(address, handler)
        self._context = context

    def finish_request(self, request: Request, client_address: Any) -> None:
        """Shake hands in the request's own thread, so that a silent client holds up nobody else."""
        assert isinstance(request, socket.socket)
        request.settimeout(TIMEOUT)
        with self._context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Request, client_address: Any) -> None:
        """A client without a certificate, or one that went away, is not the agent's problem."""


class MetricsServer:
    """Serves while the declaration and the certificates stay the same; replaced when they change."""

    def __init__(self, layout: VolumeLayout) -> None:
        self._layout = layout
        self._server: _Server | None = None
        self._serving: tuple[str, ...] = ()

    def refresh(self, metrics_url: str, health_url: str, leaf: str, authorities: tuple[str, ...]) -> None:
        """Serve at `metrics_url` what `health_url` says, under the named leaf and metrics authorities.

        Raises:
            OSError, ssl.SSLError: it cannot be served.
        """
        wanted = (metrics_url, health_url, leaf, *authorities)
        if wanted == self._serving:
            return
        self.close()
        url = urlsplit(metrics_url)
        handler = type("_MemberHandler", (_Handler,), {"upstream": health_url.rstrip("/")})
        self._server = _Server((_bound(url.hostname or ""), url.port or 0), handler, self._context(leaf, authorities))
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()
        self._serving = wanted

    def _context(self, leaf: str, authorities: tuple[str, ...]) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        folder = self._layout.credential(leaf)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        for fingerprint in authorities:
            context.load_verify_locations(self._layout.credential(fingerprint) / "cert.pem")
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def close(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self._server, self._serving = None, ()


def _bound(host: str) -> str:
    """Where to listen for a host: at its address, or at all of them where it has a name, as etcd does."""
    try:
        return str(ip_address(host))
    except ValueError:
        return "0.0.0.0"  # noqa: S104 - as etcd in the same pod
