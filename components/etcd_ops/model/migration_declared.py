"""What is wrong with a declared migration by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from etcd_ops.model.problems import Problem
from etcd_ops.model.spec import MemberSpec, MigrationSpec
from etcd_ops.model.urls import Url

_NAME = re.compile(r"[A-Za-z0-9]([-_.A-Za-z0-9]{0,251}[A-Za-z0-9])?")
_URLS = {"peerUrl": "peer_url", "clientUrl": "client_url"}
PATH = "migration"


def declared_problems(migration: MigrationSpec, members: Mapping[str, MemberSpec]) -> Iterator[Problem]:
    """What is wrong with a migration by itself.

    Args:
        migration: as declared.
        members: the declared members, by slot.
    """
    taken = {url: f"members.{slot}" for slot, each in members.items() for url in (each.peer_url, each.client_url)}
    for name, member in migration.members.items():
        path = f"{PATH}.members.{name}"
        if not _NAME.fullmatch(name):
            yield Problem(path, "is not a name", "use letters, digits, dots, dashes and underscores")
        if name in members:
            yield Problem(path, "a declared member has this name", "call it otherwise: it need not be etcd's own name")
        for wire, field in _URLS.items():
            yield from _url_problems(f"{path}.{wire}", getattr(member, field), taken)
    for name in sorted(set(migration.keep) - migration.members.keys()):
        yield Problem(f"{PATH}.keep", f"{name} is none of the origin's members", f"name it in {PATH}.members")


def _url_problems(path: str, text: str, taken: dict[str, str]) -> Iterator[Problem]:
    try:
        url = Url.parse(text)
    except ValueError as error:
        yield Problem(path, f"{text!r} {error}", "write it like https://10.0.0.1:2379")
        return
    if url.scheme != "https":
        remedy = "turn TLS on at the origin's members first, with authorities that both sides believe"
        yield Problem(path, "is not secured, and members of both sides have to believe each other", remedy)
    other = taken.setdefault(text, path)
    if other != path:
        yield Problem(path, f"{text} is taken by {other}", "give the member's own")
