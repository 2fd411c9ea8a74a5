"""A member without data whom the others do not believe yet: what it waits for is said, with the way out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from etcd_ops.model.decisions import decide
from etcd_ops.model.facts import Facts, PeerStatus
from etcd_ops.model.records import Controls
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.status import MemberStatus, State
from tests.model.samples import at, body, fingerprint, reissued, trust
from tests.model.test_operators_words import facts, volume

OLD, NEW = fingerprint("peer-ca-1"), fingerprint("peer-ca-2")


def rotated() -> ClusterSpec:
    both: Any = at(body(), "trust.peer", trust("peer", 1, 2))
    return ClusterSpec.model_validate(reissued(at(both, "trust.peer.issuer", 2), "peer", 2))


def newcomer(*, believed: tuple[str, ...]) -> Facts:
    """a-1 has lost its data while the issuer of peers is already the new one; the others believe these authorities."""
    found = facts(volume(has_data=False), Controls())
    channel, spec = found.channel, rotated()
    assert channel is not None and channel.desired is not None and found.volume is not None
    statuses = {
        slot: PeerStatus(
            MemberStatus(
                slot=slot, zone=slot, boot_id="boot", sequence=1, agent_version="0", state=State.RUNNING,
                has_data=True, trusted={"peer": believed},
            ),
            fresh=True,
        )
        for slot in ("b-1", "c-1")
    }  # fmt: skip
    desired = channel.desired.model_copy(update={"body": spec.to_wire()})
    leaves = {use: leaf for use, leaf in found.volume.leaves.items() if use != "peer"}
    return replace(
        found,
        volume=replace(found.volume, leaves=leaves),
        channel=replace(channel, desired=desired, spec=spec, statuses=statuses),
    )


def test_one_whom_nobody_believes_asks_for_the_issuer_before() -> None:
    """The others must not be restarted while it is away: without an operator both would wait for ever."""
    decision = decide(newcomer(believed=(OLD,)))
    assert decision.state is State.HELD
    assert "declare the issuer before it until a-1 has joined" in decision.reason


@pytest.mark.parametrize("believed", [(OLD, NEW), (NEW,)])
def test_one_whom_all_believe_goes_on(believed: tuple[str, ...]) -> None:
    assert "issuer" not in decide(newcomer(believed=believed)).reason
