"""A release of the agent that does not run is tried by one agent, and ends the rollout."""

from __future__ import annotations

from dataclasses import replace

from etcd_ops.agent.reporting import report
from etcd_ops.model.decisions import decide
from etcd_ops.model.facts import Facts
from etcd_ops.model.spec import Desired
from etcd_ops.model.status import FailedChange, MemberStatus, State
from etcd_ops.model.steps import UpgradeAgent
from tests.model.test_replacing import NEW, facts
from tests.model.test_upgrading import IDS, SLOT

ENDED = "it ended 3 times before its first publication"
OTHER = next(slot for slot in IDS if slot != SLOT)


def known_here(**changes: str) -> Facts:
    """Of a member outside of pods, whose agent is not the declared release."""
    return replace(facts(NEW, agent_version="0.0.1", **changes), template="", agent_template="")


def declared(known: Facts) -> Desired:
    assert known.channel is not None and known.channel.desired is not None
    return known.channel.desired


def told_by_another(known: Facts, failed: FailedChange) -> Facts:
    assert known.channel is not None
    statuses = dict(known.channel.statuses)
    peer = statuses[OTHER]
    statuses[OTHER] = replace(peer, status=peer.status.model_copy(update={"failed": failed}))
    return replace(known, channel=replace(known.channel, statuses=statuses))


def status(known: Facts) -> MemberStatus:
    return report(
        known, decide(known), zone="z", boot_id="b", sequence=1, agent_version="0.0.1", expiries={}, problem="",
        impossible=False,
    )  # fmt: skip


def test_another_release_is_taken_up() -> None:
    assert isinstance(decide(known_here()).step, UpgradeAgent)


def test_one_that_says_another_version_is_not_launched_again_and_again() -> None:
    """As where an archive is declared under the version of another one."""
    known = replace(known_here(), agent_launched=True)
    told = status(known)
    assert not isinstance(decide(known).step, UpgradeAgent)
    assert told.state is State.FAILED
    assert told.failed is not None
    assert told.failed.digest == declared(known).digest
    assert "says that it is 0.0.1" in told.failed.reason


def test_one_that_was_taken_back_fails_what_is_declared() -> None:
    known = known_here(agent_failure=ENDED)
    told = status(known)
    assert told.state is State.FAILED
    assert told.failed is not None
    assert told.failed.digest == declared(known).digest
    assert ENDED in told.failed.reason


def test_nobody_else_tries_it() -> None:
    known = known_here()
    decision = decide(told_by_another(known, FailedChange(digest=declared(known).digest, reason=ENDED)))
    assert not isinstance(decision.step, UpgradeAgent)
    assert (decision.state, ENDED in decision.reason, OTHER in decision.reason) == (State.HELD, True, True)


def test_what_failed_before_keeps_nobody_from_what_is_declared_now() -> None:
    known = told_by_another(known_here(), FailedChange(digest="0" * 64, reason=ENDED))
    assert isinstance(decide(known).step, UpgradeAgent)


def test_a_release_that_was_taken_back_is_not_told_against_a_newer_document() -> None:
    known = known_here(agent_failure=ENDED)
    newer = declared(known).model_copy(update={"generation": declared(known).generation + 1})
    assert known.channel is not None and newer.digest != declared(known).digest
    told = status(replace(known, channel=replace(known.channel, desired=newer)))
    assert told.failed is None or told.failed.digest != newer.digest
