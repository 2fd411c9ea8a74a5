"""Rules about all resources of a cluster together, wherever one of them says what another one is.

They are stack policies: they speak after a preview or an update, and in an analysis of a state.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import pulumi
from pulumi_policy import Policy, PolicyResource, ReportViolation, StackValidationArgs, StackValidationPolicy
from pulumi_policy.proxy import UnknownValueError

from etcd_ops.model.problems import Problem
from etcd_policies.aws.fleet import Fleet, fleets
from etcd_policies.contract import Unreadable
from etcd_policies.parameters import Parameters
from etcd_policies.rule import Finding, Rule, unknown_problem


class Declared(Protocol):
    """Whatever a stack has a URN for."""

    @property
    def urn(self) -> str:
        """Its URN."""


D = TypeVar("D", bound=Declared)


class StackRule(Rule):
    """Judges resources of a stack together."""

    @abstractmethod
    def findings(self, resources: Sequence[PolicyResource], config: Mapping[str, Any]) -> Iterator[Finding]:
        """Everything about a stack that breaks the rule.

        Args:
            resources: of the stack.
            config: of the rule.

        Raises:
            Misconfigured: the configuration cannot be used.
            UnknownValueError: something that is needed will only be known in the update; after all other findings.
        """

    def policy(self) -> Policy:
        """The rule as the policy SDK takes it."""
        return StackValidationPolicy(validate=self._validate, **self.metadata())

    def _validate(self, stack: StackValidationArgs, report: ReportViolation) -> None:
        try:
            for finding in self.findings(stack.resources, stack.get_config()):
                report(str(finding.problem), finding.urn)
        except UnknownValueError as unknown:
            if pulumi.runtime.is_dry_run():
                raise
            report(str(unknown_problem(unknown)), None)


class FleetRule(StackRule):
    """Judges the resources of each cluster in a stack together, by their outputs."""

    def findings(self, resources: Sequence[PolicyResource], config: Mapping[str, Any]) -> Iterator[Finding]:
        """See `StackRule.findings`."""
        given = self.given(config)
        unknown: list[UnknownValueError] = []
        for fleet in fleets(resources, self.kinds):
            yield from self._of_one(fleet, given, unknown)
        if unknown:
            raise unknown[0]

    def _of_one(
        self, fleet: Fleet, given: tuple[Parameters, ...], unknown: list[UnknownValueError]
    ) -> Iterator[Finding]:
        try:
            yield from self.judge(fleet, *given)
        except UnknownValueError as later:
            unknown.append(later)


def each_resource(resources: Iterable[D], judge: Callable[[D], Iterable[Problem]]) -> Iterator[Finding]:
    """What `judge` finds in each resource; one that cannot be judged does not hide the others.

    Raises:
        UnknownValueError: for the first that is not known yet in a preview, when all others were judged.
    """
    unknown: list[UnknownValueError] = []
    for resource in resources:
        yield from (Finding(resource.urn, problem) for problem in _known(resource, judge, unknown))
    if unknown:
        raise unknown[0]


def _known(resource: D, judge: Callable[[D], Iterable[Problem]], unknown: list[UnknownValueError]) -> Iterator[Problem]:
    try:
        yield from judge(resource)
    except Unreadable as unreadable:
        yield unreadable.problem
    except UnknownValueError as later:
        if pulumi.runtime.is_dry_run():
            unknown.append(later)
        else:
            yield unknown_problem(later)
