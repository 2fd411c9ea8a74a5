"""Which volume is whose: nothing is taken from anybody who may still use it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.ec2.claim import TERMINATED, Attach, Attached, Detach, Found, Ready, Refuse, Wait, claim
from etcd_ops.ec2.volumes import Refused, Volumes
from etcd_ops.model.tags import CLUSTER_TAG, DATA, SLOT_TAG, VOLUME_TAG
from tests.ec2.conftest import ZONE, Cloud

ME, OTHER = "i-me", "i-other"
INSTANCES = st.sampled_from([ME, OTHER, "i-third"])
VOLUMES = st.builds(
    Found,
    volume=st.sampled_from(["vol-1", "vol-2"]),
    zone=st.sampled_from(["a", "b"]),
    state=st.sampled_from(["creating", "available", "in-use", "deleting", "deleted", "error"]),
    attached=st.lists(
        st.builds(Attached, INSTANCES, st.sampled_from(["attaching", "attached", "detaching", "detached", "busy"])),
        max_size=2,
    ).map(tuple),
)
STATES = st.dictionaries(
    INSTANCES, st.sampled_from(["pending", "running", "stopping", "stopped", "shutting-down", TERMINATED])
)


@given(st.lists(VOLUMES, max_size=3), STATES)
def test_only_the_one_volume_of_this_zone_is_ever_touched(volumes: list[Found], states: dict[str, str]) -> None:
    step = claim(volumes, states, ME, "a")
    if isinstance(step, (Wait, Refuse)):
        assert step.reason
        return
    (only,) = [each for each in volumes if each.state not in ("deleting", "deleted")]
    held = [each for each in only.attached if each.state != "detached"]
    assert (only.volume, only.zone) == (step.volume, "a")
    if isinstance(step, Attach):
        assert only.state == "available"
        assert held == []
    if isinstance(step, Ready):
        assert held == [Attached(ME, "attached")]
    if isinstance(step, Detach):
        assert [(each.instance, states[each.instance]) for each in held] == [(step.instance, TERMINATED)]
        assert step.instance != ME


@pytest.mark.parametrize("state", ["running", "stopped", "stopping", "shutting-down", None])
def test_a_volume_is_waited_for_until_its_instance_is_proved_terminated(state: str | None) -> None:
    held = Found("vol-1", "a", "in-use", (Attached(OTHER, "attached"),))
    states = {OTHER: state} if state else {}
    step = claim([held], states, ME, "a")
    assert isinstance(step, Wait)
    assert f"attached to {OTHER}, which is {state or 'not known'}" in step.reason
    assert claim([held], {OTHER: TERMINATED}, ME, "a") == Detach("vol-1", OTHER)


@pytest.mark.parametrize(
    ("volumes", "text"),
    [
        ([], "no volume carries"),
        ([Found("vol-1", "a", "deleted")], "no volume carries"),
        ([Found("vol-1", "b", "available")], "vol-1 with this slot's tags is in b, and i-me is in a"),
        ([Found("vol-1", "a", "available"), Found("vol-2", "b", "available")], "2 volumes .* vol-1 in a, vol-2 in b"),
        ([Found("vol-1", "a", "error")], "has failed"),
    ],
)
def test_refusals_say_what_to_do(volumes: list[Found], text: str) -> None:
    step = claim(volumes, {}, ME, "a")
    assert isinstance(step, Refuse)
    assert re.search(text, step.reason)


class TestAtEc2:
    """Against a simulator."""

    def make(self, cloud: Cloud, zone: str = ZONE, **tags: str) -> str:
        own = {CLUSTER_TAG: cloud.machine.cluster, SLOT_TAG: cloud.machine.slot, VOLUME_TAG: DATA} | tags
        made = cloud.client("ec2").create_volume(
            AvailabilityZone=zone, Size=8, Encrypted=True,
            TagSpecifications=[
                {"ResourceType": "volume", "Tags": [{"Key": key, "Value": value} for key, value in own.items()]}
            ],
        )  # fmt: skip
        return str(made["VolumeId"])

    def instance(self, cloud: Cloud) -> str:
        ec2 = cloud.client("ec2")
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        placed = ec2.run_instances(
            ImageId=image, MinCount=1, MaxCount=1, Placement={"AvailabilityZone": ZONE}, InstanceType="t3.micro"
        )
        return str(placed["Instances"][0]["InstanceId"])

    def volumes(self, cloud: Cloud) -> Volumes:
        return Volumes(cloud.aws, cloud.machine.cluster, cloud.machine.slot)

    def test_the_own_volume_is_attached_and_others_are_not(self, cloud: Cloud) -> None:
        own = self.make(cloud)
        self.make(cloud, **{SLOT_TAG: "b-1"})
        self.make(cloud, **{CLUSTER_TAG: "another"})
        self.make(cloud, **{VOLUME_TAG: "root"})
        me, said = self.instance(cloud), list[str]()
        assert self.volumes(cloud).take(me, ZONE, said.append, pause=0.01) == own
        found = cloud.client("ec2").describe_volumes(VolumeIds=[own])["Volumes"][0]["Attachments"]
        assert [each["InstanceId"] for each in found] == [me]
        assert said == [f"attaches {own}"]

    def test_a_volume_of_a_running_instance_stays_there_until_that_is_terminated(self, cloud: Cloud) -> None:
        own, other, me = self.make(cloud), self.instance(cloud), self.instance(cloud)
        assert self.volumes(cloud).take(other, ZONE, lambda _: None, pause=0.01) == own
        step = self.volumes(cloud).next(me, ZONE)
        assert step == Wait(f"{own} is attached to {other}, which is running")
        cloud.client("ec2").terminate_instances(InstanceIds=[other])
        assert self.volumes(cloud).take(me, ZONE, lambda _: None, pause=0.01) == own

    def test_none_is_refused(self, cloud: Cloud) -> None:
        with pytest.raises(Refused, match="no volume"):
            self.volumes(cloud).take(ME, ZONE, lambda _: None)
