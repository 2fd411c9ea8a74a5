"""What an agent did stays on its volume and in the channel: who, why, and on which facts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.agent import journal
from etcd_ops.agent.account import account, noteworthy
from etcd_ops.agent.journal import Journal
from etcd_ops.channel.port import log_name
from etcd_ops.model.facts import (
    ChannelFacts,
    ClusterFacts,
    EndpointFacts,
    Facts,
    ListedMember,
    LockFacts,
    Memory,
    ProcessFacts,
)
from etcd_ops.model.gate import Action, Request
from etcd_ops.model.records import Controls, LockRecord
from etcd_ops.model.spec import Desired, Formation, FormationMode
from etcd_ops.model.status import StepReport
from etcd_ops.model.steps import PromoteLearner, ReleaseLock, StartMember
from etcd_ops.volume.layout import VolumeLayout
from tests.standins.memory_channel import MemoryChannel

BLIND = Facts("a-1", 0.0, None, Memory(), None, None, ClusterFacts({}), LockFacts(None))
START = account(StartMember(slot="a-1", reason="it does not run"), BLIND, "a-1/boot")


@pytest.fixture
def layout(tmp_path: Path) -> VolumeLayout:
    layout = VolumeLayout(tmp_path)
    layout.agent.mkdir()
    return layout


def kept(layout: VolumeLayout) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (layout.agent / "actions.jsonl").read_text().splitlines()]


def test_a_step_is_told_with_who_why_and_the_facts() -> None:
    listed = (ListedMember(1, "a-1", (), learner=False), ListedMember(2, "b-1", (), learner=True))
    desired = Desired(generation=7, owner="o", formation=Formation(token="t", mode=FormationMode.EXISTING), body={})
    facts = Facts(
        slot="a-1", wall=0.0, volume=None, memory=Memory(), process=ProcessFacts(running=True),
        channel=ChannelFacts(desired, None, "", None, Controls(), {}),
        cluster=ClusterFacts(
            {"a-1": EndpointFacts(1, 9, 1, healthy=True), "b-1": EndpointFacts(2, 9, 1, healthy=True)},
            listed, frozenset({(2, "NOSPACE")}),
        ),
        lock=LockFacts(LockRecord(epoch=5, nonce="n", term=15), mine=True),
    )  # fmt: skip
    request = Request(action=Action.PROMOTE, target=2, waived=frozenset({"alarm"}))
    step = PromoteLearner(slot="b-1", member_id=2, request=request, reason="b-1 has caught up")
    assert account(step, facts, "a-1/boot") == {
        "step": "PromoteLearner",
        "target": "b-1",
        "reason": "b-1 has caught up",
        "by": "a-1/boot",
        "facts": {
            "generation": 7,
            "epoch": 5,
            "holds_lock": True,
            "running": True,
            "has_data": None,
            "voters": 1,
            "healthy": ["a-1"],
            "leader": ["a-1"],
            "alarms": ["NOSPACE 2"],
            "asks_gate": "promote",
            "waived": ["alarm"],
        },
    }


def test_what_could_not_be_read_is_told_as_unknown() -> None:
    assert START["facts"] == {
        "generation": None,
        "epoch": None,
        "holds_lock": False,
        "running": None,
        "has_data": None,
        "voters": None,
        "healthy": [],
        "leader": [],
        "alarms": None,
    }


def test_actions_are_kept_on_the_volume_and_copied_to_the_channel(layout: VolumeLayout) -> None:
    channel = MemoryChannel()
    log = Journal(layout, "a-1", channel)
    log.write("step", START)
    log.write("facts too old", {"step": "StartMember"})
    channel.available = False
    asyncio.run(log.publish())
    channel.available = True
    asyncio.run(log.publish())
    (entry,) = kept(layout)
    assert START.items() <= entry.items()
    assert (entry["event"], entry["slot"]) == ("step", "a-1")
    assert [json.loads(line) for line in channel.objects[log_name("a-1")].data.splitlines()] == [entry]


def test_the_next_agent_knows_the_last_step(layout: VolumeLayout) -> None:
    log = Journal(layout, "a-1", MemoryChannel())
    assert log.last_step() is None
    log.write("step", START)
    log.write("step", account(ReleaseLock(slot="a-1", reason="done"), BLIND, "a-1/boot"))
    log.write("step failed", {**START, "step": "RestartMember", "problem": "no"})
    (layout.agent / "actions.jsonl").open("a").write("torn by a power c")
    expected = StepReport(kind="StartMember", target="a-1", reason="it does not run")
    assert Journal(layout, "a-1", MemoryChannel()).last_step() == expected


def test_bookkeeping_is_nobodys_last_step() -> None:
    assert noteworthy({"event": "step", **START}) is not None
    assert noteworthy({"event": "step", **START, "step": "AcquireLock"}) is None
    assert noteworthy({"event": "decision", **START}) is None


def test_the_volumes_log_is_bounded(layout: VolumeLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "LIMIT", 2000)
    monkeypatch.setattr(journal, "KEPT", 6)
    log = Journal(layout, "a-1", MemoryChannel())
    for number in range(100):
        log.write("step", {**START, "reason": str(number)})
    assert sum(path.stat().st_size for path in layout.agent.iterdir()) < 2 * (2000 + 500)
    again = Journal(layout, "a-1", MemoryChannel())
    assert [json.loads(line)["reason"] for line in again._kept] == [str(number) for number in range(94, 100)]


def test_the_channels_copy_fits_into_every_channel(layout: VolumeLayout) -> None:
    channel = MemoryChannel()
    written = Journal(layout, "a-1", channel)
    for number in range(journal.KEPT):
        written.write("step", {"number": number, "facts": "x" * 10_000})
    asyncio.run(written.publish())
    entry = asyncio.run(channel.read(log_name("a-1")))
    assert entry is not None
    numbers = [json.loads(line)["number"] for line in entry.data.splitlines()]
    assert numbers == list(range(journal.KEPT - len(numbers), journal.KEPT))
    assert journal.KEPT_BYTES - 20_000 < len(entry.data) <= journal.KEPT_BYTES


def test_a_problem_that_stays_is_said_again_after_a_minute(
    layout: VolumeLayout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent turns several times a second."""
    log, now = Journal(layout, "a-1", MemoryChannel()), [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    for _ in range(300):
        log.write("channel unavailable", {"problem": "away"})
        now[0] += 0.3
    log.write("channel unavailable", {"problem": "refused"})
    log.write("channel unavailable", {"problem": "away"})
    said = [json.loads(line)["problem"] for line in capsys.readouterr().err.splitlines()]
    assert said == ["away", "away", "refused", "away"]


def test_what_was_done_is_said_every_time(layout: VolumeLayout, capsys: pytest.CaptureFixture[str]) -> None:
    log = Journal(layout, "a-1", MemoryChannel())
    for _ in range(3):
        log.write("step failed", {"step": "AddLearner", "problem": "refused"})
    assert len(capsys.readouterr().err.splitlines()) == 3
