"""Configurations of the pack for kinds of environments: `--policy-pack-config`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_policy import EnforcementLevel

from etcd_policies.catalogue import catalogue
from etcd_policies.parameters import InProduction, defaults
from etcd_policies.rule import Rule, Stake

LEVEL = "enforcementLevel"
_PRODUCTION: Mapping[str, Mapping[str, Any]] = {
    "odd-member-count": {"minimum": 3},
    "service-quotas": {"vcpus": 32},
}
"""Parameters that production sets otherwise. Its account is no new one: `etcd-ops preflight` asks for its quotas."""
_NOT_TO_BE_MENDED = frozenset({"named-storage-class"})
"""What a cluster that is there cannot change, so that an audit would never be without it."""

Profile = dict[str, dict[str, Any]]


def development() -> Profile:
    """Refuses what costs data, or their secrecy, and what rules ask of production only; only warns of the rest."""
    return {name: {LEVEL: _in_development(rule).value, **defaults(rule.parameters)} for name, rule in _rules()}


def production() -> Profile:
    """Refuses everything that can be refused."""
    return {
        name: {LEVEL: rule.level.value, **defaults(rule.parameters), **_PRODUCTION.get(name, {})}
        for name, rule in _rules()
    }


def audit() -> Profile:
    """Holds what is deployed to production, and to what must not stand in the way of an update as well."""
    mandatory = {LEVEL: EnforcementLevel.MANDATORY.value}
    return {name: each if name in _NOT_TO_BE_MENDED else each | mandatory for name, each in production().items()}


PROFILES = {"audit": audit, "development": development, "production": production}


def _rules() -> list[tuple[str, Rule]]:
    return list(catalogue().items())


def _in_development(rule: Rule) -> EnforcementLevel:
    kept = rule.stake is Stake.DATA or issubclass(rule.parameters, InProduction)
    return rule.level if kept else EnforcementLevel.ADVISORY
