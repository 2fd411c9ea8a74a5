"""The stand-in of the plugin kubernetes under the real engine and SDK, against a real API server."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.engine.kubernetes_stack import OBJECTS, ObjectStack
from tests.engine.stacks import eventually
from tests.servers.kubernetes import KubernetesServer
from tools.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900), pytest.mark.xdist_group("kubernetes-plugin")]


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


def test_a_hand_edit_is_seen_and_undone(stack: ObjectStack) -> None:
    stack.objects = {name: stack.objects[name] for name in ("set", "role", "config")}
    stack.declare()
    stack.project.up()
    live = stack.live("config")
    assert live is not None
    stack.edit("config", metadata={**live["metadata"], "annotations": {"seen": "by-nobody"}})
    stack.project.succeed("refresh", "--yes", "--expect-no-changes")

    stack.edit("role", rules=[])
    assert not stack.changes()
    told = stack.project.succeed("refresh", "--yes", "--diff")
    assert "1 updated" in told
    for command in (["preview"], ["up", "--yes", "--skip-preview"]):
        told = stack.project.fail(*command)
        assert f"Role {stack.namespace}/agent" in told
        assert "pulumi.com/patchForce" in told

    stack.provider["enable_patch_force"] = True
    stack.declare()
    assert stack.changes() == {"cluster": "update", "role": "update"}
    stack.project.up()
    found = stack.live("role")
    assert found is not None
    assert found["rules"] == stack.arguments("role")["rules"]
    live = stack.live("config")
    assert live is not None
    assert live["metadata"]["annotations"] == {"seen": "by-nobody"}
    stack.project.succeed("refresh", "--yes", "--expect-no-changes")


def test_an_object_deleted_by_hand_is_made_again(stack: ObjectStack) -> None:
    stack.objects = {name: stack.objects[name] for name in ("budget", "account")}
    stack.declare()
    stack.project.up()
    stack.remove("budget")
    assert not stack.changes()
    stack.project.succeed("refresh", "--yes")
    assert stack.changes() == {"budget": "create"}
    stack.project.up()
    assert stack.there() == {"budget", "account"}


def test_what_no_update_changes_is_replaced(stack: ObjectStack) -> None:
    stack.objects = {name: stack.objects[name] for name in ("binding", "config", "account")}
    stack.declare()
    stack.project.up()
    before = stack.project.outputs()
    stack.arguments("binding")["role_ref"]["name"] = "another"
    stack.arguments("config")["data"]["agent-config.json"] = "{1}"
    stack.arguments("account")["metadata"]["name"] = "renamed"
    stack.declare()
    assert set(stack.changes().values()) == {"replace"}
    assert stack.changes().keys() == {"binding", "config", "account"}
    stack.project.up()
    after = stack.project.outputs()
    assert all(before[f"{name}-uid"] != after[f"{name}-uid"] for name in stack.objects)
    assert stack.live("account") is None
    found = stack.live("config")
    assert found is not None
    assert found["data"]["agent-config.json"] == "{1}"


def test_mutable_data_is_updated_in_place(stack: ObjectStack) -> None:
    stack.objects = {name: stack.objects[name] for name in ("config", "secret")}
    stack.provider |= {"enable_config_map_mutable": True, "enable_secret_mutable": True}
    stack.declare()
    stack.project.up()
    before = stack.project.outputs()
    del stack.arguments("config")["data"]["match_labels"]
    stack.arguments("secret")["data"]["key"] = "b3RoZXI="
    stack.declare()
    assert stack.changes() == {"config": "update", "secret": "update"}
    stack.project.up()
    after = stack.project.outputs(show_secrets=True)
    assert all(before[f"{name}-uid"] == after[f"{name}-uid"] for name in stack.objects)
    assert after["config-data"] == {"agent-config.json": "{}"}
    assert after["secret-data"] == {"key": "b3RoZXI=", "text": "aHVzaA=="}


def test_a_preview_refuses_what_the_api_server_would(stack: ObjectStack) -> None:
    stack.objects = {"budget": stack.objects["budget"]}
    stack.arguments("budget")["spec"]["maxAvailable"] = 1
    stack.declare()
    told = stack.project.fail("preview")
    assert f"PodDisruptionBudget {stack.namespace}/c" in told
    assert "maxAvailable" in told
    assert "the kind has no such field" in told

    del stack.arguments("budget")["spec"]["maxAvailable"]
    stack.declare()
    stack.project.up()
    stack.arguments("budget")["spec"]["minAvailable"] = -1
    stack.declare()
    told = stack.project.fail("preview")
    assert "spec.minAvailable" in told


def test_an_object_that_is_there_already_is_left_alone(stack: ObjectStack) -> None:
    stack.objects = {"config": stack.objects["config"]}
    stack.declare()
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "config"}, "data": {"theirs": "1"}}
    stack.server.request("POST", stack.path("config").rpartition("/")[0], theirs)
    assert stack.changes()["config"] == "create"
    assert "already exists" in stack.project.fail("up", "--yes", "--skip-preview")
    found = stack.live("config")
    assert found is not None
    assert found["data"] == {"theirs": "1"}

    stack.provider["upsert_existing_objects"] = True
    stack.declare()
    stack.project.up()
    found = stack.live("config")
    assert found is not None
    assert found["data"].keys() == {"theirs", "agent-config.json", "match_labels"}


def test_an_object_that_does_not_get_ready_is_recorded_and_tried_again(stack: ObjectStack) -> None:
    stack.objects = {"set": stack.objects["set"]}
    del stack.arguments("set")["metadata"]["annotations"]
    stack.timeouts = {"create": "1s", "update": "1m", "delete": "1m"}
    stack.declare()
    told = stack.project.fail("up", "--yes", "--skip-preview")
    assert f"StatefulSet {stack.namespace}/c-a-1: " in told
    assert "not within 1 s" in told
    assert stack.live("set") is not None
    assert stack.changes() == {"set": "update"}
    assert "no controller has seen this version of it yet" in stack.project.succeed("refresh", "--yes")
    assert stack.changes() == {"set": "update"}
    stack.arguments("set")["metadata"]["annotations"] = {"pulumi.com/skipAwait": "true"}
    stack.declare()
    stack.project.up()
    assert not stack.changes()


def test_settings_that_would_mean_something_else_are_refused(stack: ObjectStack) -> None:
    stack.provider |= {"enable_server_side_apply": False, "delete_unreachable": True}
    stack.declare()
    told = stack.project.fail("preview")
    assert "client-side apply is not supported by this stand-in" in told
    assert "deleteUnreachable" in told


def test_another_cluster_replaces_everything(stack: ObjectStack, tmp_path: Path) -> None:
    stack.objects = {"config": stack.objects["config"]}
    stack.provider["cluster_identifier"] = "one"
    stack.declare()
    stack.project.up()
    stack.provider["kubeconfig"] = stack.server.kubeconfig.read_text()
    stack.declare()
    assert stack.changes() == {"cluster": "update"}
    stack.provider["cluster_identifier"] = "two"
    stack.declare()
    assert stack.changes() == {"cluster": "replace", "config": "replace"}


@pytest.mark.parametrize("whole_group", [False, True])
def test_an_interrupted_wait_leaves_the_object_recorded(stack: ObjectStack, *, whole_group: bool) -> None:
    stack.objects = {"set": stack.objects["set"]}
    del stack.arguments("set")["metadata"]["annotations"]
    stack.declare()
    begun = time.monotonic()
    with stack.project.starting("up", "--yes", "--skip-preview") as process:
        eventually(lambda: stack.live("set") is not None, "the object is made")
        if whole_group:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)[0]
    assert process.returncode != 0
    assert "cancelled" in told
    assert time.monotonic() - begun < 60
    state = json.loads(stack.project.succeed_quietly("stack", "export"))["deployment"]
    assert not state.get("pending_operations")
    assert stack.changes() == {"set": "update"}


def test_a_destroy_waits_until_the_object_is_gone(stack: ObjectStack) -> None:
    stack.objects = {"config": stack.objects["config"]}
    stack.timeouts = {"create": "1m", "update": "1m", "delete": "1s"}
    stack.declare()
    stack.project.up()
    live = stack.live("config")
    assert live is not None
    stack.edit("config", metadata={**live["metadata"], "finalizers": ["tests.example/kept"]})
    told = stack.project.fail("destroy", "--yes")
    assert f"ConfigMap {stack.namespace}/config: its deletion was asked for" in told
    assert "tests.example/kept" in told
    told = stack.project.fail("up", "--yes", "--skip-preview", "--replace", stack.urn("config"))
    assert "is still being deleted" in told

    live = stack.live("config")
    assert live is not None
    stack.edit("config", metadata={**live["metadata"], "finalizers": []})
    stack.project.succeed("destroy", "--yes")
    assert not stack.there()
