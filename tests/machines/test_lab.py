"""The laboratory by itself: machines boot as on EC2, and AWS around them does what the tests of members rely on."""

from __future__ import annotations

import json
from functools import partial

import pytest

from pulumi_etcd.ec2.naming import HOOK
from tests.machines.fleet import Fleet
from tests.machines.lab import Lab
from tests.machines.machine import Machine
from tests.machines.network import APIS, APIS_PORT

pytestmark = [pytest.mark.machines, pytest.mark.soak, pytest.mark.timeout(600), pytest.mark.xdist_group("machines")]

SLOTS = ("a-1", "b-1", "c-1")
_IMDS = "http://169.254.169.254/latest"
_USER_DATA = """\
#cloud-config
write_files:
- path: /etc/said
  content: {slot}
runcmd:
- [sh, -c, "echo booted >> /etc/ran"]
"""
_ASK = f"""\
import sys, urllib.request
def ask(path, method="GET", **headers):
    request = urllib.request.Request("{_IMDS}/" + path, headers=headers, method=method)
    return urllib.request.urlopen(request, timeout=20).read().decode()
token = ask("api/token", "PUT", **{{"X-aws-ec2-metadata-token-ttl-seconds": "60"}})
for path in sys.argv[1:]:
    print(ask(path, **{{"X-aws-ec2-metadata-token": token}}))
"""


@pytest.fixture(scope="module")
def fleet(running: Lab) -> Fleet:
    """Three slots whose machines are up."""
    made = Fleet(running.aws)
    made.make_shared()
    for slot in SLOTS:
        made.make_slot(slot, _USER_DATA.format(slot=slot))
    for slot in SLOTS:
        running.wait_until_up(running.of_group(made.group(slot)))
    return made


def machine(running: Lab, fleet: Fleet, slot: str) -> Machine:
    return running.of_group(fleet.group(slot))


def metadata(machine: Machine, *paths: str) -> list[str]:
    return machine.run("python3", "-c", _ASK, *paths).splitlines()


def reads(machine: Machine, path: str) -> str:
    return machine.run("cat", path).strip()


def test_real_cloud_init_does_what_each_machine_s_user_data_says(running: Lab, fleet: Fleet) -> None:
    for slot in SLOTS:
        booted = machine(running, fleet, slot)
        assert (reads(booted, "/etc/said"), reads(booted, "/etc/ran")) == (slot, "booted")
        assert json.loads(reads(booted, "/run/cloud-init/result.json"))["v1"]["datasource"].startswith("DataSourceEc2")


def test_the_metadata_service_tells_machines_apart_and_wants_a_token(running: Lab, fleet: Fleet) -> None:
    for slot in SLOTS:
        asked = machine(running, fleet, slot)
        paths = ("instance-id", "local-ipv4", "placement/availability-zone", "iam/security-credentials/")
        told = metadata(asked, *(f"meta-data/{path}" for path in (*paths, "autoscaling/target-lifecycle-state")))
        assert told == [asked.instance, asked.link.address, f"eu-central-1{slot[0]}", fleet.group(slot), "InService"]
        credentials = json.loads(metadata(asked, f"meta-data/iam/security-credentials/{fleet.group(slot)}")[0])
        assert credentials["AccessKeyId"].startswith("ASIA")
    refused = machine(running, fleet, "a-1")
    plain = f"import urllib.request; urllib.request.urlopen('{_IMDS}/meta-data/instance-id', timeout=20)"
    assert not refused.succeeds("python3", "-c", plain)


def test_a_slow_metadata_service_answers_in_the_end(running: Lab, fleet: Fleet) -> None:
    asked = machine(running, fleet, "a-1")
    running.aws.change(metadata_delay=2.0)
    try:
        assert metadata(asked, "meta-data/instance-id") == [asked.instance]
    finally:
        running.aws.change(metadata_delay=0.0)


def test_an_attached_volume_is_a_device_until_it_is_detached(running: Lab, fleet: Fleet) -> None:
    user = machine(running, fleet, "a-1")
    (volume,) = (each["VolumeId"] for each in fleet.volumes("a-1"))
    name = f"/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{volume.replace('-', '')}"
    fleet.aws.ec2.attach_volume(VolumeId=volume, InstanceId=user.instance, Device="/dev/sdf")
    running.wait_for("the device", lambda: user.succeeds("test", "-b", name))
    user.run("sh", "-c", f"mkfs.ext4 -q {name} && mount {name} /mnt && echo kept > /mnt/file && umount /mnt")
    fleet.aws.ec2.detach_volume(VolumeId=volume, InstanceId=user.instance)
    running.wait_for("its end", lambda: not user.succeeds("test", "-e", name))
    fleet.aws.ec2.attach_volume(VolumeId=volume, InstanceId=user.instance, Device="/dev/sdf")
    running.wait_for("the device", lambda: user.succeeds("test", "-b", name))
    assert user.run("sh", "-c", f"mount {name} /mnt && cat /mnt/file && umount /mnt").strip() == "kept"


@pytest.mark.parametrize(("taker", "code"), [("b-1", "InvalidVolume.ZoneMismatch"), ("a-1", "InvalidParameterValue")])
def test_a_volume_is_attached_where_ec2_would(running: Lab, fleet: Fleet, taker: str, code: str) -> None:
    spare = fleet.make_volume("a-1")
    instance = machine(running, fleet, taker).instance
    with pytest.raises(fleet.aws.ec2.exceptions.ClientError, match=code):
        fleet.aws.ec2.attach_volume(VolumeId=spare, InstanceId=instance, Device="/dev/sdf")
    fleet.aws.ec2.delete_volume(VolumeId=spare)


def test_names_follow_route_53(running: Lab, fleet: Fleet) -> None:
    asking, name = machine(running, fleet, "a-1"), f"b-1.{fleet.zone}"
    for address in ("10.97.2.77", "10.97.2.78"):
        fleet.put_record(name, address, seconds=1)
        running.wait_for("the address", partial(leads, asking, name, address))
    assert not asking.succeeds("getent", "ahostsv4", f"absent.{fleet.zone}")


def leads(asking: Machine, name: str, address: str) -> bool:
    return asking.run("getent", "ahostsv4", name, check=False).startswith(address)


def test_endpoints_are_away_for_machines_alone(running: Lab, fleet: Fleet) -> None:
    user = machine(running, fleet, "b-1")
    connect = f"import socket; socket.create_connection(('{APIS}', {APIS_PORT}), 2)"
    assert user.succeeds("python3", "-c", connect)
    with running.away():
        assert not user.succeeds("python3", "-c", connect)
        assert running.aws.answers()
    assert user.succeeds("python3", "-c", connect)


def test_a_reboot_keeps_the_machine_s_disk_volumes_and_address(running: Lab, fleet: Fleet) -> None:
    user = machine(running, fleet, "a-1")
    (volume,) = (each["VolumeId"] for each in fleet.volumes("a-1"))
    before = reads(user, "/proc/sys/kernel/random/boot_id"), user.leader
    user.run("touch", "/etc/mine")
    user.run("systemctl", "reboot", check=False)
    running.wait_for("another boot", lambda: user.leader not in (None, before[1]))
    running.wait_until_up(user)
    assert volume in user.devices
    link = f"/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{volume.replace('-', '')}"
    assert user.succeeds("test", "-e", "/etc/mine", "-a", "-b", link)
    assert reads(user, "/etc/ran") == "booted", "cloud-init ran it again"
    assert metadata(user, "meta-data/local-ipv4") == [user.link.address]


def test_power_is_cut_and_comes_back(running: Lab, fleet: Fleet) -> None:
    every = [machine(running, fleet, slot) for slot in SLOTS]
    running.cut_power(*every)
    assert [each.leader for each in every] == [None] * 3
    running.give_power(*every)
    for each in every:
        running.wait_until_up(each)
        assert "Powering off" not in each.journal("--boot=-1")


def test_a_group_waits_at_its_hook_and_launches_another_at_once(running: Lab, fleet: Fleet) -> None:
    old = machine(running, fleet, "c-1")
    before = old.link.address
    fleet.aws.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=old.instance, ShouldDecrementDesiredCapacity=False
    )
    assert metadata(old, "meta-data/autoscaling/target-lifecycle-state") == ["Terminated"]
    fresh = machine(running, fleet, "c-1")
    assert fresh.instance != old.instance and fresh.link.address != before
    running.wait_until_up(fresh)
    assert reads(fresh, "/etc/said") == "c-1"
    assert old.instance in running.machines
    complete(fleet, "c-1", old.instance)
    running.wait_for("the end of the old one", lambda: old.instance not in running.machines)


def test_an_instance_that_is_terminated_lets_go_of_its_volume(running: Lab, fleet: Fleet) -> None:
    old = machine(running, fleet, "a-1")
    (volume,) = fleet.volumes("a-1")
    assert volume["State"] == "in-use"
    running.aws.change(reuse_addresses=True)
    try:
        fleet.aws.ec2.terminate_instances(InstanceIds=[old.instance])
        assert fleet.volumes("a-1")[0]["State"] == "available"
        running.wait_for("the hook", lambda: len(fleet.instances("a-1")) == 2)
        fresh = machine(running, fleet, "a-1")
    finally:
        running.aws.change(reuse_addresses=False)
    assert fresh.link.address == old.link.address
    complete(fleet, "a-1", old.instance)
    running.wait_until_up(fresh)


def test_calls_are_recorded_with_their_callers(running: Lab, fleet: Fleet) -> None:
    made = {(each.service, each.operation, each.status) for each in running.aws.calls()}
    assert ("ec2", "AttachVolume", 200) in made
    assert ("autoscaling", "CompleteLifecycleAction", 200) in made
    assert ("route53", "ChangeResourceRecordSets", 200) in made


def complete(fleet: Fleet, slot: str, instance: str) -> None:
    fleet.aws.autoscaling.complete_lifecycle_action(
        LifecycleHookName=HOOK,
        AutoScalingGroupName=fleet.group(slot),
        InstanceId=instance,
        LifecycleActionResult="CONTINUE",
    )
