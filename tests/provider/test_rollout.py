"""Rollout over the plugin protocol, with a real directory channel and stand-in agents."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from etcd_ops.channel.port import DESIRED
from etcd_ops.model.spec import Mode
from etcd_ops.rollout import observing
from pulumi_etcd.provider import rollout_reading
from pulumi_etcd.provider.values import UNKNOWN
from tests.provider.harness import InitFailed, Refusal
from tests.provider.rollouts import World, changed, inputs, world
from tests.rollout.samples import recovering
from tests.standins.agents import HELD, IGNORED, REASON, REFUSED

SOME = provider_pb2.DiffResponse.DIFF_SOME
NONE = provider_pb2.DiffResponse.DIFF_NONE


def in_world(body: Callable[[World], Awaitable[None]], tmp_path: Path) -> None:
    async def run() -> None:
        async with world(directory) as this:
            await body(this)

    directory = tmp_path / "channel"
    directory.mkdir()
    asyncio.run(asyncio.wait_for(run(), 60))


def test_create_waits_for_every_member_and_says_who_arrives(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        id_, checked, outputs = await this.created()
        desired = await this.desired()
        assert id_ == f"file://{this.directory}"
        assert desired.owner == this.client.urn
        assert outputs == checked | {
            "generation": 1,
            "digest": desired.digest,
            "formationToken": desired.formation.token,
            "formed": True,
            "running": {"m0": True, "m1": True, "m2": True},
        }
        assert this.client.lines[0] == "generation 1 is written"
        assert sum("applied generation 1" in line for line in this.client.lines) == 3

    in_world(body, tmp_path)


def test_a_healthy_cluster_reads_as_it_was_written(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        id_, checked, outputs = await this.created()
        assert await this.client.read(id_, checked, outputs) == (id_, checked, outputs)
        again, failures = await this.client.check(this.inputs(), checked)
        assert (again, failures) == (checked, [])
        assert (await this.client.diff(id_, outputs, checked, again)).changes == NONE

    in_world(body, tmp_path)


def test_a_failed_change_is_recorded_and_the_old_value_heals_it(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        id_, good, outputs = await this.created()
        bad, failures = await this.client.check(this.inputs(snapshotCount=REFUSED), good)
        assert failures == []
        began = time.monotonic()
        with pytest.raises(InitFailed, match=REASON) as failed:
            await this.client.update(id_, outputs, bad)
        assert time.monotonic() - began < 5
        assert (failed.value.id, failed.value.inputs["cluster"]) == (id_, bad["cluster"])
        assert failed.value.outputs["generation"] == 2
        with pytest.raises(InitFailed, match=REASON):
            await this.client.read(id_, bad, failed.value.outputs)
        healed = await this.client.update(id_, failed.value.outputs, good)
        assert healed["generation"] == 3
        assert (await this.desired()).body == good["cluster"]

    in_world(body, tmp_path)


def test_declaring_a_failed_change_again_tries_it_again(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        id_, _, outputs = await this.created()
        bad = this.inputs(snapshotCount=REFUSED)
        bad, _ = await this.client.check(bad)
        for generation in (2, 3):
            with pytest.raises(InitFailed) as failed:
                await this.client.update(id_, outputs, bad)
            assert failed.value.outputs["generation"] == generation

    in_world(body, tmp_path)


def test_a_write_whose_writer_was_killed_is_seen(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        id_, checked, outputs = await this.created()
        killed, _ = await this.client.check(this.inputs(quotaBackendBytes=4 * 1024**3), checked)
        await this.client.update(id_, outputs, killed)
        answer = await this.client.diff(id_, outputs, checked, checked)
        assert answer.changes == SOME
        assert list(answer.detailedDiff) == ["digest"]
        assert "generation 2" in this.client.lines[-1]
        back = await this.client.update(id_, outputs, checked)
        assert back["generation"] == 3
        assert (await this.desired()).body == checked["cluster"]

    in_world(body, tmp_path)


def test_a_wait_ends_within_a_second_of_cancel_and_goes_on_later(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        id_, _, outputs = await this.created()
        slow, _ = await this.client.check(this.inputs(snapshotCount=IGNORED))
        work = asyncio.ensure_future(this.client.update(id_, outputs, slow))
        await this.written(generation=2)
        began = time.monotonic()
        await this.client.cancel()
        with pytest.raises(InitFailed, match="cancelled"):
            await work
        assert time.monotonic() - began < 1
        assert (await this.desired()).body == slow["cluster"]

    in_world(body, tmp_path)


def test_the_deadline_ends_a_wait(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        id_, checked, outputs = await this.created()
        hopeless, _ = await this.client.check(this.inputs(snapshotCount=IGNORED) | {"deadlineSeconds": 0.5})
        with pytest.raises(InitFailed, match="deadline") as failed:
            await this.client.update(id_, outputs, hopeless)
        assert "m2: WORKING: waiting for its turn" in str(failed.value)
        assert checked["deadlineSeconds"] == 20

    in_world(body, tmp_path)


def test_a_timeout_of_the_resource_comes_before_the_declared_deadline(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        hopeless, _ = await this.client.check(this.inputs(snapshotCount=IGNORED))
        with pytest.raises(InitFailed, match="deadline"):
            await this.client.create(hopeless, timeout=0.5)

    in_world(body, tmp_path)


def test_a_refresh_does_not_hide_what_is_held(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        id_, _, outputs = await this.created()
        held, _ = await this.client.check(this.inputs(snapshotCount=HELD) | {"deadlineSeconds": 0.5})
        with pytest.raises(InitFailed) as failed:
            await this.client.update(id_, outputs, held)
        with pytest.raises(InitFailed, match="m0: HELD: its volume has no identity marker"):
            await this.client.read(id_, held, failed.value.outputs)

    in_world(body, tmp_path)


def test_a_refresh_does_not_believe_the_last_word_of_the_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout_reading, "SILENCE", 1.0)

    async def body(this: World) -> None:
        id_, checked, outputs = await this.created()
        this.agents.dead = {"m1"}
        with pytest.raises(InitFailed, match="m1: its agent has not reported since") as failed:
            await this.client.read(id_, checked, outputs)
        assert failed.value.outputs["running"] == {"m0": True, "m1": False, "m2": True}

    in_world(body, tmp_path)


def test_an_emptied_channel_is_not_a_deleted_cluster(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        id_, checked, outputs = await this.created()
        await this.channel.delete(DESIRED)
        with pytest.raises(InitFailed, match="no document any more") as failed:
            await this.client.read(id_, checked, outputs)
        assert failed.value.outputs == outputs
        assert (await this.client.diff(id_, outputs, checked, checked)).changes == SOME
        again = await this.client.update(id_, outputs, checked)
        assert again["formationToken"] == outputs["formationToken"]
        assert again["generation"] == 2

    in_world(body, tmp_path)


def test_a_channel_that_is_away_is_not_an_empty_one(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        id_, checked, outputs = await this.created()
        this.directory.rename(this.directory.with_name("elsewhere"))
        with pytest.raises(InitFailed, match="cannot be read"):
            await this.client.read(id_, checked, outputs)
        assert (await this.client.diff(id_, outputs, checked, checked)).changes == SOME
        with pytest.raises(Refusal, match="nothing was written"):
            await this.client.update(id_, outputs, checked)
        with pytest.raises(Refusal, match="pulumi up"):
            await this.client.delete(id_, outputs)
        _, failures = await this.client.check(this.inputs(), checked)
        assert failures == []
        assert "judged without the channel" in this.client.lines[-1]

    in_world(body, tmp_path)


def test_another_owner_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        id_, _, outputs = await this.created()
        mine = this.client.urn
        remedy = "name another channel, or declare that URN as formerOwner to take its cluster over"
        this.client.name = "other"
        _, failures = await this.client.check(this.inputs())
        assert failures == [f"channel: it holds the cluster of {mine}; {remedy}"]
        with pytest.raises(Refusal, match=mine):
            await this.client.create(this.inputs() | {"mode": "active", "adopt": False, "formerOwner": ""})
        with pytest.raises(Refusal, match="state delete"):
            await this.client.delete(id_, outputs)
        heir, failures = await this.client.check(this.inputs() | {"formerOwner": mine})
        assert failures == []
        _, taken = await this.client.create(heir)
        assert (taken["generation"], taken["formationToken"]) == (2, outputs["formationToken"])

    in_world(body, tmp_path)


def test_an_imported_rollout_is_as_the_channel_says(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        id_, checked, outputs = await this.created()
        _, found, state = await this.client.read(id_, {}, {})
        assert found == checked | {"deadlineSeconds": 600}
        assert state["digest"] == outputs["digest"]

    in_world(body, tmp_path)


def test_destroying_marks_the_cluster_as_retiring(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        id_, checked, outputs = await this.created()
        await this.client.delete(id_, outputs)
        desired = await this.desired()
        assert (desired.mode, desired.generation) == (Mode.RETIRING, 2)
        assert await this.client.read(id_, checked, outputs) == ("", {}, {})
        _, again = await this.client.create(checked)
        assert (again["generation"], again["formationToken"]) == (3, outputs["formationToken"])

    in_world(body, tmp_path)


def test_a_preview_writes_nothing_and_knows_what_it_can(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        later = changed(this.inputs(), "cluster.members.m0.certificates.peer", UNKNOWN)
        later["cluster"]["trust"]["peer"]["authorities"]["1"] = UNKNOWN
        checked, failures = await this.client.check(later)
        assert failures == []
        assert checked["cluster"]["members"]["m0"]["certificates"]["peer"] == UNKNOWN
        assert checked["cluster"]["trust"]["peer"]["authorities"]["1"] == UNKNOWN
        _, outputs = await this.client.create(checked, preview=True)
        assert outputs["generation"] == UNKNOWN
        assert outputs["cluster"] == checked["cluster"]
        assert await this.channel.read(DESIRED) is None

    in_world(body, tmp_path)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("cluster", UNKNOWN, "cluster: must be known in a preview"),
        ("mode", UNKNOWN, "mode: must be known in a preview"),
        ("cluster.members", UNKNOWN, "cluster.members: "),
        ("cluster.members.m1.zone", UNKNOWN, "cluster.members.m1.zone: is not known during a preview"),
        ("cluster.members.m1.zone", "Z 1", "cluster.members.m1.zone: 'Z 1' is not a DNS label"),
        ("cluster.members.m1.peerUrl", None, "cluster.members.m1.peerUrl: is missing"),
        ("cluster.etcd.version", "3.4.1", "cluster.etcd.version: "),
        ("cluster.etcd.qouta", 1, "cluster.etcd.qouta: is not a property"),
        ("mode", "retiring", "mode: 'retiring' is none of active, paused, observe-only"),
        ("deadlineSeconds", 0, "deadlineSeconds: must be a number above 0"),
        ("channel.kind", "carrier-pigeon", "channel: "),
        ("channel.directory", "relative", "channel.directory: give an absolute path"),
    ],
)
def test_a_bad_declaration_is_refused_with_its_path(tmp_path: Path, path: str, value: Any, expected: str) -> None:
    async def body(this: World) -> None:
        _, failures = await this.client.check(changed(this.inputs(), path, value))
        assert any(failure.startswith(expected) for failure in failures), failures

    in_world(body, tmp_path)


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        bad = changed(this.inputs(version="1.0", quotaBackendBytes=-1), "cluster.members.m0.zone", "?")
        _, failures = await this.client.check(bad | {"mode": "asleep"})
        paths = {failure.split(":")[0] for failure in failures}
        expected = {"cluster.etcd.version", "cluster.etcd.quotaBackendBytes", "cluster.members.m0.zone", "mode"}
        assert expected <= paths

    in_world(body, tmp_path)


def test_the_channel_of_a_cluster_cannot_be_changed(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        _, checked, _ = await this.created()
        moved = inputs(tmp_path / "elsewhere")
        _, failures = await this.client.check(moved, checked)
        assert len(failures) == 1
        assert failures[0].startswith("channel: cannot be changed")

    in_world(body, tmp_path)


def test_what_was_started_again_is_waited_for_without_a_new_document(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        id_, checked, outputs = await this.created()
        later, failures = await this.client.check(checked | {"waitsFor": {"a": UNKNOWN}}, checked)
        assert (later["waitsFor"], failures) == ({"a": UNKNOWN}, [])
        again, _ = await this.client.check(checked | {"waitsFor": {"a": 2}}, checked)
        assert list((await this.client.diff(id_, outputs, checked, again)).detailedDiff) == ["waitsFor.a"]
        this.agents.dead = set(checked["cluster"]["members"])
        work = asyncio.ensure_future(this.client.update(id_, outputs, again))
        done, _ = await asyncio.wait({work}, timeout=1)
        assert not done
        this.agents.dead = set()
        after = await work
        assert (after["generation"], after["digest"]) == (1, outputs["digest"])

    in_world(body, tmp_path)


def test_what_may_not_follow_is_refused_by_either_account(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        id_, checked, outputs = await this.created()
        moved = changed(this.inputs(), "cluster.members.m0.zone", "elsewhere")
        reason = "cluster.members.m0.zone: a slot keeps its zone, z0, for ever; add another slot, and drop this one"
        for old in ({}, checked):
            _, failures = await this.client.check(moved, old)
            assert failures == [reason]
        with pytest.raises(Refusal, match="a slot keeps its zone"):
            await this.client.update(id_, outputs, moved | checked | {"cluster": moved["cluster"]})
        await this.channel.delete(DESIRED)
        _, failures = await this.client.check(moved, checked)
        assert failures == [reason]

    in_world(body, tmp_path)


def test_a_recovery_is_refused_while_there_is_a_quorum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observing, "PATIENCE", 1.0)

    async def body(this: World) -> None:
        _, checked, _ = await this.created()
        recovery = checked | {"cluster": recovering().to_wire()}
        _, failures = await this.client.check(recovery, checked)
        assert len(failures) == 1
        assert failures[0].startswith("cluster.incarnation: the cluster has a quorum")
        this.agents.dead = {"m0", "m1"}
        _, failures = await this.client.check(recovery, checked)
        assert failures == []

    in_world(body, tmp_path)


def test_secrets_are_refused_because_members_read_the_document(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        this.client.secrets = frozenset({("cluster", "etcd", "version")})
        _, failures = await this.client.check(this.inputs())
        assert failures == ["cluster.etcd.version: must not be secret: every member reads it"]

    in_world(body, tmp_path)


def test_whole_floats_of_other_languages_are_integers(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        floats = changed(this.inputs(), "cluster.trust.peer.issuer", 1.0)
        checked, failures = await this.client.check(floats)
        assert failures == []
        assert type(checked["cluster"]["trust"]["peer"]["issuer"]) is int

    in_world(body, tmp_path)


def test_defaults_left_out_and_defaults_written_are_the_same(tmp_path: Path) -> None:
    async def body(this: World) -> None:
        short = changed(this.inputs(), "cluster.etcd.logLevel", None)
        assert (await this.client.check(short))[0] == (await this.client.check(this.inputs()))[0]

    in_world(body, tmp_path)


@pytest.mark.parametrize("mode", ["paused", "observe-only"])
def test_pausing_only_waits_until_agents_know(tmp_path: Path, mode: str) -> None:
    async def body(this: World) -> None:
        id_, checked, outputs = await this.created()
        paused = await this.client.update(id_, outputs, checked | {"mode": mode})
        assert paused["generation"] == 2
        assert (await this.desired()).mode.value == mode

    in_world(body, tmp_path)
