"""The known-good contract, and others that differ from it."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulumi_policy import PolicyCustomTimeouts, PolicyResourceOptions, ResourceValidationArgs, ResourceValidationPolicy
from pulumi_policy.proxy import unknown_checking_proxy

from etcd_policies.rule import ClusterRule

GOOD: Mapping[str, Any] = json.loads(Path(__file__).with_name("good.json").read_text())
"""A cluster of production that breaks no rule."""
TYPE = "etcd:index:StatefulSetCluster"
URN = "urn:pulumi:production::shop::etcd:index:StatefulSetCluster::orders"
OPTIONS = PolicyResourceOptions(
    protect=False,
    ignore_changes=[],
    delete_before_replace=None,
    aliases=[],
    custom_timeouts=PolicyCustomTimeouts(0, 0, 0),
    additional_secret_outputs=[],
)


def contract(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The good contract with other values at some paths; None takes a property away."""
    changed = copy.deepcopy(dict(GOOD))
    for path, value in (changes or {}).items():
        *parents, name = path.split(".")
        section = changed
        for parent in parents:
            section = section[parent]
        if value is None:
            del section[name]
        else:
            section[name] = value
    return changed


def as_sent(value: Any) -> Any:
    """A value as the engine hands it over: every number is a float."""
    if isinstance(value, Mapping):
        return {key: as_sent(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_sent(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def validate(
    rule: ClusterRule,
    properties: Mapping[str, Any],
    config: Mapping[str, Any] | None = None,
    resource_type: str = TYPE,
    told: list[str] | None = None,
) -> list[str]:
    """What the rule reports of a resource through the policy SDK.

    Args:
        rule: the rule.
        properties: of the resource.
        config: of the rule.
        resource_type: the resource's.
        told: where reports are collected, for callers that expect an exception after them.
    """
    reports: list[str] = [] if told is None else told
    policy = rule.policy()
    assert isinstance(policy, ResourceValidationPolicy)
    arguments = ResourceValidationArgs(
        resource_type,
        unknown_checking_proxy(as_sent(properties)),
        URN,
        "orders",
        OPTIONS,
        None,
        as_sent(config or {}),
    )

    def report(message: str, urn: str | None) -> None:
        reports.append(message)

    policy.validate(arguments, report)
    return reports
