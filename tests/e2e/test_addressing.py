"""All members on one address, told apart by their ports: for machines with a single loopback address."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import MakeStack
from tests.servers.ports import free_block
from tests.workload.workload import Workload

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900), pytest.mark.xdist_group("small")]

ADDRESS = "127.0.0.1"


def test_one_address_is_enough(make_stack: MakeStack, tmp_path: Path) -> None:
    base_port = free_block(60, ADDRESS)
    stack = make_stack("127.0.0", addressing={"mode": "ports", "address": ADDRESS, "base_port": base_port})
    stack.up()
    assert stack.in_order()
    urls = [urlsplit(url) for each in stack.listed() for url in (*each["client_urls"], *each["peer_urls"])]
    assert {url.hostname for url in urls} == {ADDRESS}
    assert len({url.port for url in urls}) == 6
    with Workload(stack.context, tmp_path / "workload") as workload:
        with workload.mark("rolling restart"):
            stack.up(etcd={"quota_backend_bytes": 3 * 1024**3})
        stack.up(size=5)
        assert stack.in_order(5)
        workload.wait_for(acknowledged=20)
    workload.check()
    stack.remove()
