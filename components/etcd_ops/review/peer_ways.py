"""Rules of security groups by which members reach each other's peer ports, and whether a change cuts them off."""

from __future__ import annotations

from etcd_ops.model.topology import PEER_PORT
from etcd_ops.model.urls import Url
from etcd_ops.review.clusters import Case
from etcd_ops.review.preview import Change, State, Step
from etcd_ops.review.values import UNKNOWN, number_of, text_of

RULES = frozenset(
    {
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    }
)
"""Types of rules that stand by themselves: one way in or out of a group each."""
_GROUP, _OTHER = "securityGroupId", "referencedSecurityGroupId"
_EVERYBODY = "0.0.0.0/0"
_TCP, _EVERY = frozenset({"tcp", "6"}), "-1"
_STANDING = frozenset({Change.SAME, Change.READ, Change.CREATE, Change.UPDATE})
"""What happens to rules that are there, or come, before others go: the engine deletes last."""


def parts_peers(case: Case) -> bool:
    """Whether members lose each other for a while: every one that needs another then serves nobody."""
    alone = case.old is None or len(case.old.members) == 1
    return not alone and any(cuts_peers_off(case, step) for step in case.steps)


def leaves_peers_apart(case: Case) -> bool:
    """Whether they do not have each other afterwards, either: a rule went, or leads elsewhere, and none came for it."""
    return parts_peers(case) and any(
        cuts_peers_off(case, step) and not _is_there_afterwards(case, step) for step in case.steps
    )


def _is_there_afterwards(case: Case, step: Step) -> bool:
    if step.change is not Change.REPLACE or step.new is None or step.old is None:
        return False
    return all(_leads(step.new, step.old, port) for port in _peer_ports(case) if _reaches(step.old, port))


def cuts_peers_off(case: Case, step: Step) -> bool:
    """Whether members lose their way to each other's peer ports by what happens to a rule, if only for a while.

    That is a way in or out of a group, for the group itself, which goes or gets narrower while no other rule has it.
    """
    untouched = step.change in (Change.SAME, Change.READ)
    if untouched or step.type not in RULES or step.old is None or not _names_group(step.old, _OTHER, step.old):
        return False
    ports = {port for port in _peer_ports(case) if _reaches(step.old, port)}
    if not ports or _is_kept(step, ports):
        return False
    others = [each for each in case.steps if each.type == step.type and each.urn != step.urn]
    return not all(any(_stands_in(each, step.old, port) for each in others) for port in ports)


def _peer_ports(case: Case) -> frozenset[int]:
    members = case.old.members.values() if case.old is not None else ()
    return frozenset(Url.parse(each.peer_url).port for each in members) or frozenset({PEER_PORT})


def _is_kept(step: Step, ports: set[int]) -> bool:
    """Whether it stays, and leads where it led."""
    stays = step.change is Change.UPDATE or (step.change is Change.REPLACE and not step.deleted_first)
    return stays and step.new is not None and step.old is not None and all(
        _leads(step.new, step.old, port) for port in ports
    )  # fmt: skip


def _stands_in(other: Step, old: State, port: int) -> bool:
    """Whether another rule of the same direction has the way as well."""
    states = [other.new or other.old] if other.change is Change.CREATE else [other.old, other.new]
    return other.change in _STANDING and all(state is not None and _leads(state, old, port) for state in states)


def _leads(state: State, old: State, port: int) -> bool:
    """Whether a rule leads to a port for the group of another one, and to or from that very group."""
    meant = _names_group(state, _OTHER, old) or state.inputs.get("cidrIpv4") == _EVERYBODY
    return meant and _names_group(state, _GROUP, old) and _reaches(state, port)


def _names_group(state: State, name: str, old: State) -> bool:
    """Whether an input is the group that a rule was of; where it is not known yet, by where it comes from."""
    told = state.inputs.get(name)
    if told != UNKNOWN:
        return told is not None and told == old.inputs.get(_GROUP)
    return bool(set(state.sources.get(name, ())) & set(old.sources.get(_GROUP, ())))


def _reaches(state: State, port: int) -> bool:
    protocol = text_of(state.inputs.get("ipProtocol")).lower()
    if protocol == _EVERY:
        return True
    first, last = number_of(state.inputs.get("fromPort")), number_of(state.inputs.get("toPort"))
    return protocol in _TCP and first is not None and last is not None and first <= port <= last
