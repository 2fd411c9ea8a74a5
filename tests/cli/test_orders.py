"""What operators order is in force, and on record: who, when, what, and why."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.cli import controlling
from etcd_ops.cli.controlling import operator
from etcd_ops.model.records import Controls
from tests.cli.conftest import Ops


@pytest.fixture(autouse=True)
def _somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controlling, "operator", lambda: "somebody@somewhere")


def controls(channel: Path) -> Controls:
    return Controls.decode((channel / "controls.json").read_bytes())


def logged(ops: Ops) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ops("log", "--json").stdout.splitlines()]


def test_orders_are_in_force_until_they_are_ended(ops: Ops, channel: Path) -> None:
    ops("pause", "--why", "a disk is exchanged")
    assert controls(channel).paused
    ops("observe")
    assert controls(channel).observe_only
    ops("resume", "--why", "done")
    assert (controls(channel).paused, controls(channel).observe_only) == (False, False)


def test_every_order_stays_in_the_log(ops: Ops) -> None:
    began = time.time()
    ops("pause", "--why", "a disk is exchanged")
    ops("observe")
    ops("resume", "--why", "done")
    found = logged(ops)
    assert [(each["event"], each["by"], each["order"], each["why"]) for each in found] == [
        ("order", "somebody@somewhere", "pause", "a disk is exchanged"),
        ("order", "somebody@somewhere", "observe", ""),
        ("order", "somebody@somewhere", "resume", "done"),
    ]
    assert all(began - 1 <= each["at"] <= time.time() + 1 for each in found)


def test_the_same_order_given_twice_is_on_record_twice(ops: Ops) -> None:
    ops("pause")
    ops("pause", "--why", "again")
    assert [each["why"] for each in logged(ops)] == ["", "again"]


def test_the_record_is_bounded(ops: Ops, channel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controlling, "KEPT", 3)
    for number in range(5):
        ops("pause", "--why", str(number))
    assert [each.why for each in controls(channel).orders] == ["2", "3", "4"]


def test_agents_and_operators_are_told_in_the_order_of_time(ops: Ops, channel: Path) -> None:
    (channel / "log").mkdir()
    steps = [
        {"at": at, "slot": "a-1", "event": "step", "step": step, "reason": "because", "facts": {"voters": 3}}
        for at, step in ((1.0, "AcquireLock"), (9e9, "RestartMember"))
    ]
    (channel / "log" / "a-1.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in steps))
    ops("pause")
    assert [each.get("step", each.get("order")) for each in logged(ops)] == ["AcquireLock", "pause", "RestartMember"]
    lines = ops("log").stdout.splitlines()
    assert lines[0] == "1970-01-01T00:00:01.000+00:00 a-1 step step=AcquireLock reason=because"
    assert re.fullmatch(r"\S+ somebody@somewhere order order=pause why=", lines[1])
    assert len(ops("log", "a-1").stdout.splitlines()) == 2
    assert len(ops("log", "--last", "1").stdout.splitlines()) == 1


@pytest.mark.parametrize(("words", "said"), [(("break-glass", "no-such", "--why", "x"), "there are alarm, ")])
def test_what_is_no_order_changes_nothing(ops: Ops, channel: Path, words: tuple[str, ...], said: str) -> None:
    assert said in ops(*words, expect=2).output
    assert not (channel / "controls.json").exists()


def test_a_channel_that_is_away_takes_no_order(ops: Ops, channel: Path) -> None:
    channel.rmdir()
    for words in (("pause",), ("log",)):
        assert "error: the channel cannot be" in ops(*words, expect=1).output


def test_an_operator_is_a_person_at_a_machine() -> None:
    assert re.fullmatch(r"[^@]+@[^@]+", operator())
