"""Where things are on a member's volume. Standard library only: the launcher uses it at every start."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class VolumeLayout(NamedTuple):
    """The paths of one volume."""

    root: Path

    @property
    def marker(self) -> Path:
        """The platform's identity marker."""
        return self.root / "marker.json"

    @property
    def data(self) -> Path:
        """The data-dir of etcd."""
        return self.root / "data"

    @property
    def taking(self) -> Path:
        """A data-dir on its way to `data`, from whoever ran the member before."""
        return self.root / "taking"

    @property
    def set_aside(self) -> Path:
        """What was moved away and is kept: data by label, and a manifest that somebody else ran the member from."""
        return self.root / "set-aside"

    @property
    def agent(self) -> Path:
        """The agent's own folder."""
        return self.root / "agent"

    @property
    def memory(self) -> Path:
        """What the agent must not forget."""
        return self.agent / "memory.json"

    @property
    def agent_config(self) -> Path:
        """How the agent finds its channel, runtime and volume; written by the platform."""
        return self.agent / "agent-config.json"

    @property
    def agent_state(self) -> Path:
        """Which release of the agent runs, and which one is tried."""
        return self.agent / "agent.json"

    @property
    def agent_confirmation(self) -> Path:
        """Written by an agent after its first publication."""
        return self.agent / "confirmed"

    @property
    def static_pod(self) -> Path:
        """The manifest from which the kubelet runs the member, where that is a static pod."""
        return self.agent / "static-pod.json"

    @property
    def agent_pod(self) -> Path:
        """The manifest from which the kubelet runs the agent, where that is a static pod, once a step has placed it."""
        return self.agent / "agent-pod.json"

    @property
    def member(self) -> Path:
        """What starts etcd."""
        return self.root / "member"

    @property
    def launch(self) -> Path:
        """What the next start uses."""
        return self.member / "launch.json"

    @property
    def last_good(self) -> Path:
        """The launch with which etcd last became healthy."""
        return self.member / "last-good.json"

    @property
    def running(self) -> Path:
        """What the launcher last started."""
        return self.member / "running.json"

    @property
    def spent(self) -> Path:
        """Which one-time permissions of a launch are used up."""
        return self.member / "spent.json"

    def configuration(self, digest: str) -> Path:
        """The configuration file of etcd with this digest."""
        return self.member / f"etcd-{digest[:12]}.yaml"

    @property
    def forced_configuration(self) -> Path:
        """The configuration of the one start that forces a new cluster."""
        return self.member / "etcd-forced.yaml"

    @property
    def binaries(self) -> Path:
        """The cached programs, by SHA-256."""
        return self.member / "bin"

    def binary(self, sha256: str) -> Path:
        """The cached etcd program with this hash."""
        return self.binaries / sha256 / "etcd"

    @property
    def credentials(self) -> Path:
        """Delivered certificates and keys, by fingerprint."""
        return self.root / "credentials"

    def credential(self, fingerprint: str) -> Path:
        """One delivered certificate, with its key where it is a leaf."""
        return self.credentials / fingerprint

    @property
    def tls(self) -> Path:
        """What etcd and the agent read: one link per use, and the trust bundles."""
        return self.root / "tls"

    def leaf(self, use: str) -> Path:
        """The link to the credential in use for `use`."""
        return self.tls / use

    @property
    def trust(self) -> Path:
        """Bundles of authorities, named by their content."""
        return self.tls / "trust"
