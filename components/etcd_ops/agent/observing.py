"""Looking at the live cluster: one set of questions to every member, none of which changes anything."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass

from etcd_ops.agent.ports import Etcd, Parallel
from etcd_ops.etcd import EndpointStatus, EtcdError, MemberInfo, MemberList
from etcd_ops.model.facts import ClusterFacts, EndpointFacts, ListedMember


@dataclass(frozen=True, slots=True)
class _Answer:
    slot: str
    url: str
    status: EndpointStatus
    healthy: bool
    members: MemberList | None


class Observer:
    """Remembers which members were healthy the time before, so that one good answer is not yet health."""

    def __init__(self, etcd: Etcd, parallel: Parallel, timeout: float) -> None:
        """Ask through `etcd`.

        Args:
            timeout: seconds for one question to one member.
        """
        self._etcd, self._parallel, self._timeout = etcd, parallel, timeout
        self._healthy_before: frozenset[tuple[str, int]] = frozenset()
        self.urls: dict[str, str] = {}
        """Slot or member name to client URL, of every member that was asked last."""

    async def look(self, declared: Mapping[str, str]) -> ClusterFacts:
        """Ask every declared member, and every listed one that is not declared any more.

        Args:
            declared: slot to client URL.
        """
        urls = dict(declared)
        answers = await self._ask(urls)
        listed = _first_list(answers)
        known = set(urls.values())
        more = {each.name: url for each in listed or () if (url := elsewhere(each, known, urls))}
        if more:
            urls |= more
            answers += await self._ask(more)
        self.urls = urls
        now = frozenset((each.slot, each.status.member_id) for each in answers if each.healthy)
        facts = {each.slot: _endpoint(each, now & self._healthy_before) for each in answers}
        self._healthy_before = now
        alarms = await self._alarms(answers)
        members = tuple(_listed(each) for each in listed) if listed is not None else None
        return ClusterFacts(endpoints=facts, members=members, alarms=alarms)

    def forget(self, slot: str) -> None:
        """The process of `slot` was started anew: its health has to be proved twice again."""
        self._healthy_before = frozenset(each for each in self._healthy_before if each[0] != slot)

    async def _ask(self, urls: Mapping[str, str]) -> list[_Answer]:
        questions: list[Awaitable[_Answer | None]] = [self._question(slot, url) for slot, url in sorted(urls.items())]
        return [answer for answer in await self._parallel(questions) if answer is not None]

    async def _question(self, slot: str, url: str) -> _Answer | None:
        try:
            status = await self._etcd.status(url, timeout=self._timeout)
        except EtcdError:
            return None
        if status.is_learner:
            return _Answer(slot, url, status, False, None)
        try:
            await self._etcd.linearizable_read(url, timeout=self._timeout)
            members = await self._etcd.member_list(url, timeout=self._timeout)
        except EtcdError:
            return _Answer(slot, url, status, False, None)
        return _Answer(slot, url, status, True, members)

    async def _alarms(self, answers: list[_Answer]) -> frozenset[tuple[int, str]] | None:
        for answer in answers:
            if not answer.healthy:
                continue
            try:
                alarms = await self._etcd.alarms(answer.url, timeout=self._timeout)
            except EtcdError:
                continue
            return frozenset((each.member_id, each.kind.name) for each in alarms)
        return None


def elsewhere(member: MemberInfo, known: set[str], urls: Mapping[str, str]) -> str:
    """Where a member answers that nobody declared; empty where it is known, or serves without TLS only."""
    if known & set(member.client_urls) or member.name in urls:
        return ""
    return next((url for url in member.client_urls if url.startswith("https://")), "")


def _first_list(answers: list[_Answer]) -> tuple[MemberInfo, ...] | None:
    return next((each.members.members for each in answers if each.members is not None), None)


def _listed(member: MemberInfo) -> ListedMember:
    return ListedMember(
        member_id=member.id,
        name=member.name,
        peer_urls=member.peer_urls,
        learner=member.is_learner,
        client_urls=member.client_urls,
    )


def _endpoint(answer: _Answer, steadily_healthy: frozenset[tuple[str, int]]) -> EndpointFacts:
    status, members = answer.status, answer.members
    return EndpointFacts(
        member_id=status.member_id,
        cluster_id=status.cluster_id,
        leader_id=status.leader_id,
        healthy=(answer.slot, status.member_id) in steadily_healthy,
        learner=status.is_learner,
        term=status.raft_term,
        raft_index=status.raft_index,
        applied_index=status.raft_applied_index,
        revision=status.revision,
        version=status.version,
        storage_version=status.storage_version,
        database_bytes=status.db_size,
        database_in_use_bytes=status.db_size_in_use,
        quota_bytes=status.db_quota,
        downgrading=status.downgrade_target if status.downgrade_enabled else "",
        members=tuple(_listed(each) for each in members.members) if members is not None else None,
    )
