"""A bad change stops at the first member, the others never notice, and the old declaration heals it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import MakeStack
from tests.e2e.stack import SLOTS, Stack
from tests.workload.workload import Workload

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900)]


@pytest.fixture
def refusing_etcd(tmp_path: Path) -> Path:
    """A program that answers for its version, and ends with an error when it is to serve."""
    program = tmp_path / "etcd"
    program.write_text(
        '#!/bin/sh\ncase "$1" in --version) echo "etcd Version: 3.6.15";;\n'
        '*) echo \'{"level":"fatal","msg":"refuses for the test"}\' >&2; exit 1;; esac\n'
    )
    program.chmod(0o755)
    return program


@pytest.mark.xdist_group("shared")
def test_a_program_that_does_not_serve_is_taken_back(cluster: Stack, workload: Workload, refusing_etcd: Path) -> None:
    before = {slot: cluster.member_pid(slot) for slot in ("a-1", "b-1", "c-1")}
    failed = cluster.up(etcd={"path": str(refusing_etcd)}, fails=True)
    assert "refuses for the test" in failed.output
    same = [slot for slot, pid in before.items() if cluster.member_pid(slot) == pid]
    assert len(same) == 2
    assert cluster.status()["quorum"]["healthy"] == 3
    refreshed = cluster.pulumi("refresh", "--yes", "--skip-preview", "--stack", "e2e", expect=None)
    assert "refuses for the test" in refreshed.output
    cluster.restore()
    cluster.up()
    assert cluster.in_order()
    workload.wait_for(acknowledged=20)


@pytest.mark.xdist_group("shared")
def test_an_option_that_etcd_refuses_is_taken_back(cluster: Stack, workload: Workload) -> None:
    """One that nobody but etcd itself can judge: only its start tells."""
    before = cluster.member_pids()
    failed = cluster.up(etcd={"extra_config": {"cipher-suites": ["TLS_OF_ROT_13"]}}, fails=True)
    assert "TLS_OF_ROT_13" in failed.output
    assert sum(cluster.member_pid(slot) == pid for slot, pid in before.items()) == 2
    assert cluster.status()["quorum"]["healthy"] == 3
    cluster.restore()
    cluster.up()
    assert cluster.in_order()
    workload.wait_for(acknowledged=20)


@pytest.mark.xdist_group("shared")
def test_a_missing_program_disturbs_nobody(cluster: Stack, tmp_path: Path) -> None:
    before = {slot: cluster.member_pid(slot) for slot in ("a-1", "b-1", "c-1")}
    refused = cluster.up(etcd={"path": str(tmp_path / "missing")}, fails=True)
    assert "etcd.path" in refused.output
    assert {slot: cluster.member_pid(slot) for slot in before} == before


@pytest.mark.xdist_group("small")
def test_a_failed_first_create_can_be_destroyed(make_stack: MakeStack, refusing_etcd: Path) -> None:
    stack = make_stack("127.0.72", etcd={"path": str(refusing_etcd)}, deadline_seconds=60)
    failed = stack.up(fails=True)
    assert "refuses for the test" in failed.output
    stack.remove()


@pytest.mark.xdist_group("small")
def test_a_zone_that_cannot_be_reached_fails_only_the_growth(make_stack: MakeStack, tmp_path: Path) -> None:
    """Whether its machine cannot be prepared, or its member can be reached by nobody."""
    stack = make_stack("127.0.73", deadline_seconds=100)
    stack.up()
    before = stack.member_pids()
    with Workload(stack.context, tmp_path / "workload") as workload:
        blocked = stack.root / "zones" / "d"
        blocked.write_text("not a directory")
        failed = stack.up(zones=list("abcde"), size=5, fails=True)
        assert "zones/d" in failed.output
        the_old_value_heals(stack)
        blocked.unlink()
        with somebody_else_at("127.0.73.4", 2380):
            failed = stack.up(zones=list("abcde"), size=5, fails=True)
            assert "d-1: " in failed.output
            assert "127.0.73.4:2380: bind: address already in use" in failed.output, failed.output
            # The other newcomer may have come first.
            assert {each["name"] for each in stack.status()["members"] if each["healthy"]} >= set(SLOTS)
            the_old_value_heals(stack)
        assert stack.member_pids() == before
        workload.wait_for(acknowledged=20)
    workload.check()
    stack.remove()


def the_old_value_heals(stack: Stack) -> None:
    """Three voters, no learner, everything in order."""
    stack.restore()
    stack.up()
    assert stack.in_order()
    assert {each["name"] for each in stack.listed()} == set(SLOTS)


@contextmanager
def somebody_else_at(address: str, port: int) -> Iterator[None]:
    """Another process's port, which answers nobody."""
    with socket.socket() as taken:
        taken.bind((address, port))
        taken.listen()
        yield
