"""Which error a failed call is: a pure judgement over gRPC's code and message.

The costly mistake is to call a write refused, or never sent, that was or will be applied. So a write is
`OutcomeUnknown` unless its answer is known to be given before anything is proposed, or proves that no
connection existed.
"""

from __future__ import annotations

from etcd_ops.etcd.errors import EtcdError, OutcomeUnknown, Reason, Refused, Unreachable, reason_of

# gRPC fails a call with this message when it had no connection to send it on
# (grpc/src/core/load_balancing/pick_first/pick_first.cc).
NOT_CONNECTED = "failed to connect to all addresses"

_ETCD = "etcdserver: "

# Codes that etcd gives only to requests it turned down (v3rpc/rpctypes/error.go of etcd 3.5 to 3.7).
_REFUSALS = frozenset(
    {
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "FAILED_PRECONDITION",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "UNAUTHENTICATED",
        "RESOURCE_EXHAUSTED",
        "DATA_LOSS",
    }
)
# Refusals under codes that also stand for lost connections and lost answers. Not among them: `NO_LEADER`,
# which MemberPromote returns as well after it has sent the request to a leader.
_REFUSED_ALTHOUGH_UNAVAILABLE = frozenset(
    {
        Reason.UNHEALTHY_CLUSTER,
        Reason.PROPOSAL_DROPPED,
        Reason.NOT_SUPPORTED_FOR_LEARNER,
        Reason.NOT_CAPABLE,
        Reason.CLUSTER_VERSION_UNKNOWN,
    }
)
_NO_ANSWER = frozenset({"DEADLINE_EXCEEDED", "CANCELLED", "UNAVAILABLE", "INTERNAL", "ABORTED"})


def error_of_read(code: str, message: str) -> type[EtcdError]:
    """The error that a failed read is."""
    answered = code not in _NO_ANSWER or (code == "UNAVAILABLE" and message.startswith(_ETCD))
    return Refused if answered else Unreachable


def error_of_write(code: str, message: str) -> type[EtcdError]:
    """The error that a failed write is."""
    reason = reason_of(message)
    if reason is Reason.NO_SPACE:
        # The member that notices first still applies the put it answers so (quotaApplierV3, apply.go).
        return OutcomeUnknown
    if code in _REFUSALS or reason in _REFUSED_ALTHOUGH_UNAVAILABLE:
        return Refused
    if code == "UNAVAILABLE" and message.startswith(NOT_CONNECTED):
        return Unreachable
    return OutcomeUnknown
