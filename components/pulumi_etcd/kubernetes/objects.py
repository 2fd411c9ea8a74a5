"""Kubernetes objects as resources of the plugin `kubernetes`, from manifests.

The SDK's own classes say no more than a manifest does, and take 1.8 s and 75 MB to import.
"""

from __future__ import annotations

import pulumi

from pulumi_etcd import extras
from pulumi_etcd.kubernetes.manifests import Manifest

SDK = "pulumi-kubernetes"
_SECRET = ("data", "stringData")
_SWITCHES = ("enableConfigMapMutable", "enableSecretMutable", "enablePatchForce")
"""Without the first two, a renewed certificate would replace its Secret, and with it everything that depends on it.
The third: where somebody edited an object by hand, the declaration wins."""


class KubernetesObject(pulumi.CustomResource):
    """One object."""

    def __init__(self, name: str, manifest: Manifest, opts: pulumi.ResourceOptions) -> None:
        """Declare it.

        Args:
            name: the resource's name.
            manifest: the object; its values may be outputs.
            opts: the resource's options, with its provider.
        """
        hidden = list(_SECRET) if manifest["kind"] == "Secret" else None
        options = pulumi.ResourceOptions(version=plugin_version(), additional_secret_outputs=hidden)
        super().__init__(token(manifest), name, manifest, pulumi.ResourceOptions.merge(opts, options))


def provider(
    name: str, kubeconfig: str, context: str, namespace: str, namespace_uid: str, opts: pulumi.ResourceOptions
) -> pulumi.ProviderResource:
    """The plugin, for one namespace. Only a namespace of another UID is another place.

    Args:
        name: the resource's name.
        kubeconfig: absolute path.
        context: of the kubeconfig.
        namespace: where the objects are.
        namespace_uid: its UID.
        opts: the resource's options.
    """
    properties = {
        "kubeconfig": kubeconfig,
        "context": context,
        "namespace": namespace,
        "clusterIdentifier": namespace_uid,
        **dict.fromkeys(_SWITCHES, "true"),
    }
    options = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(version=plugin_version()))
    return pulumi.ProviderResource("kubernetes", name, properties, options)


def token(manifest: Manifest) -> str:
    """The type of an object's resource."""
    version = manifest["apiVersion"]
    return f"kubernetes:{version if '/' in version else f'core/{version}'}:{manifest['kind']}"


def plugin_version() -> str:
    """The version of the plugin: its SDK's.

    Raises:
        pulumi.RunError: the SDK is not installed.
    """
    return extras.plugin_version(SDK, "kubernetes", "Kubernetes")
