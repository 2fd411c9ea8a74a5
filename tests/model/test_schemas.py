from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.cli.schemas import OUTPUTS
from etcd_ops.model.document import Tolerant
from etcd_ops.model.records import Controls, FormationRecord, FormationState, LockRecord
from etcd_ops.model.schemas import DOCUMENTS, schemas, text
from etcd_ops.model.spec import Desired, Formation, FormationMode
from etcd_ops.model.status import MemberStatus, State
from tests.model.samples import at, body

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "schemas"

SAMPLES: dict[str, Tolerant] = {
    "desired": Desired(generation=1, owner="urn", formation=Formation(token="t", mode=FormationMode.NEW), body=body()),
    "status": MemberStatus(slot="a-1", zone="a", boot_id="b", sequence=1, agent_version="1", state=State.RUNNING),
    "formation": FormationRecord(token="t", state=FormationState.FORMING, founders={"a-1": "https://127.0.0.1:2380"}),
    "lock": LockRecord(nonce="n", term=10.0),
    "controls": Controls(),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_schemas_are_current(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text() == text(schemas()[name]), (
        "run `python -m etcd_ops.model.schemas docs/schemas` and review the difference"
    )


def test_nothing_else_is_published() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(DOCUMENTS) | set(OUTPUTS)


def test_the_command_writes_them(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "etcd_ops.model.schemas", tmp_path], check=True, timeout=60)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        f"{name}.json": text(schema) for name, schema in schemas().items()
    }


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_conform(name: str) -> None:
    validator = pytest.importorskip("jsonschema").Draft202012Validator
    schema = schemas()[name]
    validator.check_schema(schema)
    assert not list(validator(schema).iter_errors(SAMPLES[name].to_wire()))


@pytest.mark.parametrize(
    ("path", "value"),
    [("body.members.a-1.peerUrl", None), ("body.nam", "x"), ("body.name", "A"), ("generation", 0), ("mode", "off")],
)
def test_other_documents_do_not(path: str, value: Any) -> None:
    validator = pytest.importorskip("jsonschema").Draft202012Validator(schemas()["desired"])
    assert list(validator.iter_errors(at(SAMPLES["desired"].to_wire(), path, value)))


def test_properties_are_described() -> None:
    member = schemas()["desired"]["$defs"]["MemberSpec"]["properties"]
    assert member["clientUrl"]["description"] == "`https://host:port` that clients use."
    assert schemas()["status"]["properties"]["sequence"]["description"].startswith("Rises by one")
