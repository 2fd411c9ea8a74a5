"""Going back to the launch that was good: only where the member would still believe whom it meets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etcd_ops.model.decisions.starting import OUTDATED
from etcd_ops.model.facts import Facts, Identity, Launch, LockFacts, PeerStatus, ProcessFacts, Target
from etcd_ops.model.records import Controls
from etcd_ops.model.status import CertificateReport, MemberStatus, State
from etcd_ops.model.steps import RevertLaunch, StageLaunch, StartMember
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
        volume=replace(
            found.volume, launch=staged, good=good,
            running_digest=staged.configuration_digest, running_binary=staged.binary_sha256,
        ),
        process=ProcessFacts(running=False, failure="etcd: the configuration is not valid"),
        target=Target("text", "digest", spec.etcd.binary.sha256, {}),
        channel=replace(
            channel, desired=channel.desired.model_copy(update={"body": spec.to_wire()}), spec=spec, statuses=statuses
        ),
    )  # fmt: skip


def test_it_goes_back_while_nobody_presents_what_the_new_issuer_issued() -> None:
    """The others wait for this member before they believe, and present, anything new: it must not wait for them."""
    assert isinstance(decide(ended(presented="old")).step, RevertLaunch)


@pytest.mark.parametrize(("presented", "fresh"), [("declared", True), ("old", False)])
def test_it_does_not_go_back_where_it_may_cut_itself_off(presented: str, fresh: bool) -> None:
    assert isinstance(decide(ended(presented=presented, fresh=fresh)).step, StartMember)


def older(*, ran: str) -> Facts:
    """a-1 went back to a program that is older than what the cluster agreed on; what `ran` last has ended."""
    found = ended(presented="old")
    assert found.volume is not None and found.volume.good is not None and found.volume.launch is not None
    good, declared = found.volume.good, found.volume.launch
    assert found.channel is not None and found.channel.desired is not None
    desired = found.channel.desired
    last = {"good": good, "declared": declared}[ran]
    held = replace(
        found.volume, launch=good, running_digest=last.configuration_digest, running_binary=last.binary_sha256
    )
    failure = f"etcd: invalid downgrade; {OUTDATED}"
    return replace(
        found, volume=held, process=ProcessFacts(running=False, failure=failure),
        memory=replace(found.memory, failed_digest=desired.digest),
    )  # fmt: skip


def test_what_is_older_than_the_cluster_gives_way_to_what_is_declared() -> None:
    """Found by simulation: a newer program, killed before it was marked good, gave way to one that never starts."""
    step = decide(older(ran="good")).step
    assert isinstance(step, StageLaunch)
    assert step.target.configuration_digest == "digest"


def test_how_the_declared_program_ended_says_nothing_of_the_one_before() -> None:
    assert isinstance(decide(older(ran="declared")).step, StartMember)


def test_what_has_not_run_yet_is_not_taken_back() -> None:
    found = older(ran="good")
    assert found.volume is not None
    staged = replace(found.volume, launch=ended(presented="old").volume.launch)  # type: ignore[union-attr]
    assert isinstance(decide(replace(found, volume=staged)).step, StartMember)
