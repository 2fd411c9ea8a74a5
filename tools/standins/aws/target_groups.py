"""What a load balancer sends its clients to, and how it tells whether that is healthy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tools.standins.aws.balancing import Attributes, Balancing
from tools.standins.aws.forms import (
    NUMBER,
    SWITCH,
    TEXT,
    Field,
    Fields,
    Form,
    incoming,
    outgoing,
    structure,
    structures,
)
from tools.standins.aws.kind import TAGGED
from tools.standins.aws.settings import Place
from tools.standins.values import Properties

_MATCHER = Form(str, outgoing=lambda codes: {"HttpCode": codes}, incoming=lambda told: told.get("HttpCode", ""))
_CHECK: Fields = {
    "enabled": Field(form=SWITCH, aws="HealthCheckEnabled"),
    "protocol": Field(form=TEXT, aws="HealthCheckProtocol"),
    "port": Field(form=TEXT, aws="HealthCheckPort"),
    "path": Field(form=TEXT, aws="HealthCheckPath"),
    "interval": Field(form=NUMBER, aws="HealthCheckIntervalSeconds"),
    "timeout": Field(form=NUMBER, aws="HealthCheckTimeoutSeconds"),
    "healthyThreshold": Field(form=NUMBER, aws="HealthyThresholdCount"),
    "unhealthyThreshold": Field(form=NUMBER, aws="UnhealthyThresholdCount"),
    "matcher": Field(form=_MATCHER),
}

_TERMINATION = "target_health_state.unhealthy.connection_termination.enabled"
_STATE = "enableUnhealthyConnectionTermination"
_STATES = structures(**{_STATE: Field(form=SWITCH, required=True)})


class TargetGroup(Balancing):
    noun, aws, name = "target_group", "TargetGroup", "name"
    attributes: ClassVar[Attributes] = {
        "preserveClientIp": ("preserve_client_ip.enabled", str),
        "deregistrationDelay": ("deregistration_delay.timeout_seconds", int),
        "connectionTermination": ("deregistration_delay.connection_termination.enabled", bool),
    }
    fields: ClassVar[Fields] = {
        "name": Field(form=TEXT, required=True, fixed=True),
        "port": Field(form=NUMBER, required=True, fixed=True),
        "protocol": Field(form=TEXT, required=True, fixed=True),
        "targetType": Field(form=TEXT, fixed=True),
        "vpcId": Field(form=TEXT, required=True, fixed=True),
        "healthCheck": Field(form=structure(**_CHECK), apart=True),
        "targetHealthStates": Field(form=_STATES, apart=True),
        **{name: Field(form={str: TEXT, int: NUMBER, bool: SWITCH}[form], apart=True)
           for name, (_, form) in attributes.items()},
        **TAGGED,
    }  # fmt: skip
    computed = ("arn", "arnSuffix")
    absent = ("TargetGroupNotFound",)

    def create(self, place: Place, inputs: Properties) -> str:
        identity = super().create(place, inputs)
        self._set_health(place.client("elbv2"), identity, {}, inputs)
        return identity

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        found = super().read(place, identity, known)
        told = place.client("elbv2").describe_target_group_attributes(TargetGroupArn=identity)["Attributes"]
        states = [{_STATE: each["Value"] == "true"} for each in told if each["Key"] == _TERMINATION]
        if found is None:
            return None
        # Of a group for TCP, moto tells neither that checks are on nor what answer they expect.
        check = {**known.get("healthCheck", {}), **found["healthCheck"]}
        return {**found, "healthCheck": check, **({"targetHealthStates": states} if states else {})}

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        super().update(place, identity, before, after)
        self._set_health(place.client("elbv2"), identity, before, after)

    def shown(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**found, "Name": found["TargetGroupName"]}

    def computed_of(self, identity: str, found: Mapping[str, Any]) -> Properties:
        return {
            "healthCheck": incoming(_CHECK, found),
            "arnSuffix": identity.rpartition(":")[2],
        }

    @staticmethod
    def _set_health(client: Any, group: str, before: Properties, after: Properties) -> None:
        check, states = after.get("healthCheck"), after.get("targetHealthStates")
        if check and before.get("healthCheck") != check:
            client.modify_target_group(TargetGroupArn=group, **outgoing(_CHECK, check))
        if states and before.get("targetHealthStates") != states:
            wanted = {"Key": _TERMINATION, "Value": str(states[0][_STATE]).lower()}
            client.modify_target_group_attributes(TargetGroupArn=group, Attributes=[wanted])
