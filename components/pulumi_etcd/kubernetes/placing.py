"""Objects of a cluster as resources, and the credentials in them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import pulumi

from pulumi_etcd.certificates import Certificates
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.kubernetes.objects import KubernetesObject
from pulumi_etcd.placing import authorities, credentials


@dataclass(frozen=True, slots=True)
class Place:
    """Where objects are put."""

    cluster: pulumi.Resource
    """The component that they belong to."""
    provider: pulumi.ProviderResource

    def put(self, manifest: Manifest, **options: Any) -> KubernetesObject:
        """One object; a resource has the object's name."""
        opts = pulumi.ResourceOptions(parent=self.cluster, provider=self.provider, **options)
        return KubernetesObject(manifest["metadata"]["name"], manifest, opts)


def authority_files(certificates: Certificates) -> dict[str, pulumi.Output[str]]:
    """Certificates that may be believed, by file name."""
    return {
        f"{trust}-{generation}.crt": certificate
        for trust, generations in authorities(certificates).items()
        for generation, certificate in generations.items()
    }


def credential_files(certificates: Certificates, slot: str) -> dict[str, pulumi.Output[str]]:
    """Certificates and keys of a member by file name, in Base64; whatever is in a Secret is one."""
    parts = {"crt": "cert_pem", "key": "key_pem"}
    return {
        f"{use}.{suffix}": pulumi.Output.secret(leaf[part]).apply(_base64)  # type: ignore[literal-required]
        for use, leaf in credentials(certificates, slot).items()
        for suffix, part in parts.items()
    }


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
