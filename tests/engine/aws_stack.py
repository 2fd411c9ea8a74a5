"""A stack with one Ec2Cluster on an emulated AWS, whose members are stand-in agents: no machine ever boots there."""

from __future__ import annotations

import hashlib
import json
import subprocess
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from etcd_ops.channel.port import DESIRED
from etcd_ops.channel.stamp import unstamped
from etcd_ops.model.spec import Desired
from tests.components.ec2 import ACCOUNT, ARGS, REGION, ZONES
from tests.engine.stacks import make_project
from tests.servers.aws import ENVIRONMENT, AwsServer
from tests.standins.running import agents
from tools.engine import Engine

PROGRAM = """
import json
from pathlib import Path

import pulumi

from pulumi_etcd import Ec2Cluster

cluster = Ec2Cluster("orders", json.loads(Path("arguments.json").read_text()))
"""
BUCKET = f"etcd-orders-{ACCOUNT}-{REGION}"
SLOTS = tuple(f"{zone}-1" for zone in ZONES)
TIMEOUT = 300.0
"""Seconds for one command: there are more than a hundred resources."""
GIB = 1024**3
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:on-call"
"""That alarms tell."""


class Ec2Stack:
    """The cluster `orders`: three members in three zones of a VPC of its own, behind a load balancer, with alarms."""

    def __init__(self, engine: Engine, folder: Path, server: AwsServer) -> None:
        self.server = server
        self.project = replace(make_project(engine, folder, "machines"), timeout=TIMEOUT)
        self.project.environment.update(ENVIRONMENT)
        self.project.write(PROGRAM)
        self.files = folder / "files"
        self.files.mkdir()
        self.declare()

    def artifact(self, name: str) -> dict[str, str]:
        """A file that members would fetch."""
        content = f"{name} of a test".encode()
        (self.files / name).write_bytes(content)
        return {"path": str(self.files / name), "sha256": hashlib.sha256(content).hexdigest()}

    def declare(self, **changes: Any) -> None:
        """Write the program's arguments: the usual ones, with others' values."""
        usual: dict[str, Any] = {
            **ARGS,
            "etcd": {"program": self.artifact("etcd")},
            "agent": {"archive": self.artifact("agent.tar.gz")},
            "clients": {"cidrs": ["10.30.0.0/16"]},
            "load_balancer": {},
            "alarms": {"topic_arn": TOPIC},
            "endpoint_url": self.server.endpoint,
            "deadline_seconds": 45,
        }
        (self.project.folder / "arguments.json").write_text(json.dumps(usual | changes))

    def connection(self) -> dict[str, Any]:
        """The channel's."""
        return {
            "kind": "s3", "bucket": BUCKET, "prefix": "channel/", "region": REGION,
            "endpointUrl": self.server.endpoint, "expectedAccount": ACCOUNT,
        }  # fmt: skip

    def agents(self) -> AbstractContextManager[subprocess.Popen[bytes]]:
        """Stand-in agents of every member."""
        return agents(self.connection(), environment=self.project.environment)

    def members(self) -> set[str]:
        """The slots that the channel's document declares."""
        found = self.server.client("s3").get_object(Bucket=BUCKET, Key=f"channel/{DESIRED}")
        return set(Desired.decode(unstamped(found["Body"].read())).body["members"])

    def changes(self) -> dict[str, str]:
        """What a preview would do, by the resource's name."""
        return {name: step for name, step in self.project.steps().items() if step != "same"}

    def instances(self) -> dict[str, str]:
        """The running instances, by slot."""
        groups = self.server.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        return {
            group["AutoScalingGroupName"].removeprefix("etcd-orders-"): instance["InstanceId"]
            for group in groups
            for instance in group["Instances"]
        }

    def tagged(self, kind: str) -> list[dict[str, Any]]:
        """The objects of EC2 of a kind, such as `volumes`, that carry the cluster's tag."""
        call = getattr(self.server.client("ec2"), f"describe_{kind}")
        found = call(Filters=[{"Name": "tag:etcd-cluster", "Values": ["orders"]}])
        return next(value for value in found.values() if isinstance(value, list))


def tags(found: dict[str, Any]) -> dict[str, str]:
    """Of an object of AWS."""
    return {tag["Key"]: tag["Value"] for tag in found["Tags"]}
