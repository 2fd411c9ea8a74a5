"""Asks AWS for what the judgement needs. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from etcd_ops.preflight.connection import Connection, Unanswered, asked, pages
from etcd_ops.preflight.demand import Demand
from etcd_ops.preflight.facts import Facts, Image, InstanceType, Standing, Subnet
from etcd_ops.preflight.judgement import quotas_of
from etcd_ops.preflight.quotas import Quota
from etcd_ops.preflight.together import Candidate
from etcd_ops.preflight.usage import USED

T = TypeVar("T")
_HOME = "us-east-1"
"""Where quotas are kept that an account has once (Service Quotas User Guide)."""
_ABSENT = frozenset(
    {"InvalidInstanceType", "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidAMIID.Malformed"}
)
"""Codes of errors that say that there is no such thing."""
_NO_QUOTA = "NoSuchResourceException"


def read_all(demands: Sequence[Demand], connect: Callable[[str], Connection]) -> tuple[Candidate, ...]:
    """Everything about clusters that are judged together: what one of them uses already is not others' use.

    Args:
        demands: the clusters.
        connect: how a region is reached.

    Raises:
        Unanswered: it could not be asked whose the credentials are.
    """
    counts: dict[tuple[str, str], Counts] = {}
    found = []
    for demand in demands:
        place = (demand.account, demand.region)
        if place not in counts:
            own = [each.cluster for each in demands if (each.account, each.region) == place]
            counts[place] = Counts(connect(demand.region), own)
        found.append(Candidate(demand, read(demand, counts[place])))
    return tuple(found)


class Counts:
    """How quotas stand in a region; each is asked for once."""

    def __init__(self, aws: Connection, clusters: Collection[str]) -> None:
        """Prepare to ask.

        Args:
            aws: the region.
            clusters: names of those whose use does not count, for it is what they need.
        """
        self.aws = aws
        self._clusters = clusters
        self._known: dict[tuple[str, str], float | Unanswered] = {}

    def used(self, quota: Quota) -> float:
        """How much of a quota is used by others.

        Raises:
            Unanswered
        """
        return self._once("used", quota, lambda: USED[quota.key](self.aws, self._clusters))

    def granted(self, quota: Quota) -> float:
        """A quota that was never changed is only among the defaults.

        Raises:
            Unanswered
        """
        return self._once("granted", quota, lambda: self._granted(quota))

    def _once(self, what: str, quota: Quota, ask: Callable[[], float]) -> float:
        key = (what, quota.key)
        if key not in self._known:
            self._known[key] = _answer(ask)
        found = self._known[key]
        if isinstance(found, Unanswered):
            raise found
        return found

    def _granted(self, quota: Quota) -> float:
        client = self.aws.client("service-quotas", _HOME if quota.is_global else "")
        which = {"ServiceCode": quota.service, "QuotaCode": quota.code}
        try:
            answer = asked(lambda: client.get_service_quota(**which))
        except Unanswered as unanswered:
            if unanswered.code != _NO_QUOTA:
                raise
            answer = asked(lambda: client.get_aws_default_service_quota(**which))
        return float(answer["Quota"]["Value"])


def _answer(ask: Callable[[], float]) -> float | Unanswered:
    try:
        return asked(ask)
    except Unanswered as unanswered:
        return unanswered


def read(demand: Demand, counts: Counts) -> Facts:
    """Everything about one cluster.

    Args:
        demand: the cluster.
        counts: of its region.

    Raises:
        Unanswered: it could not be asked whose the credentials are.
    """
    aws = counts.aws
    account = asked(lambda: aws.client("sts").get_caller_identity())["Account"]
    if account != demand.account:
        return Facts(account)
    reader = _Reader(demand, counts)
    kind = reader.found("instanceType", reader.instance_type, None)
    return Facts(
        account=account,
        zones=reader.found("zones", reader.zones, {}),
        instance_type=kind,
        image=reader.found("image", reader.image, None),
        subnets=reader.found("subnets", reader.subnets, {}),
        quotas={quota.key: reader.standing(quota) for quota in quotas_of(demand, kind)},
        unread=reader.unread,
    )


class _Reader:
    """The questions about one cluster, and which of them were not answered."""

    def __init__(self, demand: Demand, counts: Counts) -> None:
        self.unread: dict[str, str] = {}
        self._demand, self._counts = demand, counts
        self._ec2 = counts.aws.client("ec2")

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
        if not listed:
            return None
        (image,) = listed
        return Image(image["Architecture"], image["State"], image.get("RootDeviceName", ""))

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
            used = self._counts.used(quota)
            granted = self._counts.granted(quota) if told is None else told
        except Unanswered as unanswered:
            return Standing(None, why=str(unanswered))
        return Standing(granted, used)


def _state(zone: Mapping[str, Any]) -> str:
    opted_in: str = zone.get("OptInStatus", "opt-in-not-required")
    state: str = zone["State"]
    return "not opted in" if opted_in == "not-opted-in" else state
