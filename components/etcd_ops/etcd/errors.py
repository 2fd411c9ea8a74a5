"""What can come of a call to etcd other than its result."""

from __future__ import annotations

from enum import Enum


class Reason(Enum):
    """A known answer of etcd that is not a result; the value is etcd's own message.

    Source: go.etcd.io/etcd/api/v3 v3.7.2, v3rpc/rpctypes/error.go (the messages are the same in 3.5 and 3.6),
    and for `PROPOSAL_DROPPED` go.etcd.io/raft, `ErrProposalDropped`.
    """

    NOT_ENOUGH_STARTED_MEMBERS = "etcdserver: re-configuration failed due to not enough started members"
    UNHEALTHY_CLUSTER = "etcdserver: unhealthy cluster"
    """The member answering was not connected to a quorum for the last few seconds."""
    LEARNER_NOT_READY = "etcdserver: can only promote a learner member which is in sync with leader"
    MEMBER_NOT_FOUND = "etcdserver: member not found"
    MEMBER_NOT_LEARNER = "etcdserver: can only promote a learner member"
    MEMBER_EXISTS = "etcdserver: member ID already exist"
    PEER_URL_EXISTS = "etcdserver: Peer URLs already exists"
    TOO_MANY_LEARNERS = "etcdserver: too many learner members in cluster"
    BAD_MEMBER_URLS = "etcdserver: given member URLs are invalid"
    NO_LEADER = "etcdserver: no leader"
    NOT_LEADER = "etcdserver: not leader"
    BAD_LEADER_TRANSFEREE = "etcdserver: bad leader transferee"
    LEADER_CHANGED = "etcdserver: leader changed"
    TIMED_OUT = "etcdserver: request timed out"
    """Also with etcd's guess at the cause behind it."""
    STOPPING = "etcdserver: server stopped"
    PROPOSAL_DROPPED = "raft proposal dropped"
    """The member asked has no leader, or its leader is handing over: nothing was proposed."""
    NOT_SUPPORTED_FOR_LEARNER = "etcdserver: rpc not supported for learner"
    PERMISSION_DENIED = "etcdserver: permission denied"
    UNAUTHENTICATED = "etcdserver: invalid auth token"
    NO_SPACE = "etcdserver: mvcc: database space exceeded"
    CORRUPT = "etcdserver: corrupt cluster"
    COMPACTED = "etcdserver: mvcc: required revision has been compacted"
    FUTURE_REVISION = "etcdserver: mvcc: required revision is a future revision"
    TOO_MANY_REQUESTS = "etcdserver: too many requests"
    REQUEST_TOO_LARGE = "etcdserver: request is too large"
    NOT_CAPABLE = "etcdserver: not capable"
    INVALID_DOWNGRADE_TARGET = "etcdserver: invalid downgrade target version"
    BAD_DOWNGRADE_VERSION = "etcdserver: wrong downgrade target version format"
    CLUSTER_VERSION_UNKNOWN = "etcdserver: cluster version not found during downgrade"
    DOWNGRADE_IN_PROGRESS = "etcdserver: cluster has a downgrade job in progress"
    NO_DOWNGRADE = "etcdserver: no inflight downgrade job"


def reason_of(message: str) -> Reason | None:
    """The reason that `message` of a failed call stands for, or None where it is not a known one."""
    if message.startswith(Reason.TIMED_OUT.value):
        return Reason.TIMED_OUT
    return _REASONS.get(message)


_REASONS = {reason.value: reason for reason in Reason}


class EtcdError(Exception):
    """A call to etcd without a result: one of the classes below.

    Attributes:
        endpoint: the client URL that was asked.
        call: the method's name, such as `MemberPromote`.
        code: the gRPC status code's name, such as `UNAVAILABLE`.
        message: what etcd, or else the connection, said.
        reason: what the message stands for, where that is known.
    """

    def __init__(self, endpoint: str, call: str, code: str, message: str) -> None:
        super().__init__(endpoint, call, code, message)
        self.endpoint = endpoint
        self.call = call
        self.code = code
        self.message = message
        self.reason = reason_of(message)

    def __str__(self) -> str:
        return f"{self.call} at {self.endpoint}: {self.message} ({self.code})"


class Unreachable(EtcdError):
    """No answer: a read got none, or a write was certainly never sent. The cluster is as it was."""


class OutcomeUnknown(EtcdError):
    """A write without a definite answer: it may have happened, and it may still happen later."""


class Refused(EtcdError):
    """etcd answered that it does not do this; nothing was changed by the call."""
