"""Auto Scaling groups, whose instances are AWS's business."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from tools.standins.aws.forms import (
    NUMBER,
    SWITCH,
    TEXT,
    TEXTS,
    Field,
    Fields,
    incoming,
    outgoing,
    structure,
    structures,
)
from tools.standins.aws.kind import Kind, changed
from tools.standins.aws.settings import Place
from tools.standins.values import Properties

_SIZES = ("minSize", "maxSize", "desiredCapacity")
_EMPTY = {"MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0}
_WAIT, _POLL = 60.0, 0.2
"""Seconds until the instances have to be gone, and between two looks."""

_HOOK = {
    "name": Field(form=TEXT, aws="LifecycleHookName", required=True),
    "lifecycleTransition": Field(form=TEXT, required=True),
    "heartbeatTimeout": Field(form=NUMBER),
    "defaultResult": Field(form=TEXT),
}
_TAG = structures(
    key=Field(form=TEXT, required=True),
    value=Field(form=TEXT, required=True),
    propagateAtLaunch=Field(form=SWITCH, required=True),
)
_MAINTENANCE = structure(
    minHealthyPercentage=Field(form=NUMBER, required=True), maxHealthyPercentage=Field(form=NUMBER, required=True)
)


class Group(Kind):
    name = "name"
    fields: ClassVar[Fields] = {
        "name": Field(form=TEXT, aws="AutoScalingGroupName", required=True, fixed=True),
        "minSize": Field(form=NUMBER, required=True),
        "maxSize": Field(form=NUMBER, required=True),
        "desiredCapacity": Field(form=NUMBER),
        "healthCheckType": Field(form=TEXT),
        "healthCheckGracePeriod": Field(form=NUMBER),
        "instanceMaintenancePolicy": Field(form=_MAINTENANCE),
        "launchTemplate": Field(
            form=structure(id=Field(form=TEXT, aws="LaunchTemplateId", required=True), version=Field(form=TEXT)),
            required=True,
        ),
        "vpcZoneIdentifiers": Field(form=TEXTS, apart=True, required=True),
        "initialLifecycleHooks": Field(form=structures(**_HOOK), apart=True, fixed=True),
        "enabledMetrics": Field(form=TEXTS, apart=True),
        "metricsGranularity": Field(form=TEXT, apart=True),
        "targetGroupArns": Field(form=TEXTS, apart=True),
        "forceDelete": Field(form=SWITCH, apart=True),
        "waitForCapacityTimeout": Field(form=TEXT, apart=True),
        "tags": Field(form=_TAG, apart=True),
    }
    defaults: ClassVar[Mapping[str, Any]] = {"healthCheckGracePeriod": 300, "metricsGranularity": "1Minute"}

    # The official provider does not look at the hooks again, either.
    untold = (
        "initialLifecycleHooks", "forceDelete", "waitForCapacityTimeout", "metricsGranularity",
        "instanceMaintenancePolicy",
    )  # fmt: skip

    def problems(self, inputs: Properties) -> Mapping[str, str]:
        if inputs.get("waitForCapacityTimeout") == "0":
            return {}
        return {"waitForCapacityTimeout": 'this stand-in does not wait for instances: set it to "0"'}

    def create(self, place: Place, inputs: Properties) -> str:
        client, name = place.client("autoscaling"), inputs["name"]
        targets = {"TargetGroupARNs": inputs["targetGroupArns"]} if inputs.get("targetGroupArns") else {}
        given = outgoing(self.fields, inputs)
        client.create_auto_scaling_group(
            **{**given, **_EMPTY}, VPCZoneIdentifier=_subnets(inputs), Tags=_tags(name, inputs), **targets
        )
        for hook in inputs.get("initialLifecycleHooks") or []:
            client.put_lifecycle_hook(AutoScalingGroupName=name, **outgoing(_HOOK, hook))
        _set_metrics(client, name, [], inputs)
        # No instance before the hooks that are to hold it.
        client.update_auto_scaling_group(
            AutoScalingGroupName=name, **outgoing({each: self.fields[each] for each in _SIZES}, inputs)
        )
        return str(name)

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        client = place.client("autoscaling")
        groups = client.describe_auto_scaling_groups(AutoScalingGroupNames=[identity])["AutoScalingGroups"]
        if not groups or "Status" in groups[0]:
            return None
        found = groups[0]
        return {
            **incoming(self.fields, found),
            "vpcZoneIdentifiers": sorted(found["VPCZoneIdentifier"].split(",")),
            "enabledMetrics": sorted(each["Metric"] for each in found.get("EnabledMetrics", [])),
            "targetGroupArns": sorted(found.get("TargetGroupARNs", [])),
            "tags": [tag for tag in _TAG.incoming(found.get("Tags", [])) if not tag["key"].startswith("aws:")],
            "arn": found["AutoScalingGroupARN"],
        }

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        client, told = place.client("autoscaling"), changed(before, after)
        wanted = {name: each for name, each in self.fields.items() if name in told and not each.apart}
        parameters = outgoing(wanted, after)
        if "vpcZoneIdentifiers" in told:
            parameters["VPCZoneIdentifier"] = _subnets(after)
        if parameters:
            client.update_auto_scaling_group(AutoScalingGroupName=identity, **parameters)
        if "enabledMetrics" in told:
            _set_metrics(client, identity, before.get("enabledMetrics") or [], after)
        _set_targets(client, identity, before, after)
        _set_tags(client, identity, before, after)

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        client = place.client("autoscaling")
        if self.read(place, identity, known) is None:
            return
        if known.get("forceDelete"):
            client.delete_auto_scaling_group(AutoScalingGroupName=identity, ForceDelete=True)
            return
        client.update_auto_scaling_group(AutoScalingGroupName=identity, **_EMPTY)
        until = time.monotonic() + _WAIT
        while _instances(client, identity):
            if time.monotonic() > until:
                raise ValueError(f"the instances of the group {identity} are still there after {_WAIT:g} s")
            time.sleep(_POLL)
        client.delete_auto_scaling_group(AutoScalingGroupName=identity)


def _instances(client: Any, name: str) -> list[Any]:
    found = client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return [each for group in found for each in group["Instances"]]


def _subnets(inputs: Properties) -> str:
    return ",".join(inputs["vpcZoneIdentifiers"])


def _tags(name: str, inputs: Properties) -> list[dict[str, Any]]:
    owner = {"ResourceId": name, "ResourceType": "auto-scaling-group"}
    return [{**owner, **tag} for tag in _TAG.outgoing(inputs.get("tags") or [])]


def _set_metrics(client: Any, name: str, before: list[str], inputs: Properties) -> None:
    wanted = inputs.get("enabledMetrics") or []
    if gone := sorted(set(before) - set(wanted)):
        client.disable_metrics_collection(AutoScalingGroupName=name, Metrics=gone)
    if wanted:
        client.enable_metrics_collection(
            AutoScalingGroupName=name, Metrics=wanted, Granularity=inputs["metricsGranularity"]
        )


def _set_targets(client: Any, name: str, before: Properties, after: Properties) -> None:
    old, new = (set(inputs.get("targetGroupArns") or ()) for inputs in (before, after))
    if new - old:
        client.attach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=sorted(new - old))
    if old - new:
        client.detach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=sorted(old - new))


def _set_tags(client: Any, name: str, before: Properties, after: Properties) -> None:
    old, new = _tags(name, before), _tags(name, after)
    keys = {tag["Key"] for tag in new}
    if wanted := [tag for tag in new if tag not in old]:
        client.create_or_update_tags(Tags=wanted)
    if gone := [tag for tag in old if tag["Key"] not in keys]:
        client.delete_tags(Tags=gone)
