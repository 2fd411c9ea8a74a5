"""Calls of the API server, and what can come of each other than its result."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

import httpx2

from tools.standins.kubernetes.objects import Ref, Resource, root
from tools.standins.kubernetes.settings import Settings, Unusable

APPLY = "application/apply-patch+yaml"
UNDECLARED = "field not declared in schema"
"""How server-side apply answers an unknown field: with status 500, though nothing is wrong with the server."""

NOT_FOUND, CONFLICT, FORBIDDEN = 404, 409, 403
BUSY = (429, 502, 503, 504)
"""What may be otherwise a moment later."""


class Refused(Exception):
    """The API server answered, and not with what was asked for; carries the status."""

    def __init__(self, what: object, answer: httpx2.Response) -> None:
        self.status = answer.status_code
        message = _message(answer)
        super().__init__(f"{what}: the API server refused with {self.status}: {message}{_remedy(self.status, message)}")


class Unreachable(Exception):
    """There was no usable answer."""


class UnknownKind(Exception):
    """The API server does not serve a kind."""


class Api:
    """One API server. May be used from several threads."""

    def __init__(self, settings: Settings) -> None:
        """Name the server; the client is made by the first call."""
        self._settings = settings
        self._making = threading.Lock()
        self._client: httpx2.Client | None = None
        self._kinds: dict[tuple[str, str], Resource] = {}

    def resource(self, api_version: str, kind: str) -> Resource:
        """A kind, as the server tells it; kinds once told are remembered.

        Raises:
            UnknownKind: the server does not serve it.
            Refused: the server did not tell.
            Unreachable: neither.
        """
        found = self._kinds.get((api_version, kind))
        if found is None:
            self._discover(api_version)
            found = self._kinds.get((api_version, kind))
        if found is None:
            raise UnknownKind(
                f"the API server serves no {kind} of {api_version}: correct apiVersion and kind, "
                "or create the CustomResourceDefinition first"
            )
        return found

    def get(self, ref: Ref) -> dict[str, Any] | None:
        """An object; None if it is not there.

        Raises:
            Refused: the server answered otherwise.
            Unreachable: it did not.
        """
        return self._content(ref, self._ask("GET", ref.path), absent=True)

    def items(self, path: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """A list of objects; empty if the server knows nothing of the path.

        Raises:
            Refused: the server answered otherwise.
            Unreachable: it did not.
        """
        found = self._content(path, self._ask("GET", path, query), absent=True)
        return list((found or {}).get("items") or ())

    def apply(
        self, ref: Ref, manifest: Mapping[str, Any], manager: str, *, force: bool = False, dry: bool = False
    ) -> dict[str, Any]:
        """Applies a manifest; returns the object that came of it.

        Args:
            ref: the object.
            manifest: all that the manager wants of it.
            manager: owns the fields of the manifest from then on.
            force: takes fields over that others own.
            dry: changes nothing.

        Raises:
            Refused: the server does not take it.
            Unreachable: the outcome is not known.
        """
        query = {"fieldManager": manager, "force": json.dumps(force), "fieldValidation": "Strict"}
        query |= {"dryRun": "All"} if dry else {}
        answer = self._ask("PATCH", ref.path, query, manifest, {"content-type": APPLY})
        found = self._content(ref, answer)
        assert found is not None
        return found

    def delete(self, ref: Ref, propagation: str) -> None:
        """Asks for an object's deletion; one that is not there is deleted.

        Raises:
            Refused: the server does not delete it.
            Unreachable: the outcome is not known.
        """
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        self._content(ref, self._ask("DELETE", ref.path, None, options), absent=True)

    def _discover(self, api_version: str) -> None:
        found = self._content(api_version, self._ask("GET", root(api_version)), absent=True) or {}
        for each in found.get("resources") or ():
            if "/" not in each["name"]:
                resource = Resource(api_version, each["kind"], each["name"], each["namespaced"])
                self._kinds[api_version, each["kind"]] = resource

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        content: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        try:
            return self._made().request(
                method, path, params=dict(query or {}), json=content, headers=dict(headers or {})
            )
        except (httpx2.HTTPError, httpx2.InvalidURL, Unusable) as error:
            raise Unreachable(f"the API server gave no answer: {type(error).__name__}: {error}") from error

    def _content(self, what: object, answer: httpx2.Response, *, absent: bool = False) -> dict[str, Any] | None:
        if absent and answer.status_code == NOT_FOUND:
            return None
        if not answer.is_success:
            raise Refused(what, answer)
        try:
            content: dict[str, Any] = answer.json()
        except ValueError as error:
            raise Unreachable(f"{what}: what answers is no API server: {error}") from error
        return content

    def _made(self) -> httpx2.Client:
        with self._making:
            if self._client is None:
                self._client = self._settings.client()
            return self._client


def _message(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]


def _remedy(status: int, message: str) -> str:
    if UNDECLARED in message:
        return " (the kind has no such field: correct its name or its place)"
    if status == CONFLICT:
        return (
            " (somebody else owns these fields: leave them out, or take them over with the annotation "
            '`pulumi.com/patchForce: "true"` or the provider\'s enablePatchForce)'
        )
    return _REMEDIES.get(status, "")


_REMEDIES = {
    401: " (renew the credentials of the provider's context)",
    FORBIDDEN: " (grant the user of the provider's context get, create, patch and delete of this kind)",
    NOT_FOUND: " (create its namespace first, and let it depend on that)",
}
