"""Previews of the stack `aws-prod` on the real engine, with an emulated AWS around it: five members in three zones."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.review.own_stack import DESTROY, OwnStack, Scenario, Stage, configured, is_wanted, recording
from tests.servers.aws import ACCOUNT, ENVIRONMENT, AwsServer, aws_server
from tools.engine import Engine

STACK, REGION = "aws-prod", "eu-central-1"
ADDRESS = "127.43.0.9"
GIB = 1024**3
ZONES = tuple(f"{REGION}{letter}" for letter in "abc")
DECLARED = configured(STACK)
_PROGRAM, _ARCHIVE = DECLARED["etcd"]["program"]["path"], DECLARED["agent"]["archive"]["path"]
_OTHER_PROGRAM = f"{_PROGRAM}-3.7.2"
_VOLUME = f"aws:ebs/volume:Volume {STACK}-{ZONES[0]}-1-volume"
_BLOCKS = tuple(f"10.90.{number}.0/24" for number in range(len(ZONES)))
_OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"


def _slots(*names: str) -> dict[str, str]:
    return {f"{REGION}{name}": f"{REGION}{name[0]}" for name in names}


def _etcd(program: str = _PROGRAM, **changes: Any) -> dict[str, Any]:
    return {"etcd": {**DECLARED["etcd"], "program": _artifact(program), **changes}}


def _artifact(path: str) -> dict[str, str]:
    return {"path": path, "sha256": hashlib.sha256(path.encode()).hexdigest()}


FIRST = Scenario("prod-create", words=())
PROTECTED = (
    Scenario("prod-nothing"),
    Scenario("prod-upgrade", _etcd(_OTHER_PROGRAM, version="3.7.2")),
    Scenario("prod-machines", {"image": "ami-0fedcba9876543210", "instanceType": "m7g.2xlarge"}),
    Scenario("prod-grow", {"size": 7}),
    Scenario("prod-shrink", {"size": 3}),
    Scenario("prod-volumes-grow", {"volume": {**DECLARED["volume"], "sizeBytes": 100 * GIB, "iops": 9000}}),
    Scenario("prod-rotation-barrier-1", {"trust": {"peer": {"generations": [1, 2], "issuer": 1}}}),
    Scenario("prod-unprotected", {"protect": {}}),
)
"""While what holds data is protected, as it is declared."""
UNPROTECTED = (
    Scenario("prod-zone-moved", {"size": None, "slots": _slots("a-1", "b-1", "b-2", "c-1", "c-2")}),
    Scenario("prod-key-exchanged", {"kmsKeyArn": _OTHER_KEY}),
    Scenario("prod-bucket-renamed", {"bucket": "etcd-elsewhere"}),
    Scenario("prod-volume-replaced", replaces=(_VOLUME,)),
    Scenario("prod-volume-deleted", targets=(_VOLUME,), words=("--target-dependents",), command=DESTROY),
    Scenario("prod-destroy", words=(), command=DESTROY),
)
"""While nothing is protected."""
STAGES = (Stage(PROTECTED), Stage(UNPROTECTED, {"protect": {}}))


def record(engine: Engine, wanted: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """The previews by name, as they are kept."""
    if not is_wanted(FIRST, STAGES, wanted):
        return
    with on_emulated_aws(engine, STACK) as made:
        yield from recording(made.stack, made.channel, made.places, FIRST, STAGES, wanted)


@dataclass(frozen=True)
class Made:
    """A stack of the repository's, with an emulated AWS in which nothing of it is."""

    stack: OwnStack
    server: AwsServer
    channel: dict[str, Any]
    """Its connection value."""
    places: dict[str, str]
    """What is as in the stack's configuration once it is made neutral."""


@contextmanager
def on_emulated_aws(engine: Engine, name: str) -> Iterator[Made]:
    """The stack `name`, with what its configuration names: files, and the VPC where one is given."""
    declared = configured(name)
    with tempfile.TemporaryDirectory(prefix="review-") as made, aws_server(Path(made), ADDRESS) as server:
        folder, given = Path(made, "stack"), "vpcId" in declared["network"]
        for path in (_PROGRAM, _OTHER_PROGRAM, _ARCHIVE):
            _write(folder / path, path)
        network = _network(server) if given else declared["network"]
        artifacts = {
            "etcd": {**declared["etcd"], "program": _artifact(_PROGRAM)},
            "agent": {**declared["agent"], "archive": _artifact(_ARCHIVE)},
        }
        settings = {"network": network, "endpointUrl": server.endpoint, **artifacts}
        places = {server.endpoint: "https://aws.example.com"}
        if given:
            subnets = {network["subnets"][zone]: declared["network"]["subnets"][zone] for zone in ZONES}
            places |= {network["vpcId"]: declared["network"]["vpcId"], **subnets}
        stack = OwnStack(engine, folder, name, settings, ENVIRONMENT)
        yield Made(stack, server, _channel(server, name), places)


def _network(server: AwsServer) -> dict[str, Any]:
    """The VPC that is there, with a private subnet in every zone."""
    ec2 = server.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.90.0.0/16")["Vpc"]["VpcId"]
    subnets = {
        zone: ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for zone, block in zip(ZONES, _BLOCKS, strict=True)
    }
    return {"vpcId": vpc, "subnets": subnets}


def _write(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


def _channel(server: AwsServer, name: str) -> dict[str, Any]:
    return {
        "kind": "s3", "bucket": f"etcd-{name}-{ACCOUNT}-{REGION}", "prefix": "channel/", "region": REGION,
        "endpointUrl": server.endpoint, "expectedAccount": ACCOUNT,
    }  # fmt: skip
