"""What a machine fetches from a bucket that is away, or breaks off: against a real server on loopback."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.ec2 import aws as connections
from etcd_ops.ec2 import places
from etcd_ops.ec2.artifacts import Artifacts
from etcd_ops.ec2.aws import Aws, AwsUnavailable
from etcd_ops.ec2.duties import Duty
from etcd_ops.ec2.machine import Machine
from etcd_ops.ec2.provide import _here
from etcd_ops.ec2.releases import FetchedReleases
from etcd_ops.model.spec import AgentSpec
from etcd_ops.runtime.agent_state import Release
from etcd_ops.volume.binaries import cache_binary, cached
from tests.ec2.breaking import BreakingServer, Fault, breaking_server
from tests.ec2.conftest import REGION, machine_config
from tests.ec2.metadata import Metadata
from tests.ec2.test_bootstrap import archive

PROGRAM = b"#!/bin/sh\nexit 0\n" + b"#" * (1 << 18)
BROKEN_OFF = (Fault.RESET, Fault.TRUNCATED, Fault.STALLED)
AWAY = (*BROKEN_OFF, Fault.BUSY, Fault.FORBIDDEN)


@pytest.fixture
def server(metadata: Metadata, monkeypatch: pytest.MonkeyPatch) -> Iterator[BreakingServer]:
    monkeypatch.setattr(connections, "READ_SECONDS", 0.5)
    with breaking_server(PROGRAM) as running:
        yield running


def artifacts_of(server: BreakingServer, releases: Path) -> Artifacts:
    machine = Machine.model_validate(machine_config("c", server.endpoint))
    return Artifacts(Aws(REGION, server.endpoint), machine, releases)


def cache(server: BreakingServer, folder: Path, content: bytes = PROGRAM) -> None:
    """As an agent fetches etcd, of which a document declares this content."""
    digest = hashlib.sha256(content).hexdigest()
    cache_binary(folder, f"s3://etcd-c/artifacts/{digest}", digest, artifacts_of(server, folder / "releases").opened)


@pytest.mark.parametrize("fault", AWAY)
def test_a_program_is_not_refused_because_its_source_is_away(
    server: BreakingServer, tmp_path: Path, fault: Fault
) -> None:
    server.fault = fault
    with pytest.raises(AwsUnavailable, match=r"s3\.get_object"):
        cache(server, tmp_path)
    assert cached(tmp_path) == frozenset()
    server.fault = Fault.NONE
    cache(server, tmp_path)
    assert cached(tmp_path) == {hashlib.sha256(PROGRAM).hexdigest()}


@pytest.mark.parametrize("fault", BROKEN_OFF)
def test_what_breaks_off_does_so_while_it_is_read(server: BreakingServer, tmp_path: Path, fault: Fault) -> None:
    server.fault = fault
    reader = artifacts_of(server, tmp_path).opened("s3://etcd-c/artifacts/x")
    with reader, pytest.raises(AwsUnavailable, match="artifacts/x"):
        reader.read()
    assert reader.closed


def test_a_complete_answer_with_other_content_is_final(server: BreakingServer, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has SHA-256"):
        cache(server, tmp_path, b"#!/bin/sh\n")


def test_a_program_that_is_not_there_is_final(server: BreakingServer, tmp_path: Path) -> None:
    server.fault = Fault.MISSING
    with pytest.raises(FileNotFoundError, match="NoSuchKey"):
        cache(server, tmp_path)


@pytest.mark.parametrize("fault", [*AWAY, Fault.MISSING])
def test_a_release_that_breaks_off_is_fetched_later(server: BreakingServer, tmp_path: Path, fault: Fault) -> None:
    """The duty beside the agent's loop goes on, and the member's status says what it waits for."""
    told: list[tuple[str, dict[str, Any]]] = []
    server.body, server.fault = archive(("bin", None), ("bin/etcd-ops", PROGRAM)), fault
    digest = hashlib.sha256(server.body).hexdigest()
    declared = AgentSpec(version="2", command=("x",), archive=digest)
    releases = FetchedReleases(tmp_path, artifacts_of(server, tmp_path / "releases"), tmp_path / "current")
    duty = Duty("fetching a release", releases.fetch, 3600.0)
    assert releases.awaited(declared) != ""
    duty.do(0.0, lambda event, values: told.append((event, values)))
    assert [event for event, _ in told] == ["fetching a release failed"]
    assert "s3.get_object" in releases.awaited(declared)
    server.fault = Fault.NONE
    duty.do(10.0, lambda event, values: told.append((event, values)))
    assert releases.awaited(declared) == ""


@pytest.mark.parametrize("fault", AWAY)
def test_a_new_machine_is_prepared_without_a_release_that_breaks_off(
    server: BreakingServer, tmp_path: Path, fault: Fault
) -> None:
    """It runs the release that prepares it."""
    server.body, server.fault = archive(("bin", None), ("bin/etcd-ops", PROGRAM)), fault
    program = places.RELEASES / hashlib.sha256(server.body).hexdigest() / "bin" / "etcd-ops"
    release, found = Release("1", (str(program),)), artifacts_of(server, tmp_path)
    assert not _here(release, found)
    server.fault = Fault.NONE
    assert _here(release, found)
