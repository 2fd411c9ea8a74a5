"""What `etcd-ops migrate plan` says: preconditions, every single step, and how each is taken back. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from etcd_ops.model.document import Tolerant
from etcd_ops.model.facts import ClusterFacts, ListedMember, PeerStatus
from etcd_ops.model.gate import healthy_voters, quorum
from etcd_ops.model.migration import MoveKind, Sides, sides
from etcd_ops.model.migration_forecast import Taken, forecast
from etcd_ops.model.records import FormationRecord
from etcd_ops.model.spec import ClusterSpec, MigrationPhase
from etcd_ops.model.versions import EdgeKind, Running, Version, edge, line_of, replays_v2

OK, NOT_OK, UNKNOWN = "ok", "not ok", "unknown"
_NOBODY: Mapping[str, PeerStatus] = MappingProxyType({})
_AHEAD = {
    MigrationPhase.JOIN: (MigrationPhase.JOIN, MigrationPhase.TAKE_OVER),
    MigrationPhase.TAKE_OVER: (MigrationPhase.TAKE_OVER,),
    MigrationPhase.RETURN: (MigrationPhase.RETURN,),
    MigrationPhase.LEAVE: (MigrationPhase.LEAVE,),
}
"""By the declared phase: those that lie ahead."""


class Precondition(Tolerant):
    """Something that has to be so before the migration can go on."""

    name: str
    verdict: str
    """`ok`, `not ok` or `unknown`."""
    found: str
    remedy: str = ""


class VotesReport(Tolerant):
    voters: int
    healthy: int
    quorum: int


class PlannedStep(Tolerant):
    """One change of the membership or the leadership."""

    number: int
    phase: str
    """That has to be declared for it."""
    change: str
    """`add` (as a learner), `promote`, `hand-over` (of the leadership, to the member) or `remove`."""
    member: str
    before: VotesReport
    after: VotesReport
    undo: str
    """What to declare to take it, and all before it, back."""


class Rejoin(Tolerant):
    """With what an old member is started on an empty data directory, to come back."""

    name: str
    initial_cluster: str
    initial_cluster_state: str = "existing"


class MigrationPlan(Tolerant):
    phase: str = ""
    """The declared one."""
    preconditions: tuple[Precondition, ...] = ()
    steps: tuple[PlannedStep, ...] = ()
    blocked: str = ""
    """Why the steps do not go on; empty where they are complete."""
    rejoin: Rejoin | None = None
    """The next old member to come back; None where none is missing."""
    refusals: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Nothing is known that speaks against it."""
        wrong = any(each.verdict == NOT_OK for each in self.preconditions)
        return not self.refusals and not self.blocked and not wrong

    def lines(self) -> list[str]:
        """The plan for people."""
        if self.refusals:
            return [f"refused: {refusal}" for refusal in self.refusals]
        return [
            f"phase {self.phase} is declared",
            *(_line(each) for each in self.preconditions),
            *(_step_line(each) for each in self.steps),
            *([f"blocked: {self.blocked}"] if self.blocked else []),
            *(_rejoin_lines(self.rejoin) if self.rejoin is not None and self.phase == MigrationPhase.RETURN else []),
        ]


def _line(each: Precondition) -> str:
    remedy = f"; {each.remedy}" if each.remedy else ""
    return f"{each.verdict:8} {each.name}: {each.found}{remedy}"


def _step_line(each: PlannedStep) -> str:
    before, after = (f"{votes.healthy}/{votes.voters} (quorum {votes.quorum})" for votes in (each.before, each.after))
    return f"{each.number:2}. [{each.phase}] {each.change} {each.member}: {before} -> {after}; back: {each.undo}"


def _rejoin_lines(each: Rejoin) -> list[str]:
    return [
        f"start {each.name} on an empty data directory, otherwise as before, with",
        f"  --name {each.name} --initial-cluster-state {each.initial_cluster_state}",
        f"  --initial-cluster {each.initial_cluster}",
    ]


def plan_migration(
    spec: ClusterSpec | None,
    formation: FormationRecord | None,
    cluster: ClusterFacts,
    statuses: Mapping[str, PeerStatus] = _NOBODY,
) -> MigrationPlan:
    """Say what a declared migration needs, and does.

    Args:
        spec: what is declared.
        formation: the record, where there is one.
        cluster: the live cluster, with its origin's members under their names.
        statuses: what agents say, by slot.
    """
    if spec is None or spec.migration is None:
        return MigrationPlan(refusals=("no migration is declared: declare one with phase join, and run `pulumi up`",))
    phase = spec.migration.phase
    if cluster.members is None:
        silent = Precondition(
            name="quorum", verdict=NOT_OK, found="no member answers with a quorum behind it",
            remedy="migration.members must answer at their clientUrl, with TLS, to a certificate of trust.client",
        )  # fmt: skip
        return MigrationPlan(phase=phase.value, preconditions=(silent,), blocked="nobody says who is a member")
    found = sides(spec, cluster.members)
    ahead = forecast(spec, cluster, _AHEAD[phase])
    return MigrationPlan(
        phase=phase.value,
        preconditions=tuple(_preconditions(spec, formation, cluster, found, statuses)),
        steps=tuple(_steps(ahead.moves)),
        blocked=ahead.blocked,
        rejoin=_rejoin(spec, found, cluster.members),
    )


def _steps(moves: tuple[Taken, ...]) -> Iterator[PlannedStep]:
    removed = False
    for number, each in enumerate(moves, start=1):
        removed = removed or (each.phase is MigrationPhase.TAKE_OVER and each.move.kind is MoveKind.REMOVE)
        yield PlannedStep(
            number=number,
            phase=each.phase.value,
            change=each.move.kind.value,
            member=each.move.name,
            before=_report(each.before.voters, each.before.healthy),
            after=_report(each.after.voters, each.after.healthy),
            undo=_undo(each.phase, removed),
        )


def _report(voters: int, healthy: int) -> VotesReport:
    return VotesReport(voters=voters, healthy=healthy, quorum=quorum(voters))


def _undo(phase: MigrationPhase, removed: bool) -> str:
    if phase is MigrationPhase.LEAVE:
        return "phase join"
    if phase is MigrationPhase.RETURN:
        return "phase take-over"
    return "phase return, then leave" if removed else "phase leave"


def _rejoin(spec: ClusterSpec, found: Sides, members: tuple[ListedMember, ...]) -> Rejoin | None:
    """The learner that waits to be started, or else the next one that is missing."""
    assert spec.migration is not None
    learners = [name for name, each in sorted(found.origin.items()) if each.learner]
    missing = learners or sorted(spec.migration.members.keys() - found.origin.keys())
    if not missing:
        return None
    name, names = missing[0], {each.member_id: name for name, each in {**found.ours, **found.origin}.items()}
    listed = [
        f"{names.get(each.member_id, each.name)}={url}"
        for each in members
        for url in each.peer_urls
        if names.get(each.member_id) != name
    ]
    return Rejoin(name=name, initial_cluster=",".join([*listed, f"{name}={spec.migration.members[name].peer_url}"]))


def _preconditions(
    spec: ClusterSpec,
    formation: FormationRecord | None,
    cluster: ClusterFacts,
    found: Sides,
    statuses: Mapping[str, PeerStatus],
) -> Iterator[Precondition]:
    yield _answers(cluster, found)
    yield _identity(formation, cluster)
    yield from _listing(spec, found)
    yield _encrypted(cluster)
    yield _health(cluster)
    if spec.migration is not None and spec.migration.phase is not MigrationPhase.RETURN:
        yield _learners(found)
    yield _alarms(cluster)
    yield _version(spec, cluster)
    yield _size(spec, cluster)
    yield _peer_trust(spec, found, statuses)


def _peer_trust(spec: ClusterSpec, found: Sides, statuses: Mapping[str, PeerStatus]) -> Precondition:
    """As every agent found whose member is yet to join; one that has joined is proof enough."""
    told = {slot: peer.status.strangers for slot, peer in statuses.items() if slot in spec.members and peer.fresh}
    wrong = [
        f"{slot} and {name}: {problem}"
        for slot, strangers in sorted(told.items())
        for name, problem in sorted((strangers or {}).items())
        if problem
    ]
    silent = sorted(slot for slot in spec.members if told.get(slot) is None and slot not in found.ours)
    remedy = (
        "let the origin's peers believe the issuer of trust.peer, and give their authority as one of its generations"
    )
    if silent and not wrong:
        text = f"agents of {', '.join(silent)} have not told"
        return Precondition(name="peer trust", verdict=UNKNOWN, found=text, remedy="wait until they have")
    return _judged("peer trust", "; ".join(wrong), "members of both sides believe each other", remedy)


def _judged(name: str, wrong: str, right: str, remedy: str) -> Precondition:
    if wrong:
        return Precondition(name=name, verdict=NOT_OK, found=wrong, remedy=remedy)
    return Precondition(name=name, verdict=OK, found=right)


def _answers(cluster: ClusterFacts, found: Sides) -> Precondition:
    silent = sorted(name for name, each in found.origin.items() if name not in cluster.endpoints and not each.learner)
    wrong = f"{', '.join(silent)} do not answer at their clientUrl" if silent else ""
    remedy = "correct clientUrl, let this machine reach it, and let it believe the operator's certificate"
    return _judged("origin answers", wrong, f"{len(found.origin)} of its members", remedy)


def _identity(formation: FormationRecord | None, cluster: ClusterFacts) -> Precondition:
    known = {formation.cluster_id} - {None} if formation is not None else set()
    ids = {each.cluster_id for each in cluster.endpoints.values()} | known
    text = ", ".join(sorted(f"{each:x}" for each in ids if each is not None))
    wrong = f"answers and record name {text}" if len(ids) > 1 else ""
    return _judged("one cluster", wrong, text, "name only members of the cluster that is joined")


def _listing(spec: ClusterSpec, found: Sides) -> Iterator[Precondition]:
    assert spec.migration is not None
    missing = sorted(spec.migration.members.keys() - found.origin.keys())
    came = spec.migration.phase in (MigrationPhase.JOIN, MigrationPhase.LEAVE)
    wrong = f"{', '.join(missing)} are not in the member list under their peerUrl" if missing and came else ""
    right = f"{', '.join(missing)} are removed" if missing else "every one is listed"
    remedy = "correct peerUrl (`etcdctl member list`), or bring them back with phase return"
    yield _judged("named members", wrong, right, remedy)
    strangers = ", ".join(each.name or f"{each.member_id:x}" for each in found.strangers)
    wrong = f"{strangers} are members that nobody named" if strangers else ""
    yield _judged("other members", wrong, "none", "name them in migration.members: they are never removed otherwise")


def _encrypted(cluster: ClusterFacts) -> Precondition:
    plain = [url for each in cluster.members or () for url in each.peer_urls if not url.startswith("https://")]
    wrong = f"{', '.join(plain)} are not secured" if plain else ""
    return _judged("TLS among peers", wrong, "every peer URL is https", "turn TLS on at the origin's peers first")


def _health(cluster: ClusterFacts) -> Precondition:
    voters = {each.member_id: each for each in cluster.members or () if not each.learner}
    ailing = [each.name or f"{id_:x}" for id_, each in voters.items() if id_ not in healthy_voters(cluster)]
    wrong = f"{', '.join(sorted(ailing))} did not serve a linearizable read" if ailing else ""
    return _judged("health", wrong, f"{len(voters)} voters are healthy", "repair them first, or remove them")


def _learners(found: Sides) -> Precondition:
    others = [name for name, each in found.origin.items() if each.learner]
    others += [each.name for each in found.strangers if each.learner]
    wrong = f"{', '.join(sorted(others))} are learners" if others else ""
    return _judged("learners", wrong, "none of the origin's", "promote or remove them: one joins at a time")


def _alarms(cluster: ClusterFacts) -> Precondition:
    if cluster.alarms is None:
        return Precondition(name="alarms", verdict=UNKNOWN, found="could not be read")
    raised = ", ".join(f"{kind} by {member:x}" for member, kind in sorted(cluster.alarms))
    return _judged("alarms", raised, "none", "clear them first: `etcdctl alarm list`")


def _size(spec: ClusterSpec, cluster: ClusterFacts) -> Precondition:
    size, quota = max((each.database_bytes for each in cluster.endpoints.values()), default=0), spec.etcd
    wrong = f"{size} bytes, and members of a quota of {quota.quota_backend_bytes} would refuse writes"
    remedy = "compact and defragment the origin's members, or declare a larger etcd.quotaBackendBytes"
    too_large = size >= quota.quota_backend_bytes
    return _judged("database", wrong if too_large else "", f"{size} bytes", remedy)


def _version(spec: ClusterSpec, cluster: ClusterFacts) -> Precondition:
    target, answers = Version.parse(spec.etcd.version), cluster.endpoints.values()
    lines = sorted(line for each in answers if (line := line_of(each.version)) is not None)
    if not lines:
        return Precondition(name="version", verdict=UNKNOWN, found="no member tells its version")
    running = Running.read(cluster=str(lines[0]), members=[each.version for each in answers])
    found = edge(running, target)
    wrong = found.reason if found.kind not in (EdgeKind.NONE, EdgeKind.PATCH, EdgeKind.UPGRADE) else ""
    if not wrong and target.line > lines[0] and not replays_v2(target):
        wrong = f"etcd {target} cannot read what members of {lines[0]} may still send it"
    remedy = f"declare a version of {lines[0]}, and upgrade once the migration is over"
    return _judged("version", wrong, f"{target} joins members of {lines[0]}", remedy)
