"""A channel in a Kubernetes namespace: a ConfigMap per object, and a Lease for the lock."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints, model_validator
from typing_extensions import Self

from etcd_ops.channel.kubernetes_objects import Namespace, NamespacePlace
from etcd_ops.channel.names import check_prefix
from etcd_ops.channel.port import Entry
from etcd_ops.channel.remote import CONNECT_SHARE, READ_SHARE, TIMEOUT, RemoteChannel, entry_of
from etcd_ops.model.document import Strict

_LABEL = StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
"""RFC 1123: a label, as names of namespaces are, and values of labels may be."""


def _absolute(path: str) -> str:
    if path and not path.startswith("/"):
        raise ValueError("give an absolute path, or nothing inside of a pod")
    return path


class KubernetesConnection(Strict):
    """Where a channel in a namespace is. Credentials come from the kubeconfig, or from the pod's service account."""

    kind: Literal["kubernetes"] = "kubernetes"
    namespace: Annotated[str, _LABEL]
    cluster: Annotated[str, _LABEL]
    """Begins the name of every object, and labels it."""
    kubeconfig: Annotated[str, AfterValidator(_absolute)] = ""
    """Absolute path; empty for the service account of the pod that the process runs in."""
    context: str = ""
    """Of the kubeconfig; never the one that happens to be current."""
    namespace_uid: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$")] = ""
    """The UID that the namespace must have; empty where any namespace of that name will do."""

    @model_validator(mode="after")
    def _names_a_context(self) -> Self:
        if bool(self.kubeconfig) != bool(self.context):
            raise ValueError("give kubeconfig and context, or neither inside of a pod")
        return self

    @property
    def place(self) -> NamespacePlace:
        """Which namespace of which Kubernetes cluster."""
        return NamespacePlace(self.namespace, self.kubeconfig, self.context, self.namespace_uid)

    def connect(self) -> KubernetesChannel:
        """The channel; nothing is called yet."""
        return KubernetesChannel(self.place, self.cluster)


class KubernetesChannel(RemoteChannel):
    """Objects of one namespace, written conditionally on their resource version.

    The API server compares resource versions in its own etcd's transactions (Kubernetes API concepts, "Resource
    versions"): of many writers one wins.
    """

    def __init__(self, place: NamespacePlace, cluster: str, *, timeout: float = TIMEOUT) -> None:
        """Name the namespace.

        Args:
            place: which namespace.
            cluster: begins the name of every object, and labels it.
            timeout: seconds for one call.
        """
        self._cluster = cluster
        self._namespace = Namespace(
            place, cluster, connect_timeout=timeout * CONNECT_SHARE, read_timeout=timeout * READ_SHARE
        )
        super().__init__(self._namespace, timeout=timeout)

    async def read_all(self, prefix: str) -> dict[str, Entry]:
        """See `Channel.read_all`: an API server's list has what is in its objects."""
        stored = await self._look(partial(self._namespace.all, check_prefix(prefix)))
        return {name: entry_of(each) for name, each in stored.items()}

    def __str__(self) -> str:
        return f"{self._store}, cluster {self._cluster}"
