from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from etcd_ops.programs import etcd
from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.power import power_off
from etcd_ops.zone.supervisor import create_zone, remove_zone, start_zone
from tests.runtime.member import MemberVolume, Programs, eventually, start
from tests.servers.s3 import ENVIRONMENT, s3_connection
from tests.servers.simulator import simulated_aws

ADDRESS = "127.45.0.1"
VERSION = "3.6.15"


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    return Programs.cache(etcd.obtain(VERSION) / "etcd", tmp_path_factory.mktemp("programs"))


@pytest.fixture
def member(tmp_path: Path, programs: Programs) -> MemberVolume:
    return MemberVolume(tmp_path / "m0", "m0", programs, ADDRESS)


@pytest.fixture
def run() -> Iterator[Callable[[MemberVolume], subprocess.Popen[str]]]:
    """Starts a member through the launcher, and waits until it is healthy."""
    started: list[subprocess.Popen[str]] = []

    def run(member: MemberVolume) -> subprocess.Popen[str]:
        process = start(member.path)
        started.append(process)
        eventually(lambda: member.healthy() or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def object_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The connection value of a channel in a bucket of an S3 server."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with simulated_aws(ADDRESS) as endpoint:
        boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket="channel")
        yield s3_connection(endpoint, "channel")


@pytest.fixture
def zone(tmp_path: Path) -> Iterator[ZonePaths]:
    """A running zone; whatever it runs is ended after the test."""
    paths = ZonePaths(tmp_path, "a")
    create_zone(paths)
    start_zone(paths)
    yield paths
    power_off(paths)
    remove_zone(paths)
