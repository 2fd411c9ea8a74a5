"""Certificates and keys on a volume: delivered once per fingerprint, taken into use by a link."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from etcd_ops.volume.durable import (
    PARTIAL,
    make_directory,
    new_directory,
    partial_name,
    rename,
    replace_link,
    sync_directory,
    write_file,
    write_new,
)
from etcd_ops.volume.errors import VolumeError
from etcd_ops.volume.layout import VolumeLayout

CERTIFICATE = "cert.pem"
KEY = "key.pem"


def delivered(volume: Path) -> frozenset[str]:
    """Fingerprints of the certificates that are there."""
    folder = VolumeLayout(volume).credentials
    if not folder.is_dir():
        return frozenset()
    return frozenset(
        entry.name for entry in folder.iterdir() if not entry.name.endswith(PARTIAL) and (entry / CERTIFICATE).is_file()
    )


def deliver_credential(volume: Path, fingerprint: str, cert_pem: str, key_pem: str | None) -> None:
    """Put a certificate (with its key, for a leaf) on the volume. Idempotent; what is there is never changed.

    Args:
        volume: its directory.
        fingerprint: SHA-256 of the certificate's DER encoding, 64 lower-case hexadecimal digits.
        cert_pem: the certificate; further ones of its chain may follow.
        key_pem: its private key; None for an authority.

    Raises:
        VolumeError: certificate, key and fingerprint do not belong together, or something else is there.
        OSError
    """
    _check(fingerprint, cert_pem, key_pem)
    target = VolumeLayout(volume).credential(fingerprint)
    if target.is_dir():
        return _require_same(target, cert_pem, key_pem)
    make_directory(target.parent)
    folder = partial_name(target)
    shutil.rmtree(folder, ignore_errors=True)
    new_directory(folder)
    try:
        write_new(folder / CERTIFICATE, cert_pem.encode())
        if key_pem is not None:
            write_new(folder / KEY, key_pem.encode())
        sync_directory(folder)
        rename(folder, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return None


def take_in(volume: Path, authorities: Iterable[str], issued: Mapping[str, tuple[str, str]]) -> None:
    """Put everything that a platform delivers on the volume. Idempotent.

    The first leaf of a use is taken into use; later ones are for the agent to switch to, when the declaration says so.

    Args:
        volume: its directory.
        authorities: certificates of the authorities that may be believed, PEM.
        issued: by use: certificate and private key of the leaf, PEM.

    Raises:
        VolumeError: one of them is no credential.
        OSError
    """
    for certificate in authorities:
        deliver_credential(volume, fingerprint(certificate), certificate, None)
    linked = leaves(volume)
    for use, (certificate, key) in issued.items():
        identity = fingerprint(certificate)
        deliver_credential(volume, identity, certificate, key)
        if use not in linked:
            link_leaf(volume, use, identity)


def fingerprint(cert_pem: str) -> str:
    """SHA-256 of the DER encoding of a certificate, 64 lower-case hexadecimal digits.

    Raises:
        VolumeError: it is none.
    """
    try:
        return x509.load_pem_x509_certificate(cert_pem.encode()).fingerprint(hashes.SHA256()).hex()
    except ValueError as problem:
        raise VolumeError(f"not a certificate: {problem}") from problem


def remove_credential(volume: Path, fingerprint: str) -> None:
    """Delete a delivered credential. Idempotent.

    Raises:
        VolumeError: it is in use.
        OSError
    """
    folder = VolumeLayout(volume).credential(fingerprint)
    using = [use for use, used in leaves(volume).items() if used == fingerprint]
    if using:
        raise VolumeError(f"{folder} is in use for {', '.join(sorted(using))}: take another leaf into use first")
    if folder.is_dir():
        shutil.rmtree(folder)
        sync_directory(folder.parent)


def leaves(volume: Path) -> dict[str, str]:
    """Use to the fingerprint of the credential that its link names."""
    folder = VolumeLayout(volume).tls
    if not folder.is_dir():
        return {}
    entries = [entry for entry in folder.iterdir() if not entry.name.endswith(PARTIAL)]
    return {entry.name: entry.readlink().name for entry in entries if entry.is_symlink()}


def link_leaf(volume: Path, use: str, fingerprint: str) -> None:
    """Take a leaf into use: certificate and key at once, from the next handshake on.

    Raises:
        KeyError: it was not delivered, or without a key.
        OSError
    """
    layout = VolumeLayout(volume)
    for name in (CERTIFICATE, KEY):
        if not (layout.credential(fingerprint) / name).is_file():
            raise KeyError(f"{fingerprint}: {name} was not delivered to {volume}")
    if leaves(volume).get(use) == fingerprint:
        return
    make_directory(layout.tls)
    replace_link(layout.leaf(use), f"../{layout.credentials.name}/{fingerprint}")


def write_bundle(volume: Path, use: str, authorities: Iterable[str]) -> str:
    """Write the bundle of delivered authorities; its name carries a digest of its content.

    Returns:
        Its absolute path.

    Raises:
        KeyError: an authority was not delivered.
        OSError
    """
    layout = VolumeLayout(volume)
    bundle = b"".join(_certificate(layout, authority) for authority in dict.fromkeys(authorities))
    path = layout.trust / f"{use}-{hashlib.sha256(bundle).hexdigest()[:12]}.pem"
    make_directory(layout.trust)
    if not path.is_file() or path.read_bytes() != bundle:
        write_file(path, bundle)
    return str(path.absolute())


def _certificate(layout: VolumeLayout, fingerprint: str) -> bytes:
    path = layout.credential(fingerprint) / CERTIFICATE
    if not path.is_file():
        raise KeyError(f"{fingerprint}: the authority was not delivered to {layout.root}")
    return path.read_bytes().strip() + b"\n"


def _check(fingerprint: str, cert_pem: str, key_pem: str | None) -> None:
    try:
        certificate = x509.load_pem_x509_certificate(cert_pem.encode())
    except ValueError as problem:
        raise VolumeError(f"credential {fingerprint}: cert_pem is not a certificate: {problem}") from problem
    found = certificate.fingerprint(hashes.SHA256()).hex()
    if found != fingerprint:
        raise VolumeError(f"credential {fingerprint}: the certificate's fingerprint is {found}")
    if key_pem is not None and _public_key(fingerprint, key_pem) != _spki(certificate):
        raise VolumeError(f"credential {fingerprint}: the key does not belong to the certificate")


def _spki(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _public_key(fingerprint: str, key_pem: str) -> bytes:
    try:
        key = serialization.load_pem_private_key(key_pem.encode(), password=None)
    except (ValueError, TypeError) as problem:
        # The problem's own text could quote the key.
        raise VolumeError(f"credential {fingerprint}: key_pem is not an unencrypted private key") from problem
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _require_same(folder: Path, cert_pem: str, key_pem: str | None) -> None:
    """The same but for white space: what wrote it may end its lines in another way now."""
    key = (folder / KEY).read_text() if (folder / KEY).is_file() else ""
    there = ((folder / CERTIFICATE).read_text().split(), key.split())
    if there != (cert_pem.split(), (key_pem or "").split()):
        raise VolumeError(f"{folder} holds another credential; credentials are immutable: remove it first")
