"""Rules about single resources of a cluster, judged before they are created, and in an analysis of a state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pulumi_policy import Policy, ReportViolation, ResourceValidationArgs, ResourceValidationPolicy

from etcd_ops.model.problems import Problem
from etcd_policies.aws.properties import Properties
from etcd_policies.aws.resource import Resource
from etcd_policies.contract import Unreadable
from etcd_policies.rule import Rule, telling_unknown


class ResourceRule(Rule):
    """Judges each resource of its `kinds` that is a cluster's, by its inputs."""

    def problems(self, resource: Resource, config: Mapping[str, Any]) -> Iterator[Problem]:
        """Everything about a resource that breaks the rule.

        Args:
            resource: a cluster's, of one of the rule's kinds.
            config: of the rule.

        Raises:
            Misconfigured: the configuration cannot be used.
            UnknownValueError: something that is needed will only be known in the update; after all other problems.
        """
        found: Iterable[Problem] = self.judge(resource, *self.given(config))
        try:
            yield from found
        except Unreadable as unreadable:
            yield unreadable.problem

    def policy(self) -> Policy:
        """The rule as the policy SDK takes it."""
        return ResourceValidationPolicy(validate=self._validate, **self.metadata())

    def _validate(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type not in self.kinds:
            args.not_applicable("another type of resource")
            return
        resource = Resource(args.resource_type, args.urn, Properties(args.props), args.opts.protect)
        for problem in telling_unknown(self._of_a_cluster(resource, args)):
            report(str(problem), None)

    def _of_a_cluster(self, resource: Resource, args: ResourceValidationArgs) -> Iterator[Problem]:
        if resource.of_a_cluster:
            yield from self.problems(resource, args.get_config())
        else:
            args.not_applicable("not a resource of an etcd cluster")
