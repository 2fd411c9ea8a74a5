"""The volume claim of a member, and how it is enlarged.

Nothing can be changed of a claim but the size that it asks for, upwards, where its storage class lets volumes grow
(Kubernetes, "Persistent Volumes", expanding persistent volume claims). The template from which a StatefulSet makes
claims cannot be changed at all: a claim that is made anew has the old size, until it is enlarged like the first one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from etcd_ops.model.problems import Problem
from pulumi_etcd.kubernetes.quantities import amount
from pulumi_etcd.provider.namespaces import Question, get
from pulumi_etcd.provider.resource import Failed
from pulumi_etcd.provider.values import Properties

if TYPE_CHECKING:
    from httpx2 import Client

SIZE = "volumeBytes"
_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
_MERGE = {"Content-Type": "application/merge-patch+json"}
_OR = "or declare what it was"


def shrunk(old: Properties, new: Properties) -> tuple[Problem, ...]:
    """Problems with a volume that is declared smaller than it was."""
    before, after = old.get(SIZE, 0), new[SIZE]
    reason = f"cannot change from {before} to {after}: volumes do not shrink"
    return (Problem(SIZE, reason, f"declare {before} or more"),) if after < before else ()


def too_small(member: Properties) -> Question:
    """How much less than declared a member's claim asks for.

    Args:
        member: properties of a `StatefulSetMember`, in camelCase.
    """

    def ask(client: Client, namespace: str) -> str:
        claim = _less(client, namespace, member)
        return "" if claim is None else f"{_name(claim)} asks for {_asked(claim)}, and {member[SIZE]} are declared"

    return ask


def refused(member: Properties, problems: list[Problem]) -> Question:
    """Why a member's claim cannot be enlarged.

    Args:
        member: properties of a `StatefulSetMember`, in camelCase.
        problems: takes the reasons.
    """

    def ask(client: Client, namespace: str) -> str:
        claim = _less(client, namespace, member)
        problems.extend(() if claim is None else _problems(client, claim))
        return ""

    return ask


def enlarged(member: Properties, told: list[str]) -> Question:
    """Have a member's claim ask for what is declared; its storage driver does the rest in its own time.

    Args:
        member: properties of a `StatefulSetMember`, in camelCase.
        told: takes what was done.
    """

    def ask(client: Client, namespace: str) -> str:
        claim = _less(client, namespace, member)
        if claim is None:
            return ""
        if problems := tuple(_problems(client, claim)):
            raise Failed(*problems)
        wanted = {"spec": {"resources": {"requests": {"storage": str(member[SIZE])}}}}
        answer = client.patch(f"{namespace}/persistentvolumeclaims/{member['claim']}", json=wanted, headers=_MERGE)
        if answer.status_code in (403, 422):
            reason = f"{_name(claim)} cannot be enlarged: {answer.json()['message']}"
            raise Failed(Problem(SIZE, reason, f"mend that, {_OR}"))
        answer.raise_for_status()
        told.append(f"{_name(claim)} asks for {member[SIZE]} bytes now, where it asked for {_asked(claim)}")
        return ""

    return ask


def _less(client: Client, namespace: str, member: Properties) -> Properties | None:
    """A member's claim, if it is there to stay, and asks for less than is declared."""
    found = get(client, f"{namespace}/persistentvolumeclaims/{member['claim']}")
    if found is None or "deletionTimestamp" in found["metadata"]:
        return None
    asked = amount(_asked(found))
    return found if asked is None or asked < member[SIZE] else None


def _problems(client: Client, claim: Properties) -> Iterator[Problem]:
    """Why a claim cannot be enlarged, as far as whoever asks may see it; the API server judges as well."""
    phase = claim["status"].get("phase", "Pending")
    if phase != "Bound":
        reason = f"{_name(claim)} is {phase}, and only one that is bound can be enlarged"
        yield Problem(SIZE, reason, f"see why with `kubectl describe`, {_OR}")
    name = claim["spec"].get("storageClassName", "")
    if not name:
        yield Problem(SIZE, f"{_name(claim)} is of no storage class, and its volume cannot grow", "declare what it was")
        return
    answer = client.get(f"{_CLASSES}/{name}")
    if answer.status_code == 403:
        return
    if answer.status_code == 404:
        yield Problem(SIZE, f"{_name(claim)} is of the storage class {name}, which is gone", f"bring it back, {_OR}")
        return
    answer.raise_for_status()
    if not answer.json().get("allowVolumeExpansion", False):
        reason = f"{_name(claim)} is of the storage class {name}, whose volumes do not grow"
        yield Problem(SIZE, reason, f"set its allowVolumeExpansion if its driver can, {_OR}")


def _asked(claim: Properties) -> str:
    return str(claim["spec"]["resources"]["requests"]["storage"])


def _name(claim: Properties) -> str:
    return f"volume claim {claim['metadata']['name']}"
