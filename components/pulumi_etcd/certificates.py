"""Certificate authorities and leaves, with pulumi-tls.

Each trust (peer, client, metrics) has authorities by trust generation. An authority is never replaced: a new
generation is a new resource beside it, and the old one goes when no declaration names it any more. Leaves are named
by the generation that issued them, so that a rotation creates the new one before the old one is deleted.
"""

import hashlib
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_tls as tls
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

TRUSTS = ("peer", "client", "metrics")
LEAF_TRUST = {"peer": "peer", "server": "client", "metrics": "metrics", "agent": "client"}
"""By use of a member's leaf: the trust that issues it."""
_SERVER_AND_CLIENT = ("server_auth", "client_auth")
"""Peers dial each other; etcd's gateway dials its own server with the server's certificate."""
_USES: Mapping[str, tuple[str, ...]] = {
    "peer": _SERVER_AND_CLIENT,
    "server": _SERVER_AND_CLIENT,
    "metrics": ("server_auth",),
    "agent": ("client_auth",),
}


@dataclass(frozen=True, slots=True)
class Names:
    """Who a certificate speaks for."""

    common_name: str
    dns: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GivenAuthority:
    """A certificate authority that somebody else made, as the program names it."""

    certificate_pem: pulumi.Input[str]
    key_pem: pulumi.Input[str]


@dataclass(frozen=True, slots=True)
class TrustPlan:
    """One trust's generations, and the one whose leaves are used."""

    generations: tuple[int, ...] = (1,)
    issuer: int = 1
    given: Mapping[int, GivenAuthority] = field(default_factory=dict)
    """Generations that are not made here."""


@dataclass(frozen=True, slots=True)
class Validity:
    """How long certificates are valid, in hours."""

    leaf: int
    window: int
    """How long before its end a leaf is renewed."""
    authority: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate and its key, as values that flow."""

    certificate_pem: pulumi.Output[str]
    key_pem: pulumi.Output[str]
    fingerprint: pulumi.Output[str]


@dataclass(frozen=True, slots=True)
class Authority:
    """One trust generation of one trust."""

    certificate_pem: pulumi.Output[str]
    key_pem: pulumi.Output[str]

    @property
    def fingerprint(self) -> pulumi.Output[str]:
        """SHA-256 of its certificate."""
        return fingerprint_of(self.certificate_pem)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Everything issued for one cluster."""

    authorities: Mapping[str, Mapping[int, Authority]]
    """By trust and trust generation."""
    members: Mapping[str, Mapping[str, Leaf]] = field(default_factory=dict)
    """By slot and use."""
    operator: Mapping[str, Leaf] = field(default_factory=dict)
    """By trust: an operator's client certificates, for etcd (`client`) and for metrics (`metrics`)."""
    clients: Mapping[str, Leaf] = field(default_factory=dict)
    """By name: further client certificates for etcd."""

    def bundle(self, trust: str) -> pulumi.Output[str]:
        """The certificates of every believed generation of a trust, one after the other."""
        authorities = self.authorities[trust].values()
        return pulumi.Output.all(*(each.certificate_pem for each in authorities)).apply("".join)


def member_names(use: str, cluster: str, slot: str, addresses: Sequence[str]) -> Names:
    """Whom a member's leaf speaks for.

    A client's certificate names its user of etcd, for a later RBAC; servers answer to their address, to their slot's
    name, and to loopback, from which a process that dials a loopback address of another zone may appear to come.

    Args:
        use: peer, server, metrics or agent.
        cluster: the cluster's name.
        slot: the member.
        addresses: hosts of the member's URLs: IP addresses or names.
    """
    if use == "agent":
        return Names(f"etcd-agent:{slot}")
    hosts = list(dict.fromkeys([*addresses, "127.0.0.1", "localhost", slot, f"{slot}.{cluster}"]))
    ips = tuple(host for host in hosts if _is_address(host))
    return Names(slot, dns=tuple(host for host in hosts if host not in ips), addresses=ips)


def issue(
    cluster: str,
    hosts: Mapping[str, Sequence[str]],
    trusts: Mapping[str, TrustPlan],
    validity: Validity,
    *,
    parent: pulumi.Resource,
    protect_authorities: bool,
    services: Sequence[str] = (),
    clients: Sequence[str] = (),
) -> Certificates:
    """Create the leaves of one cluster, and the authorities that were not given.

    Args:
        cluster: its name, which begins every resource's name.
        hosts: by slot: addresses and names that its URLs use.
        trusts: by trust: its generations.
        validity: how long certificates are valid.
        parent: the component that they belong to.
        protect_authorities: whether the engine refuses to delete an authority.
        services: names under which clients may reach whichever member answers.
        clients: users of etcd that get a client certificate each.
    """
    authorities = {
        trust: {
            generation: _given(plan.given[generation])
            if generation in plan.given
            else _authority(cluster, trust, generation, validity, parent, protect_authorities)
            for generation in plan.generations
        }
        for trust, plan in ((trust, trusts[trust]) for trust in TRUSTS)
    }
    issuers = {trust: (trusts[trust].issuer, authorities[trust][trusts[trust].issuer]) for trust in TRUSTS}

    def leaf(name: str, trust: str, names: Names, uses: Sequence[str]) -> Leaf:
        generation, authority = issuers[trust]
        return _leaf(f"{cluster}-{name}-{generation}", authority, names, uses, validity, parent)

    shared = {use: services if use == "server" else () for use in LEAF_TRUST}
    members = {
        slot: {
            use: leaf(f"{slot}-{use}", trust, member_names(use, cluster, slot, [*addresses, *shared[use]]), _USES[use])
            for use, trust in LEAF_TRUST.items()
        }
        for slot, addresses in hosts.items()
    }
    operator = {
        trust: leaf(f"operator-{trust}", trust, Names("etcd-operator"), ("client_auth",))
        for trust in ("client", "metrics")
    }
    others = {each: leaf(each, "client", Names(each), ("client_auth",)) for each in clients}
    return Certificates(authorities, members, operator, others)


def fingerprint_of(certificate_pem: pulumi.Output[str]) -> pulumi.Output[str]:
    """SHA-256 of a certificate's DER encoding, hexadecimal; public, whatever it was computed from."""
    return pulumi.Output.unsecret(certificate_pem.apply(fingerprint))


def fingerprint(certificate_pem: str) -> str:
    """SHA-256 of a certificate's DER encoding, hexadecimal."""
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _given(authority: GivenAuthority) -> Authority:
    """Its key is a secret from here on, however it was passed."""
    return Authority(pulumi.Output.from_input(authority.certificate_pem), pulumi.Output.secret(authority.key_pem))


def _authority(
    cluster: str, trust: str, generation: int, validity: Validity, parent: pulumi.Resource, protect: bool
) -> Authority:
    name = f"{cluster}-{trust}-ca-{generation}"
    options = pulumi.ResourceOptions(parent=parent, protect=protect)
    key = tls.PrivateKey(name, algorithm="ECDSA", ecdsa_curve="P256", opts=options)
    certificate = tls.SelfSignedCert(
        name,
        private_key_pem=key.private_key_pem,
        subject={"common_name": f"{cluster} {trust} CA {generation}", "organization": "etcd"},
        is_ca_certificate=True,
        set_subject_key_id=True,
        validity_period_hours=validity.authority,
        allowed_uses=["cert_signing", "crl_signing"],
        opts=options,
    )
    return Authority(certificate.cert_pem, key.private_key_pem)


def _leaf(
    name: str,
    authority: Authority,
    names: Names,
    uses: Sequence[str],
    validity: Validity,
    parent: pulumi.Resource,
) -> Leaf:
    options = pulumi.ResourceOptions(parent=parent)
    key = tls.PrivateKey(name, algorithm="ECDSA", ecdsa_curve="P256", opts=options)
    request = tls.CertRequest(
        name,
        private_key_pem=key.private_key_pem,
        subject={"common_name": names.common_name, "organization": "etcd"},
        dns_names=list(names.dns) or None,
        ip_addresses=list(names.addresses) or None,
        opts=options,
    )
    certificate = tls.LocallySignedCert(
        name,
        cert_request_pem=request.cert_request_pem,
        ca_cert_pem=authority.certificate_pem,
        ca_private_key_pem=authority.key_pem,
        validity_period_hours=validity.leaf,
        early_renewal_hours=validity.window,
        allowed_uses=["digital_signature", "key_encipherment", *uses],
        opts=options,
    )
    return Leaf(certificate.cert_pem, pulumi.Output.secret(key.private_key_pem), fingerprint_of(certificate.cert_pem))
