"""A stack of plain Kubernetes objects, whose declaration a test writes to a file."""

from __future__ import annotations

import copy
import json
import uuid
from pathlib import Path
from typing import Any

import httpx2

from tests.servers.kubernetes import CONTEXT, KubernetesServer
from tests.tools.project import Project
from tools.engine import Engine

PROGRAM = """
import json
from pathlib import Path

import pulumi
from pulumi_kubernetes import Provider
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import ConfigMap, Namespace, Pod, Secret, Service, ServiceAccount
from pulumi_kubernetes.networking.v1 import NetworkPolicy
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget
from pulumi_kubernetes.rbac.v1 import Role, RoleBinding

declared = json.loads(Path("declaration.json").read_text())
provider = Provider("cluster", **declared["provider"])
classes = (
    StatefulSet, ConfigMap, Namespace, Pod, Secret, Service, ServiceAccount, NetworkPolicy, PodDisruptionBudget, Role,
    RoleBinding,
)
known = {each.__name__: each for each in classes}
for name, properties in declared["objects"].items():
    options = pulumi.ResourceOptions(provider=provider, custom_timeouts=declared["timeouts"])
    made = known[properties["kind"]](name, opts=options, **properties["arguments"])
    pulumi.export(name, made.id)
    pulumi.export(f"{name}-uid", made.metadata.uid)
    if properties["kind"] in ("ConfigMap", "Secret"):
        pulumi.export(f"{name}-data", made.data)
"""

LABELS = {"app.kubernetes.io/name": "etcd", "pulumi-etcd.dev/slot": "a-1"}
SKIPPED = {"pulumi.com/skipAwait": "true"}

OBJECTS: dict[str, dict[str, Any]] = {
    "config": {
        "kind": "ConfigMap",
        "arguments": {
            "metadata": {"name": "config", "labels": LABELS},
            "data": {"agent-config.json": "{}", "match_labels": "kept"},
        },
    },
    "secret": {
        "kind": "Secret",
        "arguments": {"metadata": {"name": "secret"}, "data": {"key": "aGlkZGVu"}, "string_data": {"text": "hush"}},
    },
    "service": {
        "kind": "Service",
        "arguments": {
            "metadata": {"name": "peers", "annotations": SKIPPED},
            "spec": {
                "clusterIP": "None", "publishNotReadyAddresses": True, "selector": LABELS,
                "ports": [{"name": "peer", "port": 2380, "targetPort": 2380}],
            },
        },
    },
    "account": {
        "kind": "ServiceAccount",
        "arguments": {"metadata": {"name": "agent"}, "automount_service_account_token": False},
    },
    "role": {
        "kind": "Role",
        "arguments": {
            "metadata": {"name": "agent"},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "resourceNames": ["c-a-1-0"], "verbs": ["get"]}],
        },
    },
    "binding": {
        "kind": "RoleBinding",
        "arguments": {
            "metadata": {"name": "agent"},
            "role_ref": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "agent"},
            "subjects": [{"kind": "ServiceAccount", "name": "agent"}],
        },
    },
    "set": {
        "kind": "StatefulSet",
        "arguments": {
            "metadata": {"name": "c-a-1", "annotations": SKIPPED},
            "spec": {
                "replicas": 1, "serviceName": "peers", "podManagementPolicy": "Parallel",
                "updateStrategy": {"type": "OnDelete"}, "selector": {"matchLabels": LABELS},
                "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"},
                "template": {
                    "metadata": {"labels": LABELS},
                    "spec": {
                        "shareProcessNamespace": True,
                        "containers": [
                            {
                                "name": "etcd", "image": "etcd@sha256:1", "env": [{"name": "HOME", "value": "/tmp"}],
                                "resources": {"requests": {"cpu": "0.5"}, "limits": {"memory": "1024Mi"}},
                                "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
                            }
                        ],
                        "volumes": [{"name": "tmp", "emptyDir": {}}],
                    },
                },
                "volumeClaimTemplates": [
                    {
                        "metadata": {"name": "data"},
                        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}},
                    }
                ],
            },
        },
    },
    "budget": {
        "kind": "PodDisruptionBudget",
        "arguments": {
            "metadata": {"name": "c"}, "spec": {"minAvailable": 2, "selector": {"matchLabels": LABELS}}
        },
    },
    "policy": {
        "kind": "NetworkPolicy",
        "arguments": {
            "metadata": {"name": "c"},
            "spec": {
                "podSelector": {"matchLabels": LABELS}, "policyTypes": ["Ingress"],
                "ingress": [{"from": [{"podSelector": {"matchLabels": LABELS}}], "ports": [{"port": 2380}]}],
            },
        },
    },
}  # fmt: skip

KINDS = {
    "config": "api/v1/{}/configmaps/config",
    "secret": "api/v1/{}/secrets/secret",
    "service": "api/v1/{}/services/peers",
    "account": "api/v1/{}/serviceaccounts/agent",
    "role": "apis/rbac.authorization.k8s.io/v1/{}/roles/agent",
    "binding": "apis/rbac.authorization.k8s.io/v1/{}/rolebindings/agent",
    "set": "apis/apps/v1/{}/statefulsets/c-a-1",
    "budget": "apis/policy/v1/{}/poddisruptionbudgets/c",
    "policy": "apis/networking.k8s.io/v1/{}/networkpolicies/c",
}


class ObjectStack:
    """Objects in a namespace of their own."""

    def __init__(self, engine: Engine, folder: Path, server: KubernetesServer) -> None:
        self.project = Project.make(engine, folder)
        self.server = server
        self.namespace = f"n-{uuid.uuid4().hex}"
        server.make_namespace(self.namespace)
        self.objects = copy.deepcopy(OBJECTS)
        self.provider: dict[str, Any] = {
            "kubeconfig": str(server.kubeconfig), "context": CONTEXT, "namespace": self.namespace
        }  # fmt: skip
        self.timeouts: dict[str, str] | None = None
        self.project.write(PROGRAM)
        self.declare()

    def declare(self) -> None:
        """Write what the program declares."""
        declared = {"provider": self.provider, "objects": self.objects, "timeouts": self.timeouts}
        (self.project.folder / "declaration.json").write_text(json.dumps(declared))

    def arguments(self, name: str) -> dict[str, Any]:
        """What is declared of an object."""
        found: dict[str, Any] = self.objects[name]["arguments"]
        return found

    def changes(self) -> dict[str, str]:
        """What a preview would do, by the resource's name."""
        return {name: step for name, step in self.project.steps().items() if step != "same"}

    def urn(self, name: str) -> str:
        """Of an object's resource, whatever its type."""
        state = json.loads(self.project.succeed_quietly("stack", "export"))["deployment"]
        return next(str(each["urn"]) for each in state["resources"] if each["urn"].endswith(f"::{name}"))

    def path(self, name: str) -> str:
        return f"/{KINDS[name].format(f'namespaces/{self.namespace}')}"

    def live(self, name: str) -> dict[str, Any] | None:
        """An object as it is; None if it is not there."""
        try:
            return self.server.request("GET", self.path(name))
        except httpx2.HTTPStatusError as error:
            if error.response.status_code != 404:
                raise
            return None

    def there(self) -> set[str]:
        """The objects that are there."""
        return {name for name in KINDS if self.live(name) is not None}

    def edit(self, name: str, **changes: Any) -> None:
        """Replace an object by one with some parts changed, as somebody would with an editor."""
        found = self.live(name)
        assert found is not None
        self.server.request("PUT", self.path(name), {**found, **changes})

    def remove(self, name: str) -> None:
        """Delete an object behind the engine's back."""
        self.server.request("DELETE", self.path(name))
