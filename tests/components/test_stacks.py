"""The repository's own stacks, under mocks: their configuration is the documentation's example."""

from __future__ import annotations

import json
import runpy
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import config as settings
from pulumi.runtime import settings as runtime

from etcd_ops.model.versions import Version, below_safe
from pulumi_etcd import LocalClusterArgs, configuration
from pulumi_etcd.configuration import arguments
from pulumi_etcd.local import cluster
from tests.components.clusters import find
from tests.components.recorder import Recording, record

STACKS = Path(__file__).parents[2] / "stacks"


def configure(patch: pytest.MonkeyPatch, values: Mapping[str, Any]) -> None:
    """As the engine passes them: texts as they are, everything else as JSON."""
    variable: ContextVar[dict[str, Any]] = ContextVar("config")
    variable.set(texts(values))
    patch.setattr(settings, "CONFIG", variable)
    patch.setattr(configuration, "CONFIG", variable)


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


def settings_of(stack: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((STACKS / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {name.replace("pulumi-etcd:", "project:"): value for name, value in values.items()}


@pytest.fixture(params=[path.name.split(".")[1] for path in sorted(STACKS.glob("Pulumi.*.yaml"))])
def recording(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Recording:
    monkeypatch.setattr(cluster, "find", find)
    configure(monkeypatch, settings_of(request.param))
    monkeypatch.setattr(runtime, "get_root_directory", lambda: "/project")
    return record(lambda: runpy.run_path(str(STACKS / "__main__.py")))


def test_a_stack_declares_a_cluster_that_can_be_read_on_one_screen(recording: Recording) -> None:
    declared = recording.one("LocalCluster").inputs
    assert declared["channel"]["directory"].startswith("/project/.state/")
    assert len(declared["members"]) == 3
    assert below_safe(Version.parse(declared["etcd"]["version"])) is None


@pytest.mark.parametrize("path", sorted(STACKS.glob("Pulumi.*.yaml")), ids=lambda path: path.name)
def test_a_configuration_fits_on_a_screen(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 40


def read(values: Mapping[str, Any], patch: pytest.MonkeyPatch) -> dict[str, Any]:
    configure(patch, {f"project:{name}": value for name, value in values.items()})
    return arguments(pulumi.Config("project"), LocalClusterArgs)


def test_settings_become_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "directory": "d",
        "size": 5,
        "keepVolumes": True,
        "deadlineSeconds": 1.5,
        "zones": ["x"],
        "etcd": {"quotaBackendBytes": 1, "extraConfig": {"a-b": {"cD": 1}}},
        "trust": {"peer": {"generations": [1]}},
    }
    assert read(values, monkeypatch) == {
        "directory": "d",
        "size": 5,
        "keep_volumes": True,
        "deadline_seconds": 1.5,
        "zones": ["x"],
        "etcd": {"quota_backend_bytes": 1, "extra_config": {"a-b": {"cD": 1}}},
        "trust": {"peer": {"generations": [1]}},
    }


def test_every_bad_setting_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        read({"directory": "d", "sise": 3, "size": "many", "zones": "a,b"}, monkeypatch)
    text = str(refusal.value)
    assert "sise: there is no such setting; did you mean size?" in text
    assert "project:size: " in text
    assert "project:zones: " in text
