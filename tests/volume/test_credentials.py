from __future__ import annotations

import hashlib
import os
import ssl
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from etcd_ops.volume.credentials import (
    deliver_credential,
    delivered,
    leaves,
    link_leaf,
    remove_credential,
    write_bundle,
)
from etcd_ops.volume.errors import VolumeError
from tests.etcd.authority import Authority


class Leaf(NamedTuple):
    fingerprint: str
    cert: str
    key: str


def fingerprint(pem: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("volume-test")


@pytest.fixture(scope="module")
def two(authority: Authority) -> tuple[Leaf, Leaf]:
    issued = [authority.issue(name) for name in ("m0", "m0 renewed")]
    pairs = [(each.certificate_pem.decode(), each.key_pem.decode()) for each in issued]
    first, second = (Leaf(fingerprint(cert), cert, key) for cert, key in pairs)
    return first, second


@pytest.fixture
def ca(authority: Authority) -> str:
    return authority.issue("any").ca_pem.decode()


def test_delivered_once_for_the_owner_only(tmp_path: Path, two: tuple[Leaf, Leaf]) -> None:
    leaf, _ = two
    assert delivered(tmp_path) == frozenset()
    deliver_credential(tmp_path, *leaf)
    deliver_credential(tmp_path, *leaf)
    assert delivered(tmp_path) == {leaf.fingerprint}
    folder = tmp_path / "credentials" / leaf.fingerprint
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {leaf.fingerprint: 0o700, "cert.pem": 0o600, "key.pem": 0o600}
    assert (folder / "key.pem").read_text() == leaf.key


def test_an_authority_has_no_key(tmp_path: Path, ca: str) -> None:
    deliver_credential(tmp_path, fingerprint(ca), ca, None)
    assert delivered(tmp_path) == {fingerprint(ca)}
    with pytest.raises(KeyError, match=r"key\.pem was not delivered"):
        link_leaf(tmp_path, "peer", fingerprint(ca))


def test_what_does_not_belong_together_is_refused(tmp_path: Path, two: tuple[Leaf, Leaf]) -> None:
    one, other = two
    with pytest.raises(VolumeError, match=f"fingerprint is {one.fingerprint}"):
        deliver_credential(tmp_path, other.fingerprint, one.cert, one.key)
    with pytest.raises(VolumeError, match="the key does not belong to the certificate"):
        deliver_credential(tmp_path, one.fingerprint, one.cert, other.key)
    with pytest.raises(VolumeError, match="not a certificate"):
        deliver_credential(tmp_path, one.fingerprint, "no PEM", one.key)
    with pytest.raises(VolumeError, match="not an unencrypted private key"):
        deliver_credential(tmp_path, one.fingerprint, one.cert, "no PEM")
    assert delivered(tmp_path) == frozenset()


def test_what_is_there_is_never_changed(tmp_path: Path, two: tuple[Leaf, Leaf]) -> None:
    leaf, _ = two
    deliver_credential(tmp_path, *leaf)
    deliver_credential(tmp_path, leaf.fingerprint, leaf.cert + "\n", leaf.key.strip())
    assert (tmp_path / "credentials" / leaf.fingerprint / "key.pem").read_text() == leaf.key
    with pytest.raises(VolumeError, match="immutable"):
        deliver_credential(tmp_path, leaf.fingerprint, leaf.cert, None)


def test_a_delivery_that_was_cut_off_does_not_count(tmp_path: Path, two: tuple[Leaf, Leaf]) -> None:
    leaf, _ = two
    cut = tmp_path / "credentials" / f".{leaf.fingerprint}.1-2.partial"
    cut.mkdir(parents=True)
    (cut / "cert.pem").write_text(leaf.cert)
    assert delivered(tmp_path) == frozenset()
    deliver_credential(tmp_path, *leaf)
    assert delivered(tmp_path) == {leaf.fingerprint}


def test_links_name_what_is_in_use(tmp_path: Path, two: tuple[Leaf, Leaf]) -> None:
    one, other = two
    for leaf in two:
        deliver_credential(tmp_path, *leaf)
    link_leaf(tmp_path, "peer", one.fingerprint)
    link_leaf(tmp_path, "server", one.fingerprint)
    link_leaf(tmp_path, "peer", other.fingerprint)
    assert leaves(tmp_path) == {"peer": other.fingerprint, "server": one.fingerprint}
    assert os.readlink(tmp_path / "tls" / "peer") == f"../credentials/{other.fingerprint}"  # noqa: PTH115
    assert (tmp_path / "tls" / "peer" / "key.pem").read_text() == other.key
    with pytest.raises(KeyError):
        link_leaf(tmp_path, "peer", "f" * 64)
    assert leaves(tmp_path)["peer"] == other.fingerprint


def test_what_is_in_use_is_not_removed(tmp_path: Path, two: tuple[Leaf, Leaf]) -> None:
    one, other = two
    for leaf in two:
        deliver_credential(tmp_path, *leaf)
    link_leaf(tmp_path, "peer", one.fingerprint)
    with pytest.raises(VolumeError, match="in use for peer"):
        remove_credential(tmp_path, one.fingerprint)
    link_leaf(tmp_path, "peer", other.fingerprint)
    remove_credential(tmp_path, one.fingerprint)
    remove_credential(tmp_path, one.fingerprint)
    assert delivered(tmp_path) == {other.fingerprint}


def test_a_reader_always_finds_a_whole_leaf(tmp_path: Path, two: tuple[Leaf, Leaf]) -> None:
    """While leaves are switched as fast as possible, certificate and key behind one look at the link match."""
    for leaf in two:
        deliver_credential(tmp_path, *leaf)
    link_leaf(tmp_path, "peer", two[0].fingerprint)
    done = threading.Event()

    def switch() -> None:
        for number in range(300):
            link_leaf(tmp_path, "peer", two[number % 2].fingerprint)
        done.set()

    thread = threading.Thread(target=switch)
    thread.start()
    wrong = [pair for pair in pairs(tmp_path / "tls" / "peer", done) if pair not in {(x.cert, x.key) for x in two}]
    thread.join()
    assert wrong == []


def pairs(link: Path, done: threading.Event) -> Iterator[tuple[str, str]]:
    while not done.is_set():
        folder = os.open(link, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield read(folder, "cert.pem"), read(folder, "key.pem")
        finally:
            os.close(folder)


def read(folder: int, name: str) -> str:
    with os.fdopen(os.open(name, os.O_RDONLY, dir_fd=folder)) as file:
        return file.read()


def test_a_bundle_is_named_by_its_content(tmp_path: Path, ca: str) -> None:
    other = Authority("other").issue("any").ca_pem.decode()
    for pem in (ca, other):
        deliver_credential(tmp_path, fingerprint(pem), pem, None)
    one = Path(write_bundle(tmp_path, "peer", [fingerprint(ca)]))
    both = Path(write_bundle(tmp_path, "peer", [fingerprint(ca), fingerprint(other), fingerprint(ca)]))
    assert one != both
    assert one.parent == tmp_path / "tls" / "trust"
    assert write_bundle(tmp_path, "peer", [fingerprint(ca)]) == str(one)
    context = ssl.create_default_context(cafile=str(both))
    assert len(context.get_ca_certs()) >= 2
    assert both.read_text().count("BEGIN CERTIFICATE") == 2
    with pytest.raises(KeyError, match="the authority was not delivered"):
        write_bundle(tmp_path, "peer", ["0" * 64])
    assert "trust" not in leaves(tmp_path)


def test_a_damaged_bundle_is_written_again(tmp_path: Path, ca: str) -> None:
    deliver_credential(tmp_path, fingerprint(ca), ca, None)
    bundle = Path(write_bundle(tmp_path, "client", [fingerprint(ca)]))
    whole = bundle.read_bytes()
    bundle.write_bytes(whole[:20])
    write_bundle(tmp_path, "client", [fingerprint(ca)])
    assert bundle.read_bytes() == whole
