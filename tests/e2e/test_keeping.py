"""Destroying with and without the volumes, and the agent's own upgrade."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import MakeStack
from tests.e2e.stack import SLOTS, Stack
from tests.workload.workload import Workload
from tools import ROOT

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900)]


def test_kept_volumes_are_taken_up_again_and_deleted_ones_are_not(
    make_stack: MakeStack, channel_argument: dict[str, Any]
) -> None:
    network = "127.0.78" if channel_argument else "127.0.74"  # each of its own: they may run at once
    stack = make_stack(network, keep_volumes=True, **channel_argument)
    stack.up()
    stack.etcdctl("put", "key", "kept")
    first = stack.status()["cluster_id"]
    stack.destroy()
    stack.up()
    assert stack.etcdctl("get", "key", "--print-value-only").strip() == "kept"
    assert stack.status()["cluster_id"] == first
    stack.up(keep_volumes=False)
    stack.destroy()
    assert not stack.root.exists() or not any(stack.root.iterdir())
    stack.up()
    assert stack.etcdctl("get", "key", "--print-value-only").strip() == ""
    stack.remove()


@pytest.mark.xdist_group("shared")
def test_another_release_of_the_agent_takes_over_without_a_restart_of_etcd(
    cluster: Stack, workload: Workload, tmp_path: Path
) -> None:
    release = tmp_path / "agent"
    release.write_text(
        f"#!{ROOT}/.venv/bin/python\nimport importlib.metadata as metadata, sys\n"
        "real = metadata.version\n"
        "metadata.version = lambda name: '9.9.9' if name == 'etcd-ops' else real(name)\n"
        "from etcd_ops.cli import main\nmain()\n"
    )
    release.chmod(0o755)
    before = {slot: cluster.member_pid(slot) for slot in ("a-1", "b-1", "c-1")}
    since = time.time()
    cluster.up(agent={"version": "9.9.9", "command": [str(release)]})
    one_after_another(cluster, since)
    assert {each["agent_version"] for each in cluster.status()["members"]} == {"9.9.9"}
    assert {slot: cluster.member_pid(slot) for slot in before} == before
    cluster.restore()
    cluster.up()
    assert cluster.in_order()


def one_after_another(stack: Stack, since: float) -> None:
    """No agent gives way before the new one of the zone before it has spoken."""
    gave_way = sorted((at, slot) for slot in SLOTS for at, step in stack.done(slot, since) if step == "UpgradeAgent")
    assert sorted(slot for _, slot in gave_way) == sorted(SLOTS)
    for (at, slot), (following, _) in itertools.pairwise(gave_way):
        assert any(at < spoken < following for spoken in stack.spoken(slot, since))


@pytest.mark.xdist_group("shared")
def test_a_release_of_the_agent_that_does_not_run_is_taken_back(cluster: Stack, tmp_path: Path) -> None:
    broken = tmp_path / "agent"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    since = time.time()
    failed = cluster.up(agent={"version": "8.8.8", "command": [str(broken)]}, fails=True)
    assert "went back to what it ran before" in failed.output
    assert "agent 8.8.8 was taken back" in failed.output
    tried = [slot for slot in SLOTS for _, step in cluster.done(slot, since) if step == "UpgradeAgent"]
    assert len(tried) == 1
    working = {each["agent_version"] for each in cluster.status()["members"]}
    assert "8.8.8" not in working
    assert cluster.status()["quorum"]["healthy"] == 3
    cluster.restore()
    cluster.up()
    assert cluster.in_order()
