"""From the declaration to what this member's process is started with, on a volume that is a directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from etcd_ops.model.configuration import Files, Initial, render
from etcd_ops.model.facts import Target, VolumeFacts
from etcd_ops.model.spec import ClusterSpec, TrustSpec
from etcd_ops.model.status import CertificateReport
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.volume.port import Volume

LEAVES = ("peer", "server")
"""Leaves that etcd itself reads."""


@dataclass(frozen=True, slots=True)
class _Bundles:
    peer: str
    client: str


class VolumeRenderer:
    """Renders for one member, with the paths of its volume."""

    def __init__(self, volume: Volume, path: Path) -> None:
        self._volume, self._layout = volume, VolumeLayout(path)
        self._expiries: dict[str, CertificateReport] = {}

    async def target(self, spec: ClusterSpec, slot: str) -> Target:
        """What the declaration asks of the process of `slot`.

        Raises:
            KeyError: a credential it needs was not delivered yet; the message names it.
        """
        bundles = await self._bundles(spec)
        configuration = render(spec, slot, self._files(bundles))
        return Target(
            configuration=configuration.text,
            configuration_digest=configuration.digest,
            binary_sha256=spec.etcd.binary.sha256,
            trusted={"peer": authorities(spec.trust.peer), "client": authorities(spec.trust.client)},
        )

    async def configuration(
        self, spec: ClusterSpec, slot: str, state: str, initial_cluster: tuple[tuple[str, str], ...], token: str
    ) -> str:
        """The configuration text of a first start.

        Raises:
            KeyError: a credential it needs was not delivered yet.
        """
        bundles = await self._bundles(spec)
        return render(spec, slot, self._files(bundles), Initial(state, initial_cluster, token)).text

    async def _bundles(self, spec: ClusterSpec) -> _Bundles:
        for use in LEAVES:
            if not self._layout.leaf(use).exists():
                raise KeyError(f"{use} certificate")
        return _Bundles(
            peer=await self._volume.trust_bundle("peer", authorities(spec.trust.peer)),
            client=await self._volume.trust_bundle("client", authorities(spec.trust.client)),
        )

    def _files(self, bundles: _Bundles) -> Files:
        peer, server = self._layout.leaf("peer"), self._layout.leaf("server")
        return Files(
            data=str(self._layout.data),
            peer_certificate=str(peer / "cert.pem"),
            peer_key=str(peer / "key.pem"),
            peer_trust=bundles.peer,
            server_certificate=str(server / "cert.pem"),
            server_key=str(server / "key.pem"),
            client_trust=bundles.client,
        )

    async def expiries(self, volume: VolumeFacts) -> dict[str, CertificateReport]:
        """The leaves in use, by use, with their ends; a certificate that cannot be read is left out."""
        return {use: found for use, print_ in volume.leaves.items() if (found := self._expiry(print_)) is not None}

    def _expiry(self, fingerprint: str) -> CertificateReport | None:
        if fingerprint not in self._expiries:
            path = self._layout.credential(fingerprint) / "cert.pem"
            try:
                certificate = x509.load_pem_x509_certificate(path.read_bytes())
            except (OSError, ValueError):
                return None
            end = certificate.not_valid_after_utc.timestamp()
            self._expiries[fingerprint] = CertificateReport(fingerprint=fingerprint, not_after=end)
        return self._expiries[fingerprint]


def authorities(trust: TrustSpec) -> tuple[str, ...]:
    """Fingerprints of the declared authorities, oldest trust generation first."""
    return tuple(trust.authorities[number] for number in sorted(trust.authorities, key=int))
