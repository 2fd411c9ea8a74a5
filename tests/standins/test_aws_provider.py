"""What the stand-in of the plugin aws refuses, hides, keeps and sees, against an emulated AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.aws import AwsServer
from tests.standins.aws_cases import CASES, TAGS, asset
from tests.standins.aws_session import Refused, Resource, Session, urn
from tools.standins.aws import settings
from tools.standins.values import UNKNOWN, is_secret

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("aws-plugin")]

BUCKET, OBJECT = "aws:s3/bucket:Bucket", "aws:s3/bucketObjectv2:BucketObjectv2"
SECRET, VERSION = "aws:secretsmanager/secret:Secret", "aws:secretsmanager/secretVersion:SecretVersion"
TEMPLATE, VOLUME, VPC = "aws:ec2/launchTemplate:LaunchTemplate", "aws:ebs/volume:Volume", "aws:ec2/vpc:Vpc"
ZONE, KEY = "aws:route53/zone:Zone", "aws:kms/key:Key"
SIZED = {"availabilityZone": "eu-central-1a", "size": 20, "type": "gp3", "encrypted": True}


def test_every_wrong_property_is_told_with_its_place(session: Session) -> None:
    inputs = CASES[TEMPLATE].inputs
    wrong = {
        **{name: value for name, value in inputs.items() if name != "name"},
        "imageID": "ami-1",
        "ebsOptimized": True,
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"encripted": "true", "volumeSize": "8"}}],
    }
    assert session.check(TEMPLATE, wrong) == [
        "imageID: is not supported by this stand-in: leave it out, or add it to its table",
        "name: is missing",
        "ebsOptimized: is not a text",
        "blockDeviceMappings[0].ebs.encripted: is not supported by this stand-in: leave it out, or add it to its table",
        "blockDeviceMappings[0].ebs.volumeSize: is not a whole number",
    ]
    assert not session.check(TEMPLATE, {**inputs, "imageId": UNKNOWN, "networkInterfaces": [UNKNOWN]})


def test_a_type_that_it_does_not_know_is_refused(session: Session) -> None:
    with pytest.raises(Refused, match="aws:ec2/instance:Instance are not supported"):
        session.check("aws:ec2/instance:Instance", {})


def test_aws_itself_is_never_reached() -> None:
    for endpoints in ([], [{"ec2": "https://ec2.eu-central-1.amazonaws.com"}]):
        chosen = Session("http://127.0.0.1:1", endpoints=endpoints, skipCredentialsValidation=True)
        assert chosen.foresee(VPC, {"cidrBlock": "10.0.0.0/16"})["arn"] == UNKNOWN
        with pytest.raises(Refused, match="this stand-in would reach AWS itself"):
            chosen.create(VPC, {"cidrBlock": "10.0.0.0/16"})


def test_another_account_is_refused_before_anything_is_made(aws: AwsServer) -> None:
    before = aws.client("ec2").describe_vpcs()["Vpcs"]
    for skipped in (False, True):
        other = Session(aws.endpoint, allowedAccountIds=["210987654321"], skipCredentialsValidation=skipped)
        with pytest.raises(Refused, match="of account 123456789012, which is none of 210987654321"):
            other.create(VPC, {"cidrBlock": "10.0.0.0/16"})
    assert aws.client("ec2").describe_vpcs()["Vpcs"] == before


def test_a_role_is_taken_on(aws: AwsServer) -> None:
    role = [{"roleArn": "arn:aws:iam::210987654321:role/deployer"}]
    other = Session(aws.endpoint, allowedAccountIds=["210987654321"], assumeRoles=role)
    arn = other.create(VPC, {"cidrBlock": "10.0.0.0/16"}).outputs["arn"]
    assert arn.startswith("arn:aws:ec2:eu-central-1:210987654321:vpc/")


def test_settings_that_would_mean_something_else_are_refused() -> None:
    assert settings.problems({"region": "eu-central-1", "ignoreTags": "{}", "insecure": "false"}).keys() == {
        "ignoreTags"
    }


def test_a_secret_stays_secret_whoever_declares_it(session: Session) -> None:
    secret = session.create(SECRET, {"name": "etcd/hidden/a-1"})
    made = session.create(VERSION, {"secretId": secret.id, "secretString": "hush"})
    found = session.refresh(made)
    assert found is not None
    foreseen = session.foresee(VERSION, {"secretId": UNKNOWN, "secretString": "hush"})
    for each in (made.inputs, made.outputs, found.inputs, found.outputs, foreseen):
        assert is_secret(each["secretString"])


def test_default_tags_are_on_everything_and_no_drift(aws: AwsServer) -> None:
    defaults = {"tags": {"environment": "test", "Name": "none"}}
    session = Session(aws.endpoint, defaultTags=defaults)
    made = session.create(VPC, {"cidrBlock": "10.0.0.0/16", "tags": TAGS})
    assert made.outputs["tags"] == TAGS
    assert made.outputs["tagsAll"] == {**defaults["tags"], **TAGS}
    found = aws.client("ec2").describe_vpcs(VpcIds=[made.id])["Vpcs"][0]["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in found} == {**defaults["tags"], **TAGS}
    assert session.refresh(made) == made
    untagged = session.update(made, {"cidrBlock": "10.0.0.0/16"})
    assert untagged.outputs["tagsAll"] == defaults["tags"]


def test_what_somebody_else_changed_is_seen_and_undone(aws: AwsServer, session: Session) -> None:
    declared = {**SIZED, "tags": TAGS}
    made = session.create(VOLUME, declared)
    ec2 = aws.client("ec2")
    ec2.modify_volume(VolumeId=made.id, Size=30)
    ec2.create_tags(Resources=[made.id], Tags=[{"Key": "by", "Value": "hand"}])
    found = session.refresh(made)
    assert found is not None
    assert (found.inputs["size"], found.inputs["tags"]) == (30, {**TAGS, "by": "hand"})
    assert set(session.diff(found, {**declared, "size": 40}).diffs) == {"size", "tags"}
    again = session.update(found, {**declared, "size": 40})
    assert (again.outputs["size"], again.outputs["tags"]) == (40, TAGS)


def test_a_volume_does_not_shrink(aws: AwsServer, session: Session) -> None:
    made = session.create(VOLUME, SIZED)
    with pytest.raises(Refused, match="cannot shrink from 20 to 10 GiB"):
        session.update(made, {**SIZED, "size": 10})
    assert aws.client("ec2").describe_volumes(VolumeIds=[made.id])["Volumes"][0]["Size"] == 20


def test_a_bucket_with_objects_goes_only_where_that_was_declared(session: Session, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    declared = {"bucket": "etcd-full", "forceDestroy": False}
    bucket = session.create(BUCKET, declared)
    session.create(OBJECT, {"bucket": "etcd-full", "key": "a", "source": asset(tmp_path / "file", "1")})
    with pytest.raises(Refused, match="BucketNotEmpty"):
        session.delete(bucket)
    with pytest.raises(Refused, match="is there already"):
        session.create(BUCKET, declared)
    session.delete(session.update(bucket, {**declared, "forceDestroy": True}))
    assert session.refresh(bucket) is None


def test_a_zone_with_records_goes_only_where_that_was_declared(aws: AwsServer, session: Session) -> None:
    vpc = session.create(VPC, {"cidrBlock": "10.0.0.0/16"})
    declared = {"name": "full.etcd.internal", "vpcs": [{"vpcId": vpc.id}]}
    zone = session.create(ZONE, declared)
    record = {"Name": "a.full.etcd.internal", "Type": "A", "TTL": 5, "ResourceRecords": [{"Value": "10.0.0.1"}]}
    aws.client("route53").change_resource_record_sets(
        HostedZoneId=zone.id, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    )
    with pytest.raises(Refused, match="HostedZoneNotEmpty"):
        session.delete(zone)
    session.delete(session.update(zone, {**declared, "forceDestroy": True}))
    assert session.refresh(zone) is None


def test_an_update_of_a_template_previews_its_version_as_unknown_and_makes_one(
    aws: AwsServer, session: Session
) -> None:
    declared = {"name": "previewed", "imageId": "ami-1", "updateDefaultVersion": True}
    made = session.create(TEMPLATE, declared)
    assert session.update(made, {**declared, "tags": TAGS}, preview=True).outputs["latestVersion"] == 1
    changed = {**declared, "imageId": "ami-2"}
    assert session.update(made, changed, preview=True).outputs["latestVersion"] == UNKNOWN
    assert session.refresh(made) == made
    found = session.update(made, changed)
    assert (found.outputs["latestVersion"], found.outputs["defaultVersion"]) == (2, 2)
    versions = aws.client("ec2").describe_launch_template_versions(LaunchTemplateId=made.id)["LaunchTemplateVersions"]
    images = {each["VersionNumber"]: each["LaunchTemplateData"]["ImageId"] for each in versions}
    assert images == {1: "ami-1", 2: "ami-2"}


def test_a_key_waits_for_its_end(aws: AwsServer, session: Session) -> None:
    made = session.create(KEY, {"deletionWindowInDays": 7})
    session.delete(made)
    assert aws.client("kms").describe_key(KeyId=made.id)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert session.refresh(made) is None


def test_a_named_object_goes_before_its_replacement(session: Session) -> None:
    template = session.create(TEMPLATE, {"name": "named", "imageId": "ami-1"})
    assert not session.diff(template, {"name": "other", "imageId": "ami-1"}).deleteBeforeReplace
    bucket = session.create(BUCKET, {"bucket": "etcd-moved", "region": "eu-central-1"})
    moved = session.diff(bucket, {"bucket": "etcd-moved", "region": "eu-west-1"})
    assert (list(moved.replaces), moved.deleteBeforeReplace) == (["region"], True)


def test_an_import_is_refused(session: Session) -> None:
    with pytest.raises(Refused, match="import is not supported"):
        session.refresh(Resource(urn(VPC), {}, "vpc-1"))
