"""Credentials on the way from a kubelet's folders to a member's volume."""

from __future__ import annotations

from pathlib import Path

import pytest

from etcd_ops.pod.delivery import Mailbox, Mounts, deliver
from etcd_ops.volume.credentials import delivered, fingerprint, leaves
from etcd_ops.volume.errors import VolumeError
from tests.etcd.authority import Authority

USES = ("peer", "server", "metrics", "agent")


class Mounted:
    """Two folders as a kubelet writes them: each content in a folder of its own, behind the link `..data`."""

    def __init__(self, root: Path) -> None:
        self.mounts = Mounts(root / "authorities", root / "credentials")
        self._written = 0

    def write(self, folder: Path, files: dict[str, bytes]) -> None:
        self._written += 1
        content = folder / f"..{self._written}"
        content.mkdir(parents=True)
        for name, data in files.items():
            (content / name).write_bytes(data)
            if not (folder / name).is_symlink():
                (folder / name).symlink_to(f"..data/{name}")
        (folder / "..new").symlink_to(content.name)
        (folder / "..new").replace(folder / "..data")

    def issue(self, authority: Authority, *uses: str) -> dict[str, str]:
        """Write new leaves; their fingerprints by use."""
        files: dict[str, bytes] = {}
        found: dict[str, str] = {}
        for use in uses:
            leaf = authority.issue(use)
            files |= {f"{use}.crt": leaf.certificate_pem, f"{use}.key": leaf.key_pem}
            found[use] = fingerprint(leaf.certificate_pem.decode())
        self.write(self.mounts.credentials, files)
        return found


@pytest.fixture
def authority() -> Authority:
    return Authority("client-1")


@pytest.fixture
def mounted(tmp_path: Path, authority: Authority) -> Mounted:
    made = Mounted(tmp_path / "mounts")
    made.write(made.mounts.authorities, {"client-1.crt": authority.certificate_pem})
    return made


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    made = tmp_path / "volume"
    made.mkdir()
    return made


def test_everything_is_delivered_and_first_leaves_are_taken_into_use(
    mounted: Mounted, authority: Authority, volume: Path
) -> None:
    issued = mounted.issue(authority, *USES)
    deliver(volume, mounted.mounts)
    authorities = {fingerprint(authority.certificate_pem.decode())}
    assert delivered(volume) == authorities | set(issued.values())
    assert leaves(volume) == issued
    assert (volume / "tls" / "peer" / "key.pem").read_bytes().startswith(b"-----BEGIN PRIVATE KEY")


def test_later_leaves_wait_for_the_declaration(mounted: Mounted, authority: Authority, volume: Path) -> None:
    mailbox = Mailbox(volume, mounted.mounts)
    first = mounted.issue(authority, *USES)
    mailbox.empty()
    second = mounted.issue(authority, *USES)
    mailbox.empty()
    assert leaves(volume) == first
    assert set(second.values()) <= delivered(volume)


def test_a_new_authority_is_delivered(mounted: Mounted, authority: Authority, volume: Path) -> None:
    mounted.issue(authority, *USES)
    mailbox = Mailbox(volume, mounted.mounts)
    mailbox.empty()
    other = Authority("client-2")
    files = {"client-1.crt": authority.certificate_pem, "client-2.crt": other.certificate_pem}
    mounted.write(mounted.mounts.authorities, files)
    mailbox.empty()
    assert fingerprint(other.certificate_pem.decode()) in delivered(volume)


def test_nothing_is_read_again_while_nothing_changes(mounted: Mounted, authority: Authority, volume: Path) -> None:
    issued = mounted.issue(authority, "peer")
    mailbox = Mailbox(volume, mounted.mounts)
    mailbox.empty()
    current = (mounted.mounts.credentials / "..data").resolve()
    (current / "peer.key").write_bytes(b"nobody reads this")
    mailbox.empty()
    assert leaves(volume) == issued


def test_a_key_of_another_certificate_is_refused_and_tried_again(
    mounted: Mounted, authority: Authority, volume: Path
) -> None:
    good, other = authority.issue("peer"), authority.issue("peer")
    mounted.write(mounted.mounts.credentials, {"peer.crt": good.certificate_pem, "peer.key": other.key_pem})
    mailbox = Mailbox(volume, mounted.mounts)
    with pytest.raises(VolumeError, match="does not belong"):
        mailbox.empty()
    assert leaves(volume) == {}
    mounted.write(mounted.mounts.credentials, {"peer.crt": good.certificate_pem, "peer.key": good.key_pem})
    mailbox.empty()
    assert leaves(volume) == {"peer": fingerprint(good.certificate_pem.decode())}


@pytest.mark.parametrize("missing", ["peer.key", "peer.crt"])
def test_half_a_leaf_is_not_taken(mounted: Mounted, authority: Authority, volume: Path, missing: str) -> None:
    leaf = authority.issue("peer")
    files = {"peer.crt": leaf.certificate_pem, "peer.key": leaf.key_pem}
    del files[missing]
    mounted.write(mounted.mounts.credentials, files)
    if missing == "peer.key":
        with pytest.raises(OSError, match=missing):
            deliver(volume, mounted.mounts)
    else:
        deliver(volume, mounted.mounts)
    assert leaves(volume) == {}


def test_garbage_is_refused_by_name(mounted: Mounted, volume: Path) -> None:
    mounted.write(mounted.mounts.authorities, {"client-1.crt": b"garbage"})
    with pytest.raises(VolumeError, match="not a certificate"):
        deliver(volume, mounted.mounts)
