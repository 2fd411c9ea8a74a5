"""Recorded calls against what the roles that made them are granted, down to resources and conditions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from etcd_ops.ec2.calls import CALLS
from tests.components.iam_rules import Request, allows
from tests.machines.cloud.calls import Call, Resource

Document = Mapping[str, Any]
_ACTIONS = {(each.service, each.operation): each.action for each in CALLS}
_EVERYTHING = Resource("*")
"""What a call is about that names no resource."""
_CHANGE = "route53:ChangeResourceRecordSets"
_TRANSPORT = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
"""Of the real endpoints; that of the emulated AWS has no TLS."""


@dataclass(frozen=True)
class Role:
    """What the documents say that a call of a role is judged by."""

    arn: str
    own: Document
    others: Sequence[Document] = ()
    """Of the resources that it speaks to."""

    @property
    def account(self) -> str:
        """Whose it is."""
        return self.arn.split(":")[4]


def requests(call: Call) -> Iterator[Request]:
    """What IAM is asked for a call: each action, with each of the resources that it is about."""
    for action in _actions(call):
        for resource in call.resources or (_EVERYTHING,):
            yield Request(action, resource.arn, _context(call, resource))


def outside(calls: Iterable[Call], roles: Iterable[Role]) -> tuple[str, ...]:
    """What of some calls no role of theirs allows, each told once.

    Args:
        calls: as recorded.
        roles: those that may have made them.
    """
    by_arn = {role.arn: role for role in roles}
    return tuple(dict.fromkeys(told for call in calls for told in _refused(call, by_arn.get(call.principal))))


def unused(calls: Iterable[Call], roles: Sequence[Role]) -> tuple[str, ...]:
    """Which of the grants for members' own calls nobody needed: each action with each pattern of its resources.

    Roles of one cluster grant the same, in the same order, each on what is its own: it is enough that one used it.

    Args:
        calls: as recorded.
        roles: of one cluster.
    """
    asked: dict[str, list[Request]] = {}
    for call in calls:
        asked.setdefault(call.principal, []).extend(requests(call))
    names: dict[tuple[str, int, int], str] = {}
    used = set()
    for role in roles:
        for place, action, pattern in _granted(role.own):
            names.setdefault((action, *place), f"{action} on {pattern}")
            if any(each.action == action and fnmatchcase(each.resource, pattern) for each in asked.get(role.arn, ())):
                used.add((action, *place))
    return tuple(told for key, told in names.items() if key not in used)


def _granted(document: Document) -> Iterator[tuple[tuple[int, int], str, str]]:
    """Every action that members call themselves, with every pattern, and where that stands."""
    own = frozenset(_ACTIONS.values())
    for number, statement in enumerate(document["Statement"]):
        for action in sorted(own.intersection(statement["Action"])):
            for place, pattern in enumerate(statement["Resource"]):
                yield (number, place), action, pattern


def _refused(call: Call, role: Role | None) -> Iterator[str]:
    if role is None:
        called = f"{call.service}:{call.operation} from {call.address}"
        yield f"{called} by {call.principal or 'nobody'}, which is no role here"
        return
    for request in requests(call):
        context = {**request.context, "aws:PrincipalArn": role.arn, "aws:PrincipalAccount": role.account}
        if not allows([role.own, *role.others], Request(request.action, request.resource, context)):
            told = {key: value for key, value in request.context.items() if key not in _TRANSPORT}
            yield f"{role.arn.rpartition('/')[2]}: {request.action} on {request.resource} with {told}"


def _actions(call: Call) -> Iterator[str]:
    yield _ACTIONS.get((call.service, call.operation), f"{call.service}:{call.operation}")
    if call.parameters.get("IfMatch"):
        # To compare, S3 reads.
        yield "s3:GetObject"


def _context(call: Call, resource: Resource) -> dict[str, Any]:
    tags = {f"aws:ResourceTag/{key}": value for key, value in resource.tags.items()}
    owner = {"aws:ResourceAccount": resource.account} if resource.account else {}
    return {"aws:RequestedRegion": call.region, **_TRANSPORT, **owner, **tags, **_changed(call)}


def _changed(call: Call) -> dict[str, list[str]]:
    changes = call.parameters.get("Changes", ())
    if not changes:
        return {}
    return {
        f"{_CHANGE}NormalizedRecordNames": [each["Name"].lower().removesuffix(".") for each in changes],
        f"{_CHANGE}RecordTypes": [each["Type"] for each in changes],
        f"{_CHANGE}Actions": [each["Action"] for each in changes],
    }
