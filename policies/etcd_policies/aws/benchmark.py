"""The benchmark that rules about resources of AWS are asked for by."""

from __future__ import annotations

from pulumi_policy import PolicyComplianceFramework

_NAME, _VERSION = "CIS Amazon Web Services Foundations Benchmark", "3.0.0"


def benchmark(reference: str) -> PolicyComplianceFramework:
    """Some of its recommendations.

    Args:
        reference: their numbers, separated by commas.
    """
    return PolicyComplianceFramework(name=_NAME, version=_VERSION, reference=reference)
