"""The policy pack."""

from __future__ import annotations

from pulumi_policy import Policy, PolicyPack

from etcd_policies.catalogue import catalogue

NAME = "etcd"
DESCRIPTION = "Refuses unsafe declarations of etcd clusters"


def policies() -> list[Policy]:
    """Every rule, as the policy SDK takes it."""
    return [rule.policy() for rule in catalogue().values()]


def serve() -> None:
    """Serve the pack to the engine that started this process, until it ends it."""
    PolicyPack(NAME, policies(), description=DESCRIPTION, display_name="etcd", tags=["etcd"])
