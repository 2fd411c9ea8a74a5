"""Calls of the objects in a Kubernetes namespace, and what can come of each other than its result. Synchronous."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from etcd_ops.channel.kubernetes_kinds import (
    CLUSTER_LABEL,
    body,
    conditions,
    kind_of,
    kinds_below,
    manifest,
    name_of,
    object_name,
    tag_of,
)
from etcd_ops.channel.remote import Failed, Refused, Stored, Unanswered, Unmodified

if TYPE_CHECKING:
    from httpx2 import Client, Response

_PREPARING = threading.Lock()
"""Held while a client is made. Modules of lightkube import each other: threads that import them at the same time would
find them half-made. And msgspec, with which it reads a kubeconfig, ends the process where threads are the first to use
a type at the same time (seen with msgspec's `_core` on CPython 3.11)."""
KEPT_SECONDS = 30.0
"""For which an idle connection is kept: longer than an agent rests, and no longer than API servers keep theirs, which
is 90 s (k8s.io/apiserver, pkg/server/secure_serving.go)."""
PAGE = 500
"""Objects of one answer to a list."""
APPLY = {"Content-Type": "application/apply-patch+yaml"}
"""Headers of a server-side apply; JSON is YAML."""


@dataclass(frozen=True, slots=True)
class NamespacePlace:
    """Which namespace of which Kubernetes cluster."""

    namespace: str
    kubeconfig: str = ""
    """Empty for the service account of the pod that the process runs in."""
    context: str = ""
    uid: str = ""
    """Empty where any namespace of that name will do."""

    def __str__(self) -> str:
        where = f"context {self.context} of {self.kubeconfig}" if self.kubeconfig else "this pod's cluster"
        return f"namespace {self.namespace} of {where}"


class Namespace:
    """The objects of one etcd cluster's channel. Each call is sent once."""

    def __init__(self, place: NamespacePlace, cluster: str, *, connect_timeout: float, read_timeout: float) -> None:
        """Name the namespace; the client is made by the first call.

        Args:
            place: which namespace.
            cluster: begins the name of every object, and labels it.
            connect_timeout: seconds to wait for a connection.
            read_timeout: seconds to wait for each part of an answer.
        """
        self._place, self._cluster = place, cluster
        self._timeouts = (connect_timeout, read_timeout)
        self._making = threading.Lock()
        self._client: Client | None = None
        self._known = False

    def __str__(self) -> str:
        return str(self._place)

    def get(self, key: str, unless_tag: str = "") -> Stored | None:
        """See `Store.get`. A namespace that is missing is not an object that is."""
        answer = self._ask("GET", self._path(key))
        if answer.status_code == 404:
            self._check_namespace()
            return None
        found = self._content(answer, reading=True)
        if tag_of(found) == unless_tag:
            raise Unmodified(key)
        return Stored(body(found), tag_of(found))

    def put(self, key: str, body: bytes, *, absent: bool = False, tag: str = "") -> str:
        """See `Store.put`."""
        wanted = manifest(self._cluster, key, body)
        if absent:
            return self._create(key, wanted)
        if tag:
            return self._replace(key, wanted, tag)
        if not kind_of(key).unconditional:
            found = self.get(key)
            return self._create(key, wanted) if found is None else self._replace(key, wanted, found.tag)
        answer = self._ask("PUT", self._path(key), wanted)
        return self._create(key, wanted) if answer.status_code == 404 else tag_of(self._content(answer))

    def delete(self, key: str) -> None:
        """See `Store.delete`."""
        answer = self._ask("DELETE", self._path(key))
        if answer.status_code == 404:
            self._check_namespace()
            return
        self._content(answer)

    def keys(self, prefix: str) -> list[str]:
        """See `Store.keys`."""
        return list(self._listed(prefix))

    def all(self, prefix: str) -> dict[str, Stored]:
        """All objects whose keys begin with `prefix`, by key, sorted.

        Raises:
            Failed
        """
        return {key: Stored(body(each), tag_of(each)) for key, each in sorted(self._listed(prefix).items())}

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def _create(self, key: str, wanted: Mapping[str, Any]) -> str:
        """Make an object that is not there, by server-side apply: roles can confine that to names, and a POST to none.

        It is applied for a manager that nobody else is, and bodies are stamped: where there is one, it is another's,
        and the API server refuses to change it (Kubernetes API concepts, "Server-Side Apply", conflicts).
        """
        # A namespace that was made anew would else take what belongs to the one that is gone.
        self._check_namespace()
        manager = {"fieldManager": f"etcd-ops-{secrets.token_hex(8)}"}
        return tag_of(self._content(self._ask("PATCH", self._path(key), wanted, query=manager, headers=APPLY)))

    def _replace(self, key: str, wanted: dict[str, Any], tag: str) -> str:
        only = conditions(tag)
        if only is None:
            raise Refused(f"{self}: {tag} is no version of an object")
        wanted["metadata"] |= only
        answer = self._ask("PUT", self._path(key), wanted)
        if answer.status_code == 404:
            self._check_namespace()
            raise Refused(f"{self}: {object_name(self._cluster, key)} is gone")
        return tag_of(self._content(answer))

    def _listed(self, prefix: str) -> dict[str, Mapping[str, Any]]:
        """The Kubernetes objects, by key."""
        pages = (self._pages(kind.path(self._place.namespace), kind.kind) for kind in kinds_below(prefix))
        every = ((name_of(each), each) for page in pages for each in page)
        found = {name: each for name, each in every if name is not None and name.startswith(prefix)}
        if not found:
            self._check_namespace()
        return found

    def _pages(self, path: str, kind: str) -> Iterator[Mapping[str, Any]]:
        query = {"labelSelector": f"{CLUSTER_LABEL}={self._cluster}", "limit": str(PAGE)}
        while True:
            page = self._content(self._ask("GET", path, query=query), reading=True)
            yield from ({**each, "kind": kind} for each in page.get("items") or ())
            query["continue"] = str(page["metadata"].get("continue") or "")
            if not query["continue"]:
                return

    def _check_namespace(self) -> None:
        """That the namespace is there, and the one that was named.

        Raises:
            Failed: it is not, or that could not be told: nothing was written.
        """
        answer = self._ask("GET", f"/api/v1/namespaces/{self._place.namespace}", checking=True)
        if answer.status_code == 404:
            raise Failed(f"{self}: there is no such namespace: deploy the cluster's store, or name the right context")
        found = self._content(answer, reading=True)["metadata"]["uid"]
        if self._place.uid not in ("", found):
            raise Failed(f"{self}: its UID is {found}, not {self._place.uid}: name the right context or namespace")
        self._known = True

    def _ask(
        self,
        method: str,
        path: str,
        content: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        checking: bool = False,
    ) -> Response:
        if not self._known and not checking:
            self._check_namespace()
        client = self._api()
        try:
            with _answers(self._place, reading=method == "GET"):
                answer = client.request(method, path, params=dict(query or {}), json=content, headers=headers)
        except (Failed, Unanswered):
            self._forget(client)
            raise
        if answer.status_code == 401:
            self._forget(client)
        return answer

    def _content(self, answer: Response, *, reading: bool = False) -> dict[str, Any]:
        if answer.is_success:
            with _answers(self._place, reading=reading):
                content: dict[str, Any] = answer.json()
                return content
        raise _from_answer(self._place, answer, reading=reading)

    def _path(self, key: str) -> str:
        return f"{kind_of(key).path(self._place.namespace)}/{object_name(self._cluster, key)}"

    def _api(self) -> Client:
        with self._making:
            if self._client is None:
                self._client = api_client(self._place, *self._timeouts)
            return self._client

    def _forget(self, client: Client) -> None:
        """Have the next call read the kubeconfig anew: what is in it may have been renewed."""
        with self._making:
            if self._client is client:
                self._client = None


def api_client(place: NamespacePlace, connect: float, read: float) -> Client:
    """A client of the API server that a place names; nothing is called yet.

    Args:
        place: says whose credentials are used.
        connect: seconds to wait for a connection.
        read: seconds to wait for each part of an answer.

    Raises:
        Failed: the credentials cannot be used, or what speaks to API servers is not installed.
    """
    with _PREPARING:
        return _prepared(place, connect, read)


def _prepared(place: NamespacePlace, connect: float, read: float) -> Client:
    try:
        from httpx2 import Client, Limits, Timeout
        from lightkube.config import client_adapter
        from lightkube.config.kubeconfig import KubeConfig
        from lightkube.core.exceptions import ConfigError
        from yaml import YAMLError
    except ModuleNotFoundError as error:
        raise Failed(f"{place}: {error}; install etcd-ops[kubernetes]") from error

    # The connection value alone says where the channel is, never the environment.
    parameters = client_adapter.ConnectionParams(timeout=Timeout(read, connect=connect), trust_env=False)
    try:
        known = KubeConfig.from_file(place.kubeconfig) if place.kubeconfig else KubeConfig.from_service_account()
        found = known.get(place.context or None)
        if found is None:
            raise Failed(f"{place}: the kubeconfig has no such context")
        return Client(**parameters.httpx_params(found), limits=Limits(keepalive_expiry=KEPT_SECONDS))
    except (AttributeError, ConfigError, KeyError, OSError, TypeError, ValueError, YAMLError) as error:
        raise Failed(f"{place}: the kubeconfig cannot be used: {type(error).__name__}: {error}") from error


@contextmanager
def _answers(place: NamespacePlace, *, reading: bool = False) -> Iterator[None]:
    """Turn everything that a call can raise into a store's exceptions."""
    import httpx2
    from lightkube.core.exceptions import ConfigError

    try:
        yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol) as error:
        raise Failed(f"{place}: {error}") from error
    except ConfigError as error:
        raise Failed(f"{place}: {error}") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError) as error:
        kind = Failed if reading else Unanswered
        raise kind(f"{place}: {type(error).__name__}: {error}") from error


def _from_answer(place: NamespacePlace, answer: Response, *, reading: bool) -> Exception:
    status = answer.status_code
    message = f"{place}: {status}: {_message(answer)}{_REMEDIES.get(status, '')}"
    if not reading and status == 409:
        return Refused(message)
    if not reading and status >= 500:
        return Unanswered(message)
    return Failed(message)


def _message(answer: Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]


_REMEDIES = {
    401: " (renew the credentials of the context, or of the service account)",
    403: " (allow get, list, create, patch, update and delete of configmaps and leases, and get of the namespace)",
}
