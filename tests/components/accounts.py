"""A service account as its pod has it: with a real token, in the folder that a kubelet would mount."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2
import pytest
from lightkube.config.kubeconfig import KubeConfig

from tests.servers.kubernetes import KubernetesServer

_FROM_FOLDER = KubeConfig.from_service_account


@dataclass(frozen=True)
class Account:
    """One service account of a server's namespace."""

    server: KubernetesServer
    namespace: str
    name: str
    folder: Path
    """With its token, as in its pod."""

    @classmethod
    def of(cls, server: KubernetesServer, namespace: str, name: str, folder: Path) -> Account:
        """With a token that the API server issues for it now."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        issued = server.request("POST", path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"})
        folder.mkdir(parents=True)
        (folder / "token").write_text(issued["status"]["token"])
        (folder / "namespace").write_text(namespace)
        (folder / "ca.crt").write_bytes((server.directory / "ca.crt").read_bytes())
        return cls(server, namespace, name, folder)

    def client(self) -> httpx2.Client:
        """Speaks to the API server as this account."""
        token = (self.folder / "token").read_text()
        context = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        headers = {"Authorization": f"Bearer {token}"}
        return httpx2.Client(base_url=self.server.url, verify=context, headers=headers, trust_env=False, timeout=10)

    def inside(self, patch: pytest.MonkeyPatch, folder: Path | None = None) -> None:
        """Let this process find what it would find in the account's pod.

        Args:
            patch: is undone afterwards.
            folder: the one that is mounted, if it is not the account's own.
        """
        patch.setenv("KUBERNETES_SERVICE_HOST", self.server.address)
        patch.setenv("KUBERNETES_SERVICE_PORT", str(self.server.port))
        mounted = partial(_FROM_FOLDER, folder or self.folder)
        patch.setattr(KubeConfig, "from_service_account", staticmethod(mounted))
