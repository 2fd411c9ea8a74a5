from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from etcd_ops.ec2.aws import Aws
from etcd_ops.ec2.calls import CALLS
from etcd_ops.ec2.machine import Machine
from tests.ec2.metadata import Metadata, metadata_service
from tests.servers.simulator import simulated_aws

REGION, ZONE, ACCOUNT = "eu-central-1", "eu-central-1a", "123456789012"
ALLOWED = {(call.service, call.operation) for call in CALLS}


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """A simulator of AWS: a stand-in."""
    with simulated_aws("127.47.0.2") as endpoint:
        _warm(endpoint)
        yield endpoint


def written_files(user_data: str) -> dict[str, dict[str, Any]]:
    """What user data have cloud-init write, by path."""
    return {each["path"]: each for each in yaml.safe_load(user_data)["write_files"]}


def _warm(endpoint: str) -> None:
    """The simulator loads each service with its first call, which takes longer than members wait for an answer."""
    for service, operation in (
        ("ec2", "describe_volumes"), ("ec2", "describe_images"), ("autoscaling", "describe_auto_scaling_groups"),
        ("s3", "list_buckets"), ("secretsmanager", "list_secrets"), ("route53", "list_hosted_zones"),
    ):  # fmt: skip
        getattr(administrator(endpoint, service), operation)()


def administrator(endpoint: str, service: str) -> Any:
    """A client of whoever may do everything."""
    import boto3
    from botocore.config import Config

    session: Any = boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    return session.client(service, endpoint_url=endpoint, config=Config(read_timeout=300))


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metadata]:
    with metadata_service() as server:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.endpoint)
        for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        yield server


@dataclass(frozen=True)
class Cloud:
    """An account of the simulator, as an administrator sees it, and what a member has of it."""

    endpoint: str
    machine: Machine
    aws: Aws
    """The member's: calls that are not in the table are refused."""

    def client(self, service: str) -> Any:
        return administrator(self.endpoint, service)


@pytest.fixture
def cloud(moto: str, metadata: Metadata) -> Cloud:
    """The cluster of each test has a name of its own."""
    cluster = f"c-{uuid.uuid4().hex[:8]}"
    machine = Machine.model_validate(machine_config(cluster, moto))
    aws = Aws(REGION, moto)
    return Cloud(moto, machine, restricted(aws))


def machine_config(cluster: str, endpoint: str, slot: str = "a-1") -> dict[str, Any]:
    """What the user data of a machine says."""
    return {
        "cluster": cluster, "slot": slot, "zone": ZONE, "region": REGION, "account": ACCOUNT, "architecture": "x86_64",
        "channel": {
            "kind": "s3", "bucket": f"etcd-{cluster}", "prefix": "channel/", "region": REGION, "endpointUrl": endpoint,
        },
        "artifacts": "artifacts/", "secret": f"etcd/{cluster}/{slot}", "host": f"{slot}.{cluster}.etcd.internal",
        "hostedZoneId": "Z0000000", "group": f"etcd-{cluster}-{slot}", "hook": "etcd-termination",
        "endpointUrl": endpoint, "template": "0123456789abcdef",
    }  # fmt: skip


def restricted(aws: Aws) -> Aws:
    """Lets no call pass that is not in `CALLS`, from which the role of a member is made."""

    def check(model: Any, **_: Any) -> None:
        call = (model.service_model.service_name.replace("auto-scaling", "autoscaling"), model.name)
        assert call in ALLOWED, f"{call[0]}:{call[1]} is not in CALLS"

    aws._made().register("before-call", check)
    return aws
