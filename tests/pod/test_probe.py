"""What makes a kubelet take a member out of service, and what makes it kill its container."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from etcd_ops.pod.probe import problem
from tests.servers.ports import free_block

ADDRESS = "127.46.0.1"


class Health(ThreadingHTTPServer):
    """etcd's health listener, whose answers a test chooses."""

    statuses: dict[str, int]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Health)
        self.send_response(self.server.statuses.get(self.path, 200))
        self.end_headers()

    def log_message(self, *values: object) -> None:
        pass


@pytest.fixture
def health() -> Iterator[Health]:
    server = Health((ADDRESS, 0), _Handler)
    server.statuses = {}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def url(server: Health) -> str:
    return f"http://{ADDRESS}:{server.server_address[1]}"


def test_whoever_serves_is_ready_and_alive(health: Health) -> None:
    assert (problem("ready", url(health)), problem("live", url(health))) == ("", "")


def test_a_lost_quorum_is_not_ready_and_yet_alive(health: Health) -> None:
    health.statuses = {"/readyz": 503}
    assert "503" in problem("ready", url(health))
    assert problem("live", url(health)) == ""


def test_an_etcd_that_says_it_is_not_well_is_not_alive(health: Health) -> None:
    health.statuses = {"/livez": 503}
    assert "503" in problem("live", url(health))


def test_an_etcd_that_does_not_run_is_not_ready_and_not_killed() -> None:
    nobody = f"http://{ADDRESS}:{free_block(1, ADDRESS)}"
    assert problem("ready", nobody) == "etcd does not listen"
    assert problem("live", nobody) == ""


def test_an_etcd_that_hangs_is_not_alive() -> None:
    with socket.create_server((ADDRESS, 0)) as silent:
        silent_url = f"http://{ADDRESS}:{silent.getsockname()[1]}"
        assert "does not answer" in problem("live", silent_url, seconds=0.2)
        assert "does not answer" in problem("ready", silent_url, seconds=0.2)


@pytest.mark.parametrize(
    "answer",
    [b"", b"\r\n", b"SSH-2.0-OpenSSH\r\n", b"FTP 200 ok\r\n", b"HTTP/1.1\r\n", b"HTTP/1.1 ok\r\n", b"x" * 9999],
)
def test_what_is_no_answer_is_none(answer: bytes) -> None:
    with socket.create_server((ADDRESS, 0)) as server:
        threading.Thread(target=_say, args=(server, answer), daemon=True).start()
        assert "does not answer" in problem("ready", f"http://{ADDRESS}:{server.getsockname()[1]}", seconds=2.0)


def _say(server: socket.socket, answer: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(answer)
