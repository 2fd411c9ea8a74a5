"""The provider's own configuration, and the client that it leads to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import yaml
from lightkube.config import client_adapter
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.core.exceptions import ConfigError

IGNORED = {
    "clusterIdentifier", "helmReleaseSettings", "kubeClientSettings", "suppressDeprecationWarnings",
    "suppressHelmHookWarnings", "version",
}  # fmt: skip
"""Settings that do not change what comes of the resources that the stand-in supports."""

SUPPORTED = {
    "kubeconfig", "context", "namespace", "enableServerSideApply", "enablePatchForce", "upsertExistingObjects",
    "enableConfigMapMutable", "enableSecretMutable",
}  # fmt: skip

TIMEOUT = httpx2.Timeout(30, connect=5)


class Unusable(Exception):
    """The settings lead to no API server."""


@dataclass(frozen=True)
class Settings:
    """What the provider is told."""

    kubeconfig: str = ""
    """A path, or the content; empty for the ambient one."""
    context: str = ""
    namespace: str = ""
    """Of namespaced objects that name none; empty for the context's."""
    force: bool = False
    """Whether fields that another manager owns are taken over."""
    adopts: bool = False
    """Whether a create may find the object there already."""
    mutable: frozenset[str] = frozenset()
    """Those of ConfigMap and Secret whose data is updated in place."""

    def active(self) -> SingleConfig:
        """The context that the kubeconfig and the name of the context come to.

        Raises:
            Unusable: there is none.
        """
        try:
            found = self._known().get(self.context or None)
        except (AttributeError, ConfigError, KeyError, OSError, TypeError, ValueError, yaml.YAMLError) as error:
            raise Unusable(f"the provider's kubeconfig cannot be used: {type(error).__name__}: {error}") from error
        if found is None:
            raise Unusable("the provider's kubeconfig has no current context: name one in the provider's `context`")
        return found

    def client(self) -> httpx2.Client:
        """A client of the API server.

        Raises:
            Unusable: the kubeconfig does not lead to one.
        """
        parameters = client_adapter.ConnectionParams(timeout=TIMEOUT)
        try:
            return client_adapter.Client(self.active(), parameters)
        except (AssertionError, ConfigError, KeyError, OSError, TypeError, ValueError) as error:
            raise Unusable(f"the provider's kubeconfig cannot be used: {type(error).__name__}: {error}") from error

    def default_namespace(self) -> str:
        """Where namespaced objects go that name no namespace."""
        return self.namespace or self.active().namespace

    def cluster(self) -> tuple[str, str]:
        """What tells one cluster from another: its name and address; empty where that cannot be told."""
        try:
            found = self.active()
        except Unusable:
            return ("", "")
        return (str(found.context.cluster), str(found.cluster.server))

    def _known(self) -> KubeConfig:
        if not self.kubeconfig:
            return KubeConfig.from_env()
        if _is_path(self.kubeconfig):
            return KubeConfig.from_file(self.kubeconfig)
        return KubeConfig.from_dict(yaml.safe_load(self.kubeconfig))


def _is_path(text: str) -> bool:
    return "\n" not in text.strip() and not text.lstrip().startswith("{")


def read(values: Mapping[str, Any]) -> Settings:
    """The settings from the provider's plain inputs."""
    kinds = {"ConfigMap": "enableConfigMapMutable", "Secret": "enableSecretMutable"}
    return Settings(
        kubeconfig=str(values.get("kubeconfig") or ""),
        context=str(values.get("context") or ""),
        namespace=str(values.get("namespace") or ""),
        force=is_on(values.get("enablePatchForce")),
        adopts=is_on(values.get("upsertExistingObjects")),
        mutable=frozenset(kind for kind, name in kinds.items() if is_on(values.get(name))),
    )


def problems(values: Mapping[str, Any]) -> dict[str, str]:
    """Settings that the stand-in refuses, by name."""
    given = {name for name, value in values.items() if value not in (None, "", False, "false")}
    found = dict.fromkeys(sorted(given - IGNORED - SUPPORTED), "is not supported by this stand-in: leave it out")
    apply = values.get("enableServerSideApply")
    if apply is not None and not is_on(apply):
        found["enableServerSideApply"] = "client-side apply is not supported by this stand-in: leave it out"
    return found


def is_on(value: Any) -> bool:
    """Whether a switch is on, which arrives as a boolean or as JSON."""
    return bool(json.loads(value)) if isinstance(value, str) and value else bool(value)
