"""Whether the members' URLs can work together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from etcd_ops.model.problems import Problem
from etcd_ops.model.spec import MemberSpec
from etcd_ops.model.urls import Url

_SECURE = {"peerUrl": "peer_url", "clientUrl": "client_url", "metricsUrl": "metrics_url"}
_HEALTH, _LOOPBACK = "healthUrl", "loopbackUrl"


def listener_problems(members: Mapping[str, MemberSpec]) -> tuple[Problem, ...]:
    """Everything wrong with the URLs of a cluster's members.

    Args:
        members: by slot.
    """
    found: list[Problem] = []
    read = {name: _read(name, member, found) for name, member in members.items()}
    found.extend(_unreachable(read))
    found.extend(_collisions(read))
    return tuple(found)


def reused(leaving: Mapping[str, MemberSpec], declared: Mapping[str, MemberSpec]) -> tuple[Problem, ...]:
    """Listeners of declared members that collide with those of members which have yet to leave."""
    read = {name: _read(name, member, []) for name, member in {**leaving, **declared}.items()}
    return tuple(_collisions(read))


def _read(name: str, member: MemberSpec, found: list[Problem]) -> dict[str, Url]:
    """The member's URLs by property; those that are wrong are left out and added to `found`."""
    texts = {wire: getattr(member, field) for wire, field in _SECURE.items()} | {_HEALTH: member.health_url}
    if member.loopback_url:
        texts[_LOOPBACK] = member.loopback_url
    urls: dict[str, Url] = {}
    for wire, text in texts.items():
        path = f"members.{name}.{wire}"
        try:
            url = Url.parse(text)
        except ValueError as error:
            found.append(Problem(path, f"{text!r} {error}", f"write it like {_example(wire)}"))
            continue
        problem = _WRONG.get(wire, _wrong_secure)(path, url)
        if problem is not None:
            found.append(problem)
        else:
            urls[wire] = url
    return urls


def _example(wire: str) -> str:
    return "http://127.0.0.1:2381" if wire == _HEALTH else "https://10.0.0.1:2380"


def _wrong_secure(path: str, url: Url) -> Problem | None:
    if url.scheme != "https":
        return Problem(path, "is not secured", "use https: every listener but the health one is TLS only")
    address = url.address
    if address is not None and (address.is_unspecified or address.is_multicast):
        return Problem(path, f"{url.host} is not an address that others can reach", "give the member's own")
    return None


def _wrong_health(path: str, url: Url) -> Problem | None:
    if url.scheme != "http":
        return Problem(path, "etcd would serve it under the client trust", "use http on a loopback address")
    if url.address is None or not url.address.is_loopback:
        return Problem(path, f"{url.host} is not a loopback address", "use one such as 127.0.0.1: it is not secured")
    return None


def _wrong_loopback(path: str, url: Url) -> Problem | None:
    if url.address is None or not url.address.is_loopback:
        return Problem(path, f"{url.host} is not a loopback address", "use one such as 127.0.0.1, or leave it out")
    return _wrong_secure(path, url)


_WRONG = {_HEALTH: _wrong_health, _LOOPBACK: _wrong_loopback}


def _is_local(urls: Mapping[str, Url]) -> bool:
    peer = urls.get("peerUrl")
    return peer is not None and peer.address is not None and peer.address.is_loopback


def _unreachable(read: Mapping[str, Mapping[str, Url]]) -> Iterator[Problem]:
    local = [name for name, urls in read.items() if _is_local(urls)]
    if len(local) == sum("peerUrl" in urls for urls in read.values()):
        return
    for name in local:
        reason = "is a loopback address, which the members elsewhere cannot reach"
        yield Problem(f"members.{name}.peerUrl", reason, "give an address of its network")


def _collisions(read: Mapping[str, Mapping[str, Url]]) -> Iterator[Problem]:
    taken: dict[tuple[str, str, int], str] = {}
    for name, urls in read.items():
        for wire, url in urls.items():
            path = f"members.{name}.{wire}"
            # Members on loopback addresses share one machine; elsewhere every member has a loopback of its own.
            loopback = url.address is not None and url.address.is_loopback
            machine = name if loopback and not _is_local(urls) else ""
            other = taken.setdefault((machine, url.host, url.port), path)
            if other != path:
                yield Problem(path, f"{url.host}:{url.port} is taken by {other}", "use another port or address")
