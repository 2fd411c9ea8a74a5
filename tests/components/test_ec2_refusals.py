"""Arguments of an `Ec2Cluster` that cannot be used: each is told by its path, with what to do, and all at once."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from etcd_ops.model.problems import Invalid
from tests.components.ec2 import ARCHIVE, GIVEN, PROGRAM, REGION, ZONES, declaration, recorded

CASES: list[tuple[dict[str, Any], str]] = [
    ({"region": None}, "region: must be given"),
    ({"region": "Frankfurt"}, "region: 'Frankfurt' is not a region"),
    ({"region": "cn-north-1", "zones": ["cn-north-1a"], "size": 1}, "region: 'cn-north-1' is not a region"),
    ({"account": "12345"}, "account: '12345' is not 12 digits"),
    ({"zones": None}, "zones: must be given"),
    ({"zones": ["a", "b", "c"]}, "zones: 'a' is no availability zone of eu-central-1"),
    ({"zones": ["us-east-1a"], "size": 1}, "zones: 'us-east-1a' is no availability zone of eu-central-1"),
    ({"zones": None, "zone_numbers": {"eu-west-1a": 0}, "size": 1}, "zoneNumbers: 'eu-west-1a' is no availability"),
    ({"size": 4}, "size: "),
    ({"slots": {"a-1": ZONES[0]}, "size": 3}, "slots: cannot be given beside size"),
    ({"image": "debian-12"}, "image: 'debian-12' is not ami-"),
    ({"image": "ami-1234"}, "image: 'ami-1234' is not ami-"),
    ({"instance_type": "large"}, "instanceType: 'large' is not a type"),
    ({"instance_type": "m4.large", "architecture": "x86_64"}, "instanceType: m4.large is not built on Nitro"),
    ({"instance_type": "m7i.large"}, "instanceType: m7i.large is x86_64, not arm64"),
    ({"architecture": "amd64"}, "architecture: 'amd64' is none of x86_64, arm64"),
    ({"etcd": {}}, "etcd.program: must be given"),
    ({"etcd": {"program": {"path": "/srv/etcd"}}}, "etcd.program.sha256: must be given"),
    ({"etcd": {"program": PROGRAM | {"path": "etcd"}}}, "etcd.program.path: 'etcd' is not absolute"),
    ({"etcd": {"program": PROGRAM | {"path": "/nowhere"}}}, "etcd.program.path: /nowhere cannot be read: No such file"),
    ({"etcd": {"program": PROGRAM | {"sha256": "E" * 64}}}, "etcd.program.sha256: is not 64 lower-case"),
    ({"etcd": {"program": PROGRAM | {"sha256": "f" * 64}}}, "etcd.program.sha256: the content of /srv/etcd has eeee"),
    ({"etcd": {"program": PROGRAM, "version": "2.3.8"}}, "etcd.version: "),
    ({"etcd": {"program": PROGRAM, "image": "x"}}, "etcd.image: there is no such argument"),
    ({"agent": {"archive": ARCHIVE | {"sha256": "b" * 64}}}, "agent.archive.sha256: the content of"),
    ({"network": None}, "network: must be given"),
    ({"network": {}}, "network.vpcId: must be given where no cidr is"),
    ({"network": {"vpc_id": "vpc-1", "subnets": {ZONES[0]: "s"}}}, f"network.subnets.{ZONES[1]}: must be given"),
    ({"network": GIVEN | {"subnets": GIVEN["subnets"] | {f"{REGION}d": "s"}}}, f"network.subnets.{REGION}d: is"),
    ({"network": GIVEN | {"cidr": "10.0.0.0/22"}}, "network.vpcId: cannot be given beside cidr"),
    ({"network": {"cidr": "10.0.0.0"}}, "network.cidr: 10.0.0.0 is not between /16 and /24"),
    ({"network": {"cidr": "10.0.0.1/22"}}, "network.cidr: '10.0.0.1/22' is not an IPv4 network"),
    ({"network": {"cidr": "8.8.0.0/22"}}, "network.cidr: 8.8.0.0/22 is not private"),
    ({"volume": {"size_bytes": 10**10}}, "volume.sizeBytes: 10000000000 bytes are not a whole number of GiB"),
    ({"volume": {"size_bytes": 2**30}}, "volume.sizeBytes: "),
    ({"volume": {"iops": 100}}, "volume.iops: 100 is not between 3000 and 80000"),
    ({"volume": {"iops": 6000}}, "volume.iops: a volume of 10 GiB has at most 5000"),
    ({"volume": {"throughput_mibps": 1000}}, "volume.throughputMibps: 1000 MiB/s need 4000"),
    ({"root_device": "xvda"}, "rootDevice: 'xvda' is not a device"),
    ({"kms_key_arn": "alias/etcd"}, "kmsKeyArn: 'alias/etcd' is not an ARN"),
    ({"permissions_boundary": "boundary"}, "permissionsBoundary: 'boundary' is not an ARN"),
    ({"role_arn": "deployer"}, "roleArn: 'deployer' is not the ARN of a role"),
    ({"alarms": {"topic_arn": "topic"}}, "alarms.topicArn: 'topic' is not an ARN"),
    ({"bucket": "My_Bucket"}, "bucket: 'My_Bucket' is no bucket's name"),
    ({"bucket": "with.dots"}, "bucket: 'with.dots' is no bucket's name"),
    ({"private_zone": "internal"}, "privateZone: 'internal' is not a domain"),
    ({"clients": {"cidrs": ["10.0.0.0/33"]}}, "clients.cidrs[0]: '10.0.0.0/33' is not a network"),
    ({"metrics_clients": {"cidrs": ["10.0.0.0/8", "10.0.0.0/8"]}}, "metricsClients.cidrs: 10.0.0.0/8 is named more"),
    ({"origin": {"cidrs": ["10.0.0.0/8"]}}, "origin: is told of a migration only"),
    ({"load_balancer": {"subnets": {ZONES[0]: "s"}}}, f"loadBalancer.subnets.{ZONES[1]}: must be given"),
    ({"tags": {"etcd-slot": "a"}}, "tags.etcd-slot: is the cluster's own"),
    ({"tags": {"name": "a"}}, "tags.name: is the cluster's own"),
    ({"tags": {"aws:thing": "a"}}, "tags.aws:thing: aws:thing=a is not a tag"),
    ({"tags": {"AWS:thing": "a"}}, "tags.AWS:thing: AWS:thing=a is not a tag"),
    ({"tags": {"k" * 129: "a"}}, f"tags.{'k' * 129}: "),
    ({"tags": {"team": "v" * 257}}, "tags.team: "),
    ({"tags": {"team": "a", "Team": "b"}}, "tags.Team: differs from another one in nothing but its case"),
    ({"tags": {f"t{number}": "" for number in range(45)}}, "tags: 45 are more than 44, which are left beside"),
    ({"endpoint_url": "localhost"}, "endpointUrl: "),
    ({"directory": "relative"}, "directory: relative is not absolute"),
    ({"channel": {"kind": "s3"}}, "channel: there is no such argument"),
    ({"trust": {"client": {"generations": [1, 2]}}}, "trust.client.issuer: must be given"),
    ({"mode": "retiring"}, "mode: 'retiring' is none of active, paused, observe-only"),
    ({"deadline_seconds": 0}, "deadlineSeconds: "),
]  # fmt: skip


def told(name: str = "orders", **changes: Any) -> list[str]:
    """Problems, as lines."""
    with pytest.raises(Invalid) as invalid:
        declaration(name, **changes)
    return [str(each) for each in invalid.value.problems]


@pytest.mark.parametrize(("changes", "expected"), CASES, ids=[repr(changes) for changes, _ in CASES])
def test_each_is_refused(changes: dict[str, Any], expected: str) -> None:
    lines = told(**changes)
    assert any(line.startswith(expected) for line in lines), lines


@pytest.mark.parametrize(
    "changes",
    [changes for changes, _ in CASES if len(changes) == 1 and "zones" not in changes and "region" not in changes],
    ids=repr,
)
def test_one_mistake_is_told_once(changes: dict[str, Any]) -> None:
    paths = [line.split(": ", 1)[0] for line in told(**changes)]
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Orders", "the resource's name: "),
        ("x" * 64, "the resource's name: "),
        ("x" * 40, f"the resource's name: the role etcd-{'x' * 40}-{REGION}-{ZONES[0]}-1 would have more than 64"),
    ],
)
def test_the_name_has_to_fit_everything_that_has_it(name: str, expected: str) -> None:
    lines = told(name)
    assert any(line.startswith(expected) for line in lines), lines


def test_a_load_balancers_name_is_shorter_still() -> None:
    declaration("x" * 28)
    assert any("load balancer etcd-xxx" in line for line in told("x" * 28, load_balancer={}))


def test_all_problems_are_told_at_once_in_a_preview() -> None:
    bad: dict[str, Any] = {
        "account": "1",
        "size": 4,
        "image": "debian",
        "instance_type": "t2.micro",
        "etcd": {"program": PROGRAM | {"sha256": "f" * 64}, "log_level": "loud"},
        "agent": {},
        "network": {"cidr": "1.1.1.0/24"},
        "volume": {"iops": 1},
        "trust": {"peer": {"generations": [1, 2]}},
        "mode": "asleep",
        "tags": {"Name": "mine"},
    }
    with pytest.raises(pulumi.RunError) as refusal:
        recorded(preview=True, **bad)
    paths = {line.strip().split(": ", 1)[0] for line in str(refusal.value).splitlines()[1:]}
    assert paths == {
        "account", "size", "image", "instanceType", "etcd.program.sha256", "etcd.logLevel", "agent.archive",
        "network.cidr", "volume.iops", "trust.peer.issuer", "mode", "tags.Name",
    }  # fmt: skip


ARCHITECTURES = {
    "m7g.large": "arm64", "c7gn.16xlarge": "arm64", "t4g.nano": "arm64", "x2gd.metal": "arm64", "im4gn.large": "arm64",
    "g5g.xlarge": "arm64", "a1.large": "arm64", "r8gd.metal-24xl": "arm64", "m7i.large": "x86_64",
    "m7a.medium": "x86_64",
    "c7i-flex.large": "x86_64", "g4dn.xlarge": "x86_64", "g6.12xlarge": "x86_64", "u-6tb1.56xlarge": "x86_64",
    "i4i.large": "x86_64", "x2iezn.metal": "x86_64",
}  # fmt: skip


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_a_types_name_tells_its_architecture(kind: str) -> None:
    found = ARCHITECTURES[kind]
    declaration(instance_type=kind, architecture=found)
    other = {"arm64": "x86_64", "x86_64": "arm64"}[found]
    assert any(line.startswith("instanceType: ") for line in told(instance_type=kind, architecture=other))


def test_a_good_one_is_not_refused() -> None:
    assert declaration().names.bucket == f"etcd-orders-123456789012-{REGION}"
