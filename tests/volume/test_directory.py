from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from etcd_ops.model.facts import Identity, Launch, VolumeFacts
from etcd_ops.model.status import OldEntries
from etcd_ops.volume.directory import RECALLED, DirectoryVolume
from etcd_ops.volume.launch_record import Spent, decode_launch, encode_spent
from etcd_ops.volume.port import Volume
from etcd_ops.volume.provision import create_volume, mark
from tests.volume.heads import CLUSTER, MEMBER, REAL
from tests.volume.logs import PUBLISHED, Committed, Entry, Item, Log, Snapshot

T = TypeVar("T")
IDENTITY = Identity(CLUSTER, MEMBER)


def run(call: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(call)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create_volume(tmp_path / "m0", "m0", "local")
    return tmp_path / "m0"


@pytest.fixture
def volume(path: Path) -> DirectoryVolume:
    checked: Volume = DirectoryVolume(path, "m0", "local")
    assert isinstance(checked, DirectoryVolume)
    return checked


def launch(path: Path, digest: str = "d" * 64, **changes: Any) -> Launch:
    usual = Launch(
        configuration=f"name: m0\ndata-dir: {path / 'data'}\n# {digest}\n",
        configuration_digest=digest,
        binary_sha256="b" * 64,
        incarnation=1,
        expected=None,
        first_start=True,
        trusted={"peer": ("a" * 64,)},
    )
    return replace(usual, **changes)


def write_data(path: Path) -> None:
    folder = path / "data" / "member" / "wal"
    folder.mkdir(parents=True)
    (folder / "0000000000000000-0000000000000000.wal").write_bytes(REAL)


def spend(path: Path, **used: bool) -> None:
    """What the launcher writes before it starts etcd."""
    nonce = decode_launch((path / "member" / "launch.json").read_bytes()).nonce
    (path / "member" / "spent.json").write_bytes(encode_spent(Spent(nonce, **used)))


def test_a_fresh_volume(volume: DirectoryVolume, path: Path) -> None:
    facts = run(volume.facts())
    identifier = json.loads((path / "marker.json").read_text())["volumeId"]
    assert facts == VolumeFacts(marked=True, volume_id=identifier, has_data=False, identity=None, launch=None)


def test_a_volume_that_is_away_is_an_error_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run(DirectoryVolume(tmp_path / "away", "m0", "local").facts())


def test_an_unmounted_volume_is_unmarked(tmp_path: Path) -> None:
    facts = run(DirectoryVolume(tmp_path, "m0", "local").facts())
    assert (facts.marked, facts.volume_id, facts.has_data) == (False, "", False)


@pytest.mark.parametrize(("slot", "cluster"), [("m1", "local"), ("m0", "other")])
def test_the_volume_of_another_member_is_unmarked(path: Path, slot: str, cluster: str) -> None:
    assert not run(DirectoryVolume(path, slot, cluster).facts()).marked


def test_an_accepted_volume_is_marked_with_a_new_id(path: Path) -> None:
    mark(path, "m0", "local", platform="elsewhere")
    volume = DirectoryVolume(path, "m1", "local")
    before = run(volume.facts()).volume_id
    run(volume.accept_marker("m1", "local"))
    after = run(volume.facts())
    assert after.marked
    assert json.loads((path / "marker.json").read_text())["platform"] == "elsewhere"
    assert after.volume_id != before


def test_data(volume: DirectoryVolume, path: Path) -> None:
    write_data(path)
    facts = run(volume.facts())
    assert facts.has_data
    assert facts.identity == IDENTITY


@pytest.mark.parametrize(
    ("items", "found"),
    [
        ([Entry(1)], OldEntries.NONE),
        ([Entry(1, PUBLISHED), Committed(1)], OldEntries.UNCOVERED),
        ([Entry(1, PUBLISHED), Committed(1), Snapshot(1)], OldEntries.COVERED),
        ([Entry(1, PUBLISHED), Committed(1), Snapshot(1), Entry(RECALLED)], OldEntries.COVERED),
        ([Entry(1, PUBLISHED), Committed(1), Snapshot(1), Entry(RECALLED + 1)], OldEntries.NONE),
        ([Entry(1, PUBLISHED), Entry(RECALLED + 1), Committed(RECALLED + 1)], OldEntries.UNCOVERED),
    ],
)
def test_what_3_5_left_in_the_log(volume: DirectoryVolume, path: Path, items: list[Item], found: OldEntries) -> None:
    log = Log()
    for item in items:
        log.add(item)
    log.write(path / "data")
    assert run(volume.old_entries()) is found


def test_a_log_that_cannot_be_understood_is_unknown(volume: DirectoryVolume, path: Path) -> None:
    assert run(volume.old_entries()) is None
    write_data(path)
    (path / "data/member/wal/0000000000000000-0000000000000000.wal").write_bytes(b"garbage")
    assert run(volume.old_entries()) is None


def test_a_staged_launch_is_read_back(volume: DirectoryVolume, path: Path) -> None:
    wanted = launch(path, expected=IDENTITY, first_start=False, force_new_cluster=True, joins=True)
    run(volume.stage(wanted))
    assert run(volume.facts()).launch == wanted
    assert (path / "member" / f"etcd-{'d' * 12}.yaml").read_text() == wanted.configuration


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("data-dir: /elsewhere", "data-dir: is /elsewhere"),
        ("name: m0", "data-dir: is None"),
        ("[]", "data-dir: is None"),
        ("data-dir: {data}\nwal-dir: /fast", "wal-dir: may not"),
        ("data-dir: {data}\nforce-new-cluster: true", "force-new-cluster: may not"),
        ("{{", "not YAML"),
    ],
)
def test_a_configuration_for_other_data_is_refused(volume: DirectoryVolume, path: Path, text: str, reason: str) -> None:
    bad = launch(path, configuration=text.replace("{data}", str(path / "data")))
    with pytest.raises(ValueError, match=reason):
        run(volume.stage(bad))
    assert run(volume.facts()).launch is None


def test_a_damaged_launch_is_none(volume: DirectoryVolume, path: Path) -> None:
    run(volume.stage(launch(path)))
    file = path / "member" / "launch.json"
    file.write_bytes(file.read_bytes().replace(b'"incarnation": 1', b'"incarnation": 2'))
    assert run(volume.facts()).launch is None


def test_only_what_became_healthy_is_gone_back_to(volume: DirectoryVolume, path: Path) -> None:
    assert run(volume.restore_last_good()) is None
    one, two, three = (launch(path, digit * 64, first_start=False, expected=IDENTITY) for digit in "123")
    write_data(path)
    run(volume.stage(one))
    run(volume.mark_good())
    run(volume.stage(two))
    run(volume.stage(three))
    facts = run(volume.facts())
    assert (facts.launch, facts.good) == (three, one)
    assert run(volume.restore_last_good()) == one
    assert run(volume.facts()).launch == one


def test_a_healthy_first_start_may_not_be_repeated(volume: DirectoryVolume, path: Path) -> None:
    run(volume.stage(launch(path, force_new_cluster=True)))
    write_data(path)
    run(volume.mark_good())
    facts = run(volume.facts())
    assert facts.launch == facts.good
    assert facts.launch == launch(path, first_start=False, expected=IDENTITY)


def test_what_has_no_data_cannot_have_become_healthy(volume: DirectoryVolume, path: Path) -> None:
    run(volume.stage(launch(path)))
    with pytest.raises(OSError, match="whose data became healthy cannot be read"):
        run(volume.mark_good())
    assert run(volume.facts()).launch == launch(path)


def test_a_good_launch_does_not_outlive_its_data(volume: DirectoryVolume, path: Path) -> None:
    write_data(path)
    run(volume.stage(launch(path, first_start=False, expected=IDENTITY)))
    run(volume.mark_good())
    run(volume.set_data_aside("lost"))
    assert run(volume.facts()).good is None
    assert run(volume.restore_last_good()) is None


def test_nothing_staged_is_nothing_good(volume: DirectoryVolume) -> None:
    run(volume.mark_good())
    assert run(volume.facts()).good is None


def test_permissions_are_used_up_until_the_next_staging(volume: DirectoryVolume, path: Path) -> None:
    wanted = launch(path, force_new_cluster=True)
    run(volume.stage(wanted))
    spend(path, force_new_cluster=True)
    assert run(volume.facts()).launch == replace(wanted, force_new_cluster=False)
    spend(path, first_start=True, force_new_cluster=True)
    assert run(volume.facts()).launch == replace(wanted, first_start=False, force_new_cluster=False)
    run(volume.stage(wanted))
    assert run(volume.facts()).launch == wanted


def test_unreadable_permissions_are_used_up_until_the_next_staging(volume: DirectoryVolume, path: Path) -> None:
    wanted = launch(path, force_new_cluster=True)
    run(volume.stage(wanted))
    (path / "member" / "spent.json").write_bytes(b"damaged")
    assert run(volume.facts()).launch == replace(wanted, first_start=False, force_new_cluster=False)
    run(volume.stage(wanted))
    assert run(volume.facts()).launch == wanted


def test_what_runs_is_told(volume: DirectoryVolume, path: Path) -> None:
    run(volume.stage(launch(path)))
    note = {"configurationDigest": "e" * 64, "binarySha256": "f" * 64, "pid": 1}
    (path / "member" / "running.json").write_text(json.dumps(note))
    facts = run(volume.facts())
    assert (facts.running_digest, facts.running_binary) == ("e" * 64, "f" * 64)
    (path / "member" / "running.json").write_text("{")
    assert run(volume.facts()).running_digest == ""


def test_configurations_that_nothing_needs_are_removed(volume: DirectoryVolume, path: Path) -> None:
    write_data(path)
    for digit in "1234":
        run(volume.stage(launch(path, digit * 64, first_start=False, expected=IDENTITY)))
        if digit == "1":
            run(volume.mark_good())
        if digit == "2":
            (path / "member" / "running.json").write_text(json.dumps({"configurationDigest": "2" * 64}))
    left = sorted(file.name for file in (path / "member").glob("etcd-*.yaml"))
    assert left == [f"etcd-{digit * 12}.yaml" for digit in "124"]


def test_data_is_set_aside_never_deleted(volume: DirectoryVolume, path: Path) -> None:
    for _ in range(3):
        write_data(path)
        run(volume.set_data_aside("lost"))
        assert not run(volume.facts()).has_data
    run(volume.set_data_aside("lost"))
    kept = sorted(folder.name for folder in (path / "set-aside").iterdir())
    assert kept == ["lost", "lost-2", "lost-3"]
    for label in kept:
        assert next((path / "set-aside" / label).rglob("*.wal")).read_bytes() == REAL


def test_credentials_and_programs_are_listed(volume: DirectoryVolume, path: Path) -> None:
    (path / "credentials" / ("c" * 64)).mkdir(parents=True)
    for name in ("cert.pem", "key.pem"):
        (path / "credentials" / ("c" * 64) / name).write_bytes(b"x")
    run(volume.switch_leaf("agent", "c" * 64))
    (path / "member" / "bin" / ("b" * 64)).mkdir(parents=True)
    (path / "member" / "bin" / ("b" * 64) / "etcd").write_bytes(b"x")
    facts = run(volume.facts())
    assert facts.credentials == {"c" * 64}
    assert facts.leaves == {"agent": "c" * 64}
    assert facts.binaries == {"b" * 64}
    assert run(volume.trust_bundle("peer", ("c" * 64,))).startswith(str(path / "tls" / "trust" / "peer-"))
    with pytest.raises(KeyError):
        run(volume.switch_leaf("peer", "d" * 64))
    with pytest.raises(KeyError):
        run(volume.trust_bundle("peer", ("d" * 64,)))


def test_only_an_empty_volume_is_vouched_for(path: Path) -> None:
    """Where there is data, nobody is even asked."""
    asked: list[str] = []

    def vouched(volume_id: str) -> bool:
        asked.append(volume_id)
        return True

    volume = DirectoryVolume(path, "m0", "local", vouched)
    facts = run(volume.facts())
    assert facts.sole
    assert asked == [facts.volume_id]
    write_data(path)
    assert not run(volume.facts()).sole
    assert len(asked) == 1
