from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from etcd_ops.model.configuration import Files, Initial, render
from etcd_ops.model.durations import SECOND
from etcd_ops.model.extra_config import OWNED, extra_config_problems
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.versions import LINES, RELEASES, Line, Version, gates, options
from etcd_ops.model.versions_data import Kind
from tests.model.samples import body, fingerprint, spec

FILES = Files(
    data="/v/data",
    peer_certificate="/v/tls/peer/cert.pem",
    peer_key="/v/tls/peer/key.pem",
    peer_trust="/v/tls/trust/peer-0123456789ab.pem",
    server_certificate="/v/tls/server/cert.pem",
    server_key="/v/tls/server/key.pem",
    client_trust="/v/tls/trust/client-0123456789ab.pem",
)
NEW = Initial("new", (("a-1", "https://127.44.0.1:2380"), ("b-1", "https://127.44.0.2:2380")), "token-1")
VERSIONS = pytest.mark.parametrize("version", RELEASES, ids=str)
TYPES: dict[Kind, type | tuple[type, ...]] = {
    Kind.BOOLEAN: bool,
    Kind.INTEGER: int,
    Kind.UNSIGNED: int,
    Kind.DURATION: int,
    Kind.STRING: str,
    Kind.URLS: str,
    Kind.STRINGS: list,
    Kind.OBJECT: dict,
}


def loaded(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text)
    assert len(text.splitlines()) == len(found)
    return found


def of(version: Version, **changes: Any) -> ClusterSpec:
    return spec(etcd__version=str(version), **changes)


@VERSIONS
def test_every_key_is_known_and_of_its_type(version: Version) -> None:
    for initial in (None, NEW):
        for key, value in loaded(render(of(version), "a-1", FILES, initial).text).items():
            option = options(version.line)[key]
            assert isinstance(value, TYPES[option.kind]), key
            assert not option.replaced_by, key
            assert not option.choices or value in option.choices, key


@VERSIONS
def test_what_is_declared_is_rendered(version: Version) -> None:
    found = loaded(render(of(version), "b-1", FILES, NEW).text)
    assert found["name"] == "b-1"
    assert found["data-dir"] == "/v/data"
    assert found["listen-peer-urls"] == found["initial-advertise-peer-urls"] == "https://127.44.0.2:2380"
    assert found["listen-client-urls"] == found["advertise-client-urls"] == "https://127.44.0.2:2379"
    assert found["listen-metrics-urls"] == "http://127.44.0.2:2381"
    assert found["initial-cluster"] == "a-1=https://127.44.0.1:2380,b-1=https://127.44.0.2:2380"
    assert (found["initial-cluster-state"], found["initial-cluster-token"]) == ("new", "token-1")
    assert found["peer-transport-security"] == {
        "cert-file": FILES.peer_certificate,
        "key-file": FILES.peer_key,
        "trusted-ca-file": FILES.peer_trust,
        "client-cert-auth": True,
    }
    assert found["client-transport-security"]["trusted-ca-file"] == FILES.client_trust
    assert found["client-transport-security"]["client-cert-auth"] is True
    assert found["auto-compaction-retention"] == "1h"
    assert found["quota-backend-bytes"] == 2 * 1024**3


def test_names_follow_the_line() -> None:
    old, new = (loaded(render(of(version), "a-1", FILES).text) for version in (RELEASES[0], RELEASES[1]))
    assert old["experimental-watch-progress-notify-interval"] == 5 * SECOND
    assert old["experimental-initial-corrupt-check"] is True
    assert old["experimental-compact-hash-check-enabled"] is True
    assert not {"max-learners", "log-format", "feature-gates"} & old.keys()
    assert new["watch-progress-notify-interval"] == 5 * SECOND
    assert new["feature-gates"] == "InitialCorruptCheck=true,CompactHashCheck=true"
    assert new["max-learners"] == 1


def test_a_second_start_neither_forms_nor_joins() -> None:
    found = loaded(render(spec(), "a-1", FILES).text)
    assert found["initial-cluster-state"] == "existing"
    assert found["initial-cluster"] == "a-1=https://127.44.0.1:2380"
    assert "initial-cluster-token" not in found


def test_members_with_names_listen_everywhere() -> None:
    named = body()
    named["members"]["a-1"] |= {"peerUrl": "https://a-1.etcd.internal:2380", "clientUrl": "https://[::1]:2379"}
    found = loaded(render(spec(named), "a-1", FILES).text)
    assert found["listen-peer-urls"] == "https://0.0.0.0:2380"
    assert found["initial-advertise-peer-urls"] == "https://a-1.etcd.internal:2380"
    assert found["listen-client-urls"] == "https://[::1]:2379"


def test_a_users_gates_join_ours_and_win() -> None:
    extra = {"feature-gates": "LeaseCheckpoint=true,CompactHashCheck=false", "max-txn-ops": 256}
    found = loaded(render(spec(etcd__extraConfig=extra), "a-1", FILES).text)
    assert found["feature-gates"] == "InitialCorruptCheck=true,CompactHashCheck=false,LeaseCheckpoint=true"
    assert found["max-txn-ops"] == 256


CHANGES_THAT_RESTART: list[tuple[str, Any]] = [
    ("etcd.quotaBackendBytes", 3 * 1024**3),
    ("etcd.heartbeatIntervalMs", 200),
    ("etcd.electionTimeoutMs", 2000),
    ("etcd.snapshotCount", 5000),
    ("etcd.autoCompactionMode", "revision"),
    ("etcd.autoCompactionRetention", "2h"),
    ("etcd.maxRequestBytes", 1_000_000),
    ("etcd.maxLearners", 2),
    ("etcd.logLevel", "debug"),
    ("etcd.extraConfig", {"max-txn-ops": 256}),
    ("members.a-1.clientUrl", "https://127.44.0.1:2479"),
]
CHANGES_THAT_DO_NOT: list[tuple[str, Any]] = [
    ("members.a-1.certificates.peer", fingerprint("another")),
    ("members.a-1.certificates.server", fingerprint("another")),
    ("members.b-1.peerUrl", "https://127.44.0.2:2480"),
    ("members.a-1.volumeBytes", 11 * 1024**3),
    ("trust.metrics.authorities.2", fingerprint("another")),
    ("renewal.windowHours", 1),
    ("healing.automaticReplacementsPerDay", 2),
    ("agent.version", "0.2.0"),
    ("incarnation", 2),
    ("etcd.version", "3.6.14"),
    ("etcd.binary.sha256", fingerprint("another")),
]


@pytest.mark.parametrize(("path", "value"), CHANGES_THAT_RESTART)
def test_what_etcd_reads_at_its_start_changes_the_digest(path: str, value: Any) -> None:
    changed = spec(**{path.replace(".", "__"): value})
    assert render(changed, "a-1", FILES).digest != render(spec(), "a-1", FILES).digest


@pytest.mark.parametrize(("path", "value"), CHANGES_THAT_DO_NOT)
def test_what_needs_no_restart_leaves_the_digest(path: str, value: Any) -> None:
    changed = spec(**{path.replace(".", "__"): value})
    assert render(changed, "a-1", FILES) == render(spec(), "a-1", FILES)


def test_the_first_start_has_the_digest_of_all_later_ones() -> None:
    first, later = render(spec(), "a-1", FILES, NEW), render(spec(), "a-1", FILES)
    assert first.digest == later.digest
    assert first.text != later.text


@pytest.mark.parametrize("field", ["peer_trust", "client_trust"])
def test_another_bundle_changes_the_digest(field: str) -> None:
    values = {name: getattr(FILES, name) for name in Files.__slots__}
    other = Files(**(values | {field: "/v/tls/trust/ba9876543210.pem"}))
    assert render(spec(), "a-1", other).digest != render(spec(), "a-1", FILES).digest


EXTRA = [
    # version, key, value, what the problem's text holds ("" where there is none)
    ("3.6.15", "max-txn-ops", 256, ""),
    ("3.6.15", "max-txn-op", 256, "did you mean max-txn-ops?"),
    ("3.6.15", "max-txn-ops", "256", "must be an integer of at least 0"),
    ("3.6.15", "max-txn-ops", -1, "must be an integer of at least 0"),
    ("3.6.15", "max-txn-ops", True, "must be an integer of at least 0"),
    ("3.6.15", "enable-pprof", True, ""),
    ("3.6.15", "enable-pprof", 1, "must be a boolean"),
    ("3.6.15", "corrupt-check-time", 7200 * SECOND, ""),
    ("3.6.15", "corrupt-check-time", "2h", f"write {7200 * SECOND}"),
    ("3.6.15", "corrupt-check-time", "soon", "integer number of nanoseconds"),
    ("3.6.15", "corrupt-check-time", -1, "integer number of nanoseconds"),
    ("3.6.15", "experimental-corrupt-check-time", SECOND, "write `corrupt-check-time` instead"),
    ("3.7.2", "experimental-corrupt-check-time", SECOND, "write `corrupt-check-time` instead"),
    ("3.5.34", "experimental-corrupt-check-time", SECOND, ""),
    ("3.5.34", "corrupt-check-time", SECOND, "did you mean experimental-corrupt-check-time?"),
    ("3.7.2", "experimental-initial-corrupt-check", True, "write `feature-gates: InitialCorruptCheck` instead"),
    ("3.7.2", "compact-hash-check-time", 0, "must be above 0"),
    ("3.6.15", "backend-bbolt-freelist-type", "list", "use one of array, map"),
    ("3.6.15", "metrics", "extensive", ""),
    ("3.6.15", "metrics", "all", "use one of basic, extensive"),
    ("3.6.15", "cipher-suites", ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"], ""),
    ("3.6.15", "cipher-suites", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "must be a list of strings"),
    ("3.6.15", "cipher-suites", [1], "must be a list of strings"),
    ("3.6.15", "auth-token", 5, "must be a string"),
    ("3.6.15", "feature-gates", "LeaseCheckpoint=true", ""),
    ("3.6.15", "feature-gates", "LeaseCheckpoint", 'write "Gate=true,Other=false"'),
    ("3.6.15", "feature-gates", "LeaseCheckpoint=yes", 'write "Gate=true,Other=false"'),
    ("3.6.15", "feature-gates", "LeaseCheckPoint=true", "did you mean LeaseCheckpoint?"),
    ("3.6.15", "feature-gates", "FastLeaseKeepAlive=true", "etcd 3.6 has no feature gate"),
    ("3.7.2", "feature-gates", "FastLeaseKeepAlive=false", ""),
    ("3.6.15", "feature-gates", "LeaseCheckpointPersist=true", "add LeaseCheckpoint=true"),
    ("3.5.34", "feature-gates", "LeaseCheckpoint=true", "etcd 3.5 does not know this key"),
    ("3.5.34", "experimental-enable-lease-checkpoint-persist", True, "add experimental-enable-lease-checkpoint"),
    ("3.6.15", "name", "x", "it is the slot's name"),
    ("3.6.15", "quota-backend-bytes", 1, "use `etcd.quotaBackendBytes`"),
    ("3.6.15", "force-new-cluster", True, "etcd-ops recover"),
    ("3.6.15", "unsafe-no-fsync", True, "acknowledged writes would be lost"),
    ("3.6.15", "wait-cluster-ready-timeout", 1, "does not know this key"),
    ("3.7.2", "discovery", "x", "not free to choose"),
]


@pytest.mark.parametrize(("version", "key", "value", "text"), EXTRA)
def test_extra_keys(version: str, key: str, value: Any, text: str) -> None:
    found = extra_config_problems(Version.parse(version).line, {key: value})
    assert bool(found) == bool(text), found
    for problem in found:
        assert problem.path == f"etcd.extraConfig.{key}"
        assert text in str(problem)


def test_extra_keys_that_do_not_go_together() -> None:
    found = extra_config_problems(
        Line(3, 6), {"tls-min-version": "TLS1.3", "tls-max-version": "TLS1.2", "cipher-suites": ["X"]}
    )
    assert [problem.path for problem in found] == [
        "etcd.extraConfig.tls-max-version",
        "etcd.extraConfig.cipher-suites",
    ]


@VERSIONS
def test_what_the_package_sets_is_not_free(version: Version) -> None:
    free = {"watch-progress-notify-interval", "experimental-watch-progress-notify-interval", "tls-min-version"}
    free |= {"feature-gates", "experimental-initial-corrupt-check", "experimental-compact-hash-check-enabled"}
    assert set(loaded(render(of(version), "a-1", FILES, NEW).text)) - free <= set(OWNED)


def test_owned_keys_exist_somewhere() -> None:
    known = {key for line in LINES for key in options(line)}
    assert set(OWNED) <= known


VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.BOOLEAN: st.booleans(),
    Kind.INTEGER: st.integers(1, 2**31),
    Kind.UNSIGNED: st.integers(1, 2**31),
    Kind.DURATION: st.integers(1, 2**62),
    Kind.STRING: st.text(st.characters(codec="utf-8"), max_size=40),
    Kind.URLS: st.just("http://127.0.0.1:1"),
    Kind.STRINGS: st.lists(st.text(max_size=10), max_size=3),
    Kind.OBJECT: st.just({}),
}


@settings(deadline=None)
@given(st.sampled_from(RELEASES), st.data())
def test_any_accepted_key_is_rendered_as_it_was_given(version: Version, data: st.DataObject) -> None:
    free = [key for key, option in options(version.line).items() if key not in OWNED and not option.replaced_by]
    extra: dict[str, Any] = {}
    for key in data.draw(st.lists(st.sampled_from(sorted(free)), unique=True, max_size=6)):
        option = options(version.line)[key]
        extra[key] = data.draw(st.sampled_from(option.choices) if option.choices else VALUES[option.kind])
    if "feature-gates" in extra:
        name = data.draw(st.sampled_from(sorted(gates(version.line))))
        extra["feature-gates"] = f"{name}=true"
    if extra_config_problems(version.line, extra):
        return
    rendered = render(of(version, etcd__extraConfig=extra), "a-1", FILES)
    found = loaded(rendered.text)
    for key, value in extra.items():
        assert value in found[key] if key == "feature-gates" else found[key] == value
    assert (rendered.digest != render(of(version), "a-1", FILES).digest) == (
        found != loaded(render(of(version), "a-1", FILES).text)
    )


def test_a_member_listens_on_loopback_as_well_where_that_is_declared() -> None:
    """Nobody is told of it: others would look for it on their own machine."""
    declared = spec()
    member = declared.members["a-1"].model_copy(update={"loopback_url": "https://127.0.0.1:2379"})
    changed = declared.model_copy(update={"members": {**declared.members, "a-1": member}})
    found = loaded(render(changed, "a-1", FILES).text)
    assert found["listen-client-urls"] == f"https://127.0.0.1:2379,{member.client_url}"
    assert found["advertise-client-urls"] == member.client_url
    named = member.model_copy(update={"client_url": "https://a-1.example:2379"})
    everywhere = changed.model_copy(update={"members": {**declared.members, "a-1": named}})
    assert loaded(render(everywhere, "a-1", FILES).text)["listen-client-urls"] == "https://0.0.0.0:2379"
