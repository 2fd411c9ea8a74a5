"""Whom an agent asks beside the members whose addresses it was told."""

from __future__ import annotations

import pytest

from etcd_ops.agent.observing import elsewhere
from etcd_ops.etcd import MemberInfo

KNOWN = {"a-1": "https://10.0.0.1:2379"}


@pytest.mark.parametrize(
    ("name", "urls", "expected"),
    [
        ("etcd-0", ("https://10.0.0.9:2379",), "https://10.0.0.9:2379"),
        ("etcd-0", ("http://127.0.0.1:2379", "https://10.0.0.9:2379"), "https://10.0.0.9:2379"),
        ("etcd-0", ("http://10.0.0.9:2379",), ""),
        ("etcd-0", ("http://127.0.0.1:2379", "https://10.0.0.1:2379"), ""),
        ("a-1", ("https://10.0.0.9:2379",), ""),
        ("", (), ""),
    ],
)
def test_a_member_that_nobody_declared_is_asked_where_it_speaks_tls(
    name: str, urls: tuple[str, ...], expected: str
) -> None:
    """One that somebody else runs may serve without TLS as well, which no client of ours does."""
    member = MemberInfo(1, name, ("https://10.0.0.9:2380",), urls, is_learner=False)
    assert elsewhere(member, set(KNOWN.values()), KNOWN) == expected
