"""A manifest on loopback, for a kubelet that asks there (KubeletConfiguration v1beta1, `staticPodURL`).

A kubelet ends the pod where the answer is empty, and keeps it where there is none, or one that is no success
(pkg/kubelet/config/http.go): nothing is ever answered with success but a whole manifest, or the order to end the pod.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from etcd_ops.static_pod.kept import KeptManifest
from etcd_ops.static_pod.manifest import template_of

URL_PATH = "/manifest"
HOST = "127.0.0.1"
NOTHING = b""
"""What ends the pod."""
_SECONDS = 5.0
"""That a silent client may hold a thread."""

Content = Callable[[], bytes | None]
"""What to answer; None where that is not known."""


class ManifestServer:
    """Answers one path, from when it is first told to serve.

    Args:
        port: on loopback.
        content: asked for every answer.
    """

    def __init__(self, port: int, content: Content) -> None:
        self._port, self._content = port, content
        self._server: ThreadingHTTPServer | None = None

    def serve(self) -> None:
        """Listen, where nobody does yet. Idempotent.

        Raises:
            OSError: the port is taken.
        """
        if self._server is not None:
            return
        handler = type("_ManifestHandler", (_Handler,), {"content": staticmethod(self._content)})
        self._server = _Server((HOST, self._port), handler)
        threading.Thread(target=self._server.serve_forever, name="manifest", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self._server = None


class ServedManifest(KeptManifest):
    """A manifest that its kubelet fetches from this process.

    Args:
        port: on loopback.
        file: what is served, as others keep it in the folder in which the kubelet looks.
        placed: the volume's copy of what was placed last.
        declared: what the stack delivered.
    """

    def __init__(self, port: int, file: Path, placed: Path, declared: Path) -> None:
        super().__init__(file, placed, declared)
        self._server = ManifestServer(port, lambda: whole(file))

    def attend(self) -> bool:
        """Put back what is amiss, and see to it that the kubelet is answered; whether anything was amiss.

        Raises:
            OSError
        """
        try:
            return super().attend()
        finally:
            self._server.serve()

    def close(self) -> None:
        """Stop answering: the kubelet keeps what it has."""
        self._server.close()


def whole(file: Path) -> bytes | None:
    """A manifest that is what it says it is; None for everything else, and where there is none."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    return content if template_of(content) else None


class _Server(ThreadingHTTPServer):
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    timeout = _SECONDS
    content: Content

    def do_GET(self) -> None:
        """Answer with the manifest."""
        if self.path != URL_PATH:
            self.send_error(404)
            return
        content = self.content()
        if content is None:
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *values: object) -> None:
        """A kubelet that asks every few seconds says nothing."""
