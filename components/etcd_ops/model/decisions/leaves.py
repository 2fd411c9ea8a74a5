"""What must be there before anything is disturbed, and which certificates a member presents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from etcd_ops.model.decisions.view import Decision, View, hold, take, wait
from etcd_ops.model.facts import VolumeFacts
from etcd_ops.model.migration import origin_name
from etcd_ops.model.spec import MemberSpec, TrustSpec
from etcd_ops.model.status import State
from etcd_ops.model.steps import (
    FetchBinary,
    SwitchLeaf,
)
from etcd_ops.model.told import BELIEVED
from etcd_ops.model.trust_changes import DOMAIN_OF_USE, trust_of

USES = ("peer", "server", "metrics", "agent")
ISSUER_BEFORE = "declare the issuer before it"
"""The way out where those who would have to believe an issuer are not restarted meanwhile."""


def prepare_rule(view: View) -> Decision | None:
    """Fetch what the document names before anything is disturbed."""
    if view.facts.volume is None or view.member is None:
        return None
    return fetch_program(view) or _first_leaves(view)


def fetch_program(view: View) -> Decision | None:
    """Cache the declared program on the volume; None where it is there, or was tried in vain."""
    volume, binary = view.facts.volume, view.spec.etcd.binary
    if volume is None or binary.sha256 in volume.binaries or view.target_failed:
        return None
    if view.program_comes_with_another_pod:
        return None
    return take(FetchBinary(slot=view.slot, binary=binary, reason="cache the declared program"))


def _first_leaves(view: View) -> Decision | None:
    """A member without data takes the declared leaves: nobody depends on another yet, but others must believe them."""
    volume, member = view.facts.volume, view.member
    assert volume is not None and member is not None
    for use in USES:
        if volume.leaves.get(use) == getattr(member.certificates, use):
            continue
        if use not in volume.leaves or not volume.has_data:
            return (None if view.forming else _newcomer_barrier(view, use)) or switch_leaves(view, [use])
    return None


def _newcomer_barrier(view: View, use: str) -> Decision | None:
    """Nobody believes a newcomer's issuer. Without it the others may not restart to believe it: an operator decides."""
    strangers = barrier(view, use)
    if strangers is None:
        return None
    text = strangers.reason
    if ISSUER_BEFORE not in text and strangers.state is State.WORKING:
        text = f"{text}: {ISSUER_BEFORE} until {view.slot} has joined, unless they are about to restart"
    return replace(strangers, reason=text, state=State.HELD, yields=False)


def switch_leaves(view: View, uses: Sequence[str]) -> Decision | None:
    """The first of `uses` whose leaf is not the declared one is switched, or waited for."""
    volume, member = view.facts.volume, view.member
    assert volume is not None and member is not None
    for use in uses:
        wanted = getattr(member.certificates, use)
        if volume.leaves.get(use) == wanted:
            continue
        if wanted not in volume.credentials:
            return wait(f"not delivered yet: {use} certificate")
        return take(SwitchLeaf(slot=view.slot, use=use, fingerprint=wanted, reason=f"the declared {use} certificate"))
    return None


def leaf_rule(view: View) -> Decision | None:
    """Switch leaves; a leaf of another authority waits until every process trusts that authority."""
    volume, member = view.facts.volume, view.member
    if volume is None or member is None:
        return None
    late = late_leaves(volume, member)
    barriers = {use: barrier(view, use) for use in late}
    free = [use for use in late if barriers[use] is None]
    return switch_leaves(view, free[:1]) if free else next(iter(barriers.values()), None)


def barrier(view: View, use: str) -> Decision | None:
    """Every process must have started with a bundle that holds the issuer before its leaves are used."""
    domain = DOMAIN_OF_USE[use]
    if domain not in BELIEVED:
        return None
    trust = trust_of(view.spec, domain)
    issuer = trust.authorities[str(trust.issuer)]
    if len(trust.authorities) == 1:
        return _sole_issuer_barrier(view, domain, trust, issuer)
    known = _trusted(view, domain, fresh=True)
    lacking = {slot: known[slot] for slot in sorted(known) if issuer not in known[slot]}
    return replace(_strangers(view, domain, trust, lacking), yields=True) if lacking else None


def disbelief(view: View, use: str) -> str:
    """Who says that it does not believe the issuer of the declared leaf, with the way out; empty where nobody does."""
    domain = DOMAIN_OF_USE[use]
    if domain not in BELIEVED:
        return ""
    trust = trust_of(view.spec, domain)
    known = _trusted(view, domain, fresh=True)
    strangers = sorted(
        slot for slot, told in known.items() if told and trust.authorities[str(trust.issuer)] not in told
    )
    if not strangers:
        return ""
    remedy = ISSUER_BEFORE if len(trust.authorities) > 1 else "declare the one before it as well"
    return f"{', '.join(strangers)} do not trust {domain} generation {trust.issuer}: {remedy}"


def _sole_issuer_barrier(view: View, domain: str, trust: TrustSpec, issuer: str) -> Decision | None:
    """The only authority there is: a leaf is renewed without asking, unless somebody is known to believe another one.

    Where this member itself still believes another one, the rotation is not over: whoever is silent may as well.
    """
    known = _trusted(view, domain, fresh=False)
    if strangers := sorted(slot for slot, believed in known.items() if believed and issuer not in believed):
        text = f"{', '.join(strangers)} do not trust {domain} generation {trust.issuer}"
        return replace(hold(f"{text}: declare the one before it as well"), yields=True)
    silent = sorted(slot for slot, believed in known.items() if not believed)
    if silent and _believes_another(view, domain, issuer):
        text = f"whether {', '.join(silent)} trust {domain} generation {trust.issuer} is not known"
        return replace(wait(text), yields=True)
    return None


def _believes_another(view: View, domain: str, issuer: str) -> bool:
    volume = view.facts.volume
    launches = (volume.launch, volume.good) if volume is not None else ()
    return any(set(each.trusted.get(domain, ())) - {issuer} for each in launches if each is not None)


def _strangers(view: View, domain: str, trust: TrustSpec, lacking: dict[str, tuple[str, ...]]) -> Decision:
    """Members that do not believe the issuer yet. One that is not declared any more is never restarted to do so."""
    declared = set(trust.authorities.values())
    if cut_off := [slot for slot, believed in lacking.items() if believed and not declared & set(believed)]:
        # Restarted with what is declared, they would believe none of the leaves that are in use.
        text = f"{', '.join(cut_off)} do not trust {domain} generation {trust.issuer}, nor another one that is declared"
        return hold(f"{text}: declare the one before it as well")
    text = f"{domain} trust generation {trust.issuer} is not yet trusted by {', '.join(lacking)}"
    if leaving := [slot for slot in lacking if slot not in view.spec.members]:
        return hold(f"{text}: {ISSUER_BEFORE} until {', '.join(leaving)} left")
    return wait(text)


def _trusted(view: View, domain: str, *, fresh: bool) -> dict[str, tuple[str, ...]]:
    """Authorities that each member's running process believes: as its agent says freshly, or as it said last."""
    found: dict[str, tuple[str, ...]] = {}
    for slot in _running_slots(view):
        peer = view.channel.statuses.get(slot)
        heard = peer is not None and (peer.fresh or not fresh)
        found[slot] = peer.status.trusted.get(domain, ()) if peer and heard else ()
    return found


def _running_slots(view: View) -> list[str]:
    """Whoever is a member; while nobody says who is, whoever was ever started."""
    members, volume = view.facts.cluster.members, view.facts.volume
    if members is not None:
        # No agent tells what the origin's members believe: an operator sees to that (`etcd-ops migrate plan`).
        listed = [view.name_of(each) for each in members if origin_name(view.spec, each) is None]
        slots = [slot for slot in listed if not _is_empty(view, slot)]
    else:
        slots = [slot for slot in sorted(view.formation.started) if not _left(view, slot)] if view.formation else []
    empty = volume is not None and not volume.has_data
    return [slot for slot in slots if slot != view.slot or not empty]


def _left(view: View, slot: str) -> bool:
    """The slot certainly runs no member: it was removed, or it has none to run."""
    peer = view.channel.statuses.get(slot)
    return _is_empty(view, slot) or (peer is not None and peer.status.state is State.RETIRED)


def _is_empty(view: View, slot: str) -> bool:
    """Its volume is there and has no data: whatever starts on it starts with what is declared."""
    peer = view.channel.statuses.get(slot)
    return peer is not None and peer.fresh and peer.status.empty


def late_leaves(volume: VolumeFacts, member: MemberSpec) -> list[str]:
    """Uses whose leaf is not the declared one yet."""
    return [use for use in USES if volume.leaves.get(use) != getattr(member.certificates, use)]
