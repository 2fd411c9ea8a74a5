"""Statements of IAM documents: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi_etcd.ec2.planned import Json

VERSION = "2012-10-17"
"""Of the language of IAM documents."""
Conditions = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Grant:
    """What may be done, to what, and when."""

    resources: Sequence[Any]
    conditions: Conditions = field(default_factory=dict)


def document(statements: Iterable[Mapping[str, Any]]) -> Json:
    """A document of these statements."""
    return Json({"Version": VERSION, "Statement": [dict(each) for each in statements]})


def statement(
    sid: str,
    actions: Sequence[str],
    grant: Grant,
    *,
    effect: str = "Allow",
    principal: Any = None,
) -> dict[str, Any]:
    """One statement.

    Args:
        sid: what it is called: letters and digits.
        actions: as IAM calls them.
        grant: to what, and when.
        effect: `Allow` or `Deny`.
        principal: whom it is about, in a document of a resource; None in one of a role.
    """
    optional = {"Principal": principal, "Condition": {key: dict(each) for key, each in grant.conditions.items()}}
    return {
        "Sid": sid,
        "Effect": effect,
        "Action": list(actions),
        "Resource": list(grant.resources),
        **{key: value for key, value in optional.items() if value},
    }
