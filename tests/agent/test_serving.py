"""etcd's metrics and health over mutual TLS, against a stand-in of etcd's own loopback listener."""

from __future__ import annotations

import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from etcd_ops.agent.serving import MetricsServer
from etcd_ops.etcd import Credentials
from etcd_ops.volume.layout import VolumeLayout
from tests.etcd.authority import Authority
from tests.servers.ports import free_block

ADDRESS = "127.47.0.1"
UNHEALTHY = b"[-]serializable_read failed: etcdserver: no leader"


class Listener(BaseHTTPRequestHandler):
    """Answers as etcd does: ready for reads, with metrics, and not healthy."""

    def do_GET(self) -> None:
        status, body = {"/metrics": (200, b"etcd_server_has_leader 0\n"), "/readyz": (503, UNHEALTHY)}[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *values: object) -> None:
        pass


@pytest.fixture
def upstream() -> Iterator[str]:
    """The URL of etcd's listener."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def authority() -> Authority:
    return Authority("metrics")


@pytest.fixture
def layout(tmp_path: Path, authority: Authority) -> VolumeLayout:
    """A volume to which two leaves and one authority were delivered."""
    layout = VolumeLayout(tmp_path)
    for leaf in ("leaf", "renewed"):
        deliver(layout, leaf, authority.issue(leaf, [ADDRESS]))
    layout.credential("authority").mkdir()
    (layout.credential("authority") / "cert.pem").write_bytes(authority.certificate_pem)
    return layout


@pytest.fixture
def url() -> str:
    return f"https://{ADDRESS}:{free_block(1, ADDRESS)}"


@pytest.fixture
def server(layout: VolumeLayout, url: str, upstream: str) -> Iterator[MetricsServer]:
    server = MetricsServer(layout)
    server.refresh(url, upstream, "leaf", ("authority",))
    yield server
    server.close()


def deliver(layout: VolumeLayout, name: str, credentials: Credentials) -> None:
    folder = layout.credential(name)
    folder.mkdir(parents=True)
    (folder / "cert.pem").write_bytes(credentials.certificate_pem)
    (folder / "key.pem").write_bytes(credentials.key_pem)


def client(authority: Authority, tmp_path: Path, issuer: Authority | None = None) -> ssl.SSLContext:
    """A client that believes `authority`, with a certificate of `issuer`; with none where there is no issuer."""
    context = ssl.create_default_context(cadata=authority.certificate_pem.decode())
    if issuer is not None:
        leaf = issuer.issue("prometheus")
        (tmp_path / "client.pem").write_bytes(leaf.certificate_pem + leaf.key_pem)
        context.load_cert_chain(tmp_path / "client.pem")
    return context


def get(url: str, context: ssl.SSLContext) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, context=context, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read()


@pytest.mark.usefixtures("server")
def test_what_etcd_says_is_passed_on_as_it_is(url: str, authority: Authority, tmp_path: Path) -> None:
    context = client(authority, tmp_path, authority)
    assert get(f"{url}/metrics", context) == (200, b"etcd_server_has_leader 0\n")
    assert get(f"{url}/readyz", context) == (503, UNHEALTHY)
    assert get(f"{url}/debug/pprof/", context)[0] == 404


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_nobody_of_another_authority_gets_in(url: str, authority: Authority, tmp_path: Path, path: str) -> None:
    with pytest.raises((urllib.error.URLError, ConnectionError, ssl.SSLError)):
        get(f"{url}{path}", client(authority, tmp_path, Authority("clients")))


@pytest.mark.usefixtures("server")
def test_whoever_has_no_certificate_learns_whether_the_member_is_ready_and_nothing_else(
    url: str, authority: Authority, tmp_path: Path
) -> None:
    """As the health check of a load balancer asks."""
    nobody = client(authority, tmp_path)
    assert get(f"{url}/readyz", nobody) == (503, b"")
    assert get(f"{url}/readyz?verbose", nobody) == (503, b"")
    for path in ("/metrics", "/health", "/livez"):
        status, body = get(f"{url}{path}", nobody)
        assert (status, b"etcd_" in body) == (403, False)
    assert get(f"{url}/debug/pprof/", nobody)[0] == 404


@pytest.mark.usefixtures("server")
def test_a_silent_client_holds_up_nobody(url: str, authority: Authority, tmp_path: Path) -> None:
    host, port = url.removeprefix("https://").split(":")
    with socket.create_connection((host, int(port))):
        assert get(f"{url}/metrics", client(authority, tmp_path, authority))[0] == 200


def test_a_dead_etcd_is_not_ready(
    server: MetricsServer, url: str, authority: Authority, tmp_path: Path, layout: VolumeLayout
) -> None:
    server.refresh(url, f"http://127.0.0.1:{free_block(1, '127.0.0.1')}", "leaf", ("authority",))
    status, said = get(f"{url}/readyz", client(authority, tmp_path, authority))
    assert status == 503
    assert said.startswith(b"etcd does not answer: ")


def test_a_renewed_leaf_is_shown_at_once(server: MetricsServer, url: str, upstream: str, authority: Authority) -> None:
    host, port = url.removeprefix("https://").split(":")

    def shown() -> str:
        return ssl.get_server_certificate((host, int(port)), timeout=10)

    before = shown()
    server.refresh(url, upstream, "leaf", ("authority",))
    assert shown() == before
    server.refresh(url, upstream, "renewed", ("authority",))
    assert shown() != before
