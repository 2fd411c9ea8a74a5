"""The instance that an agent runs on, as its Auto Scaling group has it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from etcd_ops.agent.deadline import require, seen_within, within
from etcd_ops.agent.ports import PodOutcomeUnknown, TimeLeft
from etcd_ops.ec2 import metadata
from etcd_ops.ec2.aws import Aws, AwsUnavailable
from etcd_ops.ec2.machine import Machine
from etcd_ops.model.facts import Termination
from etcd_ops.model.tags import TEMPLATE_TAG

TERMINATED = "Terminated"
"""Target lifecycle state of an instance that its group wants rid of ("Retrieve the target lifecycle state through
instance metadata", Amazon EC2 Auto Scaling User Guide)."""
WAITING = "Terminating:Wait"
IN_SERVICE = "InService"
LOOK_SECONDS = 1.5
"""For a look at what became of a request: every turn of the agent waits for it."""


class OwnInstance:
    """Implements `etcd_ops.agent.ports.Pod` and `Host`: a machine is replaced, or let go, as a pod is.

    Args:
        aws: where its group is.
        machine: what it was told.
    """

    def __init__(self, aws: Aws, machine: Machine) -> None:
        self._aws, self._machine = aws, machine
        self._termination = Termination.NONE
        self._unanswered = False
        """Its group was asked to replace it, and did not answer."""

    def template(self) -> str:
        """Digest of what it was made from."""
        return self._machine.template

    def termination(self) -> Termination:
        """Whether its group wants rid of it, as `attend` last saw."""
        return self._termination

    async def recreate(self, template: str, left: TimeLeft) -> None:
        """Have the instance replaced, once its group would make the declared one. Idempotent.

        Raises:
            OSError: it would not, or cannot be told.
            PodOutcomeUnknown
        """
        await within(left, partial(self._recreate, template, left))

    async def leaving(self) -> bool:
        """Whether that is not known. One that is to go is held until its member is stopped, under lock and gate."""
        return self._unanswered and await seen_within(LOOK_SECONDS, self._is_unclear)

    async def let_go(self) -> None:
        """Let the termination go on. Idempotent.

        Raises:
            OSError: the group could not be told.
        """
        await asyncio.to_thread(self._let_go)

    def attend(self) -> None:
        """Look whether the group wants rid of the instance, and keep the hook from running out until it is let go.

        Raises:
            AwsUnavailable
        """
        wanted = metadata.ask("autoscaling/target-lifecycle-state")
        if wanted != TERMINATED:
            self._termination = Termination.NONE
            return
        if self._termination is Termination.LET_GO:
            return
        self._termination = Termination.HELD
        self._aws.call("autoscaling", "record_lifecycle_action_heartbeat", **self._action())

    def _is_unclear(self) -> bool:
        """No longer, once the service has answered: its instance is in service, or held."""
        self._aws.call("autoscaling", "describe_auto_scaling_instances", InstanceIds=[metadata.needed("instance-id")])
        self._unanswered = False
        return False

    def _recreate(self, template: str, left: TimeLeft) -> None:
        instance = metadata.needed("instance-id")
        if not self._in_service(instance):
            return  # it is on its way
        group = self._group()
        if reason := unready(group, template):
            raise OSError(f"group {self._machine.group} {reason}")
        require(left)
        self._terminate(instance)

    def _terminate(self, instance: str) -> None:
        operation = "terminate_instance_in_auto_scaling_group"
        self._unanswered = True
        try:
            self._aws.call("autoscaling", operation, InstanceId=instance, ShouldDecrementDesiredCapacity=False)
        except AwsUnavailable as problem:
            if not _refused(problem):
                raise PodOutcomeUnknown(str(problem)) from problem
            self._unanswered = False
            raise
        self._unanswered = False

    def _in_service(self, instance: str) -> bool:
        found = self._aws.call("autoscaling", "describe_auto_scaling_instances", InstanceIds=[instance])
        states = [each["LifecycleState"] for each in found["AutoScalingInstances"]]
        if not states:
            raise OSError(f"{instance} is in no group: it is not replaced by anybody")
        return bool(states[0] == IN_SERVICE)

    def _group(self) -> dict[str, Any]:
        name = self._machine.group
        found = self._aws.call("autoscaling", "describe_auto_scaling_groups", AutoScalingGroupNames=[name])
        for group in found["AutoScalingGroups"]:
            return dict(group)
        raise OSError(f"group {name} does not exist")

    def _let_go(self) -> None:
        self._aws.call("autoscaling", "complete_lifecycle_action", LifecycleActionResult="CONTINUE", **self._action())
        self._termination = Termination.LET_GO

    def _action(self) -> dict[str, str]:
        return {
            "AutoScalingGroupName": self._machine.group,
            "LifecycleHookName": self._machine.hook,
            "InstanceId": metadata.needed("instance-id"),
        }


def unready(group: Mapping[str, Any], template: str) -> str:
    """Why a group would not make the declared instance; empty where it would.

    Args:
        group: as its service describes it; its tag is changed after its launch template.
        template: digest of what is declared.
    """
    found = {each["Key"]: each["Value"] for each in group.get("Tags", ())}.get(TEMPLATE_TAG, "")
    if found != template:
        return f"makes instances of template {found or 'unknown'}, not of {template} as declared: run `pulumi up`"
    suspended = {each["ProcessName"] for each in group.get("SuspendedProcesses", ())} & {"Launch", "Terminate"}
    if suspended:
        return f"would make none: {', '.join(sorted(suspended))} is suspended"
    if group["DesiredCapacity"] < 1:
        return "wants no instance"
    return ""


def _refused(problem: AwsUnavailable) -> bool:
    """The service said no. Anything else may come after an attempt that took effect: calls are repeated once."""
    from botocore.exceptions import ClientError

    cause = problem.__cause__
    if not isinstance(cause, ClientError):
        return False
    status: int = cause.response["ResponseMetadata"].get("HTTPStatusCode", HTTPStatus.INTERNAL_SERVER_ERROR)
    return status < HTTPStatus.INTERNAL_SERVER_ERROR


def complete_for(aws: Aws, machine: Machine, slots: frozenset[str], own: str) -> tuple[str, ...]:
    """Let the terminations go on of instances whose agents cannot do it any more.

    Args:
        aws: where the groups are.
        machine: this one.
        slots: of which nobody says or serves anything, but for the instance that asks.
        own: ID of that instance, whose termination is another matter.

    Returns:
        The instances that were let go.

    Raises:
        AwsUnavailable
    """
    names = [machine.group_of(slot) for slot in sorted(slots)]
    if not names:
        return ()
    found = aws.call("autoscaling", "describe_auto_scaling_groups", AutoScalingGroupNames=names)
    waiting = [
        (group["AutoScalingGroupName"], each["InstanceId"])
        for group in found["AutoScalingGroups"]
        for each in group["Instances"]
        if each["LifecycleState"] == WAITING and each["InstanceId"] != own
    ]
    for group, instance in waiting:
        aws.call(
            "autoscaling",
            "complete_lifecycle_action",
            AutoScalingGroupName=group,
            LifecycleHookName=machine.hook,
            InstanceId=instance,
            LifecycleActionResult="CONTINUE",
        )
    return tuple(instance for _, instance in waiting)
