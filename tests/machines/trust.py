"""Authorities and leaves of a cluster, without a stack that makes them."""

from __future__ import annotations

import json
from typing import Any

from etcd_ops.etcd import Credentials
from etcd_ops.volume.credentials import fingerprint
from pulumi_etcd.certificates import LEAF_TRUST, TRUSTS, member_names
from tests.etcd.authority import Authority


class Trust:
    """One generation of every trust.

    Args:
        cluster: its name.
        hosts: by slot: the host of its URLs.
    """

    def __init__(self, cluster: str, hosts: dict[str, str]) -> None:
        self._authorities = {trust: Authority(f"{cluster}-{trust}") for trust in TRUSTS}
        self._leaves = {
            slot: {use: self._issue(trust, use, cluster, slot, host) for use, trust in LEAF_TRUST.items()}
            for slot, host in hosts.items()
        }
        self.operator: Credentials = self._authorities["client"].issue("etcd-operator")

    def secret(self, slot: str) -> str:
        """What a member takes delivery of."""
        authorities = [each.certificate_pem.decode() for each in self._authorities.values()]
        credentials = {
            use: {"certificate": leaf.certificate_pem.decode(), "key": leaf.key_pem.decode()}
            for use, leaf in self._leaves[slot].items()
        }
        return json.dumps({"authorities": authorities, "credentials": credentials})

    def declared(self) -> dict[str, Any]:
        """`ClusterSpec.trust`."""
        return {
            trust: {"authorities": {"1": fingerprint(each.certificate_pem.decode())}, "issuer": 1}
            for trust, each in self._authorities.items()
        }

    def certificates(self, slot: str) -> dict[str, str]:
        """`MemberSpec.certificates`."""
        return {use: fingerprint(leaf.certificate_pem.decode()) for use, leaf in self._leaves[slot].items()}

    def _issue(self, trust: str, use: str, cluster: str, slot: str, host: str) -> Credentials:
        names = member_names(use, cluster, slot, [host])
        return self._authorities[trust].issue(names.common_name, names.addresses, hosts=names.dns)
