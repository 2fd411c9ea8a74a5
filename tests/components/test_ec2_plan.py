"""What is planned of a cluster on AWS, for every declaration: no member's part follows from another's."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etcd_ops.agent.serving import READY
from etcd_ops.model.topology import CLIENT_PORT, METRICS_PORT, PEER_PORT
from pulumi_etcd.ec2 import network, parts, plan
from pulumi_etcd.ec2.declaration import Declaration
from pulumi_etcd.ec2.machine import configuration, template_digest
from pulumi_etcd.ec2.planned import Planned, Ref, refs
from tests.components.aws_types import misfits, takes, tells
from tests.components.ec2 import GIVEN, KEY, REGION, ZONES, clusters, declaration, of_kind, planned
from tests.components.every_argument import EC2

quick = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("what", EC2)
def test_every_resource_is_one_that_the_plugin_knows(what: str) -> None:
    """Types, properties at every depth, their kinds, and the outputs that others refer to."""
    found = planned(declaration(**EC2[what]))
    kinds = {each.name: each.kind for each in found}
    assert [line for each in found for line in misfits(each)] == []
    for each in found:
        for ref in refs(each.properties):
            assert tells(kinds[ref.of], ref.output), ref


def test_the_test_of_properties_can_fail() -> None:
    (volume,) = of_kind(planned(declaration(size=1)), "Volume").values()
    strange = {**volume.properties, "size": "10", "colour": "red"}
    del strange["availabilityZone"]
    found = misfits(Planned(name="v", kind=volume.kind, properties=strange))
    kind = "aws:ebs/volume:Volume"
    assert found[:1] == [f"{kind}.availabilityZone is missing"]
    assert {line.split(" ")[0] for line in found} == {
        f"{kind}.{each}" for each in ("availabilityZone", "size", "colour")
    }


@given(clusters)
@quick
def test_names_are_unique_and_everything_referred_to_is_planned(this: Declaration) -> None:
    found = planned(this)
    names = [each.name for each in found]
    assert len(names) == len(set(names))
    for each in found:
        assert {*each.after, *(ref.of for ref in refs(each.properties))} <= set(names) - {each.name}


@given(clusters)
@quick
def test_a_member_is_one_instance_in_its_zone_with_one_volume(this: Declaration) -> None:
    for slot in this.topology.slots:
        own, group = plan.beside(this, slot), plan.group(this, slot).properties
        assert (group["minSize"], group["maxSize"], group["desiredCapacity"]) == (1, 1, 1)
        assert group["vpcZoneIdentifiers"] == [this.network.subnets[slot.zone]]
        assert group["launchTemplate"]["id"] == Ref(f"{this.name}-{slot.name}-template")
        (volume,) = of_kind(own, "Volume").values()
        assert volume.properties["availabilityZone"] == slot.zone
        assert volume.properties["size"] * 1024**3 == this.spec.members[slot.name].volume_bytes
        assert volume.protect == this.protect_volumes


@given(clusters)
@quick
def test_everything_is_encrypted_with_the_one_key(this: Declaration) -> None:
    found = planned(this)
    key = Ref(f"{this.name}-key", "arn") if this.key_arn is None else this.key_arn
    used = [each.properties["kmsKeyId"] for kind in ("Volume", "Secret") for each in of_kind(found, kind).values()]
    for template in of_kind(found, "LaunchTemplate").values():
        (root,) = template.properties["blockDeviceMappings"]
        assert root["ebs"]["encrypted"] == "true"
        used.append(root["ebs"]["kmsKeyId"])
    for each in of_kind(found, "BucketServerSideEncryptionConfiguration").values():
        (rule,) = each.properties["rules"]
        used.append(rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"])
    assert used == [key] * (3 * len(this.topology.slots) + 1)
    assert all(each.properties["encrypted"] for each in of_kind(found, "Volume").values())
    assert all(each.properties["enableKeyRotation"] for each in of_kind(found, "Key").values())


@given(clusters)
@quick
def test_machines_have_no_public_address_and_ask_for_tokens(this: Declaration) -> None:
    for template in of_kind(planned(this), "LaunchTemplate").values():
        properties = template.properties
        assert properties["metadataOptions"]["httpTokens"] == "required"
        assert properties["metadataOptions"]["httpPutResponseHopLimit"] == 1
        assert [each["associatePublicIpAddress"] for each in properties["networkInterfaces"]] == ["false"]
        assert properties["imageId"] == this.machines.image
        assert "keyName" not in properties


@given(clusters)
@quick
def test_everything_that_can_have_tags_tells_whose_it_is(this: Declaration) -> None:
    slots = {slot.name for slot in this.topology.slots}
    for each in planned(this):
        if not takes(each.kind, "tags"):
            continue
        tags = each.properties["tags"]
        told = {tag["key"]: tag["value"] for tag in tags} if isinstance(tags, list) else tags
        assert told["etcd-cluster"] == this.name
        assert told["etcd-environment"] == this.spec.environment
        assert told.get("etcd-slot", "") in {"", *slots}


MANY = {f"{number:03}{'k' * 125}": "v" * 256 for number in range(44)}
FEW = 10
"""Tags of an object (S3 User Guide) or of a hosted zone (Route 53 API reference, ChangeTagsForResource)."""


def test_no_resource_has_more_tags_than_aws_takes() -> None:
    """The stand-ins for AWS take any number."""
    every: dict[str, Any] = {"load_balancer": {}, "alarms": {"topic_arn": "arn:aws:sns:eu-central-1:123456789012:t"}}
    numbers: dict[str, int] = {}
    for each in planned(declaration(tags=MANY, **every)):
        specified = [spec["tags"] for spec in each.properties.get("tagSpecifications", ())]
        for tags in (each.properties.get("tags", {}), *specified):
            kind = each.kind.rsplit(":", maxsplit=1)[-1]
            numbers[kind] = max(numbers.get(kind, 0), len(tags))
    few = {kind: numbers.pop(kind) for kind in ("BucketObjectv2", "Zone")}
    assert max(few.values()) <= FEW
    assert len(MANY) < max(numbers.values()) <= parts.MOST_TAGS


def test_tags_whose_keys_the_metadata_service_could_not_tell_keep_no_machine_from_starting() -> None:
    """It takes neither spaces nor slashes in keys, and EC2 then launches nothing."""
    found = planned(declaration(tags={"Cost Center": "7", "team/owner": "shop"}))
    for template in of_kind(found, "LaunchTemplate").values():
        tags = {each["resourceType"]: each["tags"] for each in template.properties["tagSpecifications"]}
        assert {"Cost Center", "team/owner"} <= tags["instance"].keys()
        assert template.properties["metadataOptions"]["instanceMetadataTags"] == "disabled"


def test_only_the_data_volume_is_tagged_as_a_slots() -> None:
    """Whoever looks for a slot's volume by its tags never finds the root of its machine."""
    for template in of_kind(planned(declaration()), "LaunchTemplate").values():
        tags = {each["resourceType"]: each["tags"] for each in template.properties["tagSpecifications"]}
        assert tags.keys() == {"instance", "network-interface", "volume"}
        assert "etcd-slot" in tags["instance"]
        assert not {"etcd-slot", "etcd-volume"} & tags["volume"].keys()
    for volume in of_kind(planned(declaration()), "Volume").values():
        assert volume.properties["tags"]["etcd-volume"] == "data"


@given(st.sampled_from([1, 3, 5]), st.booleans())
@quick
def test_a_members_part_does_not_follow_from_the_others(size: int, balanced: bool) -> None:
    """Growing replaces, changes and restarts nothing of those that stay."""
    changes: dict[str, Any] = {"load_balancer": {}} if balanced else {}
    before, after = declaration(size=size, **changes), declaration(size=size + 2, **changes)
    for slot in before.topology.slots:
        assert plan.beside(before, slot) == plan.beside(after, slot)
        assert plan.group(before, slot) == plan.group(after, slot)
        assert before.spec.members[slot.name] == after.spec.members[slot.name]
    assert plan.shared(before) == plan.shared(after)


def test_a_zone_that_leaves_moves_no_other_subnet() -> None:
    numbers = {zone: number for number, zone in enumerate(ZONES)}
    some = {zone: numbers[zone] for zone in (ZONES[0], ZONES[2])}
    before = declaration(zones=None, zone_numbers=numbers)
    after = declaration(zones=None, zone_numbers=some, size=None, slots={f"{z}-1": z for z in some} | {"c-2": ZONES[2]})
    cidrs = [
        {each.properties["availabilityZone"]: each.properties["cidrBlock"] for each in found.values()}
        for found in (of_kind(planned(this), "Subnet") for this in (before, after))
    ]
    assert cidrs[1] == {zone: cidrs[0][zone] for zone in some}


@given(st.integers(16, 24), st.integers(1, 8))
@quick
def test_subnets_lie_apart_within_the_network(length: int, zones: int) -> None:
    names = [f"{REGION}{letter}" for letter in "abcdefgh"[:zones]]
    this = declaration(network={"cidr": f"10.0.0.0/{length}"}, zones=names, size=1)
    subnets = [ipaddress.ip_network(each.properties["cidrBlock"]) for each in of_kind(planned(this), "Subnet").values()]
    assert len(subnets) == zones
    assert all(each.subnet_of(ipaddress.ip_network(f"10.0.0.0/{length}")) for each in subnets)  # type: ignore[arg-type]
    assert not any(one.overlaps(other) for one in subnets for other in subnets if one is not other)


@given(clusters)
@quick
def test_nobody_gets_in_but_those_who_are_named(this: Declaration) -> None:
    found = planned(this)
    own = {Ref(name) for name in of_kind(found, "SecurityGroup")}
    named = [this.traffic.clients, this.traffic.metrics_clients, this.traffic.origin]
    cidrs = {cidr for each in named for cidr in each.cidrs}
    groups = {group for each in named for group in each.groups}
    for rule in of_kind(found, "SecurityGroupIngressRule").values():
        properties = rule.properties
        source = properties.get("referencedSecurityGroupId")
        assert properties["ipProtocol"] == "tcp"
        assert properties["fromPort"] == properties["toPort"]
        assert properties["fromPort"] in {CLIENT_PORT, PEER_PORT, METRICS_PORT, 443}
        assert source in own | groups or {properties.get("cidrIpv4"), properties.get("cidrIpv6")} & cidrs


def rules(this: Declaration, direction: str) -> dict[str, int]:
    """Ports by what tells a rule of the members' group from the others."""
    found = of_kind(planned(this), f"SecurityGroup{direction.capitalize()}Rule")
    prefix = f"{this.name}-members-{direction}-"
    return {name.removeprefix(prefix): each.properties["fromPort"] for name, each in found.items() if prefix in name}


def test_clients_reach_only_what_they_are_for() -> None:
    this = declaration(
        clients={"cidrs": ["10.1.0.0/16"], "security_groups": ["sg-1"]}, metrics_clients={"cidrs": ["fd00::/8"]}
    )
    assert rules(this, "ingress") == {
        "peers": PEER_PORT, "members": CLIENT_PORT, "client-10.1.0.0_16": CLIENT_PORT, "client-group-1": CLIENT_PORT,
        "metrics-fd00.._8": METRICS_PORT,
    }  # fmt: skip


def test_a_vpc_of_its_own_leads_nowhere() -> None:
    found = planned(declaration())
    kinds = {each.kind.rsplit(":", maxsplit=1)[-1] for each in found}
    assert not {"InternetGateway", "NatGateway", "Route", "Eip"} & kinds
    assert all("routes" not in each.properties for each in of_kind(found, "RouteTable").values())
    for rule in of_kind(found, "SecurityGroupEgressRule").values():
        assert "cidrIpv4" not in rule.properties


@pytest.mark.parametrize("sessions", [True, False])
def test_a_vpc_of_its_own_has_an_endpoint_of_every_service_that_is_called(sessions: bool) -> None:
    found = of_kind(planned(declaration(session_manager=sessions)), "VpcEndpoint").values()
    services = {each.properties["serviceName"].rsplit(".", maxsplit=1)[-1] for each in found}
    assert services == set(network.services(sessions=sessions))
    assert {"ssm", "ssmmessages"} <= services or not sessions


def test_an_endpoint_is_for_the_calls_of_members_alone() -> None:
    for each in of_kind(planned(declaration()), "VpcEndpoint").values():
        (statement,) = each.properties["policy"].value["Statement"]
        service = each.properties["serviceName"].rsplit(".", maxsplit=1)[-1]
        assert statement["Action"]
        assert all(action.startswith(f"{service}:") and "*" not in action for action in statement["Action"])
        assert statement["Condition"]["StringEquals"] == {"aws:PrincipalAccount": "123456789012"}


def test_a_given_vpc_is_left_alone() -> None:
    found = planned(declaration(network=GIVEN))
    assert not {"Vpc", "Subnet", "VpcEndpoint", "RouteTable"} & {each.kind.rsplit(":", 1)[-1] for each in found}
    groups = {each.properties["vpcZoneIdentifiers"][0] for each in of_kind(found, "Group").values()}
    assert groups == set(GIVEN["subnets"].values())


def test_a_key_that_is_there_is_used_and_none_is_made() -> None:
    assert not of_kind(planned(declaration(kms_key_arn=KEY)), "Key")


def test_a_load_balancer_passes_tls_through_and_asks_members_whether_they_are_ready() -> None:
    found = planned(declaration(load_balancer={}))
    (balancer,) = of_kind(found, "LoadBalancer").values()
    (targets,) = of_kind(found, "TargetGroup").values()
    (listener,) = of_kind(found, "Listener").values()
    assert (balancer.properties["internal"], balancer.properties["loadBalancerType"]) == (True, "network")
    assert balancer.properties["dnsRecordClientRoutingPolicy"] == "availability_zone_affinity"
    assert (listener.properties["protocol"], targets.properties["protocol"]) == ("TCP", "TCP")
    check = targets.properties["healthCheck"]
    assert (check["protocol"], check["path"], check["port"]) == ("HTTPS", READY, str(METRICS_PORT))
    for group in of_kind(found, "Group").values():
        assert group.properties["targetGroupArns"] == [Ref(targets.name, "arn")]
        assert group.properties["healthCheckType"] == "EC2"  # its opinion terminates nobody
    assert declaration(load_balancer={}).services == ("orders.etcd.internal",)


TEMPLATES: dict[str, tuple[dict[str, Any], bool]] = {
    "another image": ({"image": "ami-0123456789abcdef1"}, True),
    "another type": ({"instance_type": "m7g.xlarge"}, True),
    "another bucket": ({"bucket": "elsewhere"}, True),
    "another root device": ({"root_device": "/dev/sda1"}, True),
    "the root device that it is by default": ({"root_device": "/dev/xvda"}, False),
    "another agent": ({"agent": {"archive": {"path": "/srv/etcd", "sha256": "e" * 64}}}, False),
    "another version": (
        {"etcd": {"program": {"path": "/srv/agent.tar.gz", "sha256": "a" * 64}, "version": "3.6.14"}},
        False,
    ),
    "more members": ({"size": 5}, False),
    "larger volumes": ({"volume": {"size_bytes": 2**36}}, False),
    "a load balancer": ({"load_balancer": {}}, False),
    "other certificates": ({"trust": {"peer": {"generations": [1, 2], "issuer": 2}}}, False),
    "another environment": ({"environment": "production"}, False),
}


@pytest.mark.parametrize("what", TEMPLATES)
def test_machines_are_replaced_for_what_only_a_new_one_has(what: str) -> None:
    changes, replaced = TEMPLATES[what]
    before, after = declaration(), declaration(**changes)
    slot = before.topology.slots[0]
    assert (template_digest(before.fleet, slot) != template_digest(after.fleet, slot)) == replaced
    assert after.spec.members[slot.name].template == template_digest(after.fleet, slot)


def test_what_a_machine_is_told_is_known_in_a_preview_but_for_the_private_zone() -> None:
    this = declaration()
    told = configuration(this.fleet, this.topology.slots[0])
    assert {name for name, value in told.items() if list(refs(value))} == {"hostedZoneId"}
    assert told["channel"] == {
        "kind": "s3", "bucket": "etcd-orders-123456789012-eu-central-1", "prefix": "channel/", "region": REGION,
        "expectedAccount": "123456789012",
    } | {key: told["channel"][key] for key in ("endpointUrl",) if key in told["channel"]}  # fmt: skip
    assert told["host"] == "eu-central-1a-1.orders.etcd.internal"


def test_alarms_are_only_of_what_is_there() -> None:
    found = planned(declaration(alarms={"topic_arn": "arn:aws:sns:eu-central-1:123456789012:t"}, load_balancer={}))
    for alarm in of_kind(found, "MetricAlarm").values():
        names = {each.properties.get("name") for each in found}
        for dimension, value in alarm.properties["dimensions"].items():
            assert isinstance(value, Ref) or (dimension == "AutoScalingGroupName" and value in names)
    assert len(of_kind(found, "MetricAlarm")) == 3 * 4 + 1
    assert not of_kind(planned(declaration()), "MetricAlarm")
