"""How much of each quota is used already, by everything but the clusters that are judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from etcd_ops.model.instance_types import is_standard
from etcd_ops.model.tags import CLUSTER_TAG
from etcd_ops.preflight.connection import Connection, pages

Count = Callable[[Connection, Collection[str]], float]
GIB_PER_TIB = 1024
_RUNNING = {"Name": "instance-state-name", "Values": ["pending", "running"]}


def _others(resources: Iterable[Mapping[str, Any]], clusters: Collection[str]) -> list[Mapping[str, Any]]:
    """What carries no tag of the clusters: one that is there already does not count twice."""
    own = [{"Key": CLUSTER_TAG, "Value": each} for each in clusters]
    return [each for each in resources if not any(tag in own for tag in each.get("Tags", []))]


def _processors(aws: Connection, clusters: Collection[str]) -> float:
    ec2 = aws.client("ec2")
    reservations = pages(ec2, "describe_instances", "Reservations", Filters=[_RUNNING])
    running = _others((each for reservation in reservations for each in reservation["Instances"]), clusters)
    on_demand = [each["InstanceType"] for each in running if "InstanceLifecycle" not in each]
    counted = Counter(kind for kind in on_demand if is_standard(kind))
    if not counted:
        return 0
    kinds = pages(ec2, "describe_instance_types", "InstanceTypes", InstanceTypes=sorted(counted))
    return float(sum(each["VCpuInfo"]["DefaultVCpus"] * counted[each["InstanceType"]] for each in kinds))


def _storage(aws: Connection, clusters: Collection[str]) -> float:
    gp3 = [{"Name": "volume-type", "Values": ["gp3"]}]
    found = _others(pages(aws.client("ec2"), "describe_volumes", "Volumes", Filters=gp3), clusters)
    return float(sum(each["Size"] for each in found)) / GIB_PER_TIB


def _of_ec2(operation: str, key: str) -> Count:
    return lambda aws, clusters: len(_others(pages(aws.client("ec2"), operation, key), clusters))


def _interfaces(aws: Connection, _: Collection[str]) -> float:
    """Those of a cluster that is there already carry no tag, and count twice."""
    return sum(1 for _ in pages(aws.client("ec2"), "describe_network_interfaces", "NetworkInterfaces"))


def _interface_endpoints(_: Connection, __: Collection[str]) -> float:
    """In a VPC that is made for a cluster there are no others'."""
    return 0


def _gateway_endpoints(aws: Connection, clusters: Collection[str]) -> float:
    gateways = [{"Name": "vpc-endpoint-type", "Values": ["Gateway"]}]
    return len(_others(pages(aws.client("ec2"), "describe_vpc_endpoints", "VpcEndpoints", Filters=gateways), clusters))


def _load_balancers(aws: Connection, _: Collection[str]) -> float:
    """Tags are not told with them, so that a cluster's own counts twice."""
    found = pages(aws.client("elbv2"), "describe_load_balancers", "LoadBalancers")
    return sum(1 for each in found if each["Type"] == "network")


def _hosted_zones(aws: Connection, _: Collection[str]) -> float:
    return sum(1 for _ in pages(aws.client("route53"), "list_hosted_zones", "HostedZones"))


def _buckets(aws: Connection, _: Collection[str]) -> float:
    return len(aws.client("s3").list_buckets()["Buckets"])


def _roles(aws: Connection, _: Collection[str]) -> float:
    return float(aws.client("iam").get_account_summary()["SummaryMap"]["Roles"])


USED: Mapping[str, Count] = {
    "ec2/L-1216C47A": _processors,
    "ebs/L-7A658B76": _storage,
    "vpc/L-F678F1CE": _of_ec2("describe_vpcs", "Vpcs"),
    "vpc/L-DF5E4CA3": _interfaces,
    "vpc/L-29B6F2EB": _interface_endpoints,
    "vpc/L-1B52E74A": _gateway_endpoints,
    "vpc/L-E79EC296": _of_ec2("describe_security_groups", "SecurityGroups"),
    "elasticloadbalancing/L-69A177A2": _load_balancers,
    "route53/L-4EA4796A": _hosted_zones,
    "s3/L-DC2B2D3D": _buckets,
    "iam/L-FE177D64": _roles,
}
"""By `SERVICE/CODE`: how it is counted, without what is tagged as one of these clusters'."""
