"""Previews of clusters of AWS resources on the real engine: the provider `etcd` declares, a stand-in has the rest."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from etcd_ops.model.spec import ClusterSpec
from tests.engine.stacks import agents
from tests.model.samples import body, newcomer, reissued
from tests.review.neutral import neutral
from tools import ROOT, python_environment
from tools.engine import Engine

STACK = "aws"
CLUSTER = "sample"
SLOTS = ("a-1", "b-1", "c-1")
Declaration = dict[str, Any]
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


def declaration(channel: Path) -> Declaration:
    """Three members on three instances."""
    rollout = {"channel": {"kind": "directory", "directory": str(channel)}, "deadline_seconds": 45}
    declared = {"name": CLUSTER, "rollout": rollout, "resources": resources()}
    _declare(declared, body())
    return declared


def _declare(declared: Declaration, wire: dict[str, Any]) -> None:
    """Make this the cluster's declaration, each member on a machine that it names."""
    cluster = ClusterSpec.model_validate(wire).model_dump(mode="json", by_alias=False)
    for slot, member in cluster["members"].items():
        member["template"] = slot[0] * 64
    declared["rollout"]["cluster"] = cluster


@dataclass(frozen=True)
class Scenario:
    """One preview: how its declaration differs from the one that is up."""

    name: str
    change: Callable[[Declaration], None] = field(default=lambda _: None)
    words: tuple[str, ...] = ("--show-sames",)
    command: tuple[str, ...] = ("preview",)


def _put(resource: str, **inputs: Any) -> Callable[[Declaration], None]:
    def change(declared: Declaration) -> None:
        declared["resources"][resource]["inputs"] |= inputs

    return change


def _take(*names: str) -> Callable[[Declaration], None]:
    def change(declared: Declaration) -> None:
        for name in names:
            del declared["resources"][name]

    return change


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
    _declare(declared, changed)


def _renewed(declared: Declaration) -> None:
    changed = body()
    for domain in ("peer", "client", "metrics"):
        changed = reissued(changed, domain, 9)
    for slot in SLOTS:
        declared["resources"][f"sample-{slot}-keys"]["inputs"]["of"] = "2"
    _declare(declared, changed)


def _chained(declared: Declaration) -> None:
    """A member's volume is computed from another one's, which is how a cascade begins."""
    for before, slot in (("a-1", "b-1"), ("b-1", "c-1")):
        declared["resources"][f"sample-{slot}-volume"]["computed"] = {"snapshotId": f"sample-{before}-volume"}


def _cascade(declared: Declaration) -> None:
    _chained(declared)
    _put("sample-a-1-volume", encrypted=False)(declared)


def _deleted_first(declared: Declaration) -> None:
    """Whoever depends on a volume that is deleted before it is replaced is replaced as well."""
    _chained(declared)
    for slot in SLOTS:
        declared["resources"][f"sample-{slot}-volume"]["deleteBeforeReplace"] = True


def _cascade_deleted_first(declared: Declaration) -> None:
    _deleted_first(declared)
    _put("sample-a-1-volume", encrypted=False)(declared)


def _gone(declared: Declaration) -> None:
    declared["name"] = ""


STANDING = (
    Scenario("aws-nothing"),
    Scenario("aws-image", _image),
    Scenario("aws-dearer", _dearer),
    Scenario("aws-volume-unencrypted", _put("sample-a-1-volume", encrypted=False)),
    Scenario("aws-volumes-moved", _another_zone),
    Scenario("aws-volume-deleted", _take("sample-b-1-group", "sample-b-1-volume")),
    Scenario("aws-key-deleted", _take("sample-key")),
    Scenario("aws-bucket-renamed", _put("sample-bucket", bucket="etcd-other")),
    Scenario("aws-versions-off", _put("sample-versions", versioningConfiguration={"status": "Suspended"})),
    Scenario("aws-versions-gone", _take("sample-versions")),
    Scenario("aws-zone-renamed", _put("sample-zone", name="other.internal")),
    Scenario("aws-open-ingress", _put("sample-clients", cidrIpv4="0.0.0.0/0")),
    Scenario("aws-alarm-gone", _take("sample-unhealthy")),
    Scenario("aws-group-emptied", _put("sample-c-1-group", desiredCapacity=0, minSize=0)),
    Scenario("aws-group-renamed", _put("sample-c-1-group", name="other")),
    Scenario("aws-secret-renamed", _put("sample-a-1-secret", name="etcd/other")),
    Scenario("aws-renewed", _renewed),
    Scenario("aws-member-exchanged", _exchanged),
    Scenario("aws-removed", _gone),
    Scenario("aws-destroy", command=("destroy", "--preview-only"), words=()),
)
"""While three members are up."""
CHAINED = (
    Scenario("aws-cascade", _cascade),
    Scenario("aws-cascade-deleted-first", _cascade_deleted_first),
    Scenario("aws-cascade-steps", _cascade, words=("--show-sames", "--show-replacement-steps")),
)
"""While each volume takes an input from the one before it."""


class AwsStack:
    """A project with the stand-in, in a folder of its own."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.folder, self._engine = folder, engine
        self.channel = folder / "channel"
        self.channel.mkdir(parents=True)
        _plugin(folder / "plugin")
        (folder / "Pulumi.yaml").write_text(_settings(folder))
        self.environment = {
            **engine.environment(folder / "state"), "REVIEW_DECLARATION": str(folder / "declaration.json")
        }  # fmt: skip
        (folder / "state").mkdir()
        self.pulumi("stack", "init", STACK)

    def declare(self, declared: Declaration) -> None:
        """Write what the program declares."""
        (self.folder / "declaration.json").write_text(json.dumps(declared))

    def pulumi(self, *words: str, fails: bool = False) -> str:
        """What a command prints on standard output."""
        done = subprocess.run(
            [self._engine.pulumi, "--non-interactive", "--color", "never", *words],
            cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip
        assert fails or done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def previewed(self, scenario: Scenario, declared: Declaration) -> str:
        """One preview, made neutral."""
        changed = copy.deepcopy(declared)
        scenario.change(changed)
        self.declare(changed)
        printed = self.pulumi(*scenario.command, "--json", "--stack", STACK, *scenario.words, fails=True)
        places = {self.folder: "/srv/etcd", ROOT: "/opt/pulumi-etcd", Path.home(): "/home/operator"}
        return neutral(printed[printed.index("{") :], places)


def _plugin(folder: Path) -> None:
    folder.mkdir()
    program = folder / "pulumi-resource-aws"
    python = python_environment.FOLDER / "bin" / "python"
    program.write_text(f'#!/bin/sh\nexec {python} {Path(__file__).with_name("aws_standin.py")} "$@"\n')
    program.chmod(0o755)


def _settings(folder: Path) -> str:
    lines = (
        "name: review",
        "runtime:",
        "  name: python",
        f"  options: {{virtualenv: {python_environment.FOLDER}}}",
        f"main: {Path(__file__).parent / 'program'}",
        "plugins:",
        "  providers:",
        f"    - {{name: etcd, path: {ROOT / 'plugin'}}}",
        f"    - {{name: aws, path: {folder / 'plugin'}}}",
    )
    return "\n".join(lines) + "\n"


def record(engine: Engine, wanted: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """The previews by name, as they are kept."""
    names = [each.name for each in (*STANDING, *CHAINED)]
    if not any(map(wanted, ("aws-create", *names))):
        return
    folder = Path(tempfile.mkdtemp(prefix="review-"))
    stack = AwsStack(engine, folder / "stack")
    declared = declaration(stack.channel)
    with agents(folder):
        yield "aws-create", stack.previewed(Scenario("aws-create"), declared)
        for change, scenarios in ((None, STANDING), (_chained, CHAINED)):
            if change is not None:
                change(declared)
            stack.declare(declared)
            stack.pulumi("up", "--yes", "--skip-preview", "--stack", STACK)
            for scenario in filter(lambda each: wanted(each.name), scenarios):
                yield scenario.name, stack.previewed(scenario, declared)
    shutil.rmtree(folder)
