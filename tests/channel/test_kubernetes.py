"""What is a channel's of a namespace's objects, and what can go wrong between a writer and an API server."""

from __future__ import annotations

import json
import re
import sys
import time
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.channel import names
from etcd_ops.channel.connect import InvalidConnection, parse
from etcd_ops.channel.kubernetes import KubernetesChannel, KubernetesConnection
from etcd_ops.channel.kubernetes_kinds import CONFIG_MAP, LEASE, body, kind_of, manifest, name_of, object_name
from etcd_ops.channel.port import (
    DESIRED,
    FORMATION,
    LOCK,
    ChannelUnavailable,
    Conflict,
    Entry,
    OutcomeUnknown,
    status_name,
)
from etcd_ops.runtime.known_incarnation import channel_incarnation
from tests.channel.conftest import NAMESPACE, MakeStore
from tests.channel.memory import megabytes
from tests.channel.stores import Store, run
from tests.etcd.authority import Authority
from tests.servers.kubernetes import KubernetesServer
from tests.servers.ports import free_block

Call = Callable[[KubernetesChannel], Coroutine[Any, Any, object]]
ANY_TAG = f"{uuid.UUID(int=0)}/1"
READS: dict[str, Call] = {
    "read": lambda channel: channel.read(LOCK),
    "read_if_changed": lambda channel: channel.read_if_changed(LOCK, ANY_TAG),
    "names": lambda channel: channel.names(""),
    "read_all": lambda channel: channel.read_all(""),
}
WRITES: dict[str, Call] = {
    "create": lambda channel: channel.create(LOCK, b"{}"),
    "replace": lambda channel: channel.replace(LOCK, b"{}", ANY_TAG),
    "put": lambda channel: channel.put(LOCK, b"{}"),
    "delete": lambda channel: channel.delete(LOCK),
}
CALLS = READS | WRITES
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
"""Kubernetes' own check of object names (apimachinery, validation.go)."""

object_names = st.from_regex(names._NAME, fullmatch=True).filter(names.is_name)


def channel_at(connection: dict[str, Any], timeout: float = 8.0) -> KubernetesChannel:
    parsed = KubernetesConnection.model_validate(connection)
    return KubernetesChannel(parsed.place, parsed.cluster, timeout=timeout)


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    return make_store("kubernetes")


@pytest.fixture
def channel(store: Store) -> KubernetesChannel:
    return channel_at(store.connection)


@given(object_names, object_names)
def test_every_name_is_one_of_kubernetes_and_no_two_are_the_same(one: str, other: str) -> None:
    found = object_name("orders", one)
    assert SUBDOMAIN.fullmatch(found)
    assert len(found) <= 253
    assert (found == object_name("orders", other)) == (one == other)


@pytest.mark.parametrize("pair", [("a/b.json", "a.b.json"), ("a_b.json", "a-b.json"), ("a/b.c.json", "a/b/c.json")])
def test_names_that_are_spelt_alike_stay_apart(pair: tuple[str, str]) -> None:
    assert object_name("orders", pair[0]) != object_name("orders", pair[1])


@given(object_names, st.binary())
def test_a_manifest_goes_round(name: str, content: bytes) -> None:
    made = manifest("orders", name, content)
    assert (name_of(made), body(made)) == (name, content)


def test_names_stay_legible() -> None:
    assert object_name("orders", DESIRED) == "orders.desired.json"
    assert object_name("orders", status_name("a-1")) == "orders.status.a-1.json"


def test_the_lock_is_a_lease() -> None:
    assert kind_of(LOCK) is LEASE
    assert {kind_of(name) for name in (DESIRED, status_name("a-1"))} == {CONFIG_MAP}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"kubeconfig": "relative", "context": "c"}, "channel.kubeconfig: give an absolute path"),
        ({"kubeconfig": "/k"}, "give kubeconfig and context, or neither"),
        ({"context": "c"}, "give kubeconfig and context, or neither"),
        ({"namespace": "Upper"}, "channel.namespace: "),
        ({"cluster": "a.b"}, "channel.cluster: "),
        ({"namespaceUid": "1"}, "channel.namespaceUid: "),
    ],
)
def test_says_what_is_wrong_with_a_connection(changes: dict[str, str], problem: str) -> None:
    with pytest.raises(InvalidConnection) as caught:
        parse({"kind": "kubernetes", "namespace": "n", "cluster": "c", **changes})
    assert any(problem in each for each in caught.value.problems)


def test_people_see_documents_and_the_lock(
    store: Store, channel: KubernetesChannel, kubernetes: KubernetesServer
) -> None:
    run(channel.create(DESIRED, b'{"generation": 1}'))
    run(channel.create(LOCK, b'{"epoch": 1}'))
    name = f"{store.connection['cluster']}.desired.json"
    shown = kubernetes.request("GET", f"/api/v1/namespaces/{NAMESPACE}/configmaps/{name}")
    assert shown["data"]["body"].strip() == '{"generation": 1}'
    leases = kubernetes.request("GET", f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases")["items"]
    assert f"{store.connection['cluster']}.lock.json" in {each["metadata"]["name"] for each in leases}


def test_the_lock_can_be_put_again(channel: KubernetesChannel) -> None:
    """An API server takes no update of a Lease that names no version of it."""
    for content in (b"1", b"2", b"3"):
        run(channel.put(LOCK, content))
    entry = run(channel.read(LOCK))
    assert entry is not None
    assert entry.data == b"3"


def test_an_object_edited_by_hand_is_another_version(
    store: Store, channel: KubernetesChannel, kubernetes: KubernetesServer
) -> None:
    tag = run(channel.create(DESIRED, b"{}"))
    path = f"/api/v1/namespaces/{NAMESPACE}/configmaps/{store.connection['cluster']}.desired.json"
    edited = kubernetes.request("GET", path) | {"data": {"body": '{"by": "hand"}'}}
    kubernetes.request("PUT", path, edited)
    with pytest.raises(Conflict):
        run(channel.replace(DESIRED, b"{}", tag))
    entry = run(channel.read(DESIRED))
    assert entry is not None
    assert entry.data == b'{"by": "hand"}'
    run(channel.replace(DESIRED, b"{}", entry.tag))


@pytest.mark.parametrize("call", CALLS)
def test_a_missing_namespace_is_unavailable_and_never_made(call: str, kubernetes: KubernetesServer) -> None:
    channel = channel_at(kubernetes.connection("nowhere", "c"))
    for _ in range(2):
        with pytest.raises(ChannelUnavailable, match="there is no such namespace"):
            run(CALLS[call](channel))


@pytest.mark.parametrize("call", CALLS)
def test_a_namespace_with_another_uid_is_refused(call: str, store: Store) -> None:
    channel = channel_at({**store.connection, "namespaceUid": str(uuid.UUID(int=0))})
    with pytest.raises(ChannelUnavailable, match=r"its UID is .*: name the right context") as caught:
        run(CALLS[call](channel))
    assert not isinstance(caught.value, OutcomeUnknown)


def test_a_namespace_that_was_made_anew_is_not_taken_for_an_empty_channel(kubernetes: KubernetesServer) -> None:
    """Without controllers nobody finishes deleting a namespace, so the test does what theirs would."""
    name = f"n-{uuid.uuid4().hex}"
    channel = channel_at({**kubernetes.connection(name, "c"), "namespaceUid": kubernetes.make_namespace(name)})
    run(channel.create(DESIRED, b"{}"))
    kubernetes.request("DELETE", f"/api/v1/namespaces/{name}/configmaps/c.desired.json")
    kubernetes.request("DELETE", f"/api/v1/namespaces/{name}")
    ended = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {"finalizers": []}}
    kubernetes.request("PUT", f"/api/v1/namespaces/{name}/finalize", ended)
    kubernetes.make_namespace(name)
    calls = [channel.read(DESIRED), channel.create(DESIRED, b"{}"), channel.put(DESIRED, b"{}"), channel.names("")]
    for call in calls:
        with pytest.raises(ChannelUnavailable, match="its UID is"):
            run(call)


@pytest.mark.parametrize("call", CALLS)
def test_who_may_do_nothing_is_told_what_to_allow(call: str, store: Store, kubernetes: KubernetesServer) -> None:
    stranger = {**store.connection, "kubeconfig": str(kubernetes.kubeconfig_for("stranger"))}
    with pytest.raises(ChannelUnavailable, match=r"403: .*stranger.*allow get, list, create, patch") as caught:
        run(CALLS[call](channel_at(stranger)))
    assert not isinstance(caught.value, OutcomeUnknown)


def test_what_is_renewed_in_the_kubeconfig_is_used_by_the_next_call(
    store: Store, kubernetes: KubernetesServer, tmp_path: Path
) -> None:
    """Whose certificate the API server does not know is refused once more, and not for ever."""
    own = json.loads(kubernetes.kubeconfig.read_text())
    unknown = Authority("another").issue("admin", (), "system:masters")
    for name, content in (("crt", unknown.certificate_pem), ("key", unknown.key_pem)):
        (tmp_path / name).write_bytes(content)
    user = {"client-certificate": str(tmp_path / "crt"), "client-key": str(tmp_path / "key")}
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps({**own, "users": [{**own["users"][0], "user": user}]}))
    channel = channel_at({**store.connection, "kubeconfig": str(path)})
    with pytest.raises(ChannelUnavailable, match="401"):
        run(channel.read(DESIRED))
    path.write_text(json.dumps(own))
    assert run(channel.read(DESIRED)) is None


def test_roles_can_confine_agents_to_what_is_theirs(
    store: Store, channel: KubernetesChannel, kubernetes: KubernetesServer
) -> None:
    """Members make and write their status and the lock, never the desired document, and not where there is none."""
    cluster, api = store.connection["cluster"], "rbac.authorization.k8s.io"
    write = ["create", "patch", "update"]
    rules = [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": write,
         "resourceNames": [f"{cluster}.status.a-1.json"]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "list", *write],
         "resourceNames": [f"{cluster}.lock.json"]},
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"], "resourceNames": [NAMESPACE]},
    ]  # fmt: skip
    role = {"apiVersion": f"{api}/v1", "kind": "Role", "metadata": {"name": cluster}, "rules": rules}
    binding = {
        "apiVersion": f"{api}/v1", "kind": "RoleBinding", "metadata": {"name": cluster},
        "roleRef": {"apiGroup": api, "kind": "Role", "name": cluster},
        "subjects": [{"apiGroup": api, "kind": "User", "name": "agent"}],
    }  # fmt: skip
    kubernetes.request("POST", f"/apis/{api}/v1/namespaces/{NAMESPACE}/roles", role)
    kubernetes.request("POST", f"/apis/{api}/v1/namespaces/{NAMESPACE}/rolebindings", binding)
    agent = channel_at({**store.connection, "kubeconfig": str(kubernetes.kubeconfig_for("agent"))})
    for content in (b"made", b"written"):
        run(agent.put(status_name("a-1"), content))
    run(agent.replace(LOCK, b'{"epoch": 2}', run(agent.create(LOCK, b'{"epoch": 1}'))))
    for call in (agent.create(DESIRED, b"mine"), agent.put(DESIRED, b"mine")):
        with pytest.raises(ChannelUnavailable, match="403"):
            run(call)
    assert run(channel.read(DESIRED)) is None
    made = Entry(b"{}", run(channel.create(DESIRED, b"{}")))
    for call in (agent.replace(DESIRED, b"mine", made.tag), agent.put(DESIRED, b"mine"), agent.delete(DESIRED)):
        with pytest.raises(ChannelUnavailable, match="403"):
            run(call)
    assert run(channel.read(DESIRED)) == made


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_is_not_there_is_unavailable(call: str, kubernetes: KubernetesServer, store: Store) -> None:
    nowhere = kubernetes.directory / "nowhere.kubeconfig"
    port = free_block(1, kubernetes.address)
    nowhere.write_text(kubernetes.kubeconfig.read_text().replace(str(kubernetes.port), str(port)))
    with pytest.raises(ChannelUnavailable) as caught:
        run(CALLS[call](channel_at({**store.connection, "kubeconfig": str(nowhere)})))
    assert not isinstance(caught.value, OutcomeUnknown)


def test_a_server_that_is_killed_is_unavailable_and_keeps_what_it_had(
    channel: KubernetesChannel, kubernetes: KubernetesServer
) -> None:
    tag = run(channel.create(LOCK, b"{}"))
    kubernetes.kill()
    try:
        for call in CALLS.values():
            with pytest.raises(ChannelUnavailable):
                run(call(channel))
    finally:
        kubernetes.start()
    assert run(channel.read(LOCK)) == Entry(b"{}", tag)
    run(channel.replace(LOCK, b"{}", tag))


def test_a_server_that_hangs_is_unavailable_in_time(store: Store, kubernetes: KubernetesServer) -> None:
    channel = channel_at(store.connection, timeout=1.0)
    tag = run(channel.create(LOCK, b"{}"))
    replace: Call = lambda channel: channel.replace(LOCK, b"late", tag)  # noqa: E731
    for name, call in {**CALLS, "replace": replace}.items():
        with kubernetes.frozen():
            began = time.monotonic()
            with pytest.raises(ChannelUnavailable):
                run(call(channel))
            assert time.monotonic() - began < 4.0, name


@pytest.mark.parametrize("text", ["{", "[]", "", "kind: Config\nclusters: []\ncontexts: []\n"])
def test_a_kubeconfig_that_says_nothing_is_unavailable(text: str, store: Store, kubernetes: KubernetesServer) -> None:
    path = kubernetes.directory / "bad.kubeconfig"
    path.write_text(text)
    with pytest.raises(ChannelUnavailable, match="the kubeconfig cannot be used"):
        run(channel_at({**store.connection, "kubeconfig": str(path)}).read(LOCK))


def test_without_the_extra_the_channel_says_what_to_install(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightkube.config", None)
    with pytest.raises(ChannelUnavailable, match=r"install etcd-ops\[kubernetes\]"):
        run(channel_at(store.connection).read(LOCK))


def test_the_launcher_asks_for_the_incarnation(store: Store, channel: KubernetesChannel, tmp_path: Path) -> None:
    """Before etcd starts, a volume of an older incarnation is refused; the launcher's own time is shorter."""
    config = tmp_path / "agent-config.json"
    config.write_text(json.dumps({"channel": store.connection}))
    assert channel_incarnation(config, seconds=60) is None
    run(channel.create(FORMATION, b'{"incarnation": 4}'))
    assert channel_incarnation(config, seconds=60) == 4


def test_clusters_of_one_namespace_stay_apart(store: Store, channel: KubernetesChannel) -> None:
    run(channel.create(DESIRED, b"{}"))
    beside = channel_at({**store.connection, "cluster": store.connection["cluster"][:-1]})
    assert run(beside.read(DESIRED)) is None
    assert run(beside.names("")) == ()
    assert run(channel.names("")) == (DESIRED,)


def test_costs_an_agent_little_memory(store: Store) -> None:
    """The agent may have 120 MB in all: measured 15 MB."""
    assert megabytes(store.connection) < 40
