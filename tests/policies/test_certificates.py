"""Certificates that are about to expire, in the outputs of a stack."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from etcd_policies.catalogue import catalogue
from etcd_policies.certificates import AUTHORITY, LEAF, CertificateRule
from tests.policies.contracts import GOOD, OPTIONS, as_sent

NOW = datetime(2026, 5, 1, tzinfo=timezone.utc)
DAY = 24.0


def resource(
    resource_type: str, name: str, outputs: dict[str, Any], parent: PolicyResource | None = None
) -> PolicyResource:
    urn = f"urn:pulumi:production::shop::{resource_type}::{name}"
    properties = unknown_checking_proxy(as_sent(outputs))
    return PolicyResource(resource_type, properties, urn, name, OPTIONS, None, parent, [], {})


CLUSTER = resource("etcd:index:LocalCluster", "orders", dict(GOOD))


def outputs(left: float, validity: float, window: float = 0, end: str | None = None) -> dict[str, Any]:
    """Those of a certificate that is valid for `left` more hours."""
    return {
        "validityEndTime": end or (NOW + timedelta(hours=left)).isoformat().replace("+00:00", "Z"),
        "validityPeriodHours": validity,
        "earlyRenewalHours": window,
        "certPem": "-----BEGIN CERTIFICATE-----",
    }


def stack(
    leaf: dict[str, Any], authority: dict[str, Any] | None = None, parent: PolicyResource | None = CLUSTER
) -> list[PolicyResource]:
    """A cluster with one leaf and its authority."""
    signer = resource(AUTHORITY, "orders-peer-ca-1", authority or outputs(9 * 365 * DAY, 10 * 365 * DAY), parent)
    signed = resource(LEAF, "orders-a-1-peer", leaf, parent)
    signed.property_dependencies["caCertPem"] = [signer]
    return [CLUSTER, signer, signed]


def told(resources: list[PolicyResource]) -> dict[str, str]:
    rule = catalogue()["current-certificates"]
    assert isinstance(rule, CertificateRule)
    return {finding.urn.rpartition("::")[2]: str(finding.problem) for finding in rule.findings(resources, {}, NOW)}


FRESH = outputs(60 * DAY, 90 * DAY, 20 * DAY)


def test_current_ones_pass() -> None:
    assert told(stack(FRESH)) == {}


@pytest.mark.parametrize(("left", "late"), [(10 * DAY, False), (10 * DAY - 1, True), (1, True)])
def test_a_leaf_is_late_when_half_of_its_window_is_over(left: float, late: bool) -> None:
    problem = f"validityEndTime: it expires in {left:.0f} h, and half of its renewal window is over; run `pulumi up`"
    assert told(stack(outputs(left, 90 * DAY, 20 * DAY))) == ({"orders-a-1-peer": problem} if late else {})


def test_an_expired_leaf() -> None:
    found = told(stack(outputs(-5, 90 * DAY, 20 * DAY)))
    assert found["orders-a-1-peer"].startswith("validityEndTime: it expired 5 h ago")


@pytest.mark.parametrize(("left", "late"), [(90 * DAY, False), (90 * DAY - 1, True)])
def test_an_authority_is_late_when_it_ends_before_its_next_leaves(left: float, late: bool) -> None:
    found = told(stack(FRESH, outputs(left, 10 * 365 * DAY)))
    assert set(found) == ({"orders-peer-ca-1"} if late else set())
    assert all("declare the next trust generation" in problem for problem in found.values())


def test_an_authority_that_signed_nothing_may_expire() -> None:
    old = resource(AUTHORITY, "orders-peer-ca-0", outputs(1, 90 * DAY), CLUSTER)
    assert told([*stack(FRESH), old]) == {}


def test_certificates_of_others_are_none_of_its_business() -> None:
    assert told(stack(outputs(1, 90 * DAY, 20 * DAY), parent=None)) == {}


def test_one_that_is_about_to_be_issued_passes_and_hides_no_other() -> None:
    later = stack(outputs(0, 90 * DAY, 20 * DAY, end=UNKNOWN_STRING_VALUE))
    late = resource(LEAF, "orders-b-1-peer", outputs(1, 90 * DAY, 20 * DAY), CLUSTER)
    assert set(told([*later, late])) == {"orders-b-1-peer"}


@pytest.mark.parametrize(
    ("end", "problem"), [("[secret]", "is not a time"), ("2026-05-01T00:00:00", "has no time zone")]
)
def test_what_cannot_be_read_does_not_pass(end: str, problem: str) -> None:
    found = told(stack(outputs(0, 90 * DAY, 20 * DAY, end=end)))
    assert found["orders-a-1-peer"].startswith(f"validityEndTime: {problem}")
    assert "secret" not in found["orders-a-1-peer"]
