"""Whether two peers would replicate is told by their listeners, in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.etcd.health import ProbeFailed
from etcd_ops.etcd.peer import ask_peer
from tests.etcd.authority import Authority
from tests.etcd.conftest import Run
from tests.etcd.members import Member

pytestmark = pytest.mark.etcd
ADDRESSES = ["127.0.0.1"]


class Asker:
    """A peer with a leaf of `issuer` that believes `believed`."""

    def __init__(self, folder: Path, issuer: Authority, believed: Authority, addresses: Sequence[str] = ADDRESSES):
        leaf = issuer.issue("asker", list(addresses))
        self.authorities = believed.certificate_pem.decode()
        self.certificate, self.key = folder / "cert.pem", folder / "key.pem"
        self.certificate.write_bytes(leaf.certificate_pem)
        self.key.write_bytes(leaf.key_pem)

    async def ask(self, url: str, timeout: float = 5.0) -> None:
        await ask_peer(
            url, authorities=self.authorities, certificate=self.certificate, key=self.key, timeout=timeout
        )  # fmt: skip


def test_peers_that_believe_each_other_answer(
    run: Run[Any], trio: Sequence[Member], authority: Authority, tmp_path: Path
) -> None:
    for member in trio:
        run(Asker(tmp_path, authority, authority).ask(member.peer_url))


@pytest.mark.parametrize("stranger", ["the one that asks", "the one that is asked"])
def test_a_peer_that_is_not_believed_is_told(
    run: Run[Any], trio: Sequence[Member], authority: Authority, tmp_path: Path, stranger: str
) -> None:
    other = Authority("another")
    asks = stranger == "the one that asks"
    asker = Asker(tmp_path, other, authority) if asks else Asker(tmp_path, authority, other)
    with pytest.raises(ProbeFailed, match=trio[0].peer_url):
        run(asker.ask(trio[0].peer_url))


def test_nobody_there_is_told_as_well(
    run: Run[Any], trio: Sequence[Member], authority: Authority, tmp_path: Path
) -> None:
    asker = Asker(tmp_path, authority, authority)
    with pytest.raises(ProbeFailed, match="Connect call failed"):
        run(asker.ask("https://127.41.0.1:1"))
    with pytest.raises(ProbeFailed):
        run(asker.ask(trio[0].metrics_url.replace("http", "https")))
