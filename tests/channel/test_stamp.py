from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.channel.stamp import stamped, unstamped


@given(st.binary(max_size=200))
def test_takes_off_what_it_put_on(data: bytes) -> None:
    once = stamped(data)
    assert unstamped(once) == data
    assert unstamped(stamped(once)) == once


def test_never_gives_the_same_twice() -> None:
    assert len({stamped(b"same") for _ in range(1000)}) == 1000


def test_keeps_json_valid() -> None:
    assert json.loads(stamped(b'{"a":1}')) == {"a": 1}


def test_leaves_alone_what_has_no_stamp() -> None:
    for data in (b"", b"{}", b"{}\n", b"{}\n  \n", b"\n" + b" " * 63, b"\n" + b" " * 64 + b"\n"):
        assert unstamped(data) == data
