"""What an account may do, as an API server says, in the form in which tests write it down."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import httpx2

ANY = ""
"""Stands for the names of all objects of a kind, and for none."""
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
SECONDS = 5.0
_REVIEWS = "/apis/authorization.k8s.io/v1"


class Right(NamedTuple):
    """One thing that may be done."""

    verb: str
    resource: str
    """With its group after a dot, and its subresource after a slash: `statefulsets.apps/scale`."""
    name: str


Grants = Mapping[tuple[str, str], Iterable[str]]
"""Verbs, by resource and name."""


def rights(grants: Grants) -> set[Right]:
    """Each of them."""
    return {Right(verb, *what) for what, verbs in grants.items() for verb in verbs}


def covers(held: set[Right], right: Right) -> bool:
    """Whether one of some rights gives another."""
    return right in held or right._replace(name=ANY) in held


def of_account(client: httpx2.Client, namespace: str) -> set[Right]:
    """All that the account of a client may do in a namespace: its rules, as the API server has resolved them."""
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview"}
    found = _asked(client, "selfsubjectrulesreviews", review | {"spec": {"namespace": namespace}})
    return {right for rule in found["resourceRules"] for right in _of_rule(rule)}


def settled(client: httpx2.Client, namespace: str, wanted: Callable[[set[Right]], bool]) -> set[Right]:
    """The same, once it is as wanted, or has had its time: API servers take a moment to see a role.

    Args:
        client: of an account.
        namespace: where.
        wanted: whether it is.
    """
    until = time.monotonic() + SECONDS
    while not wanted(found := of_account(client, namespace)) and time.monotonic() < until:
        time.sleep(0.05)
    return found


def _of_rule(rule: Mapping[str, Any]) -> Iterator[Right]:
    names = rule.get("resourceNames") or [ANY]
    for verb, group, resource, name in product(rule["verbs"], rule["apiGroups"], rule["resources"], names):
        yield Right(verb, _named(group, resource), name)


def resources(client: httpx2.Client) -> set[str]:
    """Every resource and subresource that the API server has."""
    groups = client.get("/apis").raise_for_status().json()["groups"]
    versions = ["/api/v1", *(f"/apis/{version['groupVersion']}" for each in groups for version in each["versions"])]
    return {each for version in versions for each in _of_version(client, version)}


def _of_version(client: httpx2.Client, path: str) -> Iterator[str]:
    found = client.get(path).raise_for_status().json()
    group, _, version = found["groupVersion"].rpartition("/")
    assert path.endswith(version)
    for each in found["resources"]:
        yield _named(group, each["name"])


def allowed(client: httpx2.Client, namespace: str, asked: Iterable[Right]) -> set[Right]:
    """Those of some rights that the account of a client has in a namespace; in none, of the cluster's own objects."""
    questions = list(asked)
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(partial(_may, client, namespace), questions)
        return {question for question, answer in zip(questions, answers, strict=True) if answer}


def _may(client: httpx2.Client, namespace: str, right: Right) -> bool:
    whole, _, part = right.resource.partition("/")
    resource, _, group = whole.partition(".")
    attributes = {
        "namespace": namespace, "verb": right.verb, "group": group, "resource": resource, "subresource": part,
        "name": right.name,
    }  # fmt: skip
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    found = _asked(client, "selfsubjectaccessreviews", review | {"spec": {"resourceAttributes": attributes}})
    return bool(found["allowed"])


def _asked(client: httpx2.Client, kind: str, review: Mapping[str, Any]) -> dict[str, Any]:
    answer = client.post(f"{_REVIEWS}/{kind}", json=review)
    found: dict[str, Any] = answer.raise_for_status().json()["status"]
    return found


def _named(group: str, resource: str) -> str:
    """`scale` of `statefulsets` in `apps` as `statefulsets.apps/scale`."""
    kind, slash, part = resource.partition("/")
    return f"{kind}.{group}{slash}{part}" if group else resource
