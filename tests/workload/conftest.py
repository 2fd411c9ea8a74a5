"""Real etcd clusters of the workload's own tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.etcd.authority import Authority
from tests.etcd.members import Member
from tests.workload.cluster import connect
from tests.workload.programs import etcd_program

MakeMember = Callable[[str, str], Member]


@pytest.fixture
def authority() -> Authority:
    return Authority("workload-test")


@pytest.fixture
def make_member(tmp_path: Path, authority: Authority) -> Iterator[MakeMember]:
    """Makes members, by name and address; those that were started end with the test."""
    made: list[Member] = []

    def make(name: str, address: str) -> Member:
        made.append(Member(name, address, etcd_program(), tmp_path / name, authority))
        return made[-1]

    yield make
    for member in made:
        member.kill()


@pytest.fixture
def etcd(make_member: MakeMember) -> Member:
    """A cluster of one."""
    member = make_member("single", "127.42.0.1")
    member.start([member])
    return member


@pytest.fixture
def connection_file(etcd: Member, authority: Authority, tmp_path: Path) -> Path:
    return connect(tmp_path / "connection.json", [etcd], authority)
