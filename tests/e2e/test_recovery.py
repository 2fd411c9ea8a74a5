"""Two of three disks lost: recovery is explicit, makes a new incarnation, and shuts the old one out."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from etcd_ops.cli.context import Context
from etcd_ops.etcd import Credentials, EtcdClient, EtcdError
from etcd_ops.etcd.key_value import prefix_end
from etcd_ops.model.status import State
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.zone.power import power_off
from etcd_ops.zone.supervisor import start_zone
from tests.e2e.conftest import MakeStack
from tests.e2e.records import Records
from tests.e2e.stack import Stack
from tests.workload.workload import Workload

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900), pytest.mark.xdist_group("recovery")]

SURVIVOR, ANSWERING, SILENT = "a-1", "b-1", "c-1"
"""Of the two whose disks are lost, one has an agent that answers; the other one's zone has no power."""
NEXT_TRUST = {"generations": [2], "issuer": 2}
PREFIX = b"/workload/"


def test_two_lost_disks_are_recovered_from_and_never_come_back(make_stack: MakeStack, tmp_path: Path) -> None:
    stack = make_stack("127.0.65")
    stack.up()
    written = acknowledged(stack, tmp_path / "before")
    old_client = credentials(stack)
    with Records(stack.connection) as records:
        lose_two_disks(stack, records, tmp_path)
        order_recovery(stack, records)
    assert count(stack, SURVIVOR) == written
    with Workload(stack.context, tmp_path / "after") as load:
        stack.eventually(lambda: voters(stack) == {SURVIVOR, ANSWERING}, f"{ANSWERING} votes again")
        the_old_member_is_shut_out(stack, tmp_path / SILENT, old_client, load)
        stack.up()
        stack.wait_in_order()
        load.wait_for(acknowledged=20)
        set_aside = VolumeLayout(stack.volume(SILENT)).set_aside
        assert [path.name for path in set_aside.iterdir()] == ["incarnation-1"]
    load.check()
    assert count(stack, SILENT) >= written


def acknowledged(stack: Stack, directory: Path) -> int:
    """Have a workload write, and judge it; how many of its keys there are."""
    with Workload(stack.context, directory) as load:
        load.wait_for(acknowledged=100)
    load.check()
    return count(stack, SURVIVOR)


def lose_two_disks(stack: Stack, records: Records, tmp_path: Path) -> None:
    """Keep copies of both volumes, empty them, and see that nobody guesses what to do."""
    for slot in (ANSWERING, SILENT):
        power_off(stack.zone(slot))
        shutil.copytree(stack.volume(slot), tmp_path / slot, symlinks=True)
        shutil.rmtree(VolumeLayout(stack.volume(slot)).data)
    for slot in (ANSWERING, SILENT):
        start_zone(stack.zone(slot))
    for slot in (SURVIVOR, ANSWERING, SILENT):
        asked = f"{slot} asks for a recovery"
        stack.eventually(lambda slot=slot: records.status(slot).state is State.NEEDS_RECOVERY, asked)  # type: ignore[misc]
    power_off(stack.zone(SILENT))


def order_recovery(stack: Stack, records: Records) -> None:
    """Plan, declare and execute; the survivor waits for whoever is not proved stopped."""
    plan = json.loads(stack.ops("recover", "plan", "--json").output)
    assert (plan["survivor"], plan["incarnation"]) == (SURVIVOR, 2)
    assert (plan["lost"], plan["silent"]) == ([ANSWERING], [SILENT])
    assert (plan["peer_generation"], plan["client_generation"]) == (2, 2)
    early = stack.ops("recover", "execute", "--survivor", SURVIVOR, expect=None)
    assert early.status == 2 and "incarnation 2 is not declared yet" in early.output
    declared = stack.up(incarnation=2, trust={"peer": NEXT_TRUST, "client": NEXT_TRUST})
    assert "run `etcd-ops recover execute`" in declared.output
    power_off(stack.zone(SILENT))  # the `up` has brought the zone back
    held = stack.ops("recover", "execute", "--survivor", SURVIVOR, "--timeout", "8", expect=1)
    assert f"waits for {SILENT} to be proved stopped" in held.output
    formation = records.formation()
    assert formation is not None and formation.incarnation == 1
    stack.ops("recover", "execute", "--survivor", SURVIVOR, "--override", SILENT)
    formation = records.formation()
    assert formation is not None and (formation.incarnation, formation.survivor) == (2, SURVIVOR)


def the_old_member_is_shut_out(stack: Stack, copy: Path, old_client: Credentials, load: Workload) -> None:
    """A member of the old incarnation comes back with its old volume, and cannot know better: no channel tells it.

    It starts, being intact; but the members of the new incarnation do not believe its certificates, and neither do
    their clients, whose history the workload judges. Once a channel tells it, it ends and is fenced.
    """
    pid, volume = stack.member_pid(SILENT), stack.volume(SILENT)
    shutil.rmtree(volume)
    shutil.copytree(copy, volume, symlinks=True)
    with stack.store.away():
        start_zone(stack.zone(SILENT))
        stack.eventually(lambda: stack.member_pid(SILENT) != pid, "the old member runs")
        old_pid = stack.member_pid(SILENT)
        rejected = stack.zone(SURVIVOR).member_log(SURVIVOR)
        stack.eventually(lambda: "rejected connection" in rejected.read_text(), "its peers reject it")
        assert {each["name"] for each in stack.listed()} == {SURVIVOR, ANSWERING}
        assert not serves(stack, SILENT, credentials(stack))
        assert not serves(stack, SILENT, old_client)
        load.wait_for(acknowledged=50)
        assert Path("/proc", str(old_pid)).exists()
    stack.eventually(lambda: not Path("/proc", str(old_pid)).exists(), "the old member ends")


def voters(stack: Stack) -> set[str]:
    """Slots that are healthy voters."""
    return {each["name"] for each in stack.status()["members"] if each["healthy"] and each["role"] == "voter"}


def credentials(stack: Stack) -> Credentials:
    """The operator's, as the stack delivered them last."""
    return Context.decode(stack.context.read_bytes()).credentials()


def endpoint(stack: Stack, slot: str) -> str:
    """The client URL of a slot."""
    return Context.decode(stack.context.read_bytes()).members[slot].client_url


def serves(stack: Stack, slot: str, client: Credentials) -> bool:
    """Whether a member serves this client a linearizable read."""

    async def ask() -> bool:
        async with EtcdClient(client) as etcd:
            try:
                await etcd.linearizable_read(endpoint(stack, slot), timeout=3.0)
            except EtcdError:
                return False
            return True

    return asyncio.run(ask())


def count(stack: Stack, slot: str) -> int:
    """How many keys of workloads a member has, by a linearizable read."""

    async def ask() -> int:
        async with EtcdClient(credentials(stack)) as etcd:
            end = prefix_end(PREFIX)
            found = await etcd.get_range(endpoint(stack, slot), PREFIX, end, timeout=5.0, count_only=True)
            return found.count

    return asyncio.run(ask())
