"""The stand-in of the plugin kubernetes under the real engine and SDK, against a real API server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.kubernetes_stack import OBJECTS, ObjectStack
from tests.servers.kubernetes import KubernetesServer, kubernetes_server
from tools.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300), pytest.mark.xdist_group("kubernetes-plugin")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesServer]:
    """An API server that collects garbage, as deletion in the foreground demands."""
    with kubernetes_server(tmp_path_factory.mktemp("kubernetes"), address="127.43.0.4") as running:
        running.start_controllers("garbage-collector-controller")
        yield running


@pytest.fixture
def stack(engine: Engine, tmp_path: Path, server: KubernetesServer) -> ObjectStack:
    return ObjectStack(engine, tmp_path / "project", server)


def test_life_of_objects(stack: ObjectStack) -> None:
    project = stack.project
    assert stack.changes().keys() >= OBJECTS.keys()
    project.up()
    assert stack.there() == OBJECTS.keys()
    outputs = project.outputs()
    assert outputs["set"] == f"{stack.namespace}/c-a-1"
    live = stack.live("config")
    assert live is not None
    assert outputs["config-uid"] == live["metadata"]["uid"]
    assert live["data"] == OBJECTS["config"]["arguments"]["data"]

    assert not stack.changes()
    project.succeed("refresh", "--yes", "--expect-no-changes")
    assert not stack.changes()

    stack.arguments("set")["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] = "/home"
    stack.arguments("budget")["spec"]["minAvailable"] = 1
    stack.declare()
    assert stack.changes() == {"set": "update", "budget": "update"}
    project.up()
    budget = stack.live("budget")
    assert budget is not None
    assert budget["spec"]["minAvailable"] == 1
    assert not stack.changes()

    project.succeed("destroy", "--yes")
    assert not stack.there()


def test_secrets_stay_secret(stack: ObjectStack) -> None:
    stack.objects = {"secret": stack.objects["secret"]}
    stack.declare()
    stack.project.up()
    assert stack.project.outputs()["secret-data"] == "[secret]"
    shown = stack.project.outputs(show_secrets=True)["secret-data"]
    assert shown == {"key": "aGlkZGVu", "text": "aHVzaA=="}
    stack.project.succeed("refresh", "--yes", "--expect-no-changes")
    for told in (stack.project.succeed("stack", "export"), stack.project.succeed("preview", "--diff")):
        assert "aGlkZGVu" not in told
        assert "hush" not in told
        assert "aHVzaA==" not in told
