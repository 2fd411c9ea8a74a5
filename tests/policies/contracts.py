"""The known-good contract, and others that differ from it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi
from pulumi_policy import PolicyCustomTimeouts, PolicyResourceOptions, ResourceValidationArgs, ResourceValidationPolicy
from pulumi_policy.proxy import unknown_checking_proxy

from etcd_policies.rule import ClusterRule


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name(name).read_text())
    return found


GOOD: Mapping[str, Any] = _read("good.json")
"""A cluster of production that breaks no rule."""
_GOOD_OF_ALL = (GOOD, _read("good_stateful_sets.json"), _read("good_static_pods.json"), _read("good_ec2.json"))
PLATFORMS: Mapping[str, Mapping[str, Any]] = {good["platform"]: good for good in _GOOD_OF_ALL}
"""By platform: clusters of production that break no rule."""
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


class Arguments(ResourceValidationArgs):
    """What a rule is given; one that is about other resources reports nothing."""

    def not_applicable(self, reason: str | None = None) -> None:
        """The policy SDK would raise an exception that only it catches."""


@contextmanager
def previewing(previews: bool = True) -> Iterator[None]:
    """The policy SDK is in a preview, or is not."""
    before = pulumi.runtime.is_dry_run()
    pulumi.runtime.configure(pulumi.runtime.Settings("shop", "production", dry_run=previews))
    try:
        yield
    finally:
        pulumi.runtime.configure(pulumi.runtime.Settings("shop", "production", dry_run=before))


def contract(changes: Mapping[str, Any] | None = None, platform: str = GOOD["platform"]) -> dict[str, Any]:
    """The good contract of a platform with other values at some paths; None takes a property away."""
    changed = copy.deepcopy(dict(PLATFORMS[platform]))
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
    arguments = Arguments(
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
