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
# Answers of etcd behind which a write may have happened. NO_LEADER: MemberPromote gives it as well after it has
# sent the request to a leader (server.go). NO_SPACE: the member that notices first applies the put it answers
# so (quotaApplierV3, apply.go).
_OPEN = frozenset({Reason.NO_LEADER, Reason.LEADER_CHANGED, Reason.TIMED_OUT, Reason.STOPPING, Reason.NO_SPACE})
_NO_ANSWER = frozenset({"DEADLINE_EXCEEDED", "CANCELLED", "UNAVAILABLE", "INTERNAL", "ABORTED"})


def error_of_read(code: str, message: str) -> type[EtcdError]:
    """The error that a failed read is."""
    answered = code not in _NO_ANSWER or (code == "UNAVAILABLE" and message.startswith(_ETCD))
    return Refused if answered else Unreachable


def error_of_write(code: str, message: str) -> type[EtcdError]:
    """The error that a failed write is."""
    reason = reason_of(message)
    if reason:
        # Some of these come under codes that lost answers have too, such as UNKNOWN and UNAVAILABLE.
        return OutcomeUnknown if reason in _OPEN else Refused
    if code in _REFUSALS:
        return Refused
    if code == "UNAVAILABLE" and message.startswith(NOT_CONNECTED):
        return Unreachable
    return OutcomeUnknown
