"""The certificates that a stack holds for its clusters, and the rules that judge them.

When they end is in the outputs of the resources alone, so these rules are stack policies: they speak after a preview or
an update, and in `pulumi policy analyze`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from pulumi_policy import Policy, PolicyResource, ReportViolation, StackValidationArgs, StackValidationPolicy
from pulumi_policy.proxy import UnknownValueError

from etcd_policies.contract import MODULE, Section, Unreadable
from etcd_policies.rule import Finding, Rule

LEAF = "tls:index/locallySignedCert:LocallySignedCert"
AUTHORITY = "tls:index/selfSignedCert:SelfSignedCert"
_SIGNED_WITH = "caCertPem"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that was issued."""

    urn: str
    ends: datetime
    validity: timedelta


@dataclass(frozen=True, slots=True)
class Leaf(Certificate):
    """A leaf of a cluster."""

    window: timedelta
    """How long before its end `pulumi up` renews it."""
    authorities: tuple[Certificate, ...] = ()
    """What it was signed with."""


class CertificateRule(Rule):
    """Judges the leaves of all clusters in a stack, and the authorities that they were signed with."""

    def findings(
        self, resources: Sequence[PolicyResource], config: Mapping[str, Any], now: datetime
    ) -> Iterator[Finding]:
        """Everything about a stack's certificates that breaks the rule.

        Args:
            resources: of the stack.
            config: of the rule.
            now: with its time zone.

        Raises:
            Misconfigured: the configuration cannot be used.
        """
        leaves: list[Leaf] = []
        for resource in resources:
            if resource.resource_type != LEAF or not _of_a_cluster(resource):
                continue
            try:
                leaves.append(_leaf(resource))
            except UnknownValueError:
                continue  # it is about to be issued
            except Unreadable as unreadable:
                yield Finding(resource.urn, unreadable.problem)
        yield from self.judge(leaves, now, *self.given(config))

    def policy(self) -> Policy:
        """The rule as the policy SDK takes it."""
        return StackValidationPolicy(validate=self._validate, **self.metadata())

    def _validate(self, stack: StackValidationArgs, report: ReportViolation) -> None:
        for finding in self.findings(stack.resources, stack.get_config(), datetime.now(timezone.utc)):
            report(str(finding.problem), finding.urn)


def _of_a_cluster(resource: PolicyResource) -> bool:
    parent = resource.parent
    while parent is not None and not parent.resource_type.startswith(MODULE):
        parent = parent.parent
    return parent is not None


def _leaf(resource: PolicyResource) -> Leaf:
    outputs = Section(resource.props)
    signers = resource.property_dependencies.get(_SIGNED_WITH, [])
    return Leaf(
        urn=resource.urn,
        ends=_time(outputs, "validityEndTime"),
        validity=timedelta(hours=outputs.whole("validityPeriodHours")),
        window=timedelta(hours=outputs.whole("earlyRenewalHours")),
        authorities=tuple(_authority(each) for each in signers if each.resource_type == AUTHORITY),
    )


def _authority(resource: PolicyResource) -> Certificate:
    outputs = Section(resource.props)
    ends = _time(outputs, "validityEndTime")
    return Certificate(resource.urn, ends, timedelta(hours=outputs.whole("validityPeriodHours")))


def _time(section: Section, key: str) -> datetime:
    try:
        # Python 3.10 does not read the Z of RFC 3339.
        found = datetime.fromisoformat(section.text(key).replace("Z", "+00:00"))
    except ValueError as error:
        raise Unreadable(section.at(key), "is not a time") from error
    if found.tzinfo is None:
        raise Unreadable(section.at(key), "has no time zone")
    return found
