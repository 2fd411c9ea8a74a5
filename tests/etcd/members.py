"""Real etcd processes on loopback addresses, with TLS, started and broken by tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.etcd.authority import Authority

PREFIX = "127.41.0."


def free_port(address: str) -> int:
    """A port of `address` that nothing listens on."""
    with socket.socket() as listener:
        listener.bind((address, 0))
        port: int = listener.getsockname()[1]
        return port


@dataclass
class Member:
    """One etcd process. `options` are further keys of its configuration file."""

    name: str
    address: str
    binary: Path
    folder: Path
    authority: Authority
    options: Mapping[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        client, peer, metrics = (free_port(self.address) for _ in range(3))
        self.endpoint = f"https://{self.address}:{client}"
        self.peer_url = f"https://{self.address}:{peer}"
        self.metrics_url = f"http://{self.address}:{metrics}"
        self.folder.mkdir(parents=True)
        leaf = self.authority.issue(self.name, ["127.0.0.1", self.address])
        for file, content in (("ca", leaf.ca_pem), ("cert", leaf.certificate_pem), ("key", leaf.key_pem)):
            (self.folder / f"{file}.pem").write_bytes(content)

    def start(self, cluster: Sequence[Member], state: str = "new") -> None:
        """Start the process as a part of `cluster`."""
        configuration = self.folder / "etcd.yaml"
        configuration.write_text(json.dumps(self._configuration(cluster, state)))
        with (self.folder / "stderr").open("ab") as log:
            self.process = subprocess.Popen([self.binary, "--config-file", configuration], stdout=log, stderr=log)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def pause(self) -> None:
        """Stop the process where it is; its connections stay open. Returns when every thread has stopped."""
        assert self.process is not None
        self.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the process at once, and wait until it is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _configuration(self, cluster: Sequence[Member], state: str) -> dict[str, Any]:
        files = {
            "trusted-ca-file": str(self.folder / "ca.pem"),
            "cert-file": str(self.folder / "cert.pem"),
            "key-file": str(self.folder / "key.pem"),
            "client-cert-auth": True,
        }
        return {
            "name": self.name,
            "data-dir": str(self.folder / "data"),
            "listen-client-urls": self.endpoint,
            "advertise-client-urls": self.endpoint,
            "listen-peer-urls": self.peer_url,
            "initial-advertise-peer-urls": self.peer_url,
            "listen-metrics-urls": self.metrics_url,
            "initial-cluster": ",".join(f"{member.name}={member.peer_url}" for member in cluster),
            "initial-cluster-state": state,
            "client-transport-security": files,
            "peer-transport-security": files,
            "unsafe-no-fsync": True,
            **self.options,
        }
