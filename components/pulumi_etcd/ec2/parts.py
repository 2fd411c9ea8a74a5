"""Parts of a cluster on AWS, each decided and judged by itself: pure.

Those that decide raise `Invalid` with every problem, by the path of the argument.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.tags import CLUSTER_TAG, ENVIRONMENT_TAG, SLOT_TAG, TEMPLATE_TAG, VOLUME_TAG
from etcd_ops.model.topology import Topology
from etcd_ops.model.urls import Url
from etcd_ops.zone.paths import unusable
from pulumi_etcd import body
from pulumi_etcd.ec2.load_balancer import LoadBalancer
from pulumi_etcd.ec2.naming import CHANNEL, Ec2Names
from pulumi_etcd.ec2.network import Network
from pulumi_etcd.ec2.security_groups import Others, Traffic
from pulumi_etcd.trusts import Wire

DEADLINE = 900.0
"""Seconds that an `up` waits: machines have to boot, and etcd to catch up."""
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_DOMAIN = re.compile(r"(?!.{200})([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_BUCKET = re.compile(r"(?!xn--|sthree-)(?!.*(-s3alias|--ol-s3|--x-s3)$)[a-z0-9][-a-z0-9]{1,61}[a-z0-9]")
"""Without dots, which certificates of S3 do not cover (S3 User Guide, "Bucket naming rules")."""
_ARN = re.compile(r"arn:aws(-us-gov)?:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:.+")
_ROLE = re.compile(r"arn:aws(-us-gov)?:iam::[0-9]{12}:role/.+")
_TAG_KEY = re.compile(r"(?!aws:)[\w +\-=.:/@]{1,128}", re.IGNORECASE)
_TAG_VALUE = re.compile(r"[\w +\-=.:/@]{0,256}")
_OWN_TAGS = ("Name", CLUSTER_TAG, SLOT_TAG, VOLUME_TAG, ENVIRONMENT_TAG, TEMPLATE_TAG)
MOST_TAGS = 50
"""Of one resource (Tagging AWS Resources User Guide, "Tag naming limits and requirements")."""


def names(name: str, wire: Wire) -> Ec2Names:
    """What the cluster's resources are called, with every default."""
    region, account = wire["region"], wire["account"]
    return Ec2Names(
        cluster=name,
        region=region,
        account=account,
        environment=wire.get("environment", "development"),
        private_zone=wire.get("privateZone", f"{name}.etcd.internal"),
        bucket=wire.get("bucket", f"etcd-{name}-{account}-{region}"),
        own_tags=wire.get("tags", {}),
    )


def topology(wire: Wire, named: Ec2Names) -> Topology:
    """Slots over availability zones, with their names in the private zone."""
    declared = wire.get("zoneNumbers") or wire.get("zones", ())
    if not declared:
        raise Invalid([Problem("zones", "must be given", f"name availability zones, such as {named.region}a")])
    strange = [zone for zone in declared if not re.fullmatch(rf"{re.escape(named.region)}[a-z]", zone)]
    if strange:
        remedy = f"use names such as {named.region}a: `aws ec2 describe-availability-zones` lists the account's"
        path = "zoneNumbers" if "zoneNumbers" in wire else "zones"
        raise Invalid(Problem(path, f"{zone!r} is no availability zone of {named.region}", remedy) for zone in strange)
    return body.topology(wire, (), named.addressing)


def zone_numbers(wire: Wire) -> Mapping[str, int]:
    """The number of every declared zone, in their order."""
    declared = wire.get("zoneNumbers") or {zone: number for number, zone in enumerate(wire.get("zones", ()))}
    return dict(sorted(declared.items(), key=lambda item: item[1]))


def channel(named: Ec2Names, wire: Wire) -> Wire:
    """The connection value of the channel in the cluster's bucket."""
    declared = {
        "kind": "s3",
        "bucket": named.bucket,
        "prefix": CHANNEL,
        "region": named.region,
        "expectedAccount": named.account,
        "endpointUrl": wire.get("endpointUrl", ""),
    }
    arguments = {"channel.bucket": "bucket", "channel.region": "region", "channel.expectedAccount": "account"}
    try:
        return body.connection({key: value for key, value in declared.items() if value})
    except Invalid as invalid:
        told = [each for each in invalid.problems if each.path not in arguments]
        paths = {"channel.endpointUrl": "endpointUrl"}
        raise Invalid(Problem(paths.get(each.path, each.path), each.reason, each.remedy) for each in told) from invalid


def traffic(wire: Wire) -> Traffic:
    """Who has to do with the members."""
    members = wire.get("migration", {}).get("members", {}).values()
    urls = [each[kind] for each in members for kind in ("peerUrl", "clientUrl") if kind in each]
    return Traffic(
        clients=Others.declared(wire.get("clients", {})),
        metrics_clients=Others.declared(wire.get("metricsClients", {})),
        origin=Others.declared(wire.get("origin", {})),
        origin_ports=sorted({port for url in urls if (port := _port(url))}),
        load_balancer="loadBalancer" in wire,
    )


def _port(url: str) -> int:
    try:
        return Url.parse(url).port
    except ValueError:
        return 0


def load_balancer(wire: Wire, network: Network) -> LoadBalancer | None:
    """The load balancer, where one is declared."""
    declared = wire.get("loadBalancer")
    if declared is None:
        return None
    subnets = declared.get("subnets") or network.subnets
    in_order = [subnets[zone] for zone in sorted(subnets)]
    return LoadBalancer(in_order, declared.get("deletionProtection", False))


def own_problems(named: Ec2Names, wire: Wire, zones: Sequence[str]) -> Iterator[Problem]:
    """Problems with arguments that only this platform has, and that no other judgement is about.

    Args:
        named: what the cluster's resources are called.
        wire: the arguments.
        zones: those that have members.
    """
    yield from _place_problems(named)
    for argument in ("clients", "metricsClients", "origin"):
        yield from _cidr_problems(argument, wire.get(argument, {}).get("cidrs", ()))
    yield from _tag_problems(wire.get("tags", {}))
    yield from _arn_problems(wire)
    if "origin" in wire and "migration" not in wire:
        yield Problem("origin", "is told of a migration only", "remove it, or declare the migration")
    if "directory" in wire and (reason := unusable(Path(wire["directory"]))):
        yield Problem("directory", reason)
    for zone in zones if (balanced := wire.get("loadBalancer", {}).get("subnets")) else ():
        if zone not in balanced:
            yield Problem(f"loadBalancer.subnets.{zone}", "must be given: the zone has members")


def _place_problems(named: Ec2Names) -> Iterator[Problem]:
    if not _REGION.fullmatch(named.region) or named.region.startswith("cn-"):
        reason = "is not a region such as eu-central-1; those of China are not supported"
        yield Problem("region", f"{named.region!r} {reason}")
    if not _ACCOUNT.fullmatch(named.account):
        remedy = "use what `aws sts get-caller-identity` says"
        yield Problem("account", f"{named.account!r} is not 12 digits", remedy)
    if not _DOMAIN.fullmatch(named.private_zone):
        yield Problem("privateZone", f"{named.private_zone!r} is not a domain such as orders.etcd.internal")
    if not _BUCKET.fullmatch(named.bucket):
        yield Problem(
            "bucket", f"{named.bucket!r} is no bucket's name", "use 3 to 63 lower-case letters, digits, dashes"
        )


def _arn_problems(wire: Wire) -> Iterator[Problem]:
    if "roleArn" in wire and not _ROLE.fullmatch(wire["roleArn"]):
        yield Problem("roleArn", f"{wire['roleArn']!r} is not the ARN of a role")
    arns = {"kmsKeyArn": wire, "permissionsBoundary": wire, "alarms.topicArn": wire.get("alarms", {})}
    for path, place in arns.items():
        value: Any = place.get(path.split(".")[-1], "arn:aws:x:::x")
        if isinstance(value, str) and not _ARN.fullmatch(value):
            yield Problem(path, f"{value!r} is not an ARN")


def _cidr_problems(argument: str, cidrs: Sequence[str]) -> Iterator[Problem]:
    for number, cidr in enumerate(cidrs):
        if not _is_network(cidr):
            yield Problem(f"{argument}.cidrs[{number}]", f"{cidr!r} is not a network", "write it like 10.20.0.0/16")
    for cidr in sorted({each for each in cidrs if list(cidrs).count(each) > 1}):
        yield Problem(f"{argument}.cidrs", f"{cidr} is named more than once", "name it once")


def _is_network(cidr: str) -> bool:
    try:
        ipaddress.ip_network(cidr)
    except ValueError:
        return False
    return "/" in cidr


def _tag_problems(tags: Mapping[str, str]) -> Iterator[Problem]:
    most = MOST_TAGS - len(_OWN_TAGS)
    if len(tags) > most:
        reason = f"{len(tags)} are more than {most}, which are left beside the cluster's own of the {MOST_TAGS} of AWS"
        yield Problem("tags", reason, "remove some")
    # To roles, keys that differ in nothing but their case are the same.
    own, keys = {each.lower() for each in _OWN_TAGS}, Counter(key.lower() for key in tags)
    for key, value in tags.items():
        if key.lower() in own:
            yield Problem(f"tags.{key}", "is the cluster's own", "remove it")
        elif keys[key.lower()] > 1:
            yield Problem(f"tags.{key}", "differs from another one in nothing but its case", "keep one of them")
        elif not _TAG_KEY.fullmatch(key) or not _TAG_VALUE.fullmatch(value):
            remedy = "use up to 128 letters, digits, spaces and + - = . _ : / @, or 256 in a value, and no aws: before"
            yield Problem(f"tags.{key}", f"{key}={value} is not a tag", remedy)
