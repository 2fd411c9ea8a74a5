"""`etcd-ops migrate`: what it prints, and how it ends, by what is seen of a cluster."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from etcd_ops.agent.reading import Reading
from etcd_ops.cli import migrate
from etcd_ops.cli.looking import Look
from etcd_ops.model.facts import ChannelFacts, ClusterFacts, LockFacts
from etcd_ops.model.records import Controls
from etcd_ops.model.spec import ClusterSpec
from tests.cli.conftest import Ops
from tests.model.migrations import migrating, names, seen
from tests.model.samples import spec

Show = Callable[..., None]


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Show:
    """Let commands see these clusters, one after the other, and the last one for ever."""
    monkeypatch.setattr(migrate, "POLL", 0.0)

    def shown(declared: ClusterSpec | None, *clusters: ClusterFacts) -> None:
        coming = list(clusters)

        async def look(context: object, patience: float = 0.0) -> Look:
            cluster = coming.pop(0) if len(coming) > 1 else coming[0]
            if declared is None:
                return Look(None, "it is away", LockFacts(None), cluster)
            channel = ChannelFacts(None, declared, "", None, Controls(), {})
            return Look(Reading(channel, None, None), "", LockFacts(None), cluster)

        monkeypatch.setattr(migrate, "look", look)

    return shown


def test_a_plan_is_told_and_its_exit_status_says_whether_something_is_wrong(ops: Ops, show: Show) -> None:
    declared = migrating()
    show(declared, seen(declared, names(3)))
    told = json.loads(ops("migrate", "plan", "--json").stdout)
    assert told["phase"] == "join" and len(told["steps"]) == 10
    assert "9. [take-over] remove etcd-1" in ops("migrate", "plan").stdout
    show(declared, seen(declared, names(3), unhealthy=["etcd-1"]))
    assert "not ok   health" in ops("migrate", "plan", expect=1).stdout


def test_there_is_no_plan_without_a_migration_or_a_channel(ops: Ops, show: Show) -> None:
    show(spec(), seen(migrating(), names(3)))
    assert "refused: no migration is declared" in ops("migrate", "plan", expect=1).stdout
    assert "no migration is declared" in ops("migrate", "run", expect=2).stderr
    show(None, ClusterFacts({}))
    assert "the channel cannot be read: it is away" in ops("migrate", "plan", expect=1).stderr


def test_a_phase_is_followed_to_its_end(ops: Ops, show: Show) -> None:
    declared = migrating(size=1)
    show(
        declared,
        seen(declared, names(3)),
        seen(declared, [*names(3), "a-1"], learners=["a-1"]),
        seen(declared, [*names(3), "a-1"]),
    )
    lines = ops("migrate", "run").stdout.splitlines()
    assert lines[0].endswith("3 healthy, quorum 2; led by by-hand-etcd-0")
    assert lines[1].endswith("; learner by-hand-a-1")
    assert lines[-1] == "phase join is complete"


@pytest.mark.parametrize(
    ("timeout", "says"), [("30", "bring them back with phase return"), ("0", "not complete after")]
)
def test_what_does_not_end_by_itself_is_not_waited_for(
    ops: Ops, show: Show, monkeypatch: pytest.MonkeyPatch, timeout: str, says: str
) -> None:
    monkeypatch.setattr(migrate, "GRACE", 0.0)
    declared: Any = migrating("leave")
    show(declared, seen(declared, ["etcd-0", "etcd-1", "a-1", "b-1", "c-1"]))
    assert says in ops("migrate", "run", "--timeout", timeout, expect=1).stderr
