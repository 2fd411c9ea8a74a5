"""What kubeadm itself writes for a stacked etcd is what `StaticPodCluster` counts on where it takes one over."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from etcd_ops.model.spec import MemberSpec
from etcd_ops.programs import etcd
from etcd_ops.static_pod.adopted import AdoptedStaticPod
from etcd_ops.volume import data as volume_data
from etcd_ops.volume.layout import VolumeLayout
from pulumi_etcd.static_pods import kubeadm, parts
from tests.components.static_pods import ARGS, declaration
from tests.components.test_static_agents import ADOPTED
from tests.kubeadm.program import PKI, Kubeadm, init_configuration, options
from tests.runtime.member import eventually

NAME, ADDRESS = "node-a", "10.0.0.1"
CERTIFICATES = ("etcd-ca", "etcd-server", "etcd-peer", "etcd-healthcheck-client", "apiserver-etcd-client")
LOOPBACK, NODE = "127.0.66.9", "127.0.66.10"
"""Stand in for the machine's own loopback address and for the node's, of which the tests' machine has no other."""


def made(folder: Path, **cluster: object) -> Kubeadm:
    """After the phases that make the etcd of the first node."""
    program = Kubeadm(folder, init_configuration(NAME, ADDRESS, cluster))
    for certificate in CERTIFICATES:
        program.phase("certs", certificate)
    program.phase("etcd", "local")
    return program


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Kubeadm:
    """As it comes: nothing about etcd or certificates is configured."""
    return made(tmp_path_factory.mktemp("stacked"))


@pytest.fixture(scope="module")
def declared() -> MemberSpec:
    """The member that takes it over, on a node with its address, as the documentation declares one."""
    slots = {**ARGS["slots"], "a-1": {**ARGS["slots"]["a-1"], "address": ADDRESS}}
    return declaration(**ADOPTED, slots=slots).spec.members["a-1"]


def certificate(program: Kubeadm, name: str) -> x509.Certificate:
    """One that was written."""
    return x509.load_pem_x509_certificate((program.written / f"{name}.crt").read_bytes())


def common_name(each: x509.Certificate) -> str:
    """Of whom it speaks."""
    return str(each.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def test_its_places_are_those_that_are_assumed(program: Kubeadm) -> None:
    """Its manifest by the default of `adoptedManifest`, and its data where the documentation says they are."""
    said = program.phase("etcd", "local")
    assert f'"{parts.FOLDERS["manifestDirectory"]}/{parts.MANIFEST}"' in said
    assert (program.written / parts.MANIFEST).is_file()
    pod = program.manifest("etcd")
    assert options(pod)["data-dir"] == ADOPTED["data_directory"]
    paths = {each["name"]: each["hostPath"]["path"] for each in pod["spec"]["volumes"]}
    mounted = {each["name"]: each["mountPath"] for each in pod["spec"]["containers"][0]["volumeMounts"]}
    assert paths == mounted
    assert set(paths.values()) == {ADOPTED["data_directory"], f"{PKI}/etcd"}


def test_its_addresses_are_those_of_the_member_that_takes_it_over(program: Kubeadm, declared: MemberSpec) -> None:
    """Other members, and API servers, find it where it was."""
    told = options(program.manifest("etcd"))
    assert told["initial-advertise-peer-urls"] == told["listen-peer-urls"] == declared.peer_url
    assert told["advertise-client-urls"] == declared.client_url
    assert told["listen-client-urls"].split(",") == [declared.loopback_url, declared.client_url]


def test_it_names_the_port_of_its_probes(program: Kubeadm) -> None:
    """Which is why agents that are static pods name none: see tests/components/test_static_agents.py."""
    spec = program.manifest("etcd")["spec"]
    assert spec["hostNetwork"] is True
    assert [each["containerPort"] for each in spec["containers"][0]["ports"]] == [2381]
    assert spec["priorityClassName"] == parts.PRIORITY_CLASS


def test_one_authority_is_for_peers_and_clients(program: Kubeadm) -> None:
    """`trust.shared`: whom it names, etcd believes on both ports; and members' leaves have both uses, as ours do."""
    told = options(program.manifest("etcd"))
    assert told["trusted-ca-file"] == told["peer-trusted-ca-file"] == kubeadm.FILES["caFile"]
    assert told["client-cert-auth"] == told["peer-client-cert-auth"] == "true"
    authority = certificate(program, "etcd/ca")
    both = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    for name in ("etcd/server", "etcd/peer"):
        leaf = certificate(program, name)
        leaf.verify_directly_issued_by(authority)
        assert set(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == both
        assert common_name(leaf) == NAME
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert {ADDRESS, "127.0.0.1"} <= {str(each) for each in names.get_values_for_type(x509.IPAddress)}


def test_its_authority_can_issue(program: Kubeadm) -> None:
    """The key is PKCS #1, as it is given to a trust."""
    pem = (program.written / "etcd" / "ca.key").read_bytes()
    assert pem.startswith(b"-----BEGIN RSA PRIVATE KEY-----")
    key = serialization.load_pem_private_key(pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    authority = certificate(program, "etcd/ca")
    assert key.public_key() == authority.public_key()
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_an_api_server_beside_it_goes_on(program: Kubeadm, declared: MemberSpec) -> None:
    """It asks on loopback, with the user of etcd and the files that later are those of `apiServerCredential`."""
    program.phase("control-plane", "apiserver")
    told = options(program.manifest("kube-apiserver"))
    assert told["etcd-servers"] == declared.loopback_url
    assert {
        "caFile": told["etcd-cafile"],
        "certFile": told["etcd-certfile"],
        "keyFile": told["etcd-keyfile"],
    } == kubeadm.FILES
    assert common_name(certificate(program, "apiserver-etcd-client")) == kubeadm.CLIENT


@pytest.mark.etcd
def test_what_runs_from_its_manifest_is_taken_over(tmp_path: Path) -> None:
    """With a real etcd of its command and certificates, and a kubelet that is imitated."""
    folder, volume = tmp_path / "etcd", "kube-system.control-plane/a-1"
    program = made(
        tmp_path / "kubeadm",
        certificatesDir=str(tmp_path / "kubeadm" / "written"),
        etcd={"local": {"dataDir": str(folder)}},
    )
    layout, manifest = VolumeLayout(folder / volume), program.written / "etcd.yaml"
    layout.root.mkdir(parents=True)
    content = manifest.read_bytes()
    agent = AdoptedStaticPod({"manifest": str(manifest), "data": str(folder), "volume": volume})
    with subprocess.Popen(_command(program), stderr=subprocess.DEVNULL) as process:
        try:
            eventually((folder / "member" / "snap" / "db").exists)
            eventually(lambda: volume_data.inspect(folder).identity is not None)
            identity = volume_data.inspect(folder).identity
        finally:
            process.terminate()
    asyncio.run(agent.end(1))
    assert (layout.set_aside / "etcd.yaml").read_bytes() == content
    assert not manifest.exists()
    assert volume_data.inspect(layout.data).identity == identity
    assert (folder / "member").is_file()


def _command(program: Kubeadm) -> list[str]:
    _, *words = program.manifest("etcd")["spec"]["containers"][0]["command"]
    there = (word.replace("127.0.0.1", LOOPBACK).replace(ADDRESS, NODE) for word in words)
    return [str(etcd.obtain(etcd.DEFAULT) / "etcd"), *there]
