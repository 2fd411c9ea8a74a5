from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.model.durations import SECOND, nanoseconds
from etcd_ops.model.urls import Url

HOSTS = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.from_regex(r"[a-z][a-z0-9]{0,10}(-[a-z0-9]{1,5})?(\.[a-z][a-z0-9]{0,10}){0,3}", fullmatch=True),
)


@given(st.sampled_from(["http", "https"]), HOSTS, st.integers(1, 65_535))
def test_a_url_reads_what_it_writes(scheme: str, host: str, port: int) -> None:
    url = Url(scheme, host, port)
    assert Url.parse(str(url)) == url
    assert (url.address is None) == (host[0].isalpha() and ":" not in host)


@given(st.text(max_size=40))
def test_anything_else_is_refused_or_written_the_same(text: str) -> None:
    try:
        url = Url.parse(text)
    except ValueError:
        return
    assert str(url) == text


@pytest.mark.parametrize(
    "text",
    [
        "https://a",
        "https://a:",
        "https://a:00",
        "https://a:70000",
        "https://a:1/",
        "https://a:1?x",
        "https://u@a:1",
        "ftp://a:1",
        "//a:1",
        "https://:1",
        "https://a_b:1",
        "https://-a:1",
        "https://1.2.3:1",
        "https://[1.2.3.4]:1",
        "https://[::01]:1",
        "https://A:1",
        "https://" + "a" * 64 + ":1",
    ],
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be|is not|is neither"):
        Url.parse(text)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("1h30m", 5400 * SECOND),
        ("500ms", SECOND // 2),
        ("1.5s", 3 * SECOND // 2),
        (".5s", SECOND // 2),
        ("10us", 10_000),
        ("3ns", 3),
        ("1h", 3600 * SECOND),
        ("", None),
        ("1", None),
        ("-1h", None),
        ("1h ", None),
        ("1d", None),
        ("h", None),
    ],
)
def test_durations(text: str, length: int | None) -> None:
    assert nanoseconds(text) == length
