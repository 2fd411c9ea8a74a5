"""What moto leaves out of Auto Scaling: waiting at a terminating hook, and replacing instances that died by themselves.

As on AWS, a group launches the next instance at once: one that waits at a hook no longer counts.
"""

from __future__ import annotations

import time
from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import (
    AutoScalingBackend,
    FakeAutoScalingGroup,
    TerminateInstanceActivity,
    autoscaling_backends,
)
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from tests.machines.cloud.settings import ACCOUNT, REGION, SETTINGS

TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
WAITING = "Terminating:Wait"

_launch = FakeAutoScalingGroup.replace_autoscaling_group_instances


def install() -> None:
    """Have moto's Auto Scaling do it, in this process."""
    setattr(AutoScalingBackend, "terminate_instance", terminate_instance)  # noqa: B010
    setattr(AutoScalingBackend, "notify_terminate_instances", leave_to_sweep)  # noqa: B010
    setattr(FakeAutoScalingGroup, "replace_autoscaling_group_instances", launch)  # noqa: B010
    for call in (complete_lifecycle_action, record_lifecycle_action_heartbeat):
        setattr(AutoScalingResponse, call.__name__, call)


def terminate_instance(backend: Any, instance_id: str, should_decrement: bool) -> TerminateInstanceActivity:
    """Begin to terminate an instance of a group, and have it replaced."""
    state = _state(backend, instance_id)
    group = state.auto_scaling_group
    before = group.desired_capacity
    _begin(backend, state)
    group.set_desired_capacity(before - 1 if should_decrement else before)
    return TerminateInstanceActivity(state.instance, before)


def leave_to_sweep(backend: Any, instance_ids: list[str]) -> None:
    """moto would forget instances that EC2 terminates; Auto Scaling finds them dead, and waits at their hooks too."""


def launch(group: Any, count: int, tags: dict[str, str]) -> None:
    """Start instances as the group's version of its launch template says, of which moto takes only a part.

    Where there is no capacity, none is started, and `sweep` tries again.
    """
    if not SETTINGS.has_capacity:
        return
    before = {each.instance.id for each in group.instance_states}
    _launch(group, count, tags)
    version = group.ec2_launch_template.get_version(group.launch_template_version)
    profile = version.data.get("IamInstanceProfile", {})
    for state in group.instance_states:
        if state.instance.id not in before:
            for card in state.instance.nics.values():
                card.delete_on_termination = True
            state.instance.add_tags({"aws:ec2launchtemplate:version": str(version.number)})
            group.ec2_backend.associate_iam_instance_profile(
                state.instance.id,
                iam_instance_profile_name=profile.get("Name"),
                iam_instance_profile_arn=profile.get("Arn"),
            )


def complete_lifecycle_action(response: Any) -> ActionResult:
    """CompleteLifecycleAction: whatever the result, the instance is terminated now."""
    backend, state = _waiting(response)
    _finish(backend, state)
    return EmptyResult()


def record_lifecycle_action_heartbeat(response: Any) -> ActionResult:
    """RecordLifecycleActionHeartbeat."""
    backend, state = _waiting(response)
    state.waits_until = time.monotonic() + _hook(backend, state.auto_scaling_group_name).heartbeat_timeout
    return EmptyResult()


def sweep() -> None:
    """What Auto Scaling does by itself: replace instances that are dead, and end waits that are over."""
    backend = autoscaling_backends[ACCOUNT][REGION]
    for group in list(backend.autoscaling_groups.values()):
        for state in list(group.instance_states):
            if state.lifecycle_state == WAITING and time.monotonic() > state.waits_until:  # type: ignore[attr-defined]
                _finish(backend, state)
            elif state.lifecycle_state == "InService" and state.instance.state != "running":
                _begin(backend, state)
        if len(group.active_instances()) < (group.desired_capacity or 0):
            group.set_desired_capacity(group.desired_capacity)


def _begin(backend: Any, state: Any) -> None:
    hook = _hook(backend, state.auto_scaling_group_name)
    if hook is None:
        return _finish(backend, state)
    state.lifecycle_state = WAITING
    state.waits_until = time.monotonic() + hook.heartbeat_timeout
    return None


def _finish(backend: Any, state: Any) -> None:
    state.auto_scaling_group.instance_states.remove(state)
    if state.instance.state != "terminated":
        backend.ec2_backend.terminate_instances([state.instance.id])


def _hook(backend: Any, group: str) -> Any:
    found = (each for each in backend.describe_lifecycle_hooks(group) if each.lifecycle_transition == TERMINATING)
    return next(found, None)


def _waiting(response: Any) -> tuple[Any, Any]:
    backend = response.autoscaling_backend
    name = response._get_param("AutoScalingGroupName")
    state = _state(backend, response._get_param("InstanceId"))
    hook = _hook(backend, name)
    asked = response._get_param("LifecycleHookName")
    if state is None or hook is None or (asked, WAITING) != (hook.name, state.lifecycle_state):
        raise ValidationError(f"No active Lifecycle Action found with instance ID {response._get_param('InstanceId')}")
    return backend, state


def _state(backend: Any, instance_id: str) -> Any:
    for group in backend.autoscaling_groups.values():
        for state in group.instance_states:
            if state.instance.id == instance_id:
                return state
    return None
