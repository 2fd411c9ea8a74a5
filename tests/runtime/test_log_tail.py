from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.runtime.log_tail import LENGTH, explain

STARTING = "etcd-ops launch: starting etcd 0123 with configuration 4567, incarnation 1\n"


REFUSED_OPTION = """\
{"level":"info","msg":"Running: ","args":["etcd","--config-file","a.yaml"]}
{"level":"warn","caller":"etcdmain/etcd.go:75","msg":"failed to verify flags",\
"error":"--election-timeout[1000ms] should be at least as 5 times as --heartbeat-interval[5000ms]"}
"""
TAKEN_ADDRESS = """\
{"level":"info","caller":"embed/etcd.go:410","msg":"closed etcd server"}
{"level":"warn","msg":"failed to start etcd","error":"listen tcp 9.9.9.9:4379: bind: cannot assign"}
{"level":"fatal","caller":"etcdmain/etcd.go:204","msg":"discovery failed",\
"error":"listen tcp 9.9.9.9:4379: bind: cannot assign","stacktrace":"go.etcd.io/..."}
"""
DAMAGED_DATA = """\
{"level":"warn","msg":"slow fdatasync","took":"2s"}
panic: runtime error: index out of range [recovered]

goroutine 1 [running]:
main.main()
\tgo.etcd.io/etcd/server/v3@v3.7.2/main.go:31 +0x28
"""
NO_SNAPSHOT = '{"level":"panic","msg":"failed to recover v3 backend from snapshot","error":"no such file"}'
NO_PROGRAM = STARTING + "etcd-ops launch: failed: [Errno 8] Exec format error"
TRACEBACK = "Traceback (most recent call last):\n  x\nImportError: y\n"


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (REFUSED_OPTION, "failed to verify flags: --election-timeout[1000ms] should be at least as 5 times as"),
        (TAKEN_ADDRESS, "discovery failed: listen tcp 9.9.9.9:4379: bind: cannot assign"),
        (DAMAGED_DATA, "panic: runtime error: index out of range [recovered]"),
        (NO_SNAPSHOT, "failed to recover v3 backend from snapshot: no such file"),
        (NO_PROGRAM, "failed: [Errno 8] Exec format error"),
        (TRACEBACK, "Traceback (most recent call last): / x / ImportError: y"),
        ("etcd-ops launch: not started: no launch is staged", "not started: no launch is staged"),
        ("", ""),
    ],
)
def test_explained(log: str, reason: str) -> None:
    assert explain(log).startswith(reason)
    assert "stacktrace" not in explain(log)


def test_only_the_newest_start_counts() -> None:
    fatal = '{"level":"fatal","msg":"old"}\n'
    refusal = "etcd-ops launch: not started: the data is lost\n"
    assert explain(fatal + STARTING + "quiet") == f"{STARTING.strip()} / quiet"
    assert explain(refusal + STARTING + fatal) == "old"
    assert explain(STARTING + fatal + refusal) == "not started: the data is lost"


@given(st.text())
def test_any_log_has_a_short_reason(log: str) -> None:
    assert len(explain(log)) <= LENGTH
