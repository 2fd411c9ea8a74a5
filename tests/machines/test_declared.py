"""Machines of tests are told what a stack tells its own: without machines."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

import pytest

from etcd_ops.model.spec import AgentSpec
from tests.components.ec2 import ARCHIVE, PROGRAM, ZONES, recorded
from tests.components.recorder import Recording
from tests.machines.api import ENDPOINT, Aws
from tests.machines.cloud.settings import ACCOUNT, REGION
from tests.machines.declared import ARCHITECTURE, SLOTS, Declared
from tests.machines.fleet import INSTANCE_TYPE, VOLUME_GIB, Fleet

IMAGE, ZONE_ID = "ami-0123456789abcdef0", "zoneId of orders-zone"
"""The second as mocks have it."""
AGENT = AgentSpec(version="1", command=("etcd-ops",), archive=ARCHIVE["sha256"])
ETCD = {"version": "3.6.15", "binary": {"source": PROGRAM["path"], "sha256": PROGRAM["sha256"]}}


@cache
def stack() -> Recording:
    """A cluster of the same name, with the same arguments."""
    return recorded(
        account=ACCOUNT,
        region=REGION,
        slots=dict(zip(SLOTS, ZONES, strict=True)),
        image=IMAGE,
        instance_type=INSTANCE_TYPE,
        architecture=ARCHITECTURE,
        endpoint_url=ENDPOINT,
        volume={"size_bytes": VOLUME_GIB << 30},
    )


@cache
def declared() -> Declared:
    made = Declared(Fleet(Aws(), image=IMAGE, zone_id=ZONE_ID))
    made.agent, made.etcd = AGENT, ETCD
    return made


def document() -> dict[str, Any]:
    found: dict[str, Any] = stack().one("Rollout").inputs["cluster"]
    return found


@pytest.mark.parametrize("slot", SLOTS)
def test_user_data_are_those_of_a_stack_with_the_same_arguments(slot: str) -> None:
    template = stack().of_type("LaunchTemplate")[f"orders-{slot}-template"].inputs
    assert declared().user_data(slot) == base64.b64decode(template["userData"]).decode()


@pytest.mark.parametrize("slot", SLOTS)
def test_a_member_is_declared_as_in_a_stack_but_for_its_certificates(slot: str) -> None:
    ours, theirs = declared().spec().to_wire()["members"][slot], document()["members"][slot]
    assert ours.pop("certificates").keys() == theirs["certificates"].keys()
    assert ours == {key: value for key, value in theirs.items() if key != "certificates"}


def test_an_agent_is_declared_as_in_a_stack() -> None:
    assert declared().agent.to_wire().keys() == document()["agent"].keys()
