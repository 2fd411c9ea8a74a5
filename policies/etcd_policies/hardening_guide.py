"""The guide that rules about pods are asked for by."""

from __future__ import annotations

from pulumi_policy import PolicyComplianceFramework

_NAME, _VERSION = "Kubernetes Hardening Guide (NSA, CISA)", "1.2"


def hardening_guide(chapter: str) -> PolicyComplianceFramework:
    """One of its chapters.

    Args:
        chapter: its title.
    """
    return PolicyComplianceFramework(name=_NAME, version=_VERSION, reference=chapter)
