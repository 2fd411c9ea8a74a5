"""The resources of one cluster on AWS, in the order in which they depend on each other."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from etcd_ops.ec2.user_data import render
from etcd_ops.model.topology import Slot
from pulumi_etcd.certificates import LEAF_TRUST, TRUSTS, Certificates
from pulumi_etcd.ec2 import plan
from pulumi_etcd.ec2.aws import AwsResource, provider
from pulumi_etcd.ec2.declaration import Declaration
from pulumi_etcd.ec2.member import Ec2Member
from pulumi_etcd.ec2.planned import (
    Credentials,
    File,
    Joined,
    Json,
    Planned,
    Ref,
    UserData,
    Version,
    outputs,
    refs,
    replaced,
)
from pulumi_etcd.placing import connection, context, rollout
from pulumi_etcd.rollout import Rollout


def create(cluster: pulumi.Resource, this: Declaration, certificates: Certificates) -> Rollout:
    """Declare what is planned, the members, and the rollout that depends on them all.

    Args:
        cluster: the component that they belong to.
        this: what is declared.
        certificates: what was issued for it.
    """
    shared = plan.shared(this)
    own = {slot.name: plan.beside(this, slot) for slot in this.topology.slots}
    groups = {slot.name: plan.group(this, slot) for slot in this.topology.slots}
    everything = [*shared, *(each for found in own.values() for each in found), *groups.values()]
    parent = pulumi.ResourceOptions(parent=cluster)
    plugin = provider(this.names, this.role_arn, this.fleet.endpoint_url, parent)
    place = Place(cluster, plugin, certificates, outputs(everything))
    everybodys = [place.put(each) for each in _ordered(shared)]
    needed: list[pulumi.Resource] = [*everybodys]
    for slot in this.topology.slots:
        member = _member(this, slot, pulumi.ResourceOptions(parent=cluster, depends_on=everybodys))
        beside = [place.put(each, member) for each in _ordered(own[slot.name])]
        needed += [member, *beside, place.put(groups[slot.name])]
    if this.directory:
        context(this, this.directory, certificates, parent)
    return rollout(this, certificates, {}, pulumi.ResourceOptions(parent=cluster, depends_on=needed))


def _member(this: Declaration, slot: Slot, options: pulumi.ResourceOptions) -> Ec2Member:
    """Made before everything of the slot's, and deleted after it."""
    return Ec2Member(
        f"{this.name}-{slot.name}",
        {
            "channel": connection(this.channel),
            "cluster": this.name,
            "slot": slot.name,
            "zone": slot.zone,
            "region": this.names.region,
            "account": this.names.account,
            "architecture": this.machines.architecture,
            "volume_bytes": this.volumes.size_bytes,
        },
        options,
    )


def _ordered(planned: Sequence[Planned]) -> list[Planned]:
    """Every resource after those that it needs."""
    left, placed, found = list(planned), set[str](), list[Planned]()
    among = {each.name for each in planned}
    while left:
        ready = [each for each in left if _needs(each) & among <= placed]
        assert ready, f"{', '.join(each.name for each in left)} need each other"
        found += ready
        placed |= {each.name for each in ready}
        left = [each for each in left if each not in ready]
    return found


def _needs(planned: Planned) -> set[str]:
    return {*planned.after, *(ref.of for ref in refs(planned.properties))}


@dataclass(frozen=True, slots=True)
class Place:
    """Where resources are put, and what those that were put know."""

    cluster: pulumi.Resource
    provider: pulumi.ProviderResource
    certificates: Certificates
    outputs: Mapping[str, set[str]]
    """Those that are referred to, by resource."""
    put_already: dict[str, AwsResource] = field(default_factory=dict)
    """By name."""

    def put(self, planned: Planned, *after: pulumi.Resource) -> AwsResource:
        """One resource; all that it refers to has been put."""
        needed = [self.put_already[each] for each in planned.after]
        options = pulumi.ResourceOptions(
            parent=self.cluster,
            provider=self.provider,
            depends_on=[*needed, *after],
            protect=planned.protect,
            retain_on_delete=planned.left,
            ignore_changes=list(planned.kept),
        )
        properties = replaced(planned.properties, self._value)
        found = AwsResource(planned, properties, self.outputs.get(planned.name, ()), options)
        self.put_already[planned.name] = found
        return found

    def _value(self, leaf: Any) -> Any:
        match leaf:
            case Ref(of, output):
                return getattr(self.put_already[of], output)
            case Version(of):
                return self.put_already[of].latestVersion.apply(lambda number: str(int(number)))  # type: ignore[attr-defined]
            case Json(inner):
                return pulumi.Output.json_dumps(replaced(inner, self._value), sort_keys=True)
            case Joined(parts):
                return pulumi.Output.concat(*replaced(parts, self._value))
            case UserData(config):
                return pulumi.Output.from_input(replaced(config, self._value)).apply(_user_data)
            case File(path):
                return pulumi.FileAsset(path)
            case Credentials(slot):
                return delivered(self.certificates, slot)
        return leaf


def _user_data(config: Mapping[str, Any]) -> str:
    return base64.b64encode(render(config).encode()).decode()


def delivered(certificates: Certificates, slot: str) -> pulumi.Output[str]:
    """What a member's secret says: the authorities that may be believed, and its leaves by use; secret.

    Args:
        certificates: what was issued for the cluster.
        slot: the member.
    """
    authorities = [each.certificate_pem for trust in TRUSTS for each in certificates.authorities[trust].values()]
    leaves = {
        use: {
            "certificate": certificates.members[slot][use].certificate_pem,
            "key": certificates.members[slot][use].key_pem,
        }
        for use in LEAF_TRUST
    }
    return pulumi.Output.secret(pulumi.Output.json_dumps({"authorities": authorities, "credentials": leaves}))
