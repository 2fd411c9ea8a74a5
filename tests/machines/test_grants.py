"""The judgement of recorded calls, without machines: calls that a member makes, and others that differ a little."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.autoscaling.responses import AutoScalingResponse
from werkzeug.serving import make_server

from etcd_ops.channel.port import CONTROLS, DESIRED, FORMATION, LOCK, log_name, status_name
from etcd_ops.ec2.calls import CALLS
from pulumi_etcd.ec2.naming import HOOK
from tests.machines import roles
from tests.machines.api import Aws
from tests.machines.cloud import groups
from tests.machines.cloud.apis import Apis
from tests.machines.cloud.calls import Call, Resource
from tests.machines.cloud.settings import REGION
from tests.machines.fleet import Fleet
from tests.machines.grants import Role, outside, unused

SLOTS = ("a-1", "b-1")
OWN, PEER = SLOTS
PROGRAM = f"artifacts/{'e' * 64}"
_ADDRESS = "127.48.0.2"
_CONFIG = Config(retries={"total_max_attempts": 1}, proxies={})


@dataclass(frozen=True)
class Credentials:
    """As STS gives them; an administrator's need no token."""

    key: str = "admin"
    secret: str = "admin"
    token: str | None = None

    def client(self, endpoint: str, service: str) -> Any:
        """One service's."""
        session: Any = boto3.session.Session(self.key, self.secret, self.token, region_name=REGION)
        return session.client(service, endpoint_url=endpoint, config=_CONFIG)


class Local(Aws):
    """The emulated AWS in this process, for an administrator."""

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self._endpoint = endpoint

    def client(self, service: str) -> Any:
        """One service's."""
        return Credentials().client(self._endpoint, service)


@dataclass(frozen=True)
class Cloud:
    """A cluster whose members are no machines: its calls are made here, with the credentials of its roles."""

    endpoint: str
    fleet: Fleet
    apis: Apis
    roles: list[Role]
    secrets: Mapping[str, str]

    def as_member(self, slot: str) -> Callable[[str], Any]:
        """Makes clients of services, with a role's credentials."""
        arn = next(each.arn for each in self.roles if each.arn.endswith(slot))
        sts = self.fleet.aws.client("sts")
        taken = sts.assume_role(RoleArn=arn, RoleSessionName=slot)["Credentials"]
        credentials = Credentials(taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])
        return lambda service: credentials.client(self.endpoint, service)

    def calls(self) -> list[Call]:
        """Those of members."""
        return [each for each in self.apis.calls if each.principal]

    def instance(self, slot: str) -> str:
        return str(self.fleet.instances(slot)[0]["InstanceId"])

    def volume(self, slot: str) -> str:
        return str(self.fleet.volumes(slot)[0]["VolumeId"])


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with pytest.MonkeyPatch.context() as patch:
        for call in (groups.complete_lifecycle_action, groups.record_lifecycle_action_heartbeat):
            patch.setattr(AutoScalingResponse, call.__name__, call, raising=False)
        yield from _cloud()


def _cloud() -> Iterator[Cloud]:
    apis = Apis()
    server = make_server(_ADDRESS, 0, apis, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        endpoint = f"http://{_ADDRESS}:{server.port}"
        aws = Local(endpoint)
        fleet = Fleet(aws, cluster="grants", zone="grants.etcd.internal", bucket="etcd-grants")
        fleet.make_shared(("a", "b"))
        fleet.aws.s3.put_object(Bucket=fleet.bucket, Key=PROGRAM, Body=b"etcd")
        for slot in SLOTS:
            fleet.make_slot(slot, "#!/bin/sh")
        secrets = {
            slot: aws.secrets.create_secret(Name=f"etcd/grants/{slot}", SecretString="{}")["ARN"] for slot in SLOTS
        }
        yield Cloud(endpoint, fleet, apis, roles.of_members(fleet, SLOTS), secrets)
    finally:
        server.shutdown()
        thread.join()


def everything(cloud: Cloud, slot: str) -> None:
    """Every call of a member, each on what is its own; whether this AWS knows it is not asked."""
    fleet, own = cloud.fleet, cloud.as_member(slot)
    s3, ec2, scaling = own("s3"), own("ec2"), own("autoscaling")
    for name in (status_name(slot), log_name(slot), LOCK, FORMATION):
        tag = s3.put_object(Bucket=fleet.bucket, Key=f"channel/{name}", Body=b"x")["ETag"]
        s3.put_object(Bucket=fleet.bucket, Key=f"channel/{name}", Body=b"y", IfMatch=tag)
        s3.get_object(Bucket=fleet.bucket, Key=f"channel/{name}")
    s3.get_object(Bucket=fleet.bucket, Key=PROGRAM)
    s3.list_objects_v2(Bucket=fleet.bucket, Prefix="channel/status/", Delimiter="/")
    own("secretsmanager").get_secret_value(SecretId=f"etcd/{fleet.cluster}/{slot}")
    ec2.describe_volumes(Filters=[{"Name": "tag:etcd-slot", "Values": [slot]}])
    ec2.describe_instances()
    which = {"VolumeId": cloud.volume(slot), "InstanceId": cloud.instance(slot)}
    ec2.attach_volume(**which, Device="/dev/sdf")
    ec2.detach_volume(**which)
    name_itself(cloud, slot, f"{slot}.{fleet.zone}")
    scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[fleet.group(slot)])
    scaling.describe_auto_scaling_instances(InstanceIds=[cloud.instance(slot)])
    action = {"AutoScalingGroupName": fleet.group(slot), "LifecycleHookName": HOOK, "InstanceId": cloud.instance(slot)}
    with suppress(ClientError):
        scaling.record_lifecycle_action_heartbeat(**action)
    with suppress(ClientError):
        scaling.complete_lifecycle_action(**action, LifecycleActionResult="CONTINUE")
    scaling.terminate_instance_in_auto_scaling_group(
        InstanceId=cloud.instance(slot), ShouldDecrementDesiredCapacity=False
    )


def name_itself(cloud: Cloud, slot: str, *names: str, kind: str = "A", action: str = "UPSERT") -> None:
    value = {"A": "10.97.1.9", "CNAME": "elsewhere."}[kind]
    changes = [
        {
            "Action": action,
            "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": 5, "ResourceRecords": [{"Value": value}]},
        }
        for name in names
    ]
    cloud.as_member(slot)("route53").change_resource_record_sets(
        HostedZoneId=cloud.fleet.zone_id, ChangeBatch={"Changes": changes}
    )


@pytest.fixture(scope="module")
def recorded(cloud: Cloud) -> list[Call]:
    """Every call that a member makes, of each member."""
    for slot in SLOTS:
        everything(cloud, slot)
    return cloud.calls()


def test_every_call_of_the_table_is_recorded_and_allowed(cloud: Cloud, recorded: list[Call]) -> None:
    assert {(each.service, each.operation) for each in recorded} == {(each.service, each.operation) for each in CALLS}
    assert {each.principal for each in recorded} == {each.arn for each in cloud.roles}
    assert outside(recorded, cloud.roles) == ()
    assert unused(recorded, cloud.roles) == ()


def one(recorded: list[Call], operation: str, key: str = "") -> Call:
    """The first call of the first member of an operation; of an object where one is named."""
    for each in recorded:
        if each.operation == operation and each.principal.endswith(OWN) and each.parameters.get("Key", "") == key:
            return each
    raise AssertionError(operation)


STATUS = f"channel/{status_name(OWN)}"


@pytest.mark.parametrize(
    "name",
    [DESIRED, CONTROLS, status_name(PEER), log_name(PEER), f"{status_name(OWN)}.bak"],
)
def test_a_write_of_another_object_is_told(cloud: Cloud, recorded: list[Call], name: str) -> None:
    changed = on(one(recorded, "PutObject", STATUS), f"arn:aws:s3:::{cloud.fleet.bucket}/channel/{name}")
    (told,) = outside([changed], cloud.roles)
    assert told.startswith(f"etcd-grants-{OWN}: s3:PutObject on arn:aws:s3:::etcd-grants/channel/{name} with ")


def on(call: Call, arn: str) -> Call:
    """A call that is about another resource."""
    return replace(call, resources=(replace(call.resources[0], arn=arn),))


def untagged(call: Call) -> Call:
    """A call of whose resources the first has no tags."""
    return replace(call, resources=(replace(call.resources[0], tags={}), *call.resources[1:]))


def tagged(call: Call, number: int, **tags: str) -> Call:
    """A call of whose resources one has other tags."""
    named = {name.replace("_", "-"): value for name, value in tags.items()}
    changed = list(call.resources)
    changed[number] = replace(changed[number], tags={**changed[number].tags, **named})
    return replace(call, resources=tuple(changed))


SECRET = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:etcd"
MUTATIONS: list[tuple[str, str, Callable[[Call], Call]]] = [
    ("another bucket's key", "GetObject", lambda call: on(call, f"arn:aws:s3:::etcd-others/{STATUS}")),
    ("an object outside", "GetObject", lambda call: on(call, "arn:aws:s3:::etcd-grants/backups/1")),
    ("a bucket of another account", "GetObject", lambda call: replace(call, resources=(
        replace(call.resources[0], account="999999999999"),
    ))),
    ("another bucket", "ListObjectsV2", lambda call: on(call, "arn:aws:s3:::etcd-others")),
    ("a peer's secret", "GetSecretValue", lambda call: on(call, f"{SECRET}/grants/{PEER}-AbCdEf")),
    ("another cluster's secret", "GetSecretValue", lambda call: on(call, f"{SECRET}/others/{OWN}-AbCdEf")),
    ("another cluster's volume", "AttachVolume", lambda call: tagged(call, 0, etcd_cluster="others")),
    ("a peer's volume", "AttachVolume", lambda call: tagged(call, 0, etcd_slot=PEER)),
    ("a volume of nobody", "DetachVolume", untagged),
    ("a peer's instance", "AttachVolume", lambda call: tagged(call, 1, etcd_slot=PEER)),
    ("another cluster's instance", "DetachVolume", lambda call: tagged(call, 1, etcd_cluster="others")),
    ("another region", "DescribeVolumes", lambda call: replace(call, region="us-east-1")),
    ("another region", "DescribeAutoScalingGroups", lambda call: replace(call, region="us-east-1")),
    ("another zone", "ChangeResourceRecordSets", lambda call: on(call, "arn:aws:route53:::hostedzone/ZOTHER")),
    ("a peer's group", "TerminateInstanceInAutoScalingGroup", lambda call: tagged(call, 0, etcd_slot=PEER)),
    ("another cluster's group", "CompleteLifecycleAction", lambda call: tagged(call, 0, etcd_cluster="others")),
    ("a group that is not there", "RecordLifecycleActionHeartbeat", lambda call: replace(call, resources=())),
    ("another call", "DescribeVolumes", lambda call: replace(call, operation="DeleteVolume")),
    ("settings of the bucket", "ListObjectsV2", lambda call: replace(call, operation="ListObjectsV2?versions=")),
    ("a change without records", "ChangeResourceRecordSets", lambda call: replace(call, parameters={})),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "change"), [each[1:] for each in MUTATIONS], ids=[each[0] for each in MUTATIONS])
def test_a_call_that_differs_is_told(
    cloud: Cloud, recorded: list[Call], operation: str, change: Callable[[Call], Call]
) -> None:
    call = one(recorded, operation, STATUS if operation == "GetObject" else "")
    assert outside([call], cloud.roles) == ()
    changed = change(call)
    assert changed != call
    assert len(outside([changed, changed], cloud.roles)) == 1


@pytest.mark.parametrize(
    ("names", "more"),
    [
        ([f"{PEER}.grants.etcd.internal"], {}),
        ([f"{OWN}.grants.etcd.internal", "grants.etcd.internal"], {}),
        ([f"{OWN}.grants.etcd.internal"], {"kind": "CNAME"}),
        ([f"{OWN}.grants.etcd.internal"], {"action": "CREATE"}),
    ],
    ids=["a peer's name", "one name more", "another type", "not to write it"],
)
def test_a_change_of_other_records_is_told(cloud: Cloud, names: list[str], more: dict[str, str]) -> None:
    before = len(cloud.calls())
    with suppress(ClientError):
        name_itself(cloud, OWN, *names, **more)
    (call,) = cloud.calls()[before:]
    assert [each["Name"].removesuffix(".") for each in call.parameters["Changes"]] == names
    assert len(outside([call], cloud.roles)) == 1


def test_calls_on_what_others_have_are_told_as_they_are_recorded(cloud: Cloud, recorded: list[Call]) -> None:
    before, own = len(cloud.calls()), cloud.as_member(OWN)
    with suppress(ClientError):
        own("ec2").attach_volume(VolumeId=cloud.volume(PEER), InstanceId=cloud.instance(OWN), Device="/dev/sdg")
    own("secretsmanager").get_secret_value(SecretId=cloud.secrets[PEER])
    own("s3").put_object(Bucket=cloud.fleet.bucket, Key=f"channel/{DESIRED}", Body=b"{}")
    own("s3").delete_object(Bucket=cloud.fleet.bucket, Key=f"channel/{LOCK}")
    with suppress(ClientError):
        own("autoscaling").terminate_instance_in_auto_scaling_group(
            InstanceId=cloud.instance(PEER), ShouldDecrementDesiredCapacity=False
        )
    told = outside(cloud.calls()[before:], cloud.roles)
    assert [each.split(" with ")[0].split(": ", 1)[1].split(" on ")[0] for each in told] == [
        "ec2:AttachVolume",
        "secretsmanager:GetSecretValue",
        "s3:PutObject",
        "s3:DeleteObject",
        "autoscaling:TerminateInstanceInAutoScalingGroup",
    ]


def test_a_secret_that_is_withheld_is_still_its_own(cloud: Cloud) -> None:
    before = len(cloud.calls())
    for slot, name in ((OWN, "etcd/absent/a-1"), (OWN, f"etcd/{cloud.fleet.cluster}/{OWN}-absent")):
        with suppress(ClientError):
            cloud.as_member(slot)("secretsmanager").get_secret_value(SecretId=name)
    assert len(outside(cloud.calls()[before:], cloud.roles)) == 2
    own = replace(cloud.calls()[-1], resources=(Resource(f"{SECRET}/grants/{OWN}-------"),))
    assert outside([own], cloud.roles) == ()


@pytest.mark.parametrize("principal", ["", "arn:aws:iam::123456789012:role/etcd/others/etcd-others-a-1"])
def test_a_call_by_nobodys_role_is_told(cloud: Cloud, recorded: list[Call], principal: str) -> None:
    stranger = replace(one(recorded, "DescribeVolumes"), principal=principal)
    (told,) = outside([stranger], cloud.roles)
    assert told.startswith("ec2:DescribeVolumes from 127.") and told.endswith("which is no role here")


def test_a_grant_that_nobody_used_is_told(cloud: Cloud, recorded: list[Call]) -> None:
    less = [
        each
        for each in recorded
        if each.operation != "DetachVolume" and (each.operation, each.parameters.get("Key")) != ("GetObject", PROGRAM)
    ]
    arn = f"arn:aws:ec2:{REGION}:123456789012"
    assert set(unused(less, cloud.roles)) == {
        "s3:GetObject on arn:aws:s3:::etcd-grants/artifacts/*",
        f"ec2:DetachVolume on {arn}:volume/*",
        f"ec2:DetachVolume on {arn}:instance/*",
    }


def test_it_is_enough_that_one_member_used_a_grant(cloud: Cloud, recorded: list[Call]) -> None:
    assert unused([each for each in recorded if each.principal.endswith(PEER)], cloud.roles) == ()
