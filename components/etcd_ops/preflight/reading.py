"""Asks AWS for what the judgement needs. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from etcd_ops.preflight.connection import Connection, Unanswered, asked, pages
from etcd_ops.preflight.demand import Demand
from etcd_ops.preflight.facts import Facts, Image, InstanceType, Standing, Subnet
from etcd_ops.preflight.judgement import needed_of
from etcd_ops.preflight.quotas import Quota
from etcd_ops.preflight.usage import USED

T = TypeVar("T")
_GLOBAL, _HOME = frozenset({"iam", "route53", "s3"}), "us-east-1"
"""Services whose quotas are kept in one region (Service Quotas User Guide)."""
_ABSENT = frozenset(
    {"InvalidInstanceType", "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidAMIID.Malformed"}
)
"""Codes of errors that say that there is no such thing."""
_NO_QUOTA = "NoSuchResourceException"


def read(demand: Demand, aws: Connection) -> Facts:
    """Everything about one cluster.

    Raises:
        Unanswered: it could not be asked whose the credentials are.
    """
    account = asked(lambda: aws.client("sts").get_caller_identity())["Account"]
    if account != demand.account:
        return Facts(account)
    reader = _Reader(demand, aws)
    kind = reader.found("instanceType", reader.instance_type, None)
    return Facts(
        account=account,
        zones=reader.found("zones", reader.zones, {}),
        instance_type=kind,
        image=reader.found("image", reader.image, None),
        subnets=reader.found("subnets", reader.subnets, {}),
        quotas={quota.key: reader.standing(quota) for quota, _ in needed_of(demand, kind)},
        unread=reader.unread,
    )


class _Reader:
    """The questions about one cluster, and which of them were not answered."""

    def __init__(self, demand: Demand, aws: Connection) -> None:
        self.unread: dict[str, str] = {}
        self._demand, self._aws = demand, aws
        self._ec2 = aws.client("ec2")

    def found(self, what: str, read: Callable[[], T], otherwise: T) -> T:
        """What was read; `otherwise` where there is no such thing, or nobody said."""
        try:
            return asked(read)
        except Unanswered as unanswered:
            if unanswered.code not in _ABSENT:
                self.unread[what] = str(unanswered)
            return otherwise

    def zones(self) -> Mapping[str, str]:
        """State of every zone."""
        answer = self._ec2.describe_availability_zones(AllAvailabilityZones=True)
        return {each["ZoneName"]: _state(each) for each in answer["AvailabilityZones"]}

    def instance_type(self) -> InstanceType | None:
        """The type, and which zones offer it."""
        name = self._demand.instance_type
        listed = self._ec2.describe_instance_types(InstanceTypes=[name])["InstanceTypes"]
        if not listed:
            return None
        by_name = [{"Name": "instance-type", "Values": [name]}]
        arguments = {"LocationType": "availability-zone", "Filters": by_name}
        offered = pages(self._ec2, "describe_instance_type_offerings", "InstanceTypeOfferings", **arguments)
        return InstanceType(
            vcpus=listed[0]["VCpuInfo"]["DefaultVCpus"],
            architectures=frozenset(listed[0]["ProcessorInfo"]["SupportedArchitectures"]),
            zones=frozenset(each["Location"] for each in offered),
        )

    def image(self) -> Image | None:
        """The image, where the account may use it."""
        listed = self._ec2.describe_images(ImageIds=[self._demand.image])["Images"]
        return Image(listed[0]["Architecture"], listed[0]["State"]) if listed else None

    def subnets(self) -> Mapping[str, Subnet]:
        """Those of the demand that are there."""
        wanted = sorted(set(self._demand.subnets.values()))
        if not wanted:
            return {}
        by_id = [{"Name": "subnet-id", "Values": wanted}]
        found = pages(self._ec2, "describe_subnets", "Subnets", Filters=by_id)
        return {each["SubnetId"]: Subnet(each["AvailabilityZone"], each["AvailableIpAddressCount"]) for each in found}

    def standing(self, quota: Quota) -> Standing:
        """How much of a quota is granted and used."""
        told = self._demand.limits.get(quota.key)
        try:
            used = asked(lambda: USED[quota.key](self._aws, self._demand.cluster))
            granted = self._granted(quota) if told is None else told
        except Unanswered as unanswered:
            return Standing(None, why=str(unanswered))
        return Standing(granted, used)

    def _granted(self, quota: Quota) -> float:
        """A quota that was never changed is only among the defaults."""
        client = self._aws.client("service-quotas", _HOME if quota.service in _GLOBAL else "")
        which = {"ServiceCode": quota.service, "QuotaCode": quota.code}
        try:
            answer = asked(lambda: client.get_service_quota(**which))
        except Unanswered as unanswered:
            if unanswered.code != _NO_QUOTA:
                raise
            answer = asked(lambda: client.get_aws_default_service_quota(**which))
        return float(answer["Quota"]["Value"])


def _state(zone: Mapping[str, Any]) -> str:
    opted_in: str = zone.get("OptInStatus", "opt-in-not-required")
    state: str = zone["State"]
    return "not opted in" if opted_in == "not-opted-in" else state
