"""What `etcd-ops status` shows: every column for people, every key for scripts."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from etcd_ops.cli.console import WIDTH
from etcd_ops.cli.looking import Look
from etcd_ops.cli.report import ClusterReport, report
from etcd_ops.cli.schemas import OUTPUTS, write
from etcd_ops.cli.status import DAY, shown
from etcd_ops.model.facts import ChannelFacts, ClusterFacts, EndpointFacts, ListedMember, LockFacts, PeerStatus
from etcd_ops.model.records import Controls, FormationRecord, FormationState, LockRecord
from etcd_ops.model.schemas import schema_of
from etcd_ops.model.spec import Desired, Formation, FormationMode
from etcd_ops.model.status import CertificateReport, MemberStatus, State, StepReport
from tests.model.samples import spec

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
NOW = 1_800_000_000.0
IDS = {"a-1": 0xA, "b-1": 0xB, "c-1": 0xC}


def look(**changes: Any) -> Look:
    """Three voters in order; b-1 leads, and c-1 restarted last."""
    declared = spec()
    desired = Desired(
        generation=7, owner="o", formation=Formation(token="t", mode=FormationMode.EXISTING), body=declared.to_wire()
    )
    leaves = {"peer": CertificateReport(fingerprint="f" * 64, not_after=NOW + 30 * DAY)}
    leaves["server"] = CertificateReport(fingerprint="e" * 64, not_after=NOW + 29 * DAY)
    statuses = {
        slot: MemberStatus(
            slot=slot, zone=slot[0], boot_id="x", sequence=1, agent_version="1", state=State.RUNNING,
            digest=desired.digest, certificates=leaves,
            last_step=StepReport(kind="RestartMember", target=slot, reason="etcd.yaml changed"),
        )
        for slot in IDS
    }  # fmt: skip
    formation = FormationRecord(token="t", state=FormationState.FORMED, founders={})
    peers = {slot: PeerStatus(status, fresh=True) for slot, status in statuses.items()}
    channel = ChannelFacts(desired, declared, "", formation, Controls(), peers)
    listed = tuple(
        ListedMember(IDS[slot], slot, (member.peer_url,), learner=False) for slot, member in declared.members.items()
    )
    endpoints = {
        slot: EndpointFacts(
            IDS[slot], 0xC0FFEE, IDS["b-1"], healthy=True, raft_index=100, applied_index=100 - lag, version="3.6.15",
            database_bytes=5 * 2**20, members=listed,
        )
        for lag, slot in enumerate(IDS)
    }  # fmt: skip
    reading = type("Reading", (), {"facts": channel})()
    values: dict[str, Any] = {
        "reading": reading, "channel_problem": "", "lock": LockFacts(LockRecord(nonce="n", term=15, holder="a-1/x")),
        "cluster": ClusterFacts(endpoints, listed, frozenset()),
    }  # fmt: skip
    return Look(**values | changes)


@pytest.fixture
def seen() -> ClusterReport:
    return report("demo", look())


def rendered(seen: ClusterReport) -> str:
    console = Console(file=io.StringIO(), width=WIDTH)
    console.print(shown(seen, NOW))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_the_keys_that_scripts_rely_on(seen: ClusterReport) -> None:
    printed = seen.to_wire()
    assert printed["cluster_id"] == "c0ffee"
    assert printed["generation"] == 7
    assert printed["quorum"] == {"size": 2, "voters": 3, "healthy": 3}
    assert printed["gate"] == {"allowed": True, "reasons": []}
    expected = {
        "name": "b-1", "id": "b", "zone": "b", "role": "voter", "leader": True, "healthy": True, "version": "3.6.15",
        "generation": 7, "last_step": "RestartMember", "last_reason": "etcd.yaml changed",
    }  # fmt: skip
    assert expected.items() <= printed["members"][1].items()


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for each in value.values() for key in keys(each)}
    return {key for each in value for key in keys(each)} if isinstance(value, list) else set()


def test_every_key_is_in_snake_case(seen: ClusterReport) -> None:
    assert all(key == key.lower() for key in keys(seen.to_wire()) - set(IDS))


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_published_schema_is_current(name: str, tmp_path: Path) -> None:
    write(tmp_path)
    assert (SCHEMAS / f"{name}.json").read_text() == (tmp_path / f"{name}.json").read_text(), (
        "run `python -m etcd_ops.cli.schemas docs/schemas` and review the difference"
    )


def test_what_is_printed_conforms(seen: ClusterReport) -> None:
    validator = pytest.importorskip("jsonschema").Draft202012Validator(schema_of(ClusterReport))
    assert not list(validator.iter_errors(seen.to_wire()))
    assert list(validator.iter_errors(seen.to_wire() | {"quorum": None}))


def test_the_table_says_everything_about_a_member(seen: ClusterReport) -> None:
    lines = rendered(seen).splitlines()
    row = [cell.strip() for cell in next(line for line in lines if "c-1" in line).split("│")[1:-1]]
    assert row == [
        "c", "c-1", "voter", "healthy", "3.6.15", "5 MiB of 2048 MiB", "2", "29 days (server)", "open",
        "RestartMember: etcd.yaml changed", "RUNNING",
    ]  # fmt: skip
    assert any("voter, leader" in line for line in lines if "b-1" in line)
    assert "quorum: 3 of 3 voters healthy, 2 needed" in lines
    assert "gate: one member may be taken down" in lines
    assert "lock: a-1/x" in lines


def test_a_closed_gate_and_what_cannot_be_read_are_told() -> None:
    facts = look().cluster
    endpoints = {slot: each for slot, each in facts.endpoints.items() if slot != "c-1"}
    lines = rendered(report("demo", look(cluster=ClusterFacts(endpoints, facts.members, None)))).splitlines()
    assert all("closed" in line for line in lines if any(slot in line for slot in ("│ a-1", "│ b-1", "│ c-1")))
    assert any(line.startswith("gate: no member may be taken down: ") for line in lines)
    blind = rendered(report("demo", look(reading=None, channel_problem="[/x] is away", cluster=ClusterFacts({}))))
    assert "problem: channel: [/x] is away" in blind
    assert "problem: cluster: no member answers with a quorum behind it" in blind
