"""Every resource of AWS of a cluster, as one value: pure."""

from __future__ import annotations

from typing import Any

from etcd_ops.model.topology import Slot
from pulumi_etcd.ec2 import alarms, bucket, keys, load_balancer, network, security_groups, slots
from pulumi_etcd.ec2.declaration import Declaration
from pulumi_etcd.ec2.machine import zone_name
from pulumi_etcd.ec2.naming import Ec2Names
from pulumi_etcd.ec2.network import Made
from pulumi_etcd.ec2.planned import Joined, Planned, Ref
from pulumi_etcd.ec2.slots import Members

ABSENT_TTL = 5
"""Seconds for which a resolver remembers that a member's name is not there."""


def shared(this: Declaration) -> list[Planned]:
    """What the members have in common."""
    names = this.names
    made = network.plan(this.network, sessions=this.sessions) if isinstance(this.network, Made) else []
    key = keys.plan(names, this.protect_volumes) if this.key_arn is None else []
    return [
        *key,
        *bucket.plan(names, _key_arn(this), this.protect_bucket),
        bucket.artifact(names, "etcd", this.program.path, this.program.sha256),
        bucket.artifact(names, "agent", this.archive.path, this.archive.sha256),
        *made,
        *security_groups.plan(names, this.network, this.traffic),
        _private_zone(names, this.network.vpc),
        _authority_record(names),
        *_balanced(this),
    ]


def beside(this: Declaration, slot: Slot) -> list[Planned]:
    """What a member's group needs of its own, and what watches it."""
    watched = [] if this.alarm_topic is None else alarms.of_slot(this.names, slot.name, this.alarm_topic)
    return [*slots.beside(_members(this), slot), *watched]


def group(this: Declaration, slot: Slot) -> Planned:
    """A member's group, which is made last and deleted first."""
    needed = [each.name for each in [*shared(this), *slots.beside(_members(this), slot)]]
    return slots.group(_members(this), slot, this.network.subnets[slot.zone], needed)


def _members(this: Declaration) -> Members:
    targets = [Ref(load_balancer.target_group_name(this.names), "arn")] if this.load_balancer else []
    return Members(
        fleet=this.fleet,
        volumes=this.volumes,
        key_arn=_key_arn(this),
        sessions=this.sessions,
        boundary=this.boundary,
        target_groups=targets,
        protect=this.protect_volumes,
    )


def _key_arn(this: Declaration) -> Any:
    return Ref(keys.key_name(this.names), "arn") if this.key_arn is None else this.key_arn


def _private_zone(names: Ec2Names, vpc: Any) -> Planned:
    """Members write their names into it, which go with it."""
    properties = {
        "name": names.private_zone,
        "comment": f"etcd cluster {names.cluster}",
        "forceDestroy": True,
        "vpcs": [{"vpcId": vpc, "vpcRegion": names.region}],
        "tags": names.few_tags(names.private_zone),
    }
    return Planned(name=zone_name(names), kind="aws:route53/zone:Zone", properties=properties)


def _authority_record(names: Ec2Names) -> Planned:
    """Has resolvers forget soon that a name is not there: members ask for each other's before all are written.

    They remember it for the lesser of the record's own TTL and its last number (RFC 2308, section 5), which Route 53
    makes 900 s and a day. The other numbers are Route 53's.
    """
    told = " awsdns-hostmaster.amazon.com. 1 7200 900 1209600 "
    properties = {
        "zoneId": Ref(zone_name(names), "zoneId"),
        "name": names.private_zone,
        "type": "SOA",
        "ttl": ABSENT_TTL,
        "records": [Joined((Ref(zone_name(names), "primaryNameServer"), f"{told}{ABSENT_TTL}"))],
        "allowOverwrite": True,
    }
    return Planned(name=f"{names.cluster}-soa", kind="aws:route53/record:Record", properties=properties, left=True)


def _balanced(this: Declaration) -> list[Planned]:
    if this.load_balancer is None:
        return []
    found = load_balancer.plan(this.names, this.network.vpc, this.load_balancer)
    if this.alarm_topic is not None:
        found.append(alarms.of_load_balancer(this.names, this.alarm_topic))
    return found
