"""Certificates that are not about to expire."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from pulumi_policy import EnforcementLevel, Severity

from etcd_ops.model.problems import Problem
from etcd_policies.certificates import CertificateRule, Leaf
from etcd_policies.rule import Finding, Stake


@CertificateRule.declare(
    requires="No certificate of an etcd cluster is about to expire.",
    severity=Severity.HIGH,
    stake=Stake.SERVICE,
    steps="Run `pulumi up`, which renews leaves in their window; rotate an authority to its next trust generation.",
    # It must not stand in the way of the `pulumi up` that heals it; an audit makes it mandatory.
    level=EnforcementLevel.ADVISORY,
)
def current_certificates(leaves: Sequence[Leaf], now: datetime) -> Iterator[Finding]:
    """A cluster whose certificates expired stops, and is repaired by hand.

    A leaf is late when half of its renewal window went by without `pulumi up`; an authority, when it ends before the
    leaves that it would sign now.
    """
    for leaf in leaves:
        if leaf.ends - now < leaf.window / 2:
            reason = f"{_when(leaf.ends, now)}, and half of its renewal window is over"
            yield Finding(leaf.urn, Problem("validityEndTime", reason, "run `pulumi up`"))
    for urn, ends, longest in _signers(leaves):
        if ends - now < longest:
            reason = f"{_when(ends, now)}, before leaves that it would sign now for {_hours(longest)} h"
            remedy = "declare the next trust generation, and make it the issuer"
            yield Finding(urn, Problem("validityEndTime", reason, remedy))


def _signers(leaves: Sequence[Leaf]) -> Iterator[tuple[str, datetime, timedelta]]:
    """Every authority that signed a leaf: its URN, its end, and the longest validity of its leaves."""
    signers = {each.urn: each for leaf in leaves for each in leaf.authorities}
    for urn, signer in signers.items():
        signed = [leaf for leaf in leaves if signer in leaf.authorities]
        yield urn, signer.ends, max(leaf.validity for leaf in signed)


def _when(ends: datetime, now: datetime) -> str:
    left = _hours(ends - now)
    return f"it expires in {left} h" if ends > now else f"it expired {-left} h ago"


def _hours(span: timedelta) -> int:
    return int(span / timedelta(hours=1))
