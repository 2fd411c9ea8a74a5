"""Pods that may do no more than they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.contract import KUBERNETES, STATEFUL_SETS, Cluster, Section, each
from etcd_policies.hardening_guide import hardening_guide
from etcd_policies.rule import ClusterRule, Stake


@dataclass(frozen=True, slots=True)
class Flag:
    """What a property of `podSecurity` has to be."""

    wanted: bool
    otherwise: str
    """What may happen where it is not."""
    on_nodes: bool = True
    """Whether static pods are held to it."""
    may_lack: bool = False
    """Whether it is as wanted where nothing is said of it."""


FLAGS: Mapping[str, Flag] = {
    "runAsNonRoot": Flag(True, "containers may run as root", on_nodes=False),
    "readOnlyRootFilesystem": Flag(True, "containers may change their own programs"),
    "allowPrivilegeEscalation": Flag(False, "processes may gain privileges that they were not started with"),
    "hostNetwork": Flag(False, "pods are on the network of their nodes", on_nodes=False, may_lack=True),
    "hostPid": Flag(False, "pods see the processes of their nodes", on_nodes=False, may_lack=True),
}
CAPABILITIES, ALL = "dropCapabilities", "ALL"
SECCOMP, PROFILE = "seccompProfile", "RuntimeDefault"


@ClusterRule.declare(
    requires="Pods of an etcd cluster have no privileges that they do not need.",
    severity=Severity.HIGH,
    stake=Stake.DATA,
    steps="Restore `podSecurity` to what the component declares: it has no argument for it.",
    framework=hardening_guide("Kubernetes Pod security"),
    platforms=KUBERNETES,
)
def pod_security(cluster: Cluster) -> Iterator[Problem]:
    """Who takes over a process with privileges takes its node, and with it whatever else runs there.

    So containers keep to a read-only root, gain no privileges, drop every capability, and are confined by the seccomp
    profile of the runtime. Members in StatefulSets also run as another user than root, apart from their nodes' network
    and processes; static pods cannot, because they keep folders of their nodes, and serve on the nodes' addresses.
    """
    security = cluster.section.section("podSecurity")
    everything = cluster.platform == STATEFUL_SETS

    def judge(name: str) -> Iterator[Problem]:
        if name == CAPABILITIES:
            yield from _capabilities(security)
        elif name == SECCOMP:
            yield from _seccomp(security)
        elif everything or FLAGS[name].on_nodes:
            yield from _flag(security, name, FLAGS[name])

    yield from each((*FLAGS, CAPABILITIES, SECCOMP), judge)


def _flag(security: Section, name: str, flag: Flag) -> Iterator[Problem]:
    if flag.may_lack and not security.has(name):
        return
    if security.flag(name) != flag.wanted:
        yield Problem(security.at(name), flag.otherwise, f"declare it {str(flag.wanted).lower()}")


def _capabilities(security: Section) -> Iterator[Problem]:
    if ALL not in [entry.text for entry in security.entries(CAPABILITIES)]:
        yield Problem(security.at(CAPABILITIES), "containers keep capabilities", f'declare it ["{ALL}"]')


def _seccomp(security: Section) -> Iterator[Problem]:
    if security.text(SECCOMP) != PROFILE:
        reason = "containers are not confined to the system calls of the runtime's profile"
        yield Problem(security.at(SECCOMP), reason, f"declare it {PROFILE}")
