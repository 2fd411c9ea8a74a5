"""Alarms of CloudWatch for what Prometheus cannot see: machines, groups and volumes, looked at from outside. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_etcd.ec2.load_balancer import load_balancer_name, target_group_name
from pulumi_etcd.ec2.naming import Ec2Names
from pulumi_etcd.ec2.planned import Planned, Properties, Ref

GROUP_METRICS = ["GroupInServiceInstances", "GroupDesiredCapacity"]
"""Of a group, which publishes none of its own accord."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """When somebody is to be told."""

    namespace: str
    metric: str
    statistic: str
    comparison: str
    threshold: float
    minutes: int
    """For so long, one after the other."""
    missing: str
    """What no data mean: `breaching`, `notBreaching`, `missing`."""
    text: str


GROUP_EMPTY = Alarm(
    namespace="AWS/AutoScaling", metric="GroupInServiceInstances", statistic="Minimum",
    comparison="LessThanThreshold", threshold=1, minutes=10, missing="breaching",
    text="a member has had no instance for ten minutes: look at the group's activities (capacity, quota, image, key)",
)  # fmt: skip
INSTANCE_FAILED = Alarm(
    namespace="AWS/EC2", metric="StatusCheckFailed", statistic="Maximum",
    comparison="GreaterThanThreshold", threshold=0, minutes=3, missing="notBreaching",
    text="a member's instance, or its hardware, fails EC2's status checks",
)  # fmt: skip
VOLUME_STALLED = Alarm(
    namespace="AWS/EBS", metric="VolumeStalledIOCheck", statistic="Maximum",
    comparison="GreaterThanThreshold", threshold=0, minutes=1, missing="notBreaching",
    text="a member's volume does not complete its I/O",
)  # fmt: skip
VOLUME_SLOW = Alarm(
    namespace="AWS/EBS", metric="VolumeIOPSExceededCheck", statistic="Maximum",
    comparison="GreaterThanThreshold", threshold=0, minutes=15, missing="notBreaching",
    text="a member's volume is asked for more I/O than it has: raise volume.iops",
)  # fmt: skip
NOT_BALANCED = Alarm(
    namespace="AWS/NetworkELB", metric="UnHealthyHostCount", statistic="Maximum",
    comparison="GreaterThanThreshold", threshold=0, minutes=10, missing="notBreaching",
    text="the load balancer has found a member not ready for ten minutes: does its check reach the agent?",
)  # fmt: skip


def of_slot(names: Ec2Names, slot: str, topic: Any) -> list[Planned]:
    """The alarms of one member.

    Args:
        names: the cluster's.
        slot: the member's.
        topic: ARN of the topic that is told.
    """
    group = {"AutoScalingGroupName": names.member(slot)}
    volume = {"VolumeId": Ref(f"{names.cluster}-{slot}-volume")}
    by_kind: Mapping[str, tuple[Alarm, Mapping[str, Any]]] = {
        "group-empty": (GROUP_EMPTY, group),
        "instance-failed": (INSTANCE_FAILED, group),
        "volume-stalled": (VOLUME_STALLED, volume),
        "volume-slow": (VOLUME_SLOW, volume),
    }
    return [_planned(names, kind, alarm, dimensions, topic, slot) for kind, (alarm, dimensions) in by_kind.items()]


def of_load_balancer(names: Ec2Names, topic: Any) -> Planned:
    """The load balancer's.

    Args:
        names: the cluster's.
        topic: ARN of the topic that is told.
    """
    dimensions = {
        "LoadBalancer": Ref(load_balancer_name(names), "arnSuffix"),
        "TargetGroup": Ref(target_group_name(names), "arnSuffix"),
    }
    return _planned(names, "not-balanced", NOT_BALANCED, dimensions, topic)


def _planned(
    names: Ec2Names,
    kind: str,
    alarm: Alarm,
    dimensions: Mapping[str, Any],
    topic: Any,
    slot: str = "",
) -> Planned:
    called = f"{names.member(slot) if slot else names.shared}-{kind}"
    properties: Properties = {
        "name": called,
        "alarmDescription": f"{names.cluster}{f' {slot}' if slot else ''}: {alarm.text}",
        "namespace": alarm.namespace,
        "metricName": alarm.metric,
        "dimensions": dimensions,
        "statistic": alarm.statistic,
        "period": 60,
        "evaluationPeriods": alarm.minutes,
        "datapointsToAlarm": alarm.minutes,
        "threshold": alarm.threshold,
        "comparisonOperator": alarm.comparison,
        "treatMissingData": alarm.missing,
        "alarmActions": [topic],
        "okActions": [topic],
        "tags": names.tags(called, slot),
    }
    name = f"{names.cluster}-{slot}-{kind}" if slot else f"{names.cluster}-{kind}"
    return Planned(name=name, kind="aws:cloudwatch/metricAlarm:MetricAlarm", properties=properties)
