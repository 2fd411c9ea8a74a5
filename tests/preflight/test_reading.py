"""The reader and the command, against a simulator of AWS."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from etcd_ops.preflight.connection import Connection, Unanswered
from etcd_ops.preflight.demand import GIB, Demand, Volume
from etcd_ops.preflight.given import read as read_given
from etcd_ops.preflight.quotas import PROCESSORS, QUOTAS
from etcd_ops.preflight.reading import Counts, read, read_all
from etcd_ops.preflight.usage import USED
from tests.preflight.demands import ACCOUNT, REGION, ZONES, demand
from tests.preflight.previews import without_sames
from tests.review.record import FOLDER

pytestmark = pytest.mark.timeout(180)
LIMITS = {quota.key: 1000.0 for quota in QUOTAS if quota.service != "vpc"}
"""The simulator knows the quotas of one service alone."""
STORAGE = "ebs/L-7A658B76"


def client(aws: str, service: str) -> Any:
    return boto3.client(service, region_name=REGION, endpoint_url=aws)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def wanted(aws: str) -> Demand:
    """A cluster that fits: of an image and subnets that are there."""
    ec2 = client(aws, "ec2")
    images = ec2.describe_images(Filters=[{"Name": "architecture", "Values": ["x86_64"]}])["Images"]
    subnets = ec2.describe_subnets()["Subnets"]
    return demand(
        image=images[0]["ImageId"],
        root_device=images[0]["RootDeviceName"],
        instance_type="m5.large",
        architecture="x86_64",
        subnets={each["AvailabilityZone"]: each["SubnetId"] for each in subnets if each["AvailabilityZone"] in ZONES},
        limits=LIMITS,
    )


def connection(aws: str) -> Connection:
    return Connection(REGION, aws)


def counts(aws: str) -> Counts:
    return Counts(connection(aws), ["orders"])


def test_what_aws_says(aws: str, wanted: Demand) -> None:
    found = read(wanted, counts(aws))
    assert found.unread == {}
    assert found.account == ACCOUNT
    assert set(ZONES) <= found.zones.keys()
    assert found.instance_type is not None
    assert found.instance_type.vcpus == 2
    assert found.image is not None
    assert (found.image.architecture, found.image.root_device) == ("x86_64", wanted.root_device)
    assert {each.zone for each in found.subnets.values()} == set(ZONES)
    assert all(each.free_addresses > 1000 for each in found.subnets.values())
    assert found.quotas["vpc/L-E79EC296"].granted == 2500


def test_what_aws_says_of_endpoints(aws: str, wanted: Demand) -> None:
    made = {"makes_network": True, "subnets": {}, "network_subnets": 3, "interface_endpoints": 6}
    found = read(wanted.model_copy(update=made), counts(aws)).quotas
    assert (found["vpc/L-29B6F2EB"].granted, found["vpc/L-1B52E74A"].granted) == (50, 20)
    assert found["vpc/L-29B6F2EB"].used == 0


def test_what_is_not_there_is_missing_and_not_unread(aws: str, wanted: Demand) -> None:
    changed = {"image": "ami-00000000000000000", "instance_type": "m5.lage", "subnets": {ZONES[0]: "subnet-00000000"}}
    found = read(wanted.model_copy(update=changed), counts(aws))
    assert found.unread == {}
    assert (found.instance_type, found.image, found.subnets) == (None, None, {})


def test_another_account_is_asked_nothing_more(aws: str, wanted: Demand) -> None:
    found = read(wanted.model_copy(update={"account": "210987654321"}), counts(aws))
    assert found.account == ACCOUNT
    assert not found.zones
    assert not found.quotas


def test_nobody_answers(wanted: Demand) -> None:
    with pytest.raises(Unanswered, match="Could not connect"):
        read(wanted, Counts(Connection(REGION, "http://127.43.0.2:1"), ()))


def test_what_is_used_by_others_counts_and_what_is_the_clusters_own_does_not(aws: str, wanted: Demand) -> None:
    ec2, here = client(aws, "ec2"), connection(aws)
    before = {key: used(here, [wanted.cluster]) for key, used in USED.items()}
    for cluster in ("orders", "carts"):
        tags = [{"Key": "etcd-cluster", "Value": cluster}]
        ec2.create_volume(
            AvailabilityZone=ZONES[0],
            Size=512,
            VolumeType="gp3",
            TagSpecifications=[{"ResourceType": "volume", "Tags": tags}],
        )
        ec2.run_instances(
            ImageId=wanted.image,
            InstanceType="m5.xlarge",
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        for kind, service in (("Gateway", "s3"), ("Interface", "ec2")):
            ec2.create_vpc_endpoint(
                VpcId=vpc,
                ServiceName=f"com.amazonaws.{REGION}.{service}",
                VpcEndpointType=kind,
                TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": tags}],
            )
    client(aws, "s3").create_bucket(Bucket="carts", CreateBucketConfiguration={"LocationConstraint": REGION})
    after = {key: used(here, [wanted.cluster]) for key, used in USED.items()}
    grown = {key: after[key] - before[key] for key in USED if after[key] != before[key]}
    assert grown["ec2/L-1216C47A"] == 4
    assert grown["ebs/L-7A658B76"] == 0.5
    assert grown["s3/L-DC2B2D3D"] == 1
    assert grown["vpc/L-1B52E74A"] == 1


def test_what_one_of_several_clusters_uses_already_is_not_used_by_others(aws: str, wanted: Demand) -> None:
    for cluster in ("tills", "shops"):
        client(aws, "ec2").create_volume(
            AvailabilityZone=ZONES[0],
            Size=1024,
            VolumeType="gp3",
            TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "etcd-cluster", "Value": cluster}]}],
        )
    tills = wanted.model_copy(update={"cluster": "tills"})
    other_account = wanted.model_copy(update={"cluster": "shops", "account": "210987654321"})
    alone, _ = read_all([tills, other_account], lambda _: connection(aws))
    shops = wanted.model_copy(update={"cluster": "shops"})
    together = read_all([tills, shops], lambda _: connection(aws))
    used = [each.facts.quotas[STORAGE].used or 0 for each in (alone, *together)]
    assert used == [used[1] + 1, used[1], used[1]]


def test_every_quota_has_a_count() -> None:
    assert set(USED) == {quota.key for quota in QUOTAS}


def test_a_quota_that_was_never_changed_is_among_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    quotas = boto3.client("service-quotas", region_name=REGION)
    which = {"ServiceCode": "ec2", "QuotaCode": PROCESSORS.code}
    monkeypatch.setattr(Connection, "client", lambda *_: quotas)
    with Stubber(quotas) as stub:
        stub.add_client_error("get_service_quota", "NoSuchResourceException", expected_params=which)
        stub.add_response("get_aws_default_service_quota", {"Quota": {"Value": 5.0}}, which)
        assert Counts(Connection(REGION), ()).granted(PROCESSORS) == 5
        stub.add_response("get_service_quota", {"Quota": {"Value": 64.0}}, which)
        assert Counts(Connection(REGION), ()).granted(PROCESSORS) == 64
        stub.add_client_error("get_service_quota", "AccessDeniedException", expected_params=which)
        refused = Counts(Connection(REGION), ())
        for _ in range(2):  # asked once
            with pytest.raises(Unanswered, match="AccessDenied"):
                refused.granted(PROCESSORS)


def command(aws: str, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    preflight = [sys.executable, "-m", "etcd_ops", "preflight", "-", "--endpoint-url", aws, *arguments]
    return subprocess.run(preflight, input=text, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_says_that_it_fits(aws: str, wanted: Demand) -> None:
    done = command(aws, json.dumps(wanted.to_wire()))
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.endswith("  fits\n")


def test_the_command_tells_everything_that_is_refused(aws: str, wanted: Demand) -> None:
    volume = Volume(size_bytes=400 * 1024 * GIB)
    changed = wanted.model_copy(update={"architecture": "arm64", "volume": volume})
    done = command(aws, json.dumps(changed.to_wire()), "--json")
    assert done.returncode == 1
    (report,) = json.loads(done.stdout)
    assert [each["path"] for each in report["findings"]] == ["instanceType", "image", "quotas.ebs/L-7A658B76"]


def test_the_command_refuses_a_root_that_would_not_be_encrypted(aws: str, wanted: Demand) -> None:
    declared = contract(wanted.model_copy(update={"root_device": "/dev/other"}), "orders", 10 * GIB)
    done = command(aws, json.dumps({"contract": declared}))
    assert done.returncode == 1, done.stderr + done.stdout
    assert f"refused: rootDevice: {wanted.image} has its root at {wanted.root_device}, not at /dev/other" in done.stdout
    assert f"declare `root_device` as {wanted.root_device}\n" in done.stdout


def test_the_command_adds_up_what_clusters_of_one_stack_need(aws: str, wanted: Demand) -> None:
    def outputs(tib: float) -> str:
        contracts = [contract(wanted, name, int(tib * 1024) * GIB) for name in ("orders", "carts")]
        return json.dumps({f"contract-{number}": each for number, each in enumerate(contracts)})

    done = command(aws, outputs(0.5), "--json")
    own = 3 * (0.5 + 16 / 1024)
    needs = [each for report in json.loads(done.stdout) for each in report["quotas"] if each["key"] == STORAGE]
    assert [(each["needed"], each["together"], each["with"]) for each in needs] == [
        (own, 2 * own, ["carts"]),
        (own, 2 * own, ["orders"]),
    ]


def contract(wanted: Demand, cluster: str, volume: int) -> dict[str, Any]:
    """As the component tells it."""
    machine = {
        "image": wanted.image,
        "instanceType": wanted.instance_type,
        "architecture": wanted.architecture,
        "rootDevice": wanted.root_device,
    }
    return {
        "platform": "ec2",
        "clusterName": cluster,
        "region": REGION,
        "account": ACCOUNT,
        "machine": machine,
        "members": {slot: {"zone": zone, "volumeBytes": volume} for slot, zone in wanted.members.items()},
        "volume": {"type": "gp3", "iops": 3000, "throughputMibps": 125},
        "network": {"made": True, "subnets": 3, "interfaceEndpoints": 6},
        "loadBalancer": False,
    }


def test_the_command_says_what_it_was_not_told(aws: str, wanted: Demand) -> None:
    done = command(aws, json.dumps(wanted.model_copy(update={"subnets": {}}).to_wire()))
    assert done.returncode == 0, done.stderr + done.stdout
    assert f"  not asked: subnets: those in {', '.join(ZONES)} are not told" in done.stdout
    assert done.stdout.endswith("  fits, as far as it was asked\n")


@pytest.mark.parametrize("name", ["nothing-shown", "prod-nothing", "prod-destroy"])
def test_the_command_asks_nothing_where_nothing_is_to_be_made(name: str) -> None:
    nowhere, text = "http://127.43.0.2:1", (FOLDER / f"{name}.json").read_text()
    done = command(nowhere, text)
    assert (done.returncode, done.stdout) == (
        0,
        "nothing of a cluster on AWS is to be created or changed, and nothing was asked\n",
    ), done.stderr
    done = command(nowhere, text, "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, []), done.stderr


def test_the_command_refuses_a_cluster_that_grows_no_subnet_that_a_preview_does_not_show(aws: str) -> None:
    whole, part = (FOLDER / "prod-grow.json").read_text(), without_sames("prod-grow")
    (whole_levels,), (part_levels,) = (_levels(command(aws, there(aws, text), "--json")) for text in (whole, part))
    assert "refused" not in {*whole_levels.values(), *part_levels.values()}
    assert ("subnets" in whole_levels, part_levels["subnets"]) == (False, "not-asked")


def _levels(done: subprocess.CompletedProcess[str]) -> list[dict[str, str]]:
    """Of each cluster, the level of every finding by its path."""
    assert done.stdout, done.stderr
    return [{each["path"]: each["level"] for each in report["findings"]} for report in json.loads(done.stdout)]


def there(aws: str, text: str) -> str:
    """A preview of the stack `aws-prod` with an image and subnets that are there."""
    ec2 = client(aws, "ec2")
    (declared,) = read_given(text)
    (image, *_) = ec2.describe_images(Filters=[{"Name": "architecture", "Values": ["arm64"]}])["Images"]
    text = text.replace(declared.image, image["ImageId"])
    subnets = {each["AvailabilityZone"]: each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]}
    for zone, identity in declared.subnets.items():
        text = text.replace(identity, subnets[zone])
    return text


def test_a_quota_that_nobody_tells_is_not_passed(aws: str, wanted: Demand) -> None:
    done = command(aws, json.dumps(wanted.model_copy(update={"limits": {}}).to_wire()))
    assert done.returncode == 2
    assert "unknown: quotas.ec2/L-1216C47A" in done.stdout


def test_what_is_no_demand_is_told(aws: str, tmp_path: Path) -> None:
    done = command(aws, "{}")
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        2,
        (
            "error: -: it has no cluster on AWS; give a demand, a preview (`pulumi preview --json --show-sames`), "
            "or outputs with a cluster's contract"
        ),
    )
