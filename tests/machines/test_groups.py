"""The emulated Auto Scaling, without machines: an instance that is dead while there is no capacity for another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse

from pulumi_etcd.ec2.naming import HOOK
from tests.machines.api import Aws
from tests.machines.cloud import groups
from tests.machines.cloud.groups import WAITING
from tests.machines.cloud.settings import SETTINGS
from tests.machines.fleet import Fleet

SLOT = "a-1"


class Emulated(Aws):
    """That of this process."""

    def client(self, service: str) -> object:
        return self._session.client(service)  # type: ignore[call-overload]


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """With one slot, whose instance is in service."""
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(AutoScalingBackend, "notify_terminate_instances", groups.leave_to_sweep)
        patch.setattr(FakeAutoScalingGroup, "replace_autoscaling_group_instances", groups.launch)
        patch.setattr(AutoScalingResponse, "complete_lifecycle_action", groups.complete_lifecycle_action, raising=False)
        made = Fleet(Emulated())
        made.make_shared(("a",))
        made.make_slot(SLOT, "#!/bin/sh")
        yield made


def states(fleet: Fleet) -> dict[str, str]:
    groups.sweep()
    return {each["InstanceId"]: each["LifecycleState"] for each in fleet.instances(SLOT)}


def test_one_that_is_dead_waits_and_has_no_successor_while_there_is_no_capacity(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = states(fleet)
    monkeypatch.setattr(SETTINGS, "has_capacity", False)
    fleet.aws.ec2.terminate_instances(InstanceIds=[old])
    for _ in range(2):
        assert states(fleet) == {old: WAITING}
    fleet.aws.autoscaling.complete_lifecycle_action(
        LifecycleHookName=HOOK,
        AutoScalingGroupName=fleet.group(SLOT),
        InstanceId=old,
        LifecycleActionResult="CONTINUE",
    )
    assert states(fleet) == {}
    monkeypatch.setattr(SETTINGS, "has_capacity", True)
    (fresh,) = states(fleet).items()
    assert fresh[0] != old
    assert fresh[1] == "InService"
