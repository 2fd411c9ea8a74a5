"""Names, secrets and releases: against a simulator."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.ec2.artifacts import Artifacts, open_to_all, point_to
from etcd_ops.ec2.aws import Aws, AwsUnavailable
from etcd_ops.ec2.names import TTL_SECONDS, register
from etcd_ops.ec2.releases import FetchedReleases
from etcd_ops.ec2.secrets import SecretMailbox, parse
from etcd_ops.model.spec import AgentSpec
from etcd_ops.volume.credentials import delivered, fingerprint, leaves
from etcd_ops.volume.errors import VolumeError
from tests.ec2.conftest import REGION, Cloud
from tests.ec2.test_bootstrap import RELEASE, bucket
from tests.etcd.authority import Authority

__all__ = ["bucket"]

USES = ("peer", "server", "metrics", "agent")


def secret(authority: Authority) -> tuple[str, dict[str, str]]:
    """A secret's value, and the fingerprint by use."""
    issued = {use: authority.issue(use) for use in USES}
    value = {
        "authorities": [authority.certificate_pem.decode()],
        "credentials": {
            use: {"certificate": each.certificate_pem.decode(), "key": each.key_pem.decode()}
            for use, each in issued.items()
        },
    }
    prints = {use: fingerprint(each.certificate_pem.decode()) for use, each in issued.items()}
    return json.dumps(value), prints


def test_a_secret_is_delivered_and_a_later_one_added(cloud: Cloud, tmp_path: Path) -> None:
    authority = Authority("peer-1")
    text, prints = secret(authority)
    service = cloud.client("secretsmanager")
    service.create_secret(Name=cloud.machine.secret, SecretString=text)
    mailbox = SecretMailbox(cloud.aws, cloud.machine.secret, tmp_path)
    wanted = frozenset(prints.values())
    assert mailbox.missing(wanted) == wanted
    mailbox.empty()
    assert mailbox.missing(wanted) == frozenset()
    assert leaves(tmp_path) == prints
    keys = list(tmp_path.glob("credentials/*/key.pem"))
    assert [key.stat().st_mode & 0o777 for key in keys] == [0o600] * len(USES)
    newer, later = secret(authority)
    service.put_secret_value(SecretId=cloud.machine.secret, SecretString=newer)
    mailbox.empty()
    assert set(later.values()) < delivered(tmp_path)
    assert leaves(tmp_path) == prints


def test_a_machine_without_its_secret_says_so(cloud: Cloud, tmp_path: Path) -> None:
    with pytest.raises(AwsUnavailable, match=r"secretsmanager\.get_secret_value"):
        SecretMailbox(cloud.aws, cloud.machine.secret, tmp_path).empty()


@pytest.mark.parametrize("text", ["", "key-of-a-member", '["key-of-a-member"]', '{"authorities": "key-of-a-member"}'])
def test_what_is_no_secret_of_ours_is_never_repeated(text: str) -> None:
    with pytest.raises(VolumeError) as problem:
        parse(text)
    assert "key-of-a-member" not in f"{problem.value}{problem.value.__cause__}"


def test_a_name_follows_its_address(cloud: Cloud) -> None:
    route53 = cloud.client("route53")
    zone = route53.create_hosted_zone(Name=f"{cloud.machine.cluster}.etcd.internal", CallerReference="1")
    identity = zone["HostedZone"]["Id"].rpartition("/")[2]
    for address in ("10.0.1.7", "10.0.1.7", "10.0.1.8"):
        register(cloud.aws, identity, cloud.machine.host, address)
        sets = route53.list_resource_record_sets(HostedZoneId=identity)["ResourceRecordSets"]
        (record,) = [each for each in sets if each["Type"] == "A"]
        assert record["Name"] == f"{cloud.machine.host}."
        assert (record["TTL"], record["ResourceRecords"]) == (TTL_SECONDS, [{"Value": address}])


def test_calls_fail_in_one_way(cloud: Cloud) -> None:
    away = Aws(REGION, "http://127.47.0.9:1")
    with pytest.raises(AwsUnavailable, match="route53"):
        register(away, "Z1", "a-1.example", "10.0.0.1")


def test_a_call_that_is_not_granted_is_seen(cloud: Cloud) -> None:
    with pytest.raises(AssertionError, match="ec2:DeleteVolume is not in CALLS"):
        cloud.aws.call("ec2", "delete_volume", VolumeId="vol-1")


class TestReleases:
    """A release is here before it is proposed."""

    def declared(self, archive: str) -> AgentSpec:
        return AgentSpec(version="2", command=("x",), archive=archive)

    def test_is_awaited_until_it_was_fetched(self, cloud: Cloud, bucket: Any, tmp_path: Path) -> None:
        digest = hashlib.sha256(RELEASE).hexdigest()
        artifacts = Artifacts(cloud.aws, cloud.machine, tmp_path / "releases")
        releases = FetchedReleases(tmp_path / "volume", artifacts, tmp_path / "current")
        assert releases.awaited(AgentSpec(version="2", command=("x",))) == ""
        assert digest[:12] in releases.awaited(self.declared(digest))
        assert releases.wanting
        with pytest.raises(OSError, match="NoSuchKey"):
            releases.fetch()
        assert "NoSuchKey" in releases.awaited(self.declared(digest))
        bucket(f"artifacts/{digest}", RELEASE)
        releases.fetch()
        assert releases.awaited(self.declared(digest)) == ""
        assert not releases.wanting

    def test_programs_are_read_from_this_bucket_only(self, cloud: Cloud, bucket: Any, tmp_path: Path) -> None:
        artifacts = Artifacts(cloud.aws, cloud.machine, tmp_path)
        bucket("artifacts/etcd", b"a program")
        with artifacts.opened(f"s3://{cloud.machine.channel.bucket}/artifacts/etcd") as reader:
            assert reader.read() == b"a program"
        with pytest.raises(ValueError, match="not in bucket"):
            artifacts.opened("s3://another/artifacts/etcd")
        with pytest.raises(ValueError, match="absolute path"):
            artifacts.opened("etcd")

    def test_only_what_may_run_is_kept(self, cloud: Cloud, tmp_path: Path) -> None:
        artifacts = Artifacts(cloud.aws, cloud.machine, tmp_path / "releases")
        for name in ("old", "current", "candidate"):
            artifacts.program(name).parent.mkdir(parents=True)
        artifacts.keep_only([str(artifacts.program("current")), str(artifacts.program("candidate"))])
        assert {path.name for path in (tmp_path / "releases").iterdir()} == {"current", "candidate"}

    def test_every_user_may_run_what_was_fetched_under_a_narrow_umask(self, tmp_path: Path) -> None:
        release = tmp_path / "release"
        program, text = release / "bin" / "etcd-ops", release / "bin" / "text"
        program.parent.mkdir(parents=True)
        for path, mode in ((program, 0o750), (text, 0o640), (program.parent, 0o750), (release, 0o750)):
            path.touch()
            path.chmod(mode)
        (release / "link").symlink_to("bin")
        for _ in range(2):
            open_to_all(release)
            modes = [each.stat().st_mode & 0o777 for each in (release, program.parent, program, text)]
            assert modes == [0o755, 0o755, 0o755, 0o644]

    def test_the_units_link_is_replaced(self, tmp_path: Path) -> None:
        link = tmp_path / "current"
        for name in ("one", "two", "two"):
            point_to(tmp_path / "releases" / name / "bin" / "etcd-ops", link)
            assert str(link.readlink()) == f"releases/{name}"
