"""What a review says, as a value. Its JSON Schema is docs/schemas/review.json."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from pydantic import ConfigDict, Field

from etcd_ops.model.document import Tolerant


class Level(str, Enum):
    """How much something in a preview asks of its reader."""

    FINE = "fine"
    """It goes through the safety gate, or takes nothing from anybody."""
    ATTENTION = "attention"
    """Somebody should have seen it, or it cannot be told from the preview."""
    REFUSE = "refuse"
    """It costs data or the quorum, lets everybody in, passes by the safety gate, or fails."""

    @property
    def rank(self) -> int:
        """Higher is worse."""
        return list(Level).index(self)


class Subject(str, Enum):
    """What a finding is about: a heading of the comment."""

    DATA = "data"
    QUORUM = "quorum"
    MEMBERS = "members"
    CASCADE = "cascade"
    CERTIFICATES = "certificates"
    VERSION = "version"
    SETTINGS = "settings"
    AGENTS = "agents"
    GROWTH = "growth"
    BRAKES = "brakes"
    OWNER = "owner"
    CHANNEL = "channel"
    SURROUNDINGS = "surroundings"
    POLICY = "policy"
    PREVIEW = "preview"


class Part(Tolerant):
    """A part of what the command prints as JSON: in snake_case, for shells and scripts."""

    model_config = ConfigDict(alias_generator=None)


class Finding(Part):
    """One thing that a reviewer is told."""

    level: Level
    subject: Subject
    code: str
    """Names the rule that found it, for scripts."""
    where: str = ""
    """The slot, property or resource that it is about; empty for the whole cluster."""
    text: str
    remedy: str = ""


class Votes(Part):
    """Voters of a cluster at one time."""

    voters: int
    needed: int
    """Votes that a decision needs."""
    up: int
    """Voters that serve, if every one does that nothing in the preview disturbs."""

    @property
    def hold(self) -> bool:
        """Whether they can decide."""
        return self.up >= self.needed


class QuorumForecast(Part):
    """Votes before, at the worst moment, and after; None where the preview does not tell."""

    before: Votes | None = None
    during: Votes | None = None
    after: Votes | None = None


class MemberForecast(Part):
    """What happens to one member."""

    slot: str
    zone: str = ""
    turn: int = 0
    """Its place in the order in which members are changed, from 1; 0 where nothing takes it down or moves it."""
    by: str = ""
    """Who does it: `agents`, one after the other through the safety gate, or `engine`, whenever its turn comes."""
    happens: tuple[str, ...] = ()
    """In words, in the order in which it happens."""


class ClusterReview(Part):
    """One cluster in a preview."""

    cluster: str
    urn: str
    """Of its component, or of its Rollout."""
    verdict: Level
    quorum: QuorumForecast = QuorumForecast()
    members: tuple[MemberForecast, ...] = ()
    """In the order in which they are changed, then those that nothing happens to."""
    gaps: tuple[str, ...] = ()
    """Times without an acknowledged write that are to be expected, and why."""
    findings: tuple[Finding, ...] = ()
    """The worst first."""


class Review(Part):
    """What `etcd-ops review --json` prints."""

    verdict: Level
    stack: str = ""
    """Of the preview, as `project/stack`; empty where no resource tells it."""
    clusters: tuple[ClusterReview, ...] = ()
    findings: tuple[Finding, ...] = ()
    """About the preview as a whole; the worst first."""
    changes: dict[str, int] = Field(default_factory=dict)
    """Number of resources by what happens to them."""

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """Why the verdict is not better: every finding above fine, the worst first."""
        every = [*self.findings, *(each for cluster in self.clusters for each in cluster.findings)]
        return tuple(each for each in worst_first(every) if each.level is not Level.FINE)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings, each once: by level, then by subject, in an order that the engine's own does not change."""
    return tuple(sorted(dict.fromkeys(findings), key=_place))


def _place(finding: Finding) -> tuple[int, int, str, str, str]:
    subject = list(Subject).index(finding.subject)
    return (-finding.level.rank, subject, finding.code, finding.where, finding.text)


def worst(levels: Iterable[Level]) -> Level:
    """The worst of some levels; fine where there are none."""
    return max(levels, key=lambda each: each.rank, default=Level.FINE)
