"""kubeadm itself takes the output `kubeadmConfiguration`, and the files that it names."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from etcd_ops.etcd import Credentials
from etcd_ops.programs import etcd
from pulumi_etcd.static_pods import kubeadm
from tests.components.static_pods import ARGS, declaration
from tests.etcd.authority import Authority
from tests.etcd.members import PREFIX, Member
from tests.kubeadm.program import PKI, Kubeadm, init_configuration, options
from tests.runtime.member import eventually

NODE, ADDRESS = "localhost", "10.0.9.1"
"""A name that is looked up nowhere else."""
CHECKED = "ExternalEtcd"
"""Begins the names of what kubeadm looks at before it uses an external etcd (cmd/kubeadm/app/preflight/checks.go)."""
SLOTS = {
    slot: {**each, "address": address}
    for (slot, each), address in zip(ARGS["slots"].items(), ("10.0.0.1", "fd00::1", "node-c.example"), strict=True)
}
"""Nodes with every kind of address."""


def fragment() -> dict[str, Any]:
    """What the component tells."""
    found: dict[str, Any] = yaml.safe_load(kubeadm.configuration(declaration(slots=SLOTS).endpoints))
    return found


def given(folder: Path, cluster: Mapping[str, Any]) -> Kubeadm:
    """One that is told the fragment, and for the rest of the cluster what it would be told without it."""
    networks = {"networking": {"serviceSubnet": "10.97.0.0/16"}}
    return Kubeadm(folder, init_configuration(NODE, ADDRESS, {**networks, **cluster}))


def test_kubeadm_validates_it(tmp_path: Path) -> None:
    given(tmp_path, fragment()).validate()


@pytest.mark.parametrize(
    ("breaking", "expected"),
    [
        (lambda etcd: etcd | {"caBundle": etcd["caFile"]}, 'unknown field "etcd.external.caBundle"'),
        (lambda etcd: etcd | {"keyFile": ""}, "either both or none of .Etcd.External.CertFile and .Etcd.External.Key"),
        (lambda etcd: etcd | {"endpoints": []}, "at least one endpoint must be specified"),
        (lambda etcd: etcd | {"endpoints": ["http://10.0.0.1:2379"]}, "the URL must be using the HTTPS scheme"),
    ],
)
def test_kubeadm_refuses_what_is_broken(
    tmp_path: Path, breaking: Callable[[dict[str, Any]], dict[str, Any]], expected: str
) -> None:
    told = fragment()
    broken = {**told, "etcd": {"external": breaking(told["etcd"]["external"])}}
    with pytest.raises(subprocess.CalledProcessError) as refusal:
        given(tmp_path, broken).validate()
    assert expected in refusal.value.stderr


def test_the_api_server_is_given_the_cluster(tmp_path: Path) -> None:
    """And sees the files, which are in a folder that it sees anyway."""
    program = given(tmp_path, fragment())
    program.phase("control-plane", "apiserver")
    pod = program.manifest("kube-apiserver")
    assert {name: value for name, value in options(pod).items() if name.startswith("etcd-")} == {
        "etcd-servers": "https://10.0.0.1:2379,https://[fd00::1]:2379,https://node-c.example:2379",
        "etcd-cafile": kubeadm.FILES["caFile"],
        "etcd-certfile": kubeadm.FILES["certFile"],
        "etcd-keyfile": kubeadm.FILES["keyFile"],
    }
    volumes = {each["name"]: each["hostPath"]["path"] for each in pod["spec"]["volumes"]}
    mounts = [each for each in pod["spec"]["containers"][0]["volumeMounts"] if each["mountPath"] == PKI]
    assert [volumes[each["name"]] for each in mounts] == [PKI]
    assert all(Path(file).is_relative_to(PKI) for file in kubeadm.FILES.values())


def test_kubeadm_makes_nothing_that_would_take_the_place_of_what_is_given(tmp_path: Path) -> None:
    """Neither the files that the fragment names, nor an etcd."""
    program = given(tmp_path, fragment())
    program.phase("certs", "all")
    program.phase("etcd", "local")
    names = {str(path.relative_to(program.written)) for path in program.written.rglob("*")}
    assert {"ca.crt", "apiserver.crt", "sa.key"} <= names
    assert not [name for name in names if "etcd" in name]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("clients")


@pytest.fixture(scope="module")
def member(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Member]:
    """An etcd that believes those whom the authority names."""
    binary, folder = etcd.obtain(etcd.DEFAULT) / "etcd", tmp_path_factory.mktemp("etcd")
    made = Member("only", f"{PREFIX}9", binary, folder / "only", authority)
    made.start([made])
    try:
        yield made
    finally:
        made.kill()


def files(folder: Path, credentials: Credentials) -> dict[str, str]:
    """The outputs, written to the names that the fragment gives them, but below a folder."""
    contents = {
        "caFile": credentials.ca_pem,
        "certFile": credentials.certificate_pem,
        "keyFile": credentials.key_pem,
    }
    found = {name: Path(kubeadm.FILES[name].replace(PKI, str(folder))) for name in contents}
    for name, path in found.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents[name])
    return {name: str(path) for name, path in found.items()}


def looked_at(folder: Path, member: Member, named: Mapping[str, str]) -> list[str]:
    """What kubeadm finds wrong with the external etcd before it begins. All else that it looks for is not there."""
    external = {**fragment()["etcd"]["external"], "endpoints": [member.endpoint], **named}
    program = given(folder, {"etcd": {"external": external}})
    said = program.phase("preflight", "--ignore-preflight-errors=all")
    assert "WARNING" in said
    return [line for line in said.splitlines() if f"WARNING {CHECKED}" in line]


@pytest.mark.etcd
def test_kubeadm_reaches_the_cluster_with_what_it_was_given(
    tmp_path: Path, member: Member, authority: Authority
) -> None:
    named = files(tmp_path / "pki", authority.issue(kubeadm.CLIENT))
    attempts = count()
    eventually(lambda: looked_at(tmp_path / str(next(attempts)), member, named) == [])


@pytest.mark.etcd
def test_kubeadm_finds_out_what_is_not_right(tmp_path: Path, member: Member) -> None:
    """So that the test above can fail: another authority's, and none at all."""
    named = files(tmp_path / "pki", Authority("others").issue(kubeadm.CLIENT))
    assert [f"[WARNING {CHECKED}Version]" in line for line in looked_at(tmp_path / "1", member, named)] == [True]
    Path(named["keyFile"]).unlink()
    missing = looked_at(tmp_path / "2", member, named)
    assert any(f"{named['keyFile']} doesn't exist" in line for line in missing)
