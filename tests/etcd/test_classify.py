from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.etcd import OutcomeUnknown, Reason, Refused, Unreachable
from etcd_ops.etcd.classify import NOT_CONNECTED, error_of_read, error_of_write
from etcd_ops.etcd.errors import EtcdError, reason_of

CODES = [
    "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
    "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
]  # fmt: skip
messages = st.one_of(
    st.text(),
    st.sampled_from([reason.value for reason in Reason]),
    st.text().map(lambda text: NOT_CONNECTED + text),
)


@pytest.mark.parametrize(
    ("code", "message", "error"),
    [
        ("UNAVAILABLE", "failed to connect to all addresses; last error: Connection refused", Unreachable),
        ("UNAVAILABLE", "Socket closed", OutcomeUnknown),
        ("UNAVAILABLE", "recvmsg:Connection reset by peer", OutcomeUnknown),
        ("UNAVAILABLE", "etcdserver: request timed out", OutcomeUnknown),
        ("UNAVAILABLE", "etcdserver: request timed out, possibly due to connection lost", OutcomeUnknown),
        ("UNAVAILABLE", "etcdserver: server stopped", OutcomeUnknown),
        ("UNAVAILABLE", "etcdserver: leader changed", OutcomeUnknown),
        ("UNAVAILABLE", "etcdserver: no leader", OutcomeUnknown),
        ("UNAVAILABLE", "etcdserver: unhealthy cluster", Refused),
        ("UNAVAILABLE", "etcdserver: rpc not supported for learner", Refused),
        ("DEADLINE_EXCEEDED", "Deadline Exceeded", OutcomeUnknown),
        ("CANCELLED", "etcdserver: request canceled", OutcomeUnknown),
        ("UNKNOWN", "etcdserver: request timed out, leader transfer took too long", OutcomeUnknown),
        ("UNKNOWN", "raft proposal dropped", Refused),
        ("UNKNOWN", "etcdserver: re-configuration failed due to not enough started members", Refused),
        ("UNKNOWN", "etcdserver: too many requests", Refused),
        ("UNKNOWN", "Stream removed", OutcomeUnknown),
        ("INTERNAL", "Exception deserializing response!", OutcomeUnknown),
        ("RESOURCE_EXHAUSTED", "etcdserver: mvcc: database space exceeded", OutcomeUnknown),
        ("RESOURCE_EXHAUSTED", "etcdserver: too many requests", Refused),
        ("FAILED_PRECONDITION", "etcdserver: not leader", Refused),
        ("PERMISSION_DENIED", "etcdserver: permission denied", Refused),
        ("DATA_LOSS", "etcdserver: corrupt cluster", Refused),
    ],
)
def test_a_failed_write(code: str, message: str, error: type[EtcdError]) -> None:
    assert error_of_write(code, message) is error


@pytest.mark.parametrize(
    ("code", "message", "error"),
    [
        ("UNAVAILABLE", "failed to connect to all addresses; last error: Connection refused", Unreachable),
        ("UNAVAILABLE", "Socket closed", Unreachable),
        ("DEADLINE_EXCEEDED", "Deadline Exceeded", Unreachable),
        ("UNAVAILABLE", "etcdserver: request timed out", Refused),
        ("UNAVAILABLE", "etcdserver: no leader", Refused),
        ("OUT_OF_RANGE", "etcdserver: mvcc: required revision has been compacted", Refused),
    ],
)
def test_a_failed_read(code: str, message: str, error: type[EtcdError]) -> None:
    assert error_of_read(code, message) is error


@given(st.sampled_from(CODES), messages)
def test_a_write_that_may_have_been_sent_is_never_called_unsent(code: str, message: str) -> None:
    if error_of_write(code, message) is Unreachable:
        assert code == "UNAVAILABLE"
        assert message.startswith(NOT_CONNECTED)


@given(st.sampled_from(["CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "INTERNAL", "UNKNOWN"]), st.text())
def test_a_write_without_an_answer_is_unknown(code: str, message: str) -> None:
    assert error_of_write(code, message) is OutcomeUnknown


@given(st.sampled_from(CODES), messages)
def test_a_read_has_no_unknown_outcome(code: str, message: str) -> None:
    assert error_of_read(code, message) is not OutcomeUnknown


def test_reasons_are_etcds_messages() -> None:
    assert reason_of("etcdserver: member not found") is Reason.MEMBER_NOT_FOUND
    late = "etcdserver: request timed out, waiting for the applied index took too long"
    assert reason_of(late) is Reason.TIMED_OUT
    assert reason_of("no etcdserver: member not found") is None


def test_an_error_says_who_what_and_why() -> None:
    error = Refused("https://127.0.0.2:2379", "MemberPromote", "NOT_FOUND", "etcdserver: member not found")
    assert str(error) == "MemberPromote at https://127.0.0.2:2379: etcdserver: member not found (NOT_FOUND)"
    assert error.reason is Reason.MEMBER_NOT_FOUND
