"""Previews of clusters of AWS resources on the real engine: the provider `etcd` declares, a stand-in has the rest."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from tests.model.samples import body, newcomer, reissued
from tests.review.plain_stack import CLUSTER, SLOTS, Declaration, Scenario, Stage, declare, gone, put, recording, take
from tools.engine import Engine

_VOLUME, _GROUP = "aws:ebs/volume:Volume", "aws:autoscaling/group:Group"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def resources(image: str = "ami-1") -> dict[str, Any]:
    """What a cluster of three instances is placed as, by name."""
    found: dict[str, Any] = {
        "sample-key": {"type": "aws:kms/key:Key", "inputs": {"enableKeyRotation": True}},
        "sample-bucket": {"type": "aws:s3/bucket:Bucket", "inputs": {"bucket": "etcd-sample"}},
        "sample-versions": {
            "type": "aws:s3/bucketVersioning:BucketVersioning",
            "inputs": {"bucket": "etcd-sample", "versioningConfiguration": {"status": "Enabled"}},
        },
        "sample-zone": {"type": "aws:route53/zone:Zone", "inputs": {"name": "sample.etcd.internal"}},
        "sample-peers": {"type": "aws:ec2/securityGroup:SecurityGroup", "inputs": {"description": "peers"}},
        "sample-clients": {
            "type": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            "inputs": {"cidrIpv4": "10.0.0.0/8", "fromPort": 2379, "toPort": 2379, "ipProtocol": "tcp"},
        },
        "sample-unhealthy": {"type": "aws:cloudwatch/metricAlarm:MetricAlarm", "inputs": {"threshold": 1}},
    }
    for slot in SLOTS:
        found |= _of_slot(slot, image)
    return found


def _of_slot(slot: str, image: str) -> dict[str, Any]:
    zone, tags = f"eu-west-1{slot[0]}", {"etcd-cluster": CLUSTER, "etcd-slot": slot}
    return {
        f"sample-{slot}-volume": {
            "type": _VOLUME,
            "inputs": {
                "availabilityZone": zone, "size": 20, "type": "gp3", "iops": 3000, "encrypted": True, "tags": tags
            },
        },
        f"sample-{slot}-role": {"type": "aws:iam/role:Role", "inputs": {"name": f"etcd-sample-{slot}", "tags": tags}},
        f"sample-{slot}-secret": {
            "type": "aws:secretsmanager/secret:Secret", "inputs": {"name": f"etcd/sample/{slot}", "tags": tags}
        },
        f"sample-{slot}-keys": {
            "type": "aws:secretsmanager/secretVersion:SecretVersion",
            "inputs": {"secretId": f"etcd/sample/{slot}", "of": "1"},
        },
        f"sample-{slot}-template": {
            "type": _TEMPLATE, "inputs": {"imageId": image, "instanceType": "m7g.large", "tags": tags}
        },
        f"sample-{slot}-group": {
            "type": _GROUP, "after": [f"sample-{slot}-volume"],
            "inputs": {"name": f"etcd-sample-{slot}", "minSize": 1, "maxSize": 1, "desiredCapacity": 1, "tags": tags},
            "computed": {"launchTemplate": f"sample-{slot}-template"},
        },
    }  # fmt: skip


def _image(declared: Declaration) -> None:
    for slot in SLOTS:
        declared["resources"][f"sample-{slot}-template"]["inputs"]["imageId"] = "ami-2"
        declared["rollout"]["cluster"]["members"][slot]["template"] = "f" * 64


def _dearer(declared: Declaration) -> None:
    for slot in SLOTS:
        declared["resources"][f"sample-{slot}-volume"]["inputs"] |= {"size": 40, "iops": 6000}
        declared["resources"][f"sample-{slot}-template"]["inputs"]["instanceType"] = "m7g.xlarge"
        declared["rollout"]["cluster"]["members"][slot] |= {"volume_bytes": 20 * 1024**3, "template": "e" * 64}


def _another_zone(declared: Declaration) -> None:
    for slot in SLOTS[:2]:
        declared["resources"][f"sample-{slot}-volume"]["inputs"]["availabilityZone"] = "eu-west-1d"


def _exchanged(declared: Declaration) -> None:
    """Another slot takes the place of c-1, with a machine and a volume of its own."""
    for name in [each for each in declared["resources"] if "-c-1-" in each]:
        del declared["resources"][name]
    declared["resources"] |= _of_slot("c-2", "ami-1")
    changed = body()
    changed["members"] = {"a-1": changed["members"]["a-1"], "b-1": changed["members"]["b-1"], "c-2": newcomer("c-2")}
    declare(declared, changed)


def _renewed(declared: Declaration) -> None:
    changed = body()
    for domain in ("peer", "client", "metrics"):
        changed = reissued(changed, domain, 9)
    for slot in SLOTS:
        declared["resources"][f"sample-{slot}-keys"]["inputs"]["of"] = "2"
    declare(declared, changed)


def _client(cidr: str) -> Callable[[Declaration], None]:
    """Another network of clients: a rule that is named after it, and nothing else changes."""

    def change(declared: Declaration) -> None:
        another = copy.deepcopy(declared["resources"]["sample-clients"])
        another["inputs"]["cidrIpv4"] = cidr
        declared["resources"][f"sample-members-ingress-client-{cidr.replace('/', '_')}"] = another

    return change


def _chained(declared: Declaration) -> None:
    """A member's volume is computed from another one's, which is how a cascade begins."""
    for before, slot in (("a-1", "b-1"), ("b-1", "c-1")):
        declared["resources"][f"sample-{slot}-volume"]["computed"] = {"snapshotId": f"sample-{before}-volume"}


def _cascade(declared: Declaration) -> None:
    _chained(declared)
    put("sample-a-1-volume", encrypted=False)(declared)


def _deleted_first(declared: Declaration) -> None:
    """Whoever depends on a volume that is deleted before it is replaced is replaced as well."""
    _chained(declared)
    for slot in SLOTS:
        declared["resources"][f"sample-{slot}-volume"]["deleteBeforeReplace"] = True


def _cascade_deleted_first(declared: Declaration) -> None:
    _deleted_first(declared)
    put("sample-a-1-volume", encrypted=False)(declared)


STANDING = (
    Scenario("aws-nothing"),
    Scenario("aws-image", _image),
    Scenario("aws-dearer", _dearer),
    Scenario("aws-volume-unencrypted", put("sample-a-1-volume", encrypted=False)),
    Scenario("aws-volumes-moved", _another_zone),
    Scenario("aws-volume-deleted", take("sample-b-1-group", "sample-b-1-volume")),
    Scenario("aws-key-deleted", take("sample-key")),
    Scenario("aws-bucket-renamed", put("sample-bucket", bucket="etcd-other")),
    Scenario("aws-versions-off", put("sample-versions", versioningConfiguration={"status": "Suspended"})),
    Scenario("aws-versions-gone", take("sample-versions")),
    Scenario("aws-zone-renamed", put("sample-zone", name="other.internal")),
    Scenario("aws-open-ingress", put("sample-clients", cidrIpv4="0.0.0.0/0")),
    Scenario("aws-client-added", _client("10.9.0.0/16")),
    Scenario("aws-everybody-added", _client("0.0.0.0/0")),
    Scenario("aws-alarm-gone", take("sample-unhealthy")),
    Scenario("aws-group-emptied", put("sample-c-1-group", desiredCapacity=0, minSize=0)),
    Scenario("aws-group-renamed", put("sample-c-1-group", name="other")),
    Scenario("aws-secret-renamed", put("sample-a-1-secret", name="etcd/other")),
    Scenario("aws-renewed", _renewed),
    Scenario("aws-member-exchanged", _exchanged),
    Scenario("aws-removed", gone),
    Scenario("aws-destroy", command=("destroy", "--preview-only"), words=()),
)
"""While three members are up."""
CHAINED = (
    Scenario("aws-cascade", _cascade),
    Scenario("aws-cascade-deleted-first", _cascade_deleted_first),
    Scenario("aws-cascade-steps", _cascade, words=("--show-sames", "--show-replacement-steps")),
)
"""While each volume takes an input from the one before it."""
STAGES = (Stage(STANDING), Stage(CHAINED, _chained))


def record(engine: Engine, wanted: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """The previews by name, as they are kept."""
    return recording(engine, wanted, "aws-create", "etcd:index:Ec2Cluster", resources(), STAGES)
