"""Stand-in of the instance metadata service, version 2: a request without a token gets nothing."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROLE = "etcd-orders"
TOKEN = "a-token"


class Metadata(ThreadingHTTPServer):
    """Serves `values`, by path below `meta-data/`."""

    daemon_threads = True

    def __init__(self, address: str) -> None:
        super().__init__((address, 0), _Handler)
        self.values: dict[str, str] = {
            "iam/security-credentials/": ROLE,
            f"iam/security-credentials/{ROLE}": json.dumps(
                {
                    "Code": "Success",
                    "Type": "AWS-HMAC",
                    "LastUpdated": "2026-01-01T00:00:00Z",
                    "AccessKeyId": "AKIDEXAMPLE",
                    "SecretAccessKey": "not-a-secret-at-all",
                    "Token": "a-session",
                    "Expiration": "2099-01-01T00:00:00Z",
                }
            ),
            "placement/availability-zone": "eu-central-1a",
            "local-ipv4": "10.0.1.7",
        }
        self.delay = 0.0
        """Seconds before every answer."""

    @property
    def endpoint(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


class _Handler(BaseHTTPRequestHandler):
    server: Metadata

    def do_PUT(self) -> None:
        valid = self.path == "/latest/api/token" and "X-aws-ec2-metadata-token-ttl-seconds" in self.headers
        self._answer(200 if valid else 400, TOKEN if valid else "")

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
            return self._answer(401, "")
        found = self.server.values.get(self.path.removeprefix("/latest/meta-data/"))
        return self._answer(404 if found is None else 200, found or "")

    def _answer(self, status: int, text: str) -> None:
        time.sleep(self.server.delay)
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *values: object) -> None:
        """Nothing is logged."""


@contextmanager
def metadata_service(address: str = "127.47.0.1") -> Iterator[Metadata]:
    """A running one, ended with the block."""
    server = Metadata(address)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
