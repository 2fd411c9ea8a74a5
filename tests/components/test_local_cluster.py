"""What a LocalCluster registers, in a preview and in an update."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_etcd import LocalClusterArgs
from pulumi_etcd.certificates import fingerprint
from pulumi_etcd.provider.values import SECRET, SIGNATURE, UNKNOWN, text, unknown_paths
from tests.components.clusters import declared
from tests.components.every_argument import LOCAL, given, optional
from tests.components.recorder import Recording

SLOTS = ("a-1", "b-1", "c-1")


@pytest.fixture(params=[True, False], ids=["preview", "update"])
def recording(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Recording:
    return declared(monkeypatch, preview=request.param)


def test_there_is_a_resource_for_everything_that_fails_alone(recording: Recording) -> None:
    assert set(recording.of_type("LocalZone")) == {"demo-a", "demo-b", "demo-c"}
    assert set(recording.of_type("LocalMember")) == {f"demo-{slot}" for slot in SLOTS}
    assert set(recording.of_type("LocalStore")) == {"demo"}
    assert set(recording.of_type("LocalContext")) == {"demo"}
    assert set(recording.of_type("Rollout")) == {"demo"}


def test_the_rollout_waits_for_everything_that_members_need(recording: Recording) -> None:
    expected = {f"LocalMember demo-{slot}" for slot in SLOTS} | {f"LocalZone demo-{zone}" for zone in "abc"}
    assert expected | {"LocalStore demo"} <= recording.one("Rollout").dependencies
    assert "LocalContext demo" not in recording.one("Rollout").dependencies
    for slot in SLOTS:
        needs = recording.of_type("LocalMember")[f"demo-{slot}"].dependencies
        assert {f"LocalZone demo-{slot[0]}", "LocalStore demo"} <= needs
        assert not any(f"demo-{other}" in needs for other in SLOTS if other != slot)


def test_the_context_does_not_wait_for_the_rollout(recording: Recording) -> None:
    assert "Rollout demo" not in recording.one("LocalContext").dependencies


def test_no_member_is_deleted_before_its_replacement(recording: Recording) -> None:
    assert not any(each.delete_before_replace for each in recording.resources)


def test_everything_belongs_to_the_component(recording: Recording) -> None:
    cluster = recording.one("LocalCluster")
    assert {each.parent for each in recording.resources if each is not cluster} == {cluster.urn}


def test_a_migration_reaches_the_document_and_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    member = {"peer_url": "https://10.1.0.1:2380", "client_url": "https://10.1.0.1:2379"}
    recording = declared(monkeypatch, {"migration": {"phase": "join", "members": {"etcd-0": member}}})
    expected = {
        "phase": "join",
        "members": {"etcd-0": {"peerUrl": "https://10.1.0.1:2380", "clientUrl": "https://10.1.0.1:2379"}},
    }
    assert recording.one("LocalCluster").inputs["migration"] == expected
    assert recording.one("Rollout").inputs["cluster"]["migration"] == expected


def test_the_contract_is_in_the_inputs_and_in_the_outputs(recording: Recording) -> None:
    props = recording.one("LocalCluster").inputs
    assert list(unknown_paths(props)) == []
    assert recording.one("LocalCluster").secrets == frozenset()
    assert recording.outputs["demo"]["contract"] == props
    assert props["members"]["b-1"] == {
        "zone": "b",
        "peerUrl": "https://127.0.10.2:2380",
        "clientUrl": "https://127.0.10.2:2379",
        "metricsUrl": "https://127.0.10.2:2382",
        "healthUrl": "http://127.0.10.2:2381",
        "volumeBytes": 10 * 1024**3,
    }
    assert props["etcd"]["quotaBackendBytes"] == 2 * 1024**3
    assert (props["clusterName"], props["platform"], props["zones"]) == ("demo", "local", ["a", "b", "c"])
    assert props["protect"] == {"volumes": False, "authorities": False}


def test_only_fingerprints_are_computed(recording: Recording) -> None:
    inputs = recording.one("Rollout").inputs
    for path in map(text, unknown_paths(inputs)):
        assert ".certificates." in path or ".authorities." in path or path.startswith("waitsFor.")
    assert set(inputs["waitsFor"]) == {"a", "b", "c"}
    assert recording.one("Rollout").secrets == frozenset()


def test_keys_reach_members_as_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = declared(monkeypatch)
    for member in recording.of_type("LocalMember").values():
        secret = {text(path) for path in member.secrets}
        for use in ("peer", "server", "metrics", "agent"):
            assert any(f"credentials.{use}.keyPem".startswith(path) for path in secret)
    context = {text(path) for path in recording.one("LocalContext").secrets}
    assert {"client", "metrics"} <= {path.split(".")[0] for path in context}
    assert recording.outputs["demo"]["clientCredential"][SIGNATURE] == SECRET


def test_outputs_are_known_where_they_can_be(recording: Recording) -> None:
    outputs = recording.outputs["demo"]
    assert outputs["endpoints"] == [f"https://127.0.10.{number}:2379" for number in (1, 2, 3)]
    assert {slot: member["zone"] for slot, member in outputs["members"].items()} == {"a-1": "a", "b-1": "b", "c-1": "c"}
    assert outputs["contextFile"] == "/var/tmp/etcd-test/context.json"
    assert outputs["channel"] == {"kind": "directory", "directory": "/var/tmp/etcd-test/channel"}


def test_an_update_names_the_certificates_that_were_delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = declared(monkeypatch)
    cluster = recording.one("Rollout").inputs["cluster"]
    for slot in SLOTS:
        member = recording.of_type("LocalMember")[f"demo-{slot}"].inputs
        leaves = {use: fingerprint(leaf["certPem"]) for use, leaf in member["credentials"].items()}
        assert cluster["members"][slot]["certificates"] == leaves
        for trust, authorities in member["authorities"].items():
            prints = {generation: fingerprint(pem) for generation, pem in authorities.items()}
            assert cluster["trust"][trust] == {"authorities": prints, "issuer": 1}


def test_in_a_preview_certificates_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = declared(monkeypatch, preview=True).one("Rollout").inputs["cluster"]
    assert cluster["members"]["a-1"]["certificates"]["peer"] == UNKNOWN


@pytest.mark.parametrize(
    ("protect", "expected"),
    [
        ({}, set()),
        ({"volumes": True}, {"LocalMember", "Rollout"}),
        ({"authorities": True}, {"PrivateKey", "SelfSignedCert"}),
    ],
)
def test_protection_is_an_argument(
    monkeypatch: pytest.MonkeyPatch, protect: dict[str, bool], expected: set[str]
) -> None:
    recording = declared(monkeypatch, {"protect": protect})
    protected = {each.type.rsplit(":", maxsplit=1)[-1].rsplit("/")[-1] for each in recording.resources if each.protect}
    assert {kind[0].upper() + kind[1:] for kind in protected} == expected
    assert all("-ca-" in each.name for each in recording.resources if each.protect and "tls" in each.type)


def test_a_rotation_adds_an_authority_and_never_replaces_one(monkeypatch: pytest.MonkeyPatch) -> None:
    before = declared(monkeypatch)
    both = declared(monkeypatch, {"trust": {"peer": {"generations": [1, 2], "issuer": 1}}})
    after = declared(monkeypatch, {"trust": {"peer": {"generations": [1, 2], "issuer": 2}}})
    assert names(both) - names(before) == {"demo-peer-ca-2"}
    assert names(before) - names(both) == set()
    assert names(after) - names(both) == {f"demo-{slot}-peer-2" for slot in SLOTS}
    for member in both.of_type("LocalMember").values():
        assert set(member.inputs["authorities"]["peer"]) == {"1", "2"}
    assert after.one("Rollout").inputs["cluster"]["trust"]["peer"]["issuer"] == 2


def names(recording: Recording) -> set[str]:
    return {each.name for each in recording.resources}


@pytest.mark.parametrize(
    ("args", "slots"),
    [
        ({"size": 1}, {"a-1": "a"}),
        ({"size": 5}, {"a-1": "a", "b-1": "b", "c-1": "c", "a-2": "a", "b-2": "b"}),
        ({"slots": {"a-1": "a", "b-2": "b", "c-1": "c"}}, {"a-1": "a", "b-2": "b", "c-1": "c"}),
        ({"zones": ["x", "y", "z"]}, {"x-1": "x", "y-1": "y", "z-1": "z"}),
        ({"zone_numbers": {"a": 0, "c": 2, "d": 3}}, {"a-1": "a", "c-1": "c", "d-1": "d"}),
    ],
)
def test_members_stand_where_they_are_declared(
    monkeypatch: pytest.MonkeyPatch, args: dict[str, Any], slots: dict[str, str]
) -> None:
    recording = declared(monkeypatch, args)
    members = recording.one("LocalCluster").inputs["members"]
    assert {slot: member["zone"] for slot, member in members.items()} == slots
    assert set(recording.of_type("LocalZone")) == {f"demo-{zone}" for zone in slots.values()}


def test_growing_changes_nothing_about_those_who_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    three, five = (declared(monkeypatch, {"size": size}).one("LocalCluster").inputs["members"] for size in (3, 5))
    assert three.items() <= five.items()


def test_one_address_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = declared(monkeypatch, {"addressing": {"mode": "ports", "base_port": 20000}})
    urls = recording.outputs["demo"]["endpoints"]
    assert len(set(urls)) == 3
    assert all(url.startswith("https://127.0.0.1:20") for url in urls)


def test_another_store_needs_no_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = {"kind": "s3", "bucket": "bucket", "region": "eu-west-1", "endpoint_url": "http://127.0.0.1:8333"}
    recording = declared(monkeypatch, {"channel": channel})
    assert recording.of_type("LocalStore") == {}
    assert all(zone.inputs["objectStore"] for zone in recording.of_type("LocalZone").values())
    expected = {
        "kind": "s3",
        "bucket": "bucket",
        "prefix": "",
        "region": "eu-west-1",
        "endpointUrl": "http://127.0.0.1:8333",
        "expectedAccount": "",
    }
    assert recording.one("Rollout").inputs["channel"] == expected
    assert recording.of_type("LocalMember")["demo-a-1"].inputs["channel"] == expected


def test_settings_of_etcd_are_passed_on_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"max-concurrent-streams": 200.0}
    recording = declared(monkeypatch, {"etcd": {"version": "3.7.2", "extra_config": extra, "snapshot_count": 5000.0}})
    etcd = recording.one("Rollout").inputs["cluster"]["etcd"]
    assert (etcd["version"], etcd["snapshotCount"], etcd["extraConfig"]) == (
        "3.7.2",
        5000,
        {"max-concurrent-streams": 200},
    )
    assert etcd["binary"] == {"source": "/opt/etcd/etcd", "sha256": "e" * 64}


def test_keeping_volumes_keeps_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = declared(monkeypatch, {"keep_volumes": True})
    assert recording.one("LocalStore").inputs["keep"] is True
    assert all(member.inputs["keepVolume"] for member in recording.of_type("LocalMember").values())


def test_every_optional_argument_is_tried() -> None:
    """Also one that somebody adds later."""
    tried = {each for changes in LOCAL.values() for each in given(changes, LocalClusterArgs)}
    assert set(optional(LocalClusterArgs)) <= tried
