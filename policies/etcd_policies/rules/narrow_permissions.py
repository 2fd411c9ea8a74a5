"""Permissions that name what they permit."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field

from etcd_ops.model.problems import Problem
from etcd_policies.aws.benchmark import benchmark
from etcd_policies.aws.conditions import confine
from etcd_policies.aws.fleet import Fleet
from etcd_policies.aws.kinds import ATTACHING, POLICY, ROLE, ROLE_POLICY
from etcd_policies.aws.policy_document import Statement, statements
from etcd_policies.aws.properties import Properties
from etcd_policies.aws.resource import Resource
from etcd_policies.aws.wide_arns import whole_kind
from etcd_policies.fleet_rule import FleetRule, each_resource
from etcd_policies.parameters import Parameters
from etcd_policies.rule import Finding, Stake

_OF_AWS = ":iam::aws:policy/"
_ONE = "policyArn"
"""What names one policy; other properties name a list."""
_WITHOUT_RESOURCES = (
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeAutoScalingInstances",
    "cloudwatch:PutMetricData",
    "ec2:DescribeInstances",
    "ec2:DescribeTags",
    "ec2:DescribeVolumes",
    "ec2messages:AcknowledgeMessage",
    "ec2messages:DeleteMessage",
    "ec2messages:FailMessage",
    "ec2messages:GetEndpoint",
    "ec2messages:GetMessages",
    "ec2messages:SendReply",
    "route53:ListHostedZones",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
"""What AWS grants on everything or not at all (Service Authorization Reference: no resource types)."""
_OF_SOME = (
    "*:CreateAction",
    "*:ResourceTag/*",
    "aws:RequestTag/*",
    "kms:EncryptionContext:*",
    "kms:RequestAlias",
    "kms:ResourceAliases",
    "kms:ViaService",
    "s3:ExistingObjectTag/*",
)
"""Whoever has taken over a member calls from its address, in its region and by TLS: such keys confine nothing. Nor does
`aws:ResourceAccount`: the rest of the account is what is at stake. With `kms:ViaService` keys are of use only for what
the role may read and write in that service."""


class Exceptions(Parameters):
    """What may be granted nevertheless."""

    on_everything: tuple[str, ...] = Field(
        default=_WITHOUT_RESOURCES, description="actions that may be granted on every resource"
    )
    confining_keys: tuple[str, ...] = Field(
        default=_OF_SOME,
        description="keys of conditions that confine a permission to some resources of a kind; `*` is any text",
    )
    managed_policies: tuple[str, ...] = Field(
        default=("AmazonSSMManagedInstanceCore",),
        description="policies that may be attached although no stack shows them: AWS's by name, others by ARN",
    )


@FleetRule.declare(
    requires="Permissions of an etcd cluster on AWS name their actions and resources.",
    severity=Severity.HIGH,
    stake=Stake.DATA,
    steps="List the actions that are used, on the ARNs that they are used on, or under a condition on their tags.",
    framework=benchmark("1.16"),
    kinds=(*ATTACHING, ROLE_POLICY, POLICY),
)
def narrow_permissions(fleet: Fleet, given: Exceptions) -> Iterator[Finding]:
    """Who takes over one member has everything that its role may do: of this member alone, or of the whole account.

    An ARN that means every resource of a kind needs a condition that confines it to some, such as one on the tag
    `etcd-cluster`. Where a request comes from, or that it is encrypted, says nothing of what it reaches.

    A policy that is attached to a member's role is judged where the stack declares it, whatever its tags.
    """

    def judge(resource: Resource) -> Iterator[Problem]:
        if resource.kind == ROLE:
            yield from _role(resource.properties, given)
        if resource.kind in ATTACHING:
            yield from _attached(resource, fleet, given)
        else:
            yield from _granted(resource.properties, given)

    yield from each_resource(fleet.resources, judge)


def _role(role: Properties, given: Exceptions) -> Iterator[Problem]:
    for each in statements(role, "assumeRolePolicy"):
        if each.lets_anybody_in:
            yield Problem(each.path, "everybody may take the role", "name the service or principal")
    for inline in role.sections("inlinePolicies"):
        if inline.has("policy"):
            yield from _granted(inline, given)


def _attached(resource: Resource, fleet: Fleet, given: Exceptions) -> Iterator[Problem]:
    key, declared = ATTACHING[resource.kind], fleet.attached(resource)
    if key == _ONE:
        # What the stack declares is judged as a resource; its ARN is known in the update that makes it.
        yield from () if declared else _named(key, resource.properties.text(key), given)
        return
    arns = {fleet.policies[urn] for urn in declared}
    for index, arn in enumerate(resource.properties.texts(key)):
        if arn not in arns:
            yield from _named(f"{key}[{index}]", arn, given)


def _named(path: str, arn: str, given: Exceptions) -> Iterator[Problem]:
    """What is told of a policy that the stack does not declare."""
    if _OF_AWS not in arn and arn not in given.managed_policies:
        reason = "the stack does not declare the policy, so that it cannot be judged"
        yield Problem(path, reason, "declare it in the stack")
    elif _OF_AWS in arn and arn.rpartition("/")[2] not in given.managed_policies:
        yield Problem(path, "a policy of AWS grants far more than is used", "write a policy of what is used")


def _granted(properties: Properties, given: Exceptions) -> Iterator[Problem]:
    for each in statements(properties, "policy"):
        if each.allows:
            yield from _statement(each, given)


def _statement(statement: Statement, given: Exceptions) -> Iterator[Problem]:
    for key in statement.exceptions:
        yield Problem(f"{statement.path}.{key}", "it grants everything but what it names", "name what is used")
    if any("*" in action or "?" in action for action in statement.actions):
        yield Problem(f"{statement.path}.Action", "an action has a wildcard", "list the actions that are used")
    elif any(whole_kind(arn) for arn in statement.resources) and not _may_be_wide(statement, given):
        reason = "it means every resource of its kind, and no condition confines it"
        yield Problem(f"{statement.path}.Resource", reason, "name ARNs, or add a condition on a tag")


def _may_be_wide(statement: Statement, given: Exceptions) -> bool:
    confined = confine(statement.conditions, statement.actions, given.confining_keys)
    return confined or set(statement.actions) <= set(given.on_everything)
