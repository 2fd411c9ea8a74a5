"""Clients of AWS on a machine whose role's credentials are not to be had at once."""

from __future__ import annotations

import pytest

from etcd_ops.ec2.aws import Aws, AwsUnavailable
from tests.ec2.conftest import REGION
from tests.ec2.metadata import Metadata


def test_credentials_that_come_later_are_found(moto: str, metadata: Metadata) -> None:
    """As on an instance that boots while its metadata service is away."""
    aws = Aws(REGION, moto)
    known, metadata.values = metadata.values, {}
    for _ in range(2):
        with pytest.raises(AwsUnavailable, match="Unable to locate credentials"):
            aws.call("ec2", "describe_volumes")
    metadata.values = known
    assert "Volumes" in aws.call("ec2", "describe_volumes")


def test_a_metadata_service_that_is_slow_is_waited_for(moto: str, metadata: Metadata) -> None:
    metadata.delay = 2.0
    assert "Volumes" in Aws(REGION, moto).call("ec2", "describe_volumes")
