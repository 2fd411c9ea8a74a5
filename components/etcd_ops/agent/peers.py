"""Asking the peers that a member is to join, with the declared certificate, whether or not it is in use yet."""

from __future__ import annotations

from pathlib import Path

from etcd_ops.agent.rendering import authorities
from etcd_ops.etcd.health import ProbeFailed
from etcd_ops.etcd.peer import ask_peer
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.volume.layout import VolumeLayout


class VolumePeers:
    """Peers of the member on one volume."""

    def __init__(self, volume: Path, slot: str) -> None:
        self._layout, self._slot = VolumeLayout(volume), slot

    async def problem(self, spec: ClusterSpec, url: str, *, timeout: float) -> str:
        """Why the member at a peer URL and this one would not replicate; empty where they would."""
        if self._slot not in spec.members:
            return "no certificate is declared to present to it"
        leaf = self._layout.credential(spec.members[self._slot].certificates.peer)
        try:
            believed = [
                (self._layout.credential(print_) / "cert.pem").read_text() for print_ in authorities(spec.trust.peer)
            ]
            files = {"certificate": leaf / "cert.pem", "key": leaf / "key.pem"}
            await ask_peer(url, authorities="".join(believed), timeout=timeout, **files)
        except FileNotFoundError:
            return "the peer certificate and its authorities are not delivered yet"
        except (OSError, ProbeFailed) as problem:
            return str(problem)
        return ""
