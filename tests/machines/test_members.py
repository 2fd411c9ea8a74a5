"""Three members on machines, while clients write: whatever those were acknowledged is there in the end."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from etcd_ops.ec2.calls import CALLS
from etcd_ops.ec2.places import CURRENT, GROW_TIMER, USER, VOLUME
from etcd_ops.model.status import State
from etcd_ops.rollout import Ended, Unfinished
from tests.e2e.records import Records
from tests.machines import roles
from tests.machines.cloud.calls import Call
from tests.machines.cloud.groups import WAITING
from tests.machines.declared import SLOTS
from tests.machines.exposure import TOLERABLE, UNITS, exposure
from tests.machines.fleet import VOLUME_GIB
from tests.machines.grants import outside, unused
from tests.machines.lab import Lab
from tests.machines.machine import Machine
from tests.machines.members import NEWER, SETTLE_SECONDS, Members, environment
from tests.machines.network import TESTS
from tests.machines.releases import broken, renumbered
from tests.workload.options import Options
from tests.workload.workload import Workload
from tools import agent_archive

pytestmark = [pytest.mark.machines, pytest.mark.slow, pytest.mark.timeout(1500), pytest.mark.xdist_group("machines")]

OPTIONS = Options(clients=3, rate=8.0, request_timeout=2.0, max_duration=5400.0)
NEWER_AGENT, BROKEN_AGENT = "9.9.9", "8.8.8"
WRITES = 20
"""That are acknowledged while something is away."""
GRANTED = {(each.service, each.operation) for each in CALLS}

_CAP_SYS_RESOURCE = 24
"""capabilities(7), include/uapi/linux/capability.h."""
_ANONYMOUS = """\
import ssl, sys, urllib.request
urllib.request.urlopen(sys.argv[1], timeout=10, context=ssl._create_unverified_context())
"""


@pytest.fixture(scope="module")
def members(running: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Members]:
    """A cluster that has formed by itself."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment().items():
            patch.setenv(name, value)
        made = Members(running, tmp_path_factory.mktemp("members"))
        made.start()
        yield made


@pytest.fixture(scope="module")
def clients(members: Members, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workload]:
    """Clients from here to the end of the file; then their history is judged."""
    with Workload(members.connection, tmp_path_factory.mktemp("load"), OPTIONS, within=members.named) as running:
        yield running
    running.check(minimum=500, timeout=600)


@pytest.fixture
def load(clients: Workload, members: Members) -> Iterator[Workload]:
    """Those clients, of a cluster that every test leaves as it found it."""
    yield clients
    members.settle()


def test_the_cluster_formed_by_itself_and_serves_with_tls(members: Members) -> None:
    members.lab.wait_for("all members", members.serves)
    assert set(members.ids()) == set(SLOTS)
    for slot in SLOTS:
        machine = members.machine(slot)
        assert not machine.succeeds("python3", "-c", _ANONYMOUS, f"https://{members.host(slot)}:2379/version")
        assert machine.run("findmnt", "--noheadings", "--output=FSTYPE", "/var/lib/etcd").strip() == "ext4"
        (process,) = machine.processes(is_etcd)
        assert process.uids().real == int(machine.run("id", "--user", "etcd"))


@pytest.mark.parametrize("unit", UNITS)
def test_units_expose_little(members: Members, unit: str) -> None:
    assert exposure(members.machine("a-1"), unit) <= TOLERABLE


def test_a_machine_reboots(members: Members, load: Workload) -> None:
    machine, before = members.machine("a-1"), members.ids()
    leader = machine.leader
    machine.run("systemctl", "reboot", check=False)
    members.lab.wait_for("another boot", lambda: machine.leader not in (None, leader))
    load.wait_for(acknowledged=WRITES, timeout=120)
    members.lab.wait_for("the member", lambda: members.serves("a-1"))
    assert members.ids() == before


def test_a_machine_loses_power(members: Members, load: Workload) -> None:
    machine, before = members.machine("b-1"), members.ids()
    members.lab.cut_power(machine)
    load.wait_for(acknowledged=WRITES, timeout=120)
    members.lab.give_power(machine)
    members.lab.wait_for("the member", lambda: members.serves("b-1"))
    assert members.ids() == before


def test_all_lose_power_and_start_without_any_endpoint_of_aws(members: Members, load: Workload) -> None:
    every, before = [members.machine(slot) for slot in SLOTS], members.ids()
    with members.lab.away("apis", "metadata"):
        members.lab.cut_power(*every)
        members.lab.give_power(*every)
        members.lab.wait_for("all members", members.serves, SETTLE_SECONDS)
        load.wait_for(acknowledged=WRITES, timeout=120)
    assert members.ids() == before


@pytest.mark.parametrize("reused", [False, True], ids=["another-address", "the-old-address"])
def test_an_empty_machine_finds_the_volume(members: Members, load: Workload, reused: bool) -> None:
    """While its peers' resolvers still lead to the old one."""
    old, before = members.machine("c-1"), members.ids()
    members.lab.wait_for("cached names", lambda: all(knows(members, slot, "c-1", old) for slot in ("a-1", "b-1")))
    (volume,) = (each["VolumeId"] for each in members.fleet.volumes("c-1"))
    members.lab.aws.change(reuse_addresses=reused)
    try:
        members.fleet.aws.ec2.terminate_instances(InstanceIds=[old.instance])
        fresh = replacement(members, "c-1", old)
    finally:
        members.lab.aws.change(reuse_addresses=False)
    assert (fresh.link.address == old.link.address) == reused
    load.wait_for(acknowledged=WRITES, timeout=120)
    members.lab.wait_for("the member", lambda: members.serves("c-1"), SETTLE_SECONDS)
    assert volume in fresh.devices
    members.lab.wait_for("the end of the dead one's hook", lambda: one_instance(members, "c-1"), SETTLE_SECONDS)
    assert members.ids() == before


def test_a_volume_is_taken_from_a_terminated_instance_that_still_has_it(members: Members, load: Workload) -> None:
    old, before = members.machine("b-1"), members.ids()
    members.lab.aws.change(keep_attached=True)
    try:
        members.fleet.aws.ec2.terminate_instances(InstanceIds=[old.instance])
        fresh = replacement(members, "b-1", old)
    finally:
        members.lab.aws.change(keep_attached=False)
    members.lab.wait_for("the member", lambda: members.serves("b-1"), SETTLE_SECONDS)
    (volume,) = members.fleet.volumes("b-1")
    assert [each["InstanceId"] for each in volume["Attachments"]] == [fresh.instance]
    assert ("ec2", "DetachVolume") in calls(members)
    assert members.ids() == before


def test_a_planned_termination_waits_until_it_is_safe(members: Members, load: Workload) -> None:
    old, peer, before = members.machine("b-1"), members.machine("c-1"), members.ids()
    (etcd,) = old.processes(is_etcd)
    members.lab.cut_power(peer)
    members.fleet.aws.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=old.instance, ShouldDecrementDesiredCapacity=False
    )
    members.lab.wait_for("what it waits for", lambda: waits_for_gate(members, "b-1"), SETTLE_SECONDS)
    load.wait_for(acknowledged=WRITES, timeout=120)
    assert waits_for_gate(members, "b-1")
    assert lifecycle(members, "b-1")[old.instance] == WAITING
    assert old.processes(is_etcd) == [etcd]
    members.lab.give_power(peer)
    replacement(members, "b-1", old)
    members.lab.wait_for("the hook's end", lambda: one_instance(members, "b-1"), SETTLE_SECONDS)
    load.wait_for(acknowledged=WRITES, timeout=120)
    members.lab.wait_for("the member", lambda: members.serves("b-1"), SETTLE_SECONDS)
    assert members.ids() == before


def test_a_peer_lets_a_dead_instance_go_that_nothing_succeeds(members: Members, load: Workload) -> None:
    slot, before = "c-1", members.ids()
    old, peers = members.machine(slot), [members.machine(each) for each in SLOTS if each != slot]
    members.lab.aws.change(has_capacity=False)
    try:
        members.fleet.aws.ec2.terminate_instances(InstanceIds=[old.instance])
        members.lab.wait_for("the hook", lambda: lifecycle(members, slot) == {old.instance: WAITING})
        members.lab.wait_for("the hook's end", lambda: lifecycle(members, slot) == {}, SETTLE_SECONDS)
        (completed,) = completions(members, old.instance)
        assert completed.principal in {each.arn for each in roles.of_members(members.fleet, ("a-1", "b-1"))}
        (peer,) = (each for each in peers if each.link.address == completed.address)
        members.lab.wait_for("the peer's word", lambda: said_completed(peer, old.instance))
        load.wait_for(acknowledged=WRITES, timeout=120)
    finally:
        members.lab.aws.change(has_capacity=True)
    replacement(members, slot, old)
    members.lab.wait_for("the member", lambda: members.serves(slot), SETTLE_SECONDS)
    assert members.ids() == before


def test_a_slow_metadata_service_delays_and_breaks_nothing(members: Members, load: Workload) -> None:
    old = members.machine("a-1")
    members.lab.aws.change(metadata_delay=1.0)
    try:
        members.fleet.aws.ec2.terminate_instances(InstanceIds=[old.instance])
        replacement(members, "a-1", old)
        members.lab.wait_for("the member", lambda: members.serves("a-1"), SETTLE_SECONDS)
    finally:
        members.lab.aws.change(metadata_delay=0.0)


def test_an_intact_member_starts_without_its_secret(members: Members, load: Workload) -> None:
    old = members.machine("b-1")
    members.withhold_secret("b-1")
    members.fleet.aws.ec2.terminate_instances(InstanceIds=[old.instance])
    replacement(members, "b-1", old)
    members.lab.wait_for("the member", lambda: members.serves("b-1"), SETTLE_SECONDS)
    members.give_secret("b-1")


def test_a_wrong_volume_is_refused(members: Members, load: Workload) -> None:
    """One with the slot's tags whose data is another member's: etcd does not start on it, and nothing is written."""
    slot, fleet = "c-1", members.fleet
    old = members.machine(slot)
    (right,) = (each["VolumeId"] for each in fleet.volumes(slot))
    wrong = fleet.make_volume(slot)
    copy_content(members, fleet.volumes("a-1")[0]["VolumeId"], wrong)
    before = superblock(members, wrong)
    fleet.aws.ec2.delete_tags(Resources=[right], Tags=fleet.tags(slot))
    fleet.aws.ec2.terminate_instances(InstanceIds=[old.instance])
    fresh = replacement(members, slot, old)
    members.lab.wait_for("the refusal", lambda: "of another volume" in fresh.journal("--unit=etcd-*"), 300)
    assert not fresh.processes(is_etcd)
    assert superblock(members, wrong) == before
    assert not fresh.succeeds("systemctl", "is-enabled", GROW_TIMER)
    assert "ChangeResourceRecordSets" not in {each.operation for each in made(members) if at(each, fresh)}
    fleet.aws.ec2.detach_volume(VolumeId=wrong, InstanceId=fresh.instance)
    fleet.aws.ec2.delete_volume(VolumeId=wrong)
    fleet.aws.ec2.create_tags(Resources=[right], Tags=fleet.tags(slot))
    members.lab.wait_for("the member", lambda: members.serves(slot), SETTLE_SECONDS)


def test_a_lost_volume_is_replaced_by_an_empty_one_once_its_secret_is_there(members: Members, load: Workload) -> None:
    slot, fleet = "a-1", members.fleet
    old, before = members.machine(slot), members.ids()
    (lost,) = (each["VolumeId"] for each in fleet.volumes(slot))
    members.withhold_secret(slot)
    members.lab.cut_power(old)
    fleet.aws.ec2.terminate_instances(InstanceIds=[old.instance])
    fleet.aws.ec2.delete_volume(VolumeId=lost)
    fleet.make_volume(slot)
    fresh = replacement(members, slot, old)
    members.lab.wait_for("the complaint", lambda: "get_secret_value" in fresh.journal("--unit=etcd-*"), 300)
    load.wait_for(acknowledged=WRITES, timeout=120)
    assert not fresh.processes(is_etcd)
    members.give_secret(slot)
    members.lab.wait_for("another member", lambda: members.ids().get(slot) not in (None, before[slot]), SETTLE_SECONDS)
    members.settle()
    assert members.ids().keys() == before.keys()


def test_a_file_system_grows_with_its_volume(members: Members, load: Workload) -> None:
    """Where the kernel lets anybody: elsewhere the machine finds that it could, and says that it may not."""
    machine = members.machine("a-1")
    (etcd,), before = machine.processes(is_etcd), file_system_gib(machine)
    (volume,) = (each["VolumeId"] for each in members.fleet.volumes("a-1"))
    members.lab.hypervisor.grow(volume, VOLUME_GIB + 2)
    if may_resize():
        members.lab.wait_for("a larger file system", lambda: file_system_gib(machine) > before + 1.5)
    else:
        print("nobody on this machine may resize a mounted file system: it has no CAP_SYS_RESOURCE")
        refused = "resize2fs: Permission denied to resize filesystem; it could grow by 2048 MiB"
        members.lab.wait_for("the refusal", lambda: refused in machine.journal("--unit=etcd-grow.service"))
    assert machine.processes(is_etcd) == [etcd]


def test_a_configuration_change_is_rolled(members: Members, load: Workload) -> None:
    members.configure(quota_backend_bytes=3 << 30)
    members.declare()
    with members.records() as seen:
        assert all(acted(seen.actions(slot), "RestartMember") for slot in SLOTS)


def test_a_version_change_is_rolled(members: Members, load: Workload) -> None:
    members.choose_etcd(NEWER)
    members.declare()
    told = members.etcdctl("endpoint", "status", "--write-out=json").stdout
    assert told.count(f'"version":"{NEWER}"') == len(SLOTS)


def test_a_newer_agent_is_rolled_without_touching_etcd(members: Members, load: Workload) -> None:
    before = untouched(members)
    archive = renumbered(agent_archive.obtain().path.read_bytes(), NEWER_AGENT)
    release = members.release(NEWER_AGENT, archive)
    members.choose_agent(release)
    members.declare()
    assert set(agents(members).values()) == {NEWER_AGENT}
    for slot in SLOTS:
        machine = members.machine(slot)
        assert machine.run("readlink", "--canonicalize", str(CURRENT)).strip().endswith(release.archive)
        assert machine.succeeds("runuser", "--user", USER, "--", "test", "-x", f"{CURRENT}/bin/python3")
    load.wait_for(acknowledged=WRITES, timeout=120)
    assert untouched(members) == before


def test_an_agent_that_does_not_start_is_taken_back_without_touching_etcd(members: Members, load: Workload) -> None:
    good, before, begun = members.spec.agent, untouched(members), time.time()
    members.choose_agent(members.release(BROKEN_AGENT, broken()))
    with pytest.raises(RuntimeError) as failed:
        members.declare()
    why = failed.value.__cause__
    assert isinstance(why, Unfinished)
    assert why.ended is Ended.FAILED
    with members.records() as seen:
        (tried,) = (slot for slot in SLOTS if seen.status(slot).state is State.FAILED)
        members.lab.wait_for("the others' word", lambda: all(holds_back(seen, slot, tried) for slot in SLOTS))
        members.lab.wait_for("its log", lambda: upgraded(seen, begun) == [tried])
    assert any(f"agent {BROKEN_AGENT} was taken back: it ended 3 times" in each for each in why.reasons), why
    assert set(agents(members).values()) == {good.version}
    load.wait_for(acknowledged=WRITES, timeout=120)
    assert untouched(members) == before
    members.choose_agent(good)
    members.declare()
    assert untouched(members) == before


def test_another_image_is_rolled_one_machine_at_a_time(members: Members, load: Workload) -> None:
    before = {slot: members.machine(slot) for slot in SLOTS}
    ids, begun = members.ids(), time.time()
    members.replace_template()
    members.declare(3 * SETTLE_SECONDS)
    for slot, old in before.items():
        assert members.machine(slot).instance != old.instance
    images = {each["ImageId"] for each in instances(members)}
    assert images == {members.fleet.image}
    assert members.ids() == ids
    vacated = sorted((vacated_at(members, slot, begun), slot) for slot in SLOTS)
    for (_, slot), (later, _) in pairwise(vacated):
        (etcd,) = members.machine(slot).processes(is_etcd)
        assert etcd.create_time() < later


def test_machines_made_no_call_that_their_roles_do_not_grant(members: Members) -> None:
    assert calls(members)
    assert calls(members) <= GRANTED
    assert outside(made(members), roles.of_members(members.fleet, SLOTS)) == ()


def test_every_grant_was_used_by_the_tests_of_this_file(members: Members) -> None:
    assert calls(members) == GRANTED
    assert unused(made(members), roles.of_members(members.fleet, SLOTS)) == ()


def made(members: Members) -> list[Call]:
    """The calls of machines until now."""
    return [each for each in members.lab.aws.calls() if each.address != TESTS]


def at(call: Call, machine: Machine) -> bool:
    """Whether a machine made a call."""
    return call.address == machine.link.address


def calls(members: Members) -> set[tuple[str, str]]:
    """What machines called until now."""
    return {(each.service, each.operation) for each in made(members)}


def replacement(members: Members, slot: str, old: Machine) -> Machine:
    """The next machine of a slot."""
    members.lab.wait_for("another instance", lambda: members.machine(slot).instance != old.instance)
    return members.machine(slot)


def knows(members: Members, asked: str, slot: str, machine: Machine) -> bool:
    """Whether the resolver of a slot's machine leads to another slot's from what it has kept (resolvectl(1))."""
    told = members.machine(asked).run("resolvectl", "query", members.host(slot), check=False)
    return machine.link.address in told and "Data from: cache" in told


def may_resize() -> bool:
    """Whether this machine's kernel lets its root resize what is mounted (ext4_resize_begin in fs/ext4/resize.c)."""
    (line,) = (each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("CapEff:"))
    return bool(int(line.split()[1], 16) >> _CAP_SYS_RESOURCE & 1)


def file_system_gib(machine: Machine) -> float:
    """How much a machine's data volume has room for, in GiB."""
    told = machine.run("findmnt", "--noheadings", "--bytes", "--output=SIZE", str(VOLUME))
    return int(told) / (1 << 30)


def one_instance(members: Members, slot: str) -> bool:
    """Whether none but the one in service is left in a slot's group; by itself, a hook ends later than tests wait."""
    return len(members.fleet.instances(slot)) == 1


def lifecycle(members: Members, slot: str) -> dict[str, str]:
    """By ID of the instances of a slot's group: their states."""
    return {each["InstanceId"]: each["LifecycleState"] for each in members.fleet.instances(slot)}


def waits_for_gate(members: Members, slot: str) -> bool:
    """Whether a member says that its machine is kept until others are back."""
    with members.records() as seen:
        status = seen.status(slot)
    return status.reason.startswith(("VacateMachine waits for the gate", "TransferLeadership waits for the gate"))


def completions(members: Members, instance: str) -> list[Call]:
    """The calls that let an instance go."""
    return [
        each
        for each in made(members)
        if (each.operation, each.status) == ("CompleteLifecycleAction", 200)
        and each.parameters["InstanceId"] == instance
    ]


def said_completed(peer: Machine, instance: str) -> bool:
    """Whether an agent has told that it let another's instance go."""
    told = peer.journal("--unit=etcd-agent").splitlines()
    return any("termination completed" in line and instance in line for line in told)


def untouched(members: Members) -> dict[str, tuple[str, str, int]]:
    """By slot what another release of the agent leaves as it is: the instance, the member, and its process."""
    ids, found = members.ids(), {}
    for slot in SLOTS:
        machine = members.machine(slot)
        (etcd,) = machine.processes(is_etcd)
        found[slot] = (machine.instance, ids[slot], etcd.pid)
    return found


def agents(members: Members) -> dict[str, str]:
    """By slot the release of the agent that publishes."""
    with members.records() as seen:
        return {slot: seen.status(slot).agent_version for slot in SLOTS}


def holds_back(seen: Records, slot: str, tried: str) -> bool:
    """Whether a member says that the release failed on the one that tried it; true of that one."""
    return slot == tried or f"failed on {tried}, nobody else tries it" in seen.status(slot).reason


def upgraded(seen: Records, begun: float) -> list[str]:
    """Whose agents have given way since, in seconds of the epoch."""
    given = ("step", "UpgradeAgent")
    return [
        slot
        for slot in SLOTS
        if any((each["event"], each.get("step")) == given and each["at"] > begun for each in seen.actions(slot))
    ]


def vacated_at(members: Members, slot: str, since: float) -> float:
    """When a member let its machine be replaced, in seconds of the epoch."""
    with members.records() as seen:
        (found,) = (each for each in seen.actions(slot) if each.get("step") == "VacateMachine" and each["at"] > since)
    return float(found["at"])


def copy_content(members: Members, source: str, target: str) -> None:
    """As a snapshot does."""
    files = [str(members.lab.hypervisor.file(volume)) for volume in (source, target)]
    subprocess.run(["cp", "--sparse=always", *files], check=True)


def superblock(members: Members, volume: str) -> bytes:
    """What every mount of a file system changes, and what is around it."""
    with members.lab.hypervisor.file(volume).open("rb") as content:
        return content.read(1 << 20)


def is_etcd(process: object) -> bool:
    return getattr(process, "info", {}).get("name") == "etcd"


def acted(actions: list[dict[str, object]], step: str) -> bool:
    return any(each.get("step") == step for each in actions)


def instances(members: Members) -> list[dict[str, str]]:
    only = [{"Name": "instance-state-name", "Values": ["running"]}]
    found = members.fleet.aws.ec2.describe_instances(Filters=only)["Reservations"]
    return [each for some in found for each in some["Instances"]]
