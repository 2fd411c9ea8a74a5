"""Trust generations as arguments declare them, each judged by itself: pure. All raise `Invalid` with every problem."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.spec import ClusterSpec
from pulumi_etcd.certificates import GivenAuthority, TrustPlan

AUTHORITY_HOURS = 10 * 365 * 24
Wire = Mapping[str, Any]
"""Arguments in camelCase, of the right shape."""


def trust(name: str, wire: Wire) -> TrustPlan:
    """Generations of one trust, and the one whose leaves are used."""
    declared = wire.get("trust", {}).get(name, {})
    generations = tuple(declared.get("generations", (1,)))
    path = f"trust.{name}"
    if not generations or min(generations) < 1:
        raise Invalid([Problem(f"{path}.generations", "must be numbers from 1, at least one")])
    issuer = declared.get("issuer", generations[0] if len(generations) == 1 else None)
    if issuer is None:
        raise Invalid([Problem(f"{path}.issuer", "must be given beside several generations")])
    if issuer not in generations:
        raise Invalid([Problem(f"{path}.issuer", "must be one of the generations")])
    return TrustPlan(generations, issuer, _given(path, declared.get("authorities", {}), generations))


def authority_problems(wire: Wire, declared: ClusterSpec) -> list[Problem]:
    """Problems with authorities that end before the leaves that they issue."""
    hours = wire.get("authorityValidityHours", AUTHORITY_HOURS)
    if hours <= 0 or hours > declared.renewal.validity_hours:
        return []
    reason = f"authorities that are valid for {hours} h end before leaves that are valid for longer"
    return [Problem("authorityValidityHours", reason, f"make it more than {declared.renewal.validity_hours}")]


def _given(path: str, declared: Wire, generations: tuple[int, ...]) -> dict[int, GivenAuthority]:
    """Authorities that the program brings, of declared generations only."""
    reason, remedy = "is not the authority of a declared generation", f"add it to {path}.generations"
    strange = [number for number in declared if number not in map(str, generations)]
    if strange:
        raise Invalid(Problem(f"{path}.authorities.{number}", reason, remedy) for number in strange)
    complete = {number: each for number, each in declared.items() if {"certPem", "privateKeyPem"} <= each.keys()}
    return {int(number): GivenAuthority(each["certPem"], each["privateKeyPem"]) for number, each in complete.items()}
