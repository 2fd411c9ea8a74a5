"""Objects of a cluster as resources, and the credentials in them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from etcd_ops.model.topology import Slot
from pulumi_etcd.certificates import Certificates
from pulumi_etcd.kubernetes import delivery
from pulumi_etcd.kubernetes.declaration import Declaration
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.kubernetes.naming import Names
from pulumi_etcd.kubernetes.objects import KubernetesObject, provider
from pulumi_etcd.placing import authorities, context, credentials, rollout
from pulumi_etcd.rollout import Rollout, RolloutPods


@dataclass(frozen=True, slots=True)
class Place:
    """Where objects are put."""

    cluster: pulumi.Resource
    """The component that they belong to."""
    provider: pulumi.ProviderResource

    def put(self, manifest: Manifest, **options: Any) -> KubernetesObject:
        """One object; a resource has the object's name."""
        opts = pulumi.ResourceOptions(parent=self.cluster, provider=self.provider, **options)
        return KubernetesObject(manifest["metadata"]["name"], manifest, opts)

    def put_all(self, manifests: Sequence[Manifest], needed: Sequence[pulumi.Resource]) -> list[KubernetesObject]:
        """Several objects, a RoleBinding after the Roles before it.

        Whoever may not bind whatever there is has to have all that the role gives, so the role must be there.
        """
        found: list[KubernetesObject] = []
        roles: list[KubernetesObject] = []
        for each in manifests:
            before = roles if each["kind"] == "RoleBinding" else []
            found.append(self.put(each, depends_on=[*needed, *before]))
            if each["kind"] == "Role":
                roles.append(found[-1])
        return found


def create(
    cluster: pulumi.Resource,
    this: Declaration,
    names: Names,
    certificates: Certificates,
    shared: Sequence[Manifest],
    record: Callable[[Slot], pulumi.Resource],
    member: Callable[[Place, Slot, Sequence[pulumi.Resource]], list[pulumi.Resource]],
) -> Rollout:
    """Declare objects and members, and the rollout that depends on them all.

    Args:
        cluster: the component that they belong to.
        this: what is declared.
        names: of its objects.
        certificates: what was issued for it.
        shared: objects that members have in common.
        record: declares a member's own resource, which refuses to be one of a cluster of another stack: first of all.
        member: declares what belongs to one slot; it needs what is given, which is everybody's and its own record.
    """
    parent = pulumi.ResourceOptions(parent=cluster)
    plugin = provider(this.name, this.kubeconfig, this.context, names.namespace, this.namespace_uid, parent)
    place = Place(cluster, plugin)
    records = {slot.name: record(slot) for slot in this.slots}
    everybodys = [place.put(each, depends_on=[*records.values()]) for each in shared]
    everything = [*records.values(), *everybodys]
    for slot in this.slots:
        everything += member(place, slot, [*everybodys, records[slot.name]])
    pods: RolloutPods = {
        "namespace": names.namespace,
        "namespace_uid": this.namespace_uid,
        "kubeconfig": this.kubeconfig,
        "context": this.context,
    }
    return roll_out(cluster, this, certificates, everything, pods)


def roll_out(
    cluster: pulumi.Resource,
    this: Declaration,
    certificates: Certificates,
    everything: Sequence[pulumi.Resource],
    pods: RolloutPods | None = None,
) -> Rollout:
    """Declare the files for etcd-ops where some are wanted, and the rollout.

    Args:
        cluster: the component that they belong to.
        this: what is declared.
        certificates: what was issued for it.
        everything: that the members need.
        pods: where members' pods are that an `up` mends; None where kubelets alone make them.
    """
    if this.directory:
        context(this, this.directory, certificates, pulumi.ResourceOptions(parent=cluster))
    options = pulumi.ResourceOptions(parent=cluster, depends_on=[*everything])
    return rollout(this, certificates, {}, options, pods)


def delivered_authorities(names: Names, certificates: Certificates) -> Manifest:
    """The ConfigMap of the certificates that members may be told to believe."""
    return delivery.authorities(names, authority_files(certificates))


def authority_files(certificates: Certificates) -> dict[str, pulumi.Output[str]]:
    """Certificates that may be believed, by file name."""
    return {
        f"{trust}-{generation}.crt": certificate
        for trust, generations in authorities(certificates).items()
        for generation, certificate in generations.items()
    }


def credential_files(certificates: Certificates, slot: str) -> dict[str, pulumi.Output[str]]:
    """Certificates and keys of a member by file name; secret."""
    parts = {"crt": "cert_pem", "key": "key_pem"}
    return {
        f"{use}.{suffix}": pulumi.Output.secret(leaf[part])  # type: ignore[literal-required]
        for use, leaf in credentials(certificates, slot).items()
        for suffix, part in parts.items()
    }


def secret_files(certificates: Certificates, slot: str) -> dict[str, pulumi.Output[str]]:
    """The same as a Secret has them: in Base64."""
    return {name: text.apply(_base64) for name, text in credential_files(certificates, slot).items()}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
