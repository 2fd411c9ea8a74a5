"""Rollout under the real engine: what is recorded, what is tried again, and what nothing hides."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from etcd_ops.model.spec import Mode
from tests.engine.stacks import RolloutStack, eventually, make_project
from tests.standins.agents import IGNORED, REASON, REFUSED
from tests.standins.running import agents
from tools.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]

GIB = 1024**3
UP = ("up", "--yes", "--skip-preview")


def test_what_is_up_stays_as_it_is(stack: RolloutStack) -> None:
    generation = stack.desired().generation
    running = {"m0": True, "m1": True, "m2": True}
    assert stack.project.outputs() == {"generation": generation, "running": running}
    stack.project.succeed("refresh", "--yes", "--expect-no-changes")
    stack.project.succeed("up", "--yes", "--expect-no-changes")
    assert stack.desired().generation == generation


def test_a_preview_says_what_changes_leaf_by_leaf(stack: RolloutStack) -> None:
    generation = stack.desired().generation
    stack.declare(quota_backend_bytes=3 * GIB)
    shown = " ".join(stack.project.succeed("preview", "--diff").split())
    assert f"~ quotaBackendBytes: {2 * GIB} => {3 * GIB}" in shown
    assert "replace" not in shown
    assert stack.desired().generation == generation


def test_a_failed_rollout_is_never_hidden_and_is_healed_by_the_old_declaration(stack: RolloutStack) -> None:
    generation = stack.desired().generation
    stack.declare(snapshot_count=REFUSED)
    assert f"m0: {REASON}" in stack.project.fail(*UP)
    assert stack.desired().generation == generation + 1
    refreshed = stack.project.run("refresh", "--yes")
    assert f"m0: {REASON}" in refreshed.stdout + refreshed.stderr
    assert stack.project.steps()["demo"] == "update"
    stack.declare()
    assert stack.project.steps()["demo"] == "update"
    stack.project.up()
    assert stack.desired().generation == generation + 2
    assert stack.in_order()
    stack.project.succeed("refresh", "--yes", "--expect-no-changes")


def test_after_a_kill_right_behind_the_write_the_old_declaration_comes_back(stack: RolloutStack) -> None:
    generation = stack.desired().generation
    stack.declare(quota_backend_bytes=3 * GIB, snapshot_count=IGNORED)
    with stack.project.starting(*UP) as process:
        eventually(lambda: stack.desired().generation > generation, "the write")
        plugins = children(process.pid)
        assert plugins
        process.kill()
        process.wait()
    eventually(lambda: not any(is_alive(pid) for pid in plugins), "the end of all plugins")
    assert stack.quota() == 3 * GIB
    stack.project.succeed("cancel", "--yes")
    stack.declare()
    stack.project.up()
    assert stack.desired().generation == generation + 2
    assert stack.in_order()
    assert set(stack.project.steps().values()) == {"same"}


def test_an_interrupt_ends_a_wait_within_a_second_and_the_next_up_goes_on(lonely: RolloutStack, tmp_path: Path) -> None:
    """The best of three: whatever else a machine does at the time only makes it longer."""
    took = [interrupted(lonely)]
    while took[-1] >= 1 and len(took) < 3:
        took.append(interrupted(lonely))
    assert took[-1] < 1, took
    with agents(tmp_path):
        lonely.project.up()
    assert lonely.desired().generation == 1


def interrupted(stack: RolloutStack) -> float:
    """Seconds from SIGINT in a wait to the end of `pulumi`."""
    with stack.project.starting(*UP) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if "demo creating (" in line or "demo updating (" in line)
        eventually((stack.channel / "desired.json").exists, "the write")
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
        took = time.monotonic() - began
    assert process.returncode != 0
    assert "the wait was cancelled" in output
    return took


def test_another_stack_is_refused_the_channel_at_preview(stack: RolloutStack, engine: Engine, tmp_path: Path) -> None:
    before = stack.desired()
    other = RolloutStack(make_project(engine, tmp_path / "other", "other"), stack.channel)
    other.declare(quota_backend_bytes=3 * GIB)
    refused = other.project.fail("preview")
    assert before.owner in refused
    assert "formerOwner" in refused
    assert stack.desired() == before


def test_every_problem_is_told_at_preview(stack: RolloutStack) -> None:
    before = stack.desired()
    stack.declare(version="3.9.1", log_level="loud")
    refused = stack.project.fail("preview")
    assert "cluster.etcd.version: etcd 3.9 is not known here" in refused
    assert "cluster.etcd.logLevel: 'loud' is not a level" in refused
    assert stack.desired() == before


def test_a_change_that_somebody_else_wrote_is_seen(stack: RolloutStack) -> None:
    document = stack.desired()
    etcd = {**document.body["etcd"], "quotaBackendBytes": 4 * GIB}
    usurped = document.model_copy(
        update={"generation": document.generation + 5, "body": {**document.body, "etcd": etcd}}
    )
    stack.write(usurped)
    assert stack.project.steps()["demo"] == "update"
    stack.project.up()
    assert stack.desired().generation == document.generation + 6
    assert stack.in_order()


def test_destroying_marks_the_cluster_as_retiring(stack: RolloutStack) -> None:
    generation = stack.desired().generation
    stack.project.succeed("destroy", "--yes", "--skip-preview")
    assert stack.desired().mode is Mode.RETIRING
    stack.project.up()
    assert stack.desired().generation == generation + 2
    assert stack.in_order()


def children(pid: int) -> set[int]:
    """All descendants of a process."""
    found: set[int] = set()
    parents = {pid}
    table = [(int(folder.name), parent_of(int(folder.name))) for folder in Path("/proc").iterdir() if is_pid(folder)]
    while parents:
        parents = {child for child, parent in table if parent in parents} - found
        found |= parents
    return found


def is_pid(folder: Path) -> bool:
    return folder.name.isdigit()


def parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_rollout_that_a_stack_forgot_is_imported_as_its_channel_says(stack: RolloutStack) -> None:
    """`pulumi state delete` and `pulumi import`: nothing is written, and nothing is to be done afterwards."""
    generation = stack.desired().generation
    exported = json.loads(stack.project.succeed_quietly("stack", "export"))
    held = next(each for each in exported["deployment"]["resources"] if each["type"] == "etcd:index:Rollout")
    stack.project.succeed("state", "delete", held["urn"], "--yes")
    words = ("--yes", "--skip-preview", "--protect=false", "--generate-code=false")
    stack.project.succeed("import", "etcd:index:Rollout", "demo", held["id"], *words)
    stack.project.succeed("refresh", "--yes", "--expect-no-changes")
    assert stack.project.steps()["demo"] in ("same", "update")
    stack.project.up()
    assert stack.desired().generation == generation
