"""The Kubernetes objects of a cluster, as a plan: what holds for every one that can be declared."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given

from etcd_ops.channel.kubernetes_kinds import object_name
from etcd_ops.channel.port import CONTROLS, DESIRED, FORMATION, LOCK, log_name, status_name
from etcd_ops.model.document import canonical, digest
from etcd_ops.model.topology import Named, Place
from etcd_ops.pod import places
from etcd_ops.zone.configuration import STOP_SECONDS
from pulumi_etcd.kubernetes.containers import TAKEN_BACK
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.stateful_sets import plan
from pulumi_etcd.stateful_sets.declaration import Declaration
from pulumi_etcd.stateful_sets.pods import template_digest
from tests.components.stateful_sets import (
    AGENT,
    ETCD,
    KEY,
    UID,
    clusters,
    containers,
    declaration,
    labels,
    objects,
    of_kind,
    of_slot,
    sizes,
    zones,
)

LABEL_VALUE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
HASH = "-0123456789"
"""As the StatefulSet controller appends to the set's name for a label of its pods."""


@given(clusters)
def test_names_and_the_labels_that_follow_from_them_fit(this: Declaration) -> None:
    found = objects(this)
    assert max(Counter((each["kind"], each["metadata"]["name"]) for each in found).values()) == 1
    for each in found:
        assert len(each["metadata"]["name"]) <= 63
        assert all(LABEL_VALUE.fullmatch(value) for value in each["metadata"]["labels"].values())
    for name in of_kind(found, "StatefulSet"):
        assert LABEL_VALUE.fullmatch(name + HASH)
        assert LABEL_VALUE.fullmatch(f"{name}-0")


@given(clusters)
def test_no_object_has_the_name_of_one_of_the_channel(this: Declaration) -> None:
    names = {name for kind in ("ConfigMap", "Lease") for name in of_kind(objects(this), kind)}
    slots = [slot.name for slot in this.slots]
    channel = [DESIRED, FORMATION, CONTROLS, LOCK, *map(status_name, slots), *map(log_name, slots)]
    assert not names & {object_name(this.name, each) for each in channel}


@given(clusters)
def test_a_member_has_a_stateful_set_of_its_own_in_its_zone(this: Declaration) -> None:
    sets = of_kind(objects(this), "StatefulSet")
    assert {name.removeprefix(f"{this.name}-") for name in sets} == {slot.name for slot in this.slots}
    for slot in this.slots:
        spec = sets[f"{this.name}-{slot.name}"]["spec"]
        assert spec["replicas"] == 1
        assert spec["updateStrategy"] == {"type": "OnDelete"}
        pod = spec["template"]["spec"]
        assert pod["nodeSelector"] == {"topology.kubernetes.io/zone": slot.zone}
        (apart,) = pod["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert apart["topologyKey"] == "kubernetes.io/hostname"
        assert apart["labelSelector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
        assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


@given(clusters)
def test_selectors_of_two_members_choose_no_pod_of_each_other(this: Declaration) -> None:
    selectors = [each["spec"]["selector"]["matchLabels"] for each in of_kind(objects(this), "StatefulSet").values()]
    assert len({canonical(each) for each in selectors}) == len(selectors)


@given(clusters)
def test_pods_keep_to_the_restricted_standard(this: Declaration) -> None:
    """Kubernetes' Pod Security Standards, level restricted, and a root that nobody writes to."""
    for each in of_kind(objects(this), "StatefulSet").values():
        pod = each["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        assert not any("hostPath" in volume for volume in pod["volumes"])
        for container in containers(each):
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert {"cpu", "memory"} == container["resources"]["requests"].keys()
            assert {"memory"} == container["resources"]["limits"].keys()
            assert re.search(r"@sha256:[0-9a-f]{64}$", container["image"])


@given(clusters)
def test_the_token_is_for_whoever_asks_the_api_server(this: Declaration) -> None:
    for each in of_kind(objects(this), "StatefulSet").values():
        # What provides the volume looks for its claim, the launcher for a later incarnation.
        with_token = [
            container["name"]
            for container in containers(each)
            if any(mount["name"] == "token" for mount in container["volumeMounts"])
        ]
        assert sorted(with_token) == ["agent", "etcd", "provide"]


@given(clusters)
def test_every_mount_is_a_volume_and_every_path_is_mounted_once(this: Declaration) -> None:
    for each in of_kind(objects(this), "StatefulSet").values():
        pod, claims = each["spec"]["template"]["spec"], each["spec"]["volumeClaimTemplates"]
        volumes = {volume["name"] for volume in pod["volumes"]} | {claim["metadata"]["name"] for claim in claims}
        for container in containers(each):
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
            assert max(Counter(mount["mountPath"] for mount in container["volumeMounts"]).values()) == 1


@given(clusters)
def test_what_a_pod_needs_is_planned_beside_it(this: Declaration) -> None:
    found = objects(this)
    for slot in this.slots:
        name = f"{this.name}-{slot.name}"
        pod = of_kind(found, "StatefulSet")[name]["spec"]["template"]["spec"]
        needs = {volume["name"]: volume for volume in pod["volumes"]}
        assert needs["config"]["configMap"]["name"] == name
        assert "agent-config.json" in of_kind(found, "ConfigMap")[name]["data"]
        assert needs["credentials"]["secret"]["secretName"] in of_kind(found, "Secret")
        assert needs["authorities"]["configMap"]["name"] in of_kind(found, "ConfigMap")
        assert pod["serviceAccountName"] in of_kind(found, "ServiceAccount")
        assert of_kind(found, "StatefulSet")[name]["spec"]["serviceName"] in of_kind(found, "Service")


@given(clusters)
def test_only_secrets_carry_what_is_secret(this: Declaration) -> None:
    found = objects(this)
    assert {each["kind"] for each in found if KEY in json.dumps(each)} == {"Secret"}
    for slot in this.slots:
        (secret,) = of_kind(of_slot(this, slot), "Secret").values()
        users = [
            name for name, each in of_kind(found, "StatefulSet").items() if secret["metadata"]["name"] in str(each)
        ]
        assert users == [f"{this.name}-{slot.name}"]


@given(clusters)
def test_the_document_names_the_pod_that_a_member_is_to_run_in(this: Declaration) -> None:
    for slot in this.slots:
        found = plan.member(this, slot)
        named = found["spec"]["template"]["metadata"]["annotations"][places.TEMPLATE_ANNOTATION]
        assert found["metadata"]["annotations"][places.TEMPLATE_ANNOTATION] == named
        assert this.spec.members[slot.name].template == named
        (agent,) = (each for each in containers(found) if each["name"] == "agent")
        assert {"name": places.TEMPLATE, "value": named} in agent["env"]


def without_digests(template: Manifest) -> Manifest:
    """The template as if it did not name its own digests, and had no agent's image."""
    plain: Manifest = json.loads(json.dumps(template))
    for name in (places.TEMPLATE_ANNOTATION, places.AGENT_TEMPLATE_ANNOTATION):
        del plain["metadata"]["annotations"][name]
    if not plain["metadata"]["annotations"]:
        del plain["metadata"]["annotations"]
    for container in (*plain["spec"]["initContainers"], *plain["spec"]["containers"]):
        if container["image"] == AGENT:
            container["image"] = ""
    for container in plain["spec"]["containers"]:
        told = (places.TEMPLATE, places.AGENT_TEMPLATE)
        container["env"] = [each for each in container["env"] if each["name"] not in told]
    return plain


@given(clusters, clusters)
def test_the_digest_tells_one_template_from_another(one: Declaration, other: Declaration) -> None:
    templates = [
        (plan.member(this, slot)["spec"]["template"], this.spec.members[slot.name].template)
        for this in (one, other)
        for slot in this.slots
    ]
    for template, named in templates:
        assert digest(canonical(without_digests(template)))[:16] == named
    for template, named in templates:
        for another, its in templates:
            assert (canonical(template) == canonical(another)) == (named == its)


@pytest.mark.parametrize(
    "changes",
    [
        {"etcd": {"image": ETCD.replace("eee", "fff", 1)}},
        {"pod_generation": 1},
        {"resources": {"etcd": {"memory_limit": "8Gi"}}},
        {"resources": {"agent": {"cpu": "100m"}}},
        {"priority_class_name": "high"},
        {"tolerations": [{"key": "etcd", "operator": "Exists"}]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_changes_a_pod_changes_its_template(changes: dict[str, Any]) -> None:
    before, after = declaration(), declaration(**changes)
    for slot in before.slots:
        assert template_digest(before.pods, slot) != template_digest(after.pods, slot)


def test_another_image_of_the_agent_leaves_the_pod_what_it_is() -> None:
    """It is exchanged in place: only what the agent is made from differs, and whatever an agent is told of that."""
    before, after = declaration(), declaration(agent={"image": AGENT.replace("aaa", "bbb", 1)})
    for slot in before.slots:
        one, other = (this.spec.members[slot.name] for this in (before, after))
        assert one.template == other.template
        assert one.agent_template != other.agent_template
        pods = [plan.member(this, slot)["spec"]["template"] for this in (before, after)]
        differing = {
            key for key in pods[0]["metadata"]["annotations"] if len({str(annotated(pod, key)) for pod in pods}) > 1
        }
        assert differing == {places.AGENT_TEMPLATE_ANNOTATION}
        assert [annotated(pod, places.AGENT_TEMPLATE_ANNOTATION) for pod in pods] == [
            one.agent_template,
            other.agent_template,
        ]


def annotated(pod: Manifest, name: str) -> str:
    return str(pod["metadata"]["annotations"][name])


def test_an_agent_learns_from_the_annotation_what_it_is() -> None:
    """A variable cannot be changed in a pod that is there; what it refers to can."""
    for each in of_kind(objects(declaration()), "StatefulSet").values():
        (agent,) = (found for found in containers(each) if found["name"] == places.AGENT_CONTAINER)
        (variable,) = (found for found in agent["env"] if found["name"] == places.AGENT_TEMPLATE)
        field = variable["valueFrom"]["fieldRef"]["fieldPath"]
        assert field == f"metadata.annotations['{places.AGENT_TEMPLATE_ANNOTATION}']"


def test_a_pod_has_the_time_that_its_supervisor_gives_etcd_to_hand_over_and_end() -> None:
    for each in of_kind(objects(declaration()), "StatefulSet").values():
        assert each["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > STOP_SECONDS


def test_an_agent_that_an_api_server_makes_learns_that_its_image_was_taken_back() -> None:
    """From the annotation that is written when that happens."""
    for each in of_kind(objects(declaration()), "StatefulSet").values():
        (agent,) = (found for found in containers(each) if found["name"] == places.AGENT_CONTAINER)
        assert TAKEN_BACK in agent["env"]
    assert TAKEN_BACK["name"] == places.TAKEN_BACK
    assert TAKEN_BACK["valueFrom"]["fieldRef"]["fieldPath"] == f"metadata.annotations['{places.TAKEN_BACK_ANNOTATION}']"


def test_a_slot_may_have_a_storage_class_of_its_own() -> None:
    found = objects(declaration(storage_class="fast", storage_classes={"b-1": "slow"}))
    classes = {
        name: each["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"]
        for name, each in of_kind(found, "StatefulSet").items()
    }
    assert classes == {"demo-a-1": "fast", "demo-b-1": "slow", "demo-c-1": "fast"}


def test_a_slot_keeps_the_default_class_beside_another_one() -> None:
    this = declaration(storage_class="fast", storage_classes={"b-1": ""})
    (claim,) = of_kind(objects(this), "StatefulSet")["demo-b-1"]["spec"]["volumeClaimTemplates"]
    assert "storageClassName" not in claim["spec"]
    assert [this.storage_class_of(slot) for slot in ("a-1", "b-1")] == ["fast", ""]


@given(labels, zones, sizes)
def test_growing_changes_nothing_of_those_who_are_there(name: str, places_: list[str], size: int) -> None:
    small, large = (declaration(name, zones=places_, size=each) for each in (size, 7))
    later = {slot.name: slot for slot in large.slots}
    for slot in small.slots:
        assert of_slot(small, slot) == of_slot(large, later[slot.name])


@given(clusters)
def test_what_cannot_be_changed_in_place_never_reaches_the_pod(this: Declaration) -> None:
    """A volume that is declared otherwise is not a pod that is."""
    other = declaration(this.name, zones=list(this.zones), size=1, volume_bytes=2**41, storage_class="other")
    alone = declaration(this.name, zones=list(this.zones), size=1)
    (slot,) = other.slots
    assert template_digest(other.pods, slot) == template_digest(alone.pods, slot)


@given(clusters)
def test_a_node_that_nobody_hears_of_keeps_its_member(this: Declaration) -> None:
    """Whatever else pods tolerate: an eviction by taints asks neither budget nor gate."""
    forever = {f"node.kubernetes.io/{each}" for each in ("not-ready", "unreachable")}
    for each in of_kind(objects(this), "StatefulSet").values():
        found = each["spec"]["template"]["spec"]["tolerations"]
        ours, declared = found[: len(forever)], found[len(forever) :]
        assert {
            one["key"] for one in ours if one["effect"] == "NoExecute" and "tolerationSeconds" not in one
        } == forever
        assert declared == [dict(one) for one in this.pods.tolerations]


@given(clusters)
def test_the_budget_leaves_all_members_but_one(this: Declaration) -> None:
    (budget,) = of_kind(objects(this), "PodDisruptionBudget").values()
    assert budget["spec"]["minAvailable"] == len(this.slots) - 1
    for each in of_kind(objects(this), "StatefulSet").values():
        assert (
            budget["spec"]["selector"]["matchLabels"].items() <= each["spec"]["template"]["metadata"]["labels"].items()
        )


def rules(found: list[Manifest], account: str) -> list[tuple[str, str, str]]:
    """What an account may do: verb, resource, and the name it is confined to (empty for none)."""
    roles = [
        each["roleRef"]["name"]
        for each in of_kind(found, "RoleBinding").values()
        if [subject["name"] for subject in each["subjects"]] == [account]
    ]
    return [
        (verb, resource, name)
        for role in roles
        for rule in of_kind(found, "Role")[role]["rules"]
        for verb in rule["verbs"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", [""])
    ]


@given(clusters)
def test_an_agent_writes_its_own_status_and_nobody_elses(this: Declaration) -> None:
    found, cluster = objects(this), this.name
    for slot in this.slots:
        allowed = rules(found, f"{cluster}-{slot.name}")
        own = {object_name(cluster, each) for each in (status_name(slot.name), log_name(slot.name), FORMATION)}
        for write in ("create", "patch", "update"):
            assert {name for verb, resource, name in allowed if (verb, resource) == (write, "configmaps")} == own
        assert {(verb, name) for verb, resource, name in allowed if resource == "pods"} == {
            ("get", f"{cluster}-{slot.name}-0"),
            ("patch", f"{cluster}-{slot.name}-0"),
            ("delete", f"{cluster}-{slot.name}-0"),
        }
        assert {name for verb, _, name in allowed if verb in ("delete", "update", "patch")} == own | {
            object_name(cluster, LOCK),
            f"{cluster}-{slot.name}-0",
        }
        claims = {(verb, name) for verb, resource, name in allowed if resource == "persistentvolumeclaims"}
        assert claims == {("get", f"data-{cluster}-{slot.name}-0")}
        assert not {"*", "deletecollection", "watch"} & {verb for verb, _, _ in allowed}
        assert {resource for _, resource, _ in allowed} == {
            "configmaps", "leases", "namespaces", "persistentvolumeclaims", "pods", "statefulsets",
        }  # fmt: skip
        assert {each for each in allowed if not each[2]} == {("get", "configmaps", ""), ("list", "configmaps", "")}


def test_a_member_that_is_dropped_keeps_its_channel_until_it_has_left() -> None:
    """Its objects are deleted after the rollout; what the others have in common says nothing about it either."""
    five, three = declaration(size=5), declaration(size=3)
    for kind in ("Role", "RoleBinding", "NetworkPolicy", "Service"):
        kept = of_kind(plan.shared(three), kind)
        assert kept == of_kind(plan.shared(five), kind)


def test_agents_of_another_channel_need_no_objects_of_this_one() -> None:
    this = declaration(channel={"kind": "s3", "bucket": "orders", "region": "eu-west-1"})
    found = objects(this)
    allowed = rules(found, "demo-a-1")
    assert {resource for _, resource, _ in allowed} == {"persistentvolumeclaims", "pods", "statefulsets"}


def sources(policy: Manifest, port: int) -> list[Any]:
    """Who may reach a port; None for everybody."""
    return [
        source
        for rule in policy["spec"]["ingress"]
        if any(each["port"] == port for each in rule["ports"])
        for source in rule.get("from") or [None]
    ]


MEMBERS = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "etcd", "app.kubernetes.io/instance": "demo"}}}


@pytest.mark.parametrize(
    ("clients", "expected"),
    [
        (None, [{"podSelector": {}}]),
        ([], []),
        ([{"pod_labels": {"app": "shop"}}], [{"podSelector": {"matchLabels": {"app": "shop"}}}]),
        (
            [{"namespace_labels": {"team": "shop"}}],
            [{"podSelector": {}, "namespaceSelector": {"matchLabels": {"team": "shop"}}}],
        ),
        ([{"namespace_labels": {}}], [{"podSelector": {}, "namespaceSelector": {}}]),
    ],
)
def test_only_those_who_are_named_reach_a_port(clients: Any, expected: list[Any]) -> None:
    others = [{"pod_labels": {"app": "others"}}]
    for this, port, others_port in (
        (declaration(clients=clients, metrics_clients=others), 2379, 2381),
        (declaration(metrics_clients=clients, clients=others), 2381, 2379),
    ):
        (policy,) = of_kind(plan.shared(this), "NetworkPolicy").values()
        among = [MEMBERS] if port == 2379 else []
        assert sources(policy, port) == [*among, *expected]
        assert {"podSelector": {"matchLabels": {"app": "others"}}} in sources(policy, others_port)
        assert sources(policy, 2380) == [MEMBERS]
        assert policy["spec"]["policyTypes"] == ["Ingress"]


def test_peers_of_a_migration_are_let_in_while_it_is_declared() -> None:
    """Leaders send snapshots to who joins, and their pods and machines have no labels of ours."""
    member = {"peer_url": "https://old-0.old.orders.svc:2380", "client_url": "https://old-0.old.orders.svc:2379"}
    this = declaration(migration={"phase": "join", "members": {"old-0": member}})
    assert this.spec.migration is not None
    (policy,) = of_kind(plan.shared(this), "NetworkPolicy").values()
    assert sources(policy, 2380) == [MEMBERS, None]
    assert None not in sources(policy, 2379) + sources(policy, 2381)


def test_the_agent_is_told_what_it_needs() -> None:
    this = declaration()
    found = of_kind(of_slot(this, this.slots[0]), "ConfigMap")["demo-a-1"]["data"]["agent-config.json"]
    assert json.loads(found) == {
        "cluster": "demo",
        "slot": "a-1",
        "zone": "a",
        "volume": str(places.VOLUME),
        "channel": {"kind": "kubernetes", "namespace": "orders", "cluster": "demo", "namespaceUid": UID},
        "runtime": {"kind": "supervisor", "socket": str(places.SOCKET), "program": "etcd-a-1"},
        "delivery": {"credentials": "/etc/etcd-ops/credentials", "authorities": "/etc/etcd-ops/authorities"},
        "agent": this.spec.agent.to_wire(),
        "pod": {
            "namespace": "orders",
            "name": "demo-a-1-0",
            "controller": "statefulsets/demo-a-1",
            "claim": "data-demo-a-1-0",
        },
    }


def test_places_in_the_pod_are_those_that_its_processes_look_at() -> None:
    this = declaration()
    pod = plan.member(this, this.slots[0])["spec"]["template"]["spec"]
    mounts = {mount["mountPath"] for mount in pod["containers"][1]["volumeMounts"]}
    assert {str(places.VOLUME), str(places.RUN), str(places.PROGRAMS), str(places.CONFIG.parent)} <= mounts
    installer = pod["initContainers"][1]["command"]
    assert installer[0] == str(places.PROGRAMS / places.INSTALLER.name)
    assert installer[2] == this.spec.etcd.binary.source
    assert {slot.urls.health for slot in this.slots} == {places.HEALTH}


def test_probes_ask_where_etcd_listens() -> None:
    assert Named("c-", "-0.c-peers.n.svc.cluster.local").urls(Place(0, 1, "a-1")).health == places.HEALTH
