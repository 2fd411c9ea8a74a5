"""How the stand-in of the plugin kubernetes speaks with an API server, and checks what it is given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.tools.kubernetes_api import Connected, Server, api_of, ref_of, refusal, sent
from tools.standins.kubernetes.api import Api, Refused, UnknownKind, Unreachable
from tools.standins.kubernetes.checks import completed, problems
from tools.standins.kubernetes.objects import field_manager, kind_of_urn
from tools.standins.kubernetes.provider import KubernetesProvider
from tools.standins.kubernetes.settings import Settings, Unusable, read
from tools.standins.kubernetes.settings import problems as setting_problems
from tools.standins.values import UNKNOWN, secret

URN = "urn:pulumi:test::p::kubernetes:core/v1:{}::x"
CONFIG = URN.format("ConfigMap")
NOWHERE = {
    "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:9"}}], "users": [{"name": "u", "user": {}}],
    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "of-context"}}],
}  # fmt: skip


def test_kinds_are_asked_for_once() -> None:
    server = Server()
    api = api_of(server)
    assert api.resource("v1", "ConfigMap").plural == "configmaps"
    assert api.resource("v1", "Namespace").plural == "namespaces"
    assert not api.resource("v1", "Namespace").namespaced
    assert [request.url.path for request in server.asked] == ["/api/v1"]
    with pytest.raises(UnknownKind, match=r"Widget of example\.test/v1"):
        api.resource("example.test/v1", "Widget")


def test_an_apply_is_strict_and_names_its_manager() -> None:
    server = Server()
    api = api_of(server)
    server.contents["/api/v1/namespaces/n/configmaps/x"] = {"made": True}
    assert api.apply(ref_of(api), {"data": {}}, "me", dry=True) == {"made": True}
    request = server.asked[-1]
    assert request.headers["content-type"] == "application/apply-patch+yaml"
    assert dict(request.url.params) == {
        "fieldManager": "me", "force": "false", "fieldValidation": "Strict", "dryRun": "All"
    }  # fmt: skip
    api.apply(ref_of(api), {}, "me", force=True)
    assert server.asked[-1].url.params["force"] == "true"
    assert "dryRun" not in server.asked[-1].url.params


@pytest.mark.parametrize(
    ("status", "message", "remedy"),
    [
        (500, ".spec.x: field not declared in schema", "the kind has no such field"),
        (409, "conflict with kubectl", "pulumi.com/patchForce"),
        (403, "forbidden", "grant the user"),
        (404, "namespaces n not found", "create its namespace first"),
    ],
)
def test_a_refusal_names_the_object_and_the_remedy(status: int, message: str, remedy: str) -> None:
    server = Server(answer=refusal(status, message))
    api = api_of(server)
    with pytest.raises(Refused) as refused:
        api.apply(ref_of(api), {}, "me")
    assert refused.value.status == status
    assert all(part in str(refused.value) for part in ("ConfigMap n/x", message, remedy))
    assert len(server.asked) == 2


def test_a_deletion_names_how_dependents_go() -> None:
    server = Server(answer=lambda _request: httpx2.Response(200, json={}))
    api = api_of(server)
    api.delete(ref_of(api), "Foreground")
    assert server.asked[-1].method == "DELETE"
    assert sent(server.asked[-1])["propagationPolicy"] == "Foreground"
    server.answer = refusal(404, "not found")
    api.delete(ref_of(api), "Foreground")


def test_no_answer_and_no_kubeconfig_are_unreachable() -> None:
    def silent(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    server = Server()
    api = api_of(server)
    ref = ref_of(api)
    server.answer = silent
    with pytest.raises(Unreachable, match="refused"):
        api.get(ref)


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        ("ConfigMap", {"metadata": {"name": "x"}}, {"name": "x", "namespace": "n"}),
        ("ConfigMap", {"metadata": {"name": "x", "namespace": "m"}}, {"name": "x", "namespace": "m"}),
        ("ConfigMap", {"metadata": secret({"name": "x"})}, secret({"name": "x", "namespace": "n"})),
        ("ConfigMap", {"metadata": UNKNOWN}, UNKNOWN),
        ("Namespace", {"metadata": {"name": "x"}}, {"name": "x"}),
        ("Widget", {"metadata": {"name": "x"}}, {"name": "x"}),
    ],
)
def test_the_namespace_is_filled_in(kind: str, inputs: dict[str, Any], expected: Any) -> None:
    server = Server()
    found = completed(URN.format(kind), inputs, {}, api_of(server), Connected(namespace="n", server=server))
    assert found == {"apiVersion": "v1", "kind": kind, "metadata": expected}


def test_a_kind_without_namespaces_is_put_in_none() -> None:
    inputs = {"metadata": {"name": "x", "namespace": "n"}}
    with pytest.raises(ValueError, match="Namespace are in no namespace"):
        completed(URN.format("Namespace"), inputs, {}, api_of(server := Server()), Connected(server=server))


def test_without_an_answer_the_namespace_of_before_is_kept() -> None:
    settings = Settings(kubeconfig="/nowhere/at-all", namespace="n")
    inputs = {"metadata": {"name": "x"}}
    found = completed(CONFIG, inputs, {"metadata": {"namespace": "old"}}, Api(settings), settings)
    assert found["metadata"]["namespace"] == "old"
    with pytest.raises(ValueError, match="cannot be told"):
        completed(CONFIG, inputs, {}, Api(settings), settings)


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_preview_without_a_dry_run_shows_the_inputs(status: int) -> None:
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    provider = KubernetesProvider("1.0.0")
    provider._use(Connected(namespace="n", server=Server(answer=refusal(status, "no"))))
    assert provider._foreseen(inputs, "me", new=False) == inputs
    provider._use(Settings(kubeconfig="/nowhere/at-all", namespace="n"))
    assert provider._foreseen(inputs, "me", new=True) == inputs


def test_a_preview_with_unknown_values_asks_nobody() -> None:
    server = Server()
    provider = KubernetesProvider("1.0.0")
    provider._use(Connected(namespace="n", server=server))
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": UNKNOWN}}
    assert provider._foreseen(inputs, "me", new=True) == inputs
    assert not server.asked


@pytest.mark.parametrize(
    ("kind", "inputs", "told"),
    [
        ("ConfigMap", {"metadata": {}}, "metadata.name is missing"),
        ("ConfigMapPatch", {"metadata": {"name": "x"}}, "not supported by this stand-in"),
        ("ConfigMapList", {}, "not supported by this stand-in"),
    ],
)
def test_what_is_not_supported_is_told(kind: str, inputs: dict[str, Any], told: str) -> None:
    assert [told in problem for problem in problems(URN.format(kind), inputs)] == [True]


def test_kinds_that_cannot_be_waited_for_need_an_annotation() -> None:
    urn = "urn:pulumi:test::p::kubernetes:apps/v1:Deployment::x"
    inputs: dict[str, Any] = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}}
    assert "skipAwait" in problems(urn, inputs)[0]
    inputs["metadata"]["annotations"] = {"pulumi.com/skipAwait": "true"}
    assert not problems(urn, inputs)
    assert not problems(urn, {"metadata": UNKNOWN})


def test_types() -> None:
    assert kind_of_urn(CONFIG) == ("v1", "ConfigMap")
    parent = "urn:pulumi:test::p::etcd:index:Cluster$kubernetes:rbac.authorization.k8s.io/v1:Role::x"
    assert kind_of_urn(parent) == ("rbac.authorization.k8s.io/v1", "Role")


def test_the_field_manager_outlives_a_change_of_the_urn() -> None:
    first = field_manager(CONFIG, {}, {})
    assert first == field_manager(CONFIG, {"metadata": UNKNOWN}, {})
    assert field_manager(f"{CONFIG}-renamed", {}, {}) != first
    assert field_manager(f"{CONFIG}-renamed", {}, {"__fieldManager": first}) == first


def test_settings() -> None:
    found = read(
        {"kubeconfig": "/k", "enablePatchForce": "true", "enableSecretMutable": True, "upsertExistingObjects": "false"}
    )
    assert (found.force, found.adopts, found.mutable) == (True, False, frozenset({"Secret"}))
    assert setting_problems({"kubeconfig": "/k", "clusterIdentifier": "c", "deleteUnreachable": False}) == {}
    assert setting_problems({"deleteUnreachable": "true", "enableServerSideApply": "false"}).keys() == {
        "deleteUnreachable", "enableServerSideApply"
    }  # fmt: skip


def test_a_kubeconfig_is_a_path_or_content(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(NOWHERE))
    for kubeconfig in (str(path), path.read_text()):
        settings = Settings(kubeconfig=kubeconfig, context="c")
        assert settings.cluster() == ("c", "https://127.0.0.1:9")
        assert settings.default_namespace() == "of-context"
    with pytest.raises(Unusable, match="not found"):
        Settings(kubeconfig=str(path), context="other").active()
    assert Settings(kubeconfig=str(tmp_path / "none")).cluster() == ("", "")
