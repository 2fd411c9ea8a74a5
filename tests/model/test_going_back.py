"""Going back to the launch that was good: only where the member would still believe whom it meets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etcd_ops.model.facts import Facts, Identity, Launch, LockFacts, PeerStatus, ProcessFacts, Target
from etcd_ops.model.records import Controls
from etcd_ops.model.status import CertificateReport, MemberStatus, State
from etcd_ops.model.steps import RevertLaunch, StartMember
from tests.model.in_force import decide
from tests.model.samples import fingerprint
from tests.model.test_newcomers import rotated
from tests.model.test_operators_words import CLUSTER, IDS, SLOT, facts, volume

MINE = Identity(CLUSTER, IDS[SLOT])


def ended(*, presented: str, fresh: bool = True) -> Facts:
    """a-1's etcd ends with what is declared; its good launch believes the old authority of peers alone.

    The others present their `old` or `declared` leaves of peers.
    """
    spec, found = rotated(), facts(volume(), Controls(), quorum=False)
    channel = found.channel
    assert channel is not None and channel.desired is not None and found.volume is not None
    old: dict[str, tuple[str, ...]] = {"peer": (fingerprint("peer-ca-1"),), "client": (fingerprint("client-ca-1"),)}
    good = Launch("good", "good", "old program", 1, MINE, False, trusted=old)
    staged = Launch("text", "digest", spec.etcd.binary.sha256, 1, MINE, False)
    statuses = {}
    for slot in ("b-1", "c-1"):
        leaves = {use: getattr(spec.members[slot].certificates, use) for use in ("peer", "server", "agent")}
        leaves |= {"peer": fingerprint("before")} if presented == "old" else {}
        certificates = {use: CertificateReport(fingerprint=leaf, not_after=2e9) for use, leaf in leaves.items()}
        status = MemberStatus(
            slot=slot, zone=slot, boot_id="boot", sequence=1, agent_version="0", state=State.WORKING, has_data=True,
            certificates=certificates,
        )  # fmt: skip
        statuses[slot] = PeerStatus(status, fresh=fresh)
    return replace(
        found,
        lock=LockFacts(None, available=True),
        volume=replace(found.volume, launch=staged, good=good),
        process=ProcessFacts(running=False, failure="etcd: invalid downgrade"),
        target=Target("text", "digest", spec.etcd.binary.sha256, {}),
        channel=replace(
            channel, desired=channel.desired.model_copy(update={"body": spec.to_wire()}), spec=spec, statuses=statuses
        ),
    )


def test_it_goes_back_while_nobody_presents_what_the_new_issuer_issued() -> None:
    """The others wait for this member before they believe, and present, anything new: it must not wait for them."""
    assert isinstance(decide(ended(presented="old")).step, RevertLaunch)


@pytest.mark.parametrize(("presented", "fresh"), [("declared", True), ("old", False)])
def test_it_does_not_go_back_where_it_may_cut_itself_off(presented: str, fresh: bool) -> None:
    assert isinstance(decide(ended(presented=presented, fresh=fresh)).step, StartMember)
