"""A load balancer for clients, which leaves TLS to the members: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from etcd_ops.model.topology import CLIENT_PORT, METRICS_PORT
from pulumi_etcd.ec2.naming import Ec2Names
from pulumi_etcd.ec2.planned import Planned, Ref
from pulumi_etcd.ec2.security_groups import load_balancer_group

IDLE_SECONDS = 350
"""After which it forgets a silent connection; clients that watch keep theirs alive every 10 to 30 s."""
DRAINING_SECONDS = 30
HEALTH_CHECK = {
    "enabled": True,
    "protocol": "HTTPS",
    "port": str(METRICS_PORT),
    "path": "/readyz",
    "matcher": "200",
    "interval": 10,
    "timeout": 5,
    "healthyThreshold": 2,
    "unhealthyThreshold": 2,
}
"""etcd's own readiness, by its agent: a linearizable read. A connection alone says nothing. Checks bring no certificate
and believe every one: the agent tells them this, and nothing else."""


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """What is declared of it."""

    subnets: Sequence[Any]
    deletion_protection: bool


def load_balancer_name(names: Ec2Names) -> str:
    """Name of its resource."""
    return f"{names.cluster}-load-balancer"


def target_group_name(names: Ec2Names) -> str:
    """Name of the resource of its targets."""
    return f"{names.cluster}-targets"


def plan(names: Ec2Names, vpc: Any, this: LoadBalancer) -> list[Planned]:
    """The load balancer, its targets and its name.

    Args:
        names: the cluster's.
        vpc: ID of its VPC.
        this: what is declared of it.
    """
    balancer, targets = load_balancer_name(names), target_group_name(names)
    return [
        Planned(name=balancer, kind="aws:lb/loadBalancer:LoadBalancer", properties=_balancer(names, this)),
        Planned(name=targets, kind="aws:lb/targetGroup:TargetGroup", properties=_targets(names, vpc)),
        Planned(
            name=f"{names.cluster}-listener",
            kind="aws:lb/listener:Listener",
            properties={
                "loadBalancerArn": Ref(balancer, "arn"),
                "port": CLIENT_PORT,
                "protocol": "TCP",
                "tcpIdleTimeoutSeconds": IDLE_SECONDS,
                "defaultActions": [{"type": "forward", "targetGroupArn": Ref(targets, "arn")}],
                "tags": names.tags(names.shared),
            },
        ),
        Planned(
            name=f"{names.cluster}-load-balancer-name",
            kind="aws:route53/record:Record",
            properties={
                "zoneId": Ref(f"{names.cluster}-zone", "zoneId"),
                "name": names.private_zone,
                "type": "A",
                "aliases": [
                    {
                        "name": Ref(balancer, "dnsName"),
                        "zoneId": Ref(balancer, "zoneId"),
                        "evaluateTargetHealth": True,
                    }
                ],
            },
        ),
    ]


def _balancer(names: Ec2Names, this: LoadBalancer) -> dict[str, Any]:
    """Clients are led to their own zone, and to another one only while theirs has no member that is ready."""
    return {
        "name": names.shared,
        "internal": True,
        "loadBalancerType": "network",
        "subnets": list(this.subnets),
        "securityGroups": [Ref(load_balancer_group(names))],
        "dnsRecordClientRoutingPolicy": "availability_zone_affinity",
        "enableCrossZoneLoadBalancing": False,
        "enableDeletionProtection": this.deletion_protection,
        "tags": names.tags(names.shared),
    }


def _targets(names: Ec2Names, vpc: Any) -> dict[str, Any]:
    return {
        "name": names.shared,
        "port": CLIENT_PORT,
        "protocol": "TCP",
        "targetType": "instance",
        "vpcId": vpc,
        "preserveClientIp": "true",
        "deregistrationDelay": DRAINING_SECONDS,
        "connectionTermination": True,
        "targetHealthStates": [{"enableUnhealthyConnectionTermination": True}],
        "healthCheck": HEALTH_CHECK,
        "tags": names.tags(names.shared),
    }
