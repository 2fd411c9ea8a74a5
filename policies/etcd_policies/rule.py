"""How a rule is declared: what every rule shares, in one place.

A rule is a pure function from a declared cluster to problems, in a file of its own under `rules/`:

    @ClusterRule.declare(
        requires="Quotas of an etcd cluster are ...",
        severity=Severity.HIGH,
        stake=Stake.SERVICE,
        steps="Set `etcd.quotaBackendBytes` ...",
    )
    def bounded_quota(cluster: Cluster, given: Quota) -> Iterator[Problem]:
        '''Why it matters, for the documentation.'''

Its name is the function's; the class of its second argument, where it has one, is what can be configured.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, get_type_hints

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
)
from pulumi_policy.proxy import UnknownValueError
from typing_extensions import Self

from etcd_ops.model.problems import Problem
from etcd_policies.contract import Cluster, Unreadable, cluster_of
from etcd_policies.parameters import Parameters, read, schema

DOCUMENTATION = "docs/policies.md"
"""The page that explains every rule under a heading of its name, in the project's repository."""


class Stake(str, Enum):
    """What is lost where a rule is broken."""

    DATA = "data"
    """Acknowledged writes, or their secrecy."""
    SERVICE = "service"
    """The cluster stops serving, or soon will."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of one of a stack's resources."""

    urn: str
    problem: Problem


@dataclass(frozen=True)
class Rule(ABC):
    """A rule with everything that the engine, the documentation and the profiles tell of it."""

    name: str
    requires: str
    """What it asks for, in a sentence; begins every message."""
    why: str
    steps: str
    """What to do where it is broken."""
    severity: Severity
    stake: Stake
    parameters: type[Parameters]
    judge: Callable[..., Iterable[Any]]
    framework: PolicyComplianceFramework | None = None
    level: EnforcementLevel = EnforcementLevel.MANDATORY
    """Where nothing else is configured: a cluster is held to everything unless it is declared a toy."""
    platforms: tuple[str, ...] = ()
    """Those whose clusters it is about; every one where empty."""
    kinds: tuple[str, ...] = ()
    """Types of the resources that it is about, where it judges resources instead of clusters' contracts."""

    @classmethod
    def declare(
        cls,
        *,
        requires: str,
        severity: Severity,
        stake: Stake,
        steps: str,
        framework: PolicyComplianceFramework | None = None,
        level: EnforcementLevel = EnforcementLevel.MANDATORY,
        platforms: tuple[str, ...] = (),
        kinds: tuple[str, ...] = (),
    ) -> Callable[[Callable[..., Iterable[Any]]], Self]:
        """Make a rule of a function; the arguments are the fields of the rule."""
        return lambda judge: cls(
            name=judge.__name__.replace("_", "-"),
            requires=requires,
            why=inspect.cleandoc(judge.__doc__ or ""),
            steps=steps,
            severity=severity,
            stake=stake,
            parameters=_parameters(judge),
            judge=judge,
            framework=framework,
            level=level,
            platforms=platforms,
            kinds=kinds,
        )

    @property
    def url(self) -> str:
        """Where the rule is explained."""
        return f"{DOCUMENTATION}#{self.name}"

    @property
    def title(self) -> str:
        """Its name in words."""
        return self.name.replace("-", " ").capitalize()

    @abstractmethod
    def policy(self) -> Policy:
        """The rule as the policy SDK takes it."""

    def metadata(self) -> dict[str, Any]:
        """What every kind of policy is made with."""
        properties = schema(self.parameters)
        return {
            "name": self.name,
            "description": self.requires,
            "enforcement_level": self.level,
            "config_schema": PolicyConfigSchema(properties) if properties else None,
            "display_name": self.title,
            "severity": self.severity,
            "framework": self.framework,
            "tags": ["etcd", self.stake.value],
            "remediation_steps": self.steps,
            "url": self.url,
        }

    def given(self, config: Mapping[str, Any]) -> tuple[Parameters, ...]:
        """The further arguments of `judge`.

        Raises:
            Misconfigured: the configuration cannot be used.
        """
        found = read(self.name, self.parameters, config)
        return () if self.parameters is Parameters else (found,)


class ClusterRule(Rule):
    """Judges what a cluster component declares: in a preview, an update, and an analysis of a state."""

    def concerns(self, cluster: Cluster) -> bool:
        """Whether the rule is about clusters of its platform."""
        return not self.platforms or cluster.platform in self.platforms

    def problems(self, cluster: Cluster, config: Mapping[str, Any]) -> Iterable[Problem]:
        """Everything about a cluster that breaks the rule.

        Args:
            cluster: as declared.
            config: of the rule.

        Raises:
            Misconfigured: the configuration cannot be used.
            UnknownValueError: something that is needed will only be known in the update; after all other problems.
        """
        try:
            yield from self.judge(cluster, *self.given(config))
        except Unreadable as unreadable:
            yield unreadable.problem

    def policy(self) -> Policy:
        """The rule as the policy SDK takes it."""
        return ResourceValidationPolicy(validate=self._validate, **self.metadata())

    def _validate(self, resource: ResourceValidationArgs, report: ReportViolation) -> None:
        for problem in telling_unknown(self._problems_of(resource)):
            report(str(problem), None)

    def _problems_of(self, resource: ResourceValidationArgs) -> Iterator[Problem]:
        try:
            cluster = cluster_of(resource.resource_type, resource.props)
            concerned = cluster is not None and self.concerns(cluster)
        except Unreadable as unreadable:
            yield unreadable.problem
            return
        if cluster is None:
            resource.not_applicable("not an etcd cluster")
        elif not concerned:
            resource.not_applicable("an etcd cluster of another platform")
        else:
            yield from self.problems(cluster, resource.get_config())


def telling_unknown(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The problems; what is not known although nothing is previewed is one more: the policy SDK would let it pass.

    Raises:
        UnknownValueError: something will only be known in the update, in a preview.
    """
    try:
        yield from problems
    except UnknownValueError as unknown:
        if pulumi.runtime.is_dry_run():
            raise
        yield unknown_problem(unknown)


def unknown_problem(unknown: UnknownValueError) -> Problem:
    """What is told of a value that is not known where it should be, such as in a state."""
    remedy = "run `pulumi up`, after which it is known"
    return Problem(".".join(unknown.props), "is not known, so that it cannot be judged", remedy)


def _parameters(judge: Callable[..., Iterable[Any]]) -> type[Parameters]:
    hints = get_type_hints(judge)
    classes = (each for each in hints.values() if isinstance(each, type) and issubclass(each, Parameters))
    return next(classes, Parameters)
