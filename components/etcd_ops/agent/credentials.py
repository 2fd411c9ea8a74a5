"""The agent's own way to etcd: its client certificate, and the authorities it believes, read again when they change."""

from __future__ import annotations

from pathlib import Path

from etcd_ops.agent.rendering import authorities
from etcd_ops.etcd import Credentials, EtcdClient
from etcd_ops.model.spec import Unreadable, read_desired
from etcd_ops.volume.launch_record import decode_launch
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.volume.memory import decode_memory


class AgentCredentials:
    """A client to etcd that follows renewals and rotations."""

    def __init__(self, layout: VolumeLayout) -> None:
        self._layout = layout
        self._used: tuple[str, ...] = ()
        self.client = EtcdClient(Credentials(b"", b"", b""))

    def refresh(self) -> None:
        """Use the leaf and the authorities that are in force now."""
        leaf = self._layout.leaf("agent")
        believed = self._believed()
        if not believed or not leaf.exists():
            return
        used = (leaf.resolve().name, *believed)
        if used == self._used:
            return
        pems = [path.read_bytes() for print_ in believed if (path := self._certificate(print_)).exists()]
        certificate, key = (leaf / "cert.pem").read_bytes(), (leaf / "key.pem").read_bytes()
        self.client.replace_credentials(Credentials(b"".join(pems), certificate, key))
        self._used = used

    def _certificate(self, fingerprint: str) -> Path:
        return self._layout.credential(fingerprint) / "cert.pem"

    def _believed(self) -> tuple[str, ...]:
        """Client authorities of the newest document understood, and of what etcd was last started with."""
        try:
            memory = decode_memory(self._layout.memory.read_bytes())
            declared = authorities(read_desired(memory.desired)[1].trust.client)
        except (OSError, ValueError, Unreadable):
            return ()
        return (*declared, *(each for each in self._running() if each not in declared))

    def _running(self) -> tuple[str, ...]:
        try:
            return decode_launch(self._layout.launch.read_bytes()).trusted.get("client", ())
        except (OSError, ValueError):
            return ()
