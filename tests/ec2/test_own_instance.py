"""An instance that is replaced, or terminated, by its group: against a simulator."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from etcd_ops.agent.ports import PodOutcomeUnknown
from etcd_ops.ec2.aws import AwsUnavailable
from etcd_ops.ec2.keeper import Others
from etcd_ops.ec2.own_instance import TERMINATED, OwnInstance, complete_for, unready
from etcd_ops.model.facts import Termination
from etcd_ops.model.tags import TEMPLATE_TAG
from tests.ec2.conftest import ZONE, Cloud
from tests.ec2.metadata import Metadata
from tests.standins.deadlines import ample, out_after

NEW = "fedcba9876543210"


def group(cloud: Cloud, template: str, slot: str = "a-1", size: int = 1) -> str:
    """A group with its instance, whose ID is returned."""
    name, ec2, service = cloud.machine.group_of(slot), cloud.client("ec2"), cloud.client("autoscaling")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    ec2.create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"}
    )
    service.create_auto_scaling_group(
        AutoScalingGroupName=name, MinSize=size, MaxSize=size, DesiredCapacity=size, AvailabilityZones=[ZONE],
        LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"},
        Tags=[{"Key": TEMPLATE_TAG, "Value": template, "PropagateAtLaunch": False,
               "ResourceId": name, "ResourceType": "auto-scaling-group"}],
    )  # fmt: skip
    service.put_lifecycle_hook(
        AutoScalingGroupName=name, LifecycleHookName=cloud.machine.hook, HeartbeatTimeout=3600,
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
    )  # fmt: skip
    return instances(cloud, slot)[0]


def instances(cloud: Cloud, slot: str = "a-1") -> list[str]:
    found = cloud.client("autoscaling").describe_auto_scaling_groups(
        AutoScalingGroupNames=[cloud.machine.group_of(slot)]
    )
    return [each["InstanceId"] for each in found["AutoScalingGroups"][0]["Instances"]]


def test_it_is_replaced_without_making_the_group_smaller(cloud: Cloud, metadata: Metadata) -> None:
    before = metadata.values["instance-id"] = group(cloud, NEW)
    own = OwnInstance(cloud.aws, cloud.machine)
    assert own.template() == "0123456789abcdef"
    asyncio.run(own.recreate(NEW, ample))
    assert before not in instances(cloud)
    assert len(instances(cloud)) == 1


def test_it_stays_while_its_group_would_make_the_same_again(cloud: Cloud, metadata: Metadata) -> None:
    before = metadata.values["instance-id"] = group(cloud, "another")
    with pytest.raises(OSError, match="not of fedcba9876543210 as declared"):
        asyncio.run(OwnInstance(cloud.aws, cloud.machine).recreate(NEW, ample))
    assert instances(cloud) == [before]


def test_an_instance_of_no_group_is_not_terminated(cloud: Cloud, metadata: Metadata) -> None:
    metadata.values["instance-id"] = "i-0123456789abcdef0"
    with pytest.raises(OSError, match="is in no group"):
        asyncio.run(OwnInstance(cloud.aws, cloud.machine).recreate(NEW, ample))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, ""),
        ({"Tags": []}, "template unknown"),
        ({"SuspendedProcesses": [{"ProcessName": "Launch"}]}, "Launch is suspended"),
        ({"SuspendedProcesses": [{"ProcessName": "AlarmNotification"}]}, ""),
        ({"DesiredCapacity": 0}, "wants no instance"),
    ],
)
def test_a_group_that_would_not_make_it(changes: dict[str, Any], text: str) -> None:
    ready = {"Tags": [{"Key": TEMPLATE_TAG, "Value": NEW}], "DesiredCapacity": 1, "SuspendedProcesses": []}
    assert (text in unready({**ready, **changes}, NEW)) is True
    assert bool(unready({**ready, **changes}, NEW)) is bool(text)


class Recorded:
    """Answers calls of one service as they are given, and keeps them: the simulator holds no terminations."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.calls = answers, list[tuple[str, dict[str, Any]]]()

    def call(self, service: str, operation: str, **arguments: Any) -> Any:
        self.calls.append((operation, arguments))
        answer = self.answers.get(operation, {})
        if isinstance(answer, Exception):
            raise answer
        return answer


def service(to_terminate: Any = None) -> Recorded:
    """A group that would make the declared instance, and how it answers when it is to."""
    ready = {"Tags": [{"Key": TEMPLATE_TAG, "Value": NEW}], "DesiredCapacity": 1}
    return Recorded(
        describe_auto_scaling_instances={"AutoScalingInstances": [{"LifecycleState": "InService"}]},
        describe_auto_scaling_groups={"AutoScalingGroups": [ready]},
        terminate_instance_in_auto_scaling_group=to_terminate,
    )


def failure(cause: Exception) -> AwsUnavailable:
    problem = AwsUnavailable(str(cause))
    problem.__cause__ = cause
    return problem


def client_error(status: int) -> ClientError:
    return ClientError({"Error": {}, "ResponseMetadata": {"HTTPStatusCode": status}}, TERMINATE)  # type: ignore[typeddict-item]


TERMINATE = "terminate_instance_in_auto_scaling_group"


@pytest.mark.parametrize(
    "cause", [ReadTimeoutError(endpoint_url="x"), ConnectTimeoutError(endpoint_url="x"), client_error(503)]
)
def test_whether_it_goes_is_unknown_after_a_lost_answer_until_its_group_tells(
    cloud: Cloud, metadata: Metadata, cause: Exception
) -> None:
    """Also where no connection could be made: that was the second attempt."""
    metadata.values["instance-id"] = "i-1"
    aws = service(failure(cause))
    own = OwnInstance(aws, cloud.machine)  # type: ignore[arg-type]
    with pytest.raises(PodOutcomeUnknown):
        asyncio.run(own.recreate(NEW, ample))
    known = aws.answers.pop("describe_auto_scaling_instances")
    aws.answers["describe_auto_scaling_instances"] = AwsUnavailable("away")
    assert asyncio.run(own.leaving())
    aws.answers["describe_auto_scaling_instances"] = known
    assert not asyncio.run(own.leaving())


def test_a_group_that_refuses_is_told(cloud: Cloud, metadata: Metadata) -> None:
    metadata.values["instance-id"] = "i-1"
    aws = service(failure(client_error(400)))
    own = OwnInstance(aws, cloud.machine)  # type: ignore[arg-type]
    with pytest.raises(AwsUnavailable):
        asyncio.run(own.recreate(NEW, ample))
    assert not asyncio.run(own.leaving())


@pytest.mark.parametrize(("looks", "terminated"), [(1, False), (2, True)])
def test_nothing_is_terminated_once_no_time_is_left(
    cloud: Cloud, metadata: Metadata, looks: int, terminated: bool
) -> None:
    metadata.values["instance-id"] = "i-1"
    aws = service()
    own = OwnInstance(aws, cloud.machine)  # type: ignore[arg-type]
    late = nullcontext() if terminated else pytest.raises(OSError, match="ran out before it was sent")
    with late:
        asyncio.run(own.recreate(NEW, out_after(looks)))
    assert (TERMINATE in {operation for operation, _ in aws.calls}) is terminated


def test_a_termination_is_held_until_it_is_let_go(cloud: Cloud, metadata: Metadata) -> None:
    metadata.values |= {"instance-id": "i-1", "autoscaling/target-lifecycle-state": "InService"}
    aws = Recorded()
    own = OwnInstance(aws, cloud.machine)  # type: ignore[arg-type]
    own.attend()
    assert (own.termination(), aws.calls) == (Termination.NONE, [])
    metadata.values["autoscaling/target-lifecycle-state"] = TERMINATED
    own.attend()
    action = {"AutoScalingGroupName": cloud.machine.group, "LifecycleHookName": "etcd-termination", "InstanceId": "i-1"}
    assert own.termination() is Termination.HELD
    assert aws.calls == [("record_lifecycle_action_heartbeat", action)]
    asyncio.run(own.let_go())
    assert own.termination() is Termination.LET_GO
    assert aws.calls[1:] == [("complete_lifecycle_action", {**action, "LifecycleActionResult": "CONTINUE"})]
    own.attend()
    assert len(aws.calls) == 2


def test_a_termination_whose_hook_cannot_be_told_is_still_seen(cloud: Cloud, metadata: Metadata) -> None:
    metadata.values |= {"instance-id": "i-1", "autoscaling/target-lifecycle-state": TERMINATED}
    own = OwnInstance(Recorded(record_lifecycle_action_heartbeat=OSError("away")), cloud.machine)  # type: ignore[arg-type]
    with pytest.raises(OSError, match="away"):
        own.attend()
    assert own.termination() is Termination.HELD


def described(cloud: Cloud, slot: str, *states: str) -> dict[str, Any]:
    """One of Auto Scaling's, with an instance in each of these states."""
    found = [{"InstanceId": f"i-{slot}-{number}", "LifecycleState": each} for number, each in enumerate(states)]
    return {"AutoScalingGroupName": cloud.machine.group_of(slot), "Instances": found}


def test_a_peer_completes_only_what_waits_in_the_groups_of_absent_slots(cloud: Cloud) -> None:
    groups = [described(cloud, "b-1", "Terminating:Wait", "Pending"), described(cloud, "c-1", "InService")]
    aws = Recorded(describe_auto_scaling_groups={"AutoScalingGroups": groups})
    done = complete_for(aws, cloud.machine, frozenset({"b-1", "c-1"}), "i-a-1-0")  # type: ignore[arg-type]
    assert done == ("i-b-1-0",)
    assert aws.calls[0][1] == {"AutoScalingGroupNames": [cloud.machine.group_of(slot) for slot in ("b-1", "c-1")]}
    assert [operation for operation, _ in aws.calls[1:]] == ["complete_lifecycle_action"]
    assert complete_for(aws, cloud.machine, frozenset(), "i-a-1-0") == ()  # type: ignore[arg-type]


def test_an_instance_completes_for_the_one_before_it_and_never_for_itself(cloud: Cloud) -> None:
    there = [described(cloud, "a-1", "Terminating:Wait", "Terminating:Wait")]
    aws = Recorded(describe_auto_scaling_groups={"AutoScalingGroups": there})
    assert complete_for(aws, cloud.machine, frozenset({"a-1"}), "i-a-1-1") == ("i-a-1-0",)  # type: ignore[arg-type]


def test_the_group_of_its_own_is_asked_until_nothing_waits_in_it(cloud: Cloud, metadata: Metadata) -> None:
    metadata.values["instance-id"] = "i-a-1-1"
    waiting = {"AutoScalingGroups": [described(cloud, "a-1", "Terminating:Wait", "InService")]}
    aws = Recorded(describe_auto_scaling_groups=waiting)
    logged: list[dict[str, object]] = []
    absent = SimpleNamespace(absent=frozenset({"a-1"}))
    others = Others(aws, cloud.machine, absent, lambda _, told: logged.append(told))  # type: ignore[arg-type]
    others.complete()
    assert logged == [{"instance": "i-a-1-0"}]
    waiting["AutoScalingGroups"] = [described(cloud, "a-1", "InService")]
    others.complete()
    asked = len(aws.calls)
    others.complete()
    assert len(aws.calls) == asked
    absent.absent = frozenset({"b-1"})
    others.complete()
    assert aws.calls[asked][1] == {"AutoScalingGroupNames": [cloud.machine.group_of("b-1")]}
