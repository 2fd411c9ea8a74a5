"""The life of a resource of every type of the stand-in of the plugin aws, against an emulated AWS."""

from __future__ import annotations

from string import Template
from typing import Any

import pytest

from tests.servers.aws import AwsServer
from tests.standins import aws_world
from tests.standins.aws_cases import CASES, TAGS, Case
from tests.standins.aws_session import Refused, Session
from tools.standins.aws import buckets
from tools.standins.aws.catalogue import KINDS
from tools.standins.values import UNKNOWN, Properties, is_unknown, plain

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("aws-plugin")]


@pytest.fixture(scope="module")
def world(aws: AwsServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return aws_world.make(aws, tmp_path_factory.mktemp("world"))


def resolved(value: Any, world: dict[str, str]) -> Any:
    """A value with what the world has in the places of `$name`."""
    if isinstance(value, dict):
        return {name: resolved(inner, world) for name, inner in value.items()}
    if isinstance(value, list):
        return [resolved(inner, world) for inner in value]
    return Template(value).safe_substitute(world) if isinstance(value, str) else value


def test_every_type_has_a_case() -> None:
    assert CASES.keys() == KINDS.keys()


@pytest.mark.parametrize("token", CASES)
def test_life(session: Session, world: dict[str, str], token: str) -> None:
    case: Case = resolved_case(CASES[token], world)
    foreseen = session.foresee(token, case.inputs)
    assert {name for name, value in foreseen.items() if value == UNKNOWN} == {*KINDS[token].computed}
    made = session.create(token, case.inputs)
    assert_same_but_known(foreseen, made.outputs)
    assert session.refresh(made) == made
    assert not session.diff(made, case.inputs).detailedDiff

    changed = {**case.inputs, **case.changes}
    told = session.diff(made, changed)
    assert (set(told.diffs), list(told.replaces)) == (set(case.changes), [])
    assert not session.check(token, changed)
    if case.changes:
        made = session.update(made, changed)
        assert session.refresh(made) == made
        for name in case.changes:
            assert made.outputs[name] != foreseen.get(name)
    replaced = session.diff(made, {**changed, **case.fixed})
    assert [name.partition("[")[0] for name in replaced.replaces] == list(case.fixed)

    session.delete(made)
    assert (session.refresh(made) is not None) == case.stays
    session.delete(made)


def resolved_case(case: Case, world: dict[str, str]) -> Case:
    inputs, changes, fixed = (resolved(part, world) for part in (case.inputs, case.changes, case.fixed))
    return Case(inputs, changes, fixed, stays=case.stays)


def assert_same_but_known(foreseen: Properties, made: Properties) -> None:
    """A preview has told no output otherwise than it came."""
    for name, value in foreseen.items():
        if not is_unknown(value) and name != "policy" and name != "assumeRolePolicy":
            assert subset(plain(value), plain(made[name])), name


def subset(part: Any, whole: Any) -> bool:
    """Whether a value is another one, as far as it goes: AWS fills structures up."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(subset(value, whole.get(name)) for name, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(subset, part, whole))
    return bool(part == whole)


def test_tags_of_the_case_are_really_there(aws: AwsServer, session: Session) -> None:
    made = session.create("aws:ec2/vpc:Vpc", {"cidrBlock": "10.5.0.0/16", "tags": TAGS})
    found = aws.client("ec2").describe_vpcs(VpcIds=[made.id])["Vpcs"][0]
    assert {tag["Key"]: tag["Value"] for tag in found["Tags"]} == TAGS


def test_a_bucket_into_which_somebody_writes_goes_with_its_content(
    aws: AwsServer, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it was emptied, and before it is deleted."""
    made = session.create("aws:s3/bucket:Bucket", {"bucket": "etcd-written-to", "forceDestroy": True})
    empty, late = buckets._empty, [b"status"]

    def emptied(client: Any, bucket: str) -> None:
        empty(client, bucket)
        if late:
            client.put_object(Bucket=bucket, Key="status", Body=late.pop())

    monkeypatch.setattr(buckets, "_empty", emptied)
    session.delete(made)
    assert late == []
    assert made.id not in [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]]


def test_a_bucket_that_is_not_to_be_emptied_stays_with_its_content(aws: AwsServer, session: Session) -> None:
    made = session.create("aws:s3/bucket:Bucket", {"bucket": "etcd-kept", "forceDestroy": False})
    aws.client("s3").put_object(Bucket=made.id, Key="kept", Body=b"kept")
    with pytest.raises(Refused, match="not empty"):
        session.delete(made)
    assert aws.client("s3").get_object(Bucket=made.id, Key="kept")["Body"].read() == b"kept"
