from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.validation import SIZES, UNKNOWN_FINGERPRINT, parse, problems
from etcd_ops.model.versions import RELEASES
from tests.model.cases import Case, changed, label, load
from tests.model.samples import USES, at, body, fingerprint, spec

DECLARATIONS = load("declarations.yaml")
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def outcome(declared: dict[str, Any]) -> tuple[ClusterSpec | None, tuple[Problem, ...]]:
    """What was read, or what was wrong."""
    try:
        return parse(declared), ()
    except Invalid as invalid:
        return None, invalid.problems


@pytest.mark.parametrize("case", DECLARATIONS, ids=label)
def test_declarations(case: Case) -> None:
    _, found = outcome(changed(body(), case))
    assert [problem.path for problem in found] == case["paths"], "\n".join(map(str, found))
    assert all(problem.reason for problem in found)
    assert not found or case.get("says", "") in str(found[0])


def test_there_are_enough_cases() -> None:
    assert len([case for case in DECLARATIONS if case["paths"]]) >= 40


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("version", RELEASES, ids=str)
def test_nothing_is_wrong_with_a_good_declaration(size: int, version: object) -> None:
    declared = at(body(size), "etcd.version", str(version))
    assert problems(parse(declared)) == ()


@pytest.mark.parametrize("size", [0, 2, 4, 6, 8, 9])
def test_other_sizes(size: int) -> None:
    with pytest.raises(Invalid) as raised:
        parse(body(size) if size else at(body(), "members", {}))
    assert "members" in [problem.path for problem in raised.value.problems]


def test_members_elsewhere_have_loopbacks_of_their_own() -> None:
    declared = body()
    for index, member in enumerate(declared["members"].values()):
        host = ("10.0.0.1", "b-1.etcd.internal", "[fd00::3]")[index]
        for kind, port in (("client", 2379), ("peer", 2380), ("metrics", 2382)):
            member[f"{kind}Url"] = f"https://{host}:{port}"
        member["healthUrl"] = "http://127.0.0.1:2381"
    assert problems(parse(declared)) == ()


def test_an_old_authority_may_be_believed_by_two_trusts() -> None:
    """As in a cluster that was started by hand with one authority for everything, on its way to separate ones."""
    declared = at(body(), "trust.peer.authorities.2", fingerprint("peer-ca-2"))
    declared = at(declared, "trust.peer.issuer", 2)
    declared = at(declared, "trust.client.authorities.1", fingerprint("peer-ca-1"))
    assert problems(parse(declared)) == ()


def floated(value: Any) -> Any:
    """As the engine sends it: every number a float."""
    if isinstance(value, dict):
        return {key: floated(each) for key, each in value.items()}
    if isinstance(value, list):
        return [floated(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def test_whole_floats_are_integers() -> None:
    declared = at(body(), "etcd.extraConfig", {"max-txn-ops": 256, "enable-pprof": True})
    read = parse(floated(declared))
    assert read == parse(declared)
    assert json.dumps(read.to_wire()) == json.dumps(parse(declared).to_wire())


def test_certificates_may_be_unknown_in_a_preview() -> None:
    declared = body()
    for name in declared["members"]:
        declared = at(declared, f"members.{name}.certificates", dict.fromkeys(USES, UNKNOWN))
    declared = at(declared, "trust.peer.authorities", {"1": UNKNOWN, "2": UNKNOWN})
    declared = at(declared, "trust.client.authorities.1", UNKNOWN)
    read = parse(declared, UNKNOWN)
    assert {use for use in USES if getattr(read.members["a-1"].certificates, use) == UNKNOWN_FINGERPRINT} == set(USES)
    assert read.trust.peer.authorities == {"1": UNKNOWN_FINGERPRINT, "2": UNKNOWN_FINGERPRINT}
    with pytest.raises(Invalid):
        parse(declared)


@pytest.mark.parametrize(
    "path",
    ["name", "members.a-1.peerUrl", "members.a-1.certificates", "etcd.binary.sha256", "etcd.quotaBackendBytes"],
)
def test_nothing_else_may_be_unknown(path: str) -> None:
    with pytest.raises(Invalid) as raised:
        parse(at(body(), path, UNKNOWN), UNKNOWN)
    found = {problem.path: problem.reason for problem in raised.value.problems}
    assert list(found) == [path]
    assert found[path] == "is not known during a preview"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PATHS = [
    path
    for section, value in body().items()
    for path in ([section] if not isinstance(value, dict) else [section, *(f"{section}.{key}" for key in value)])
]


TOGETHER = {"etcd.quotaBackendBytes": ("members",)}
"""By path: where else a problem may be, because two values do not go together."""


@given(st.sampled_from([*PATHS, "members.a-1.peerUrl", "etcd.extraConfig", "trust.peer.authorities"]), JSON)
@example("etcd.quotaBackendBytes", 10 * 1024**3)
def test_anything_is_either_read_or_refused_with_its_path(path: str, value: Any) -> None:
    declared = at(body(), path, "")
    folder: Any = declared
    *folders, last = path.split(".")
    for name in folders:
        folder = folder[name]
    folder[last] = value
    read, found = outcome(declared)
    sections = (path.split(".", maxsplit=1)[0], *TOGETHER.get(path, ()))
    if read is None:
        assert any(problem.path.startswith(sections) for problem in found)
    else:
        assert problems(read) == ()
        assert ClusterSpec.model_validate(read.to_wire()) == read


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_a_validity_holds_four_windows(validity: int, window: int) -> None:
    declared = spec(renewal={"validityHours": validity, "windowHours": window})
    assert ([problem.path for problem in problems(declared)] == []) == (window <= validity / 4)


@given(st.integers(1, 60_000), st.integers(1, 60_000))
def test_elections_outlast_five_heartbeats(heartbeat: int, election: int) -> None:
    declared = spec(etcd__heartbeatIntervalMs=heartbeat, etcd__electionTimeoutMs=election)
    assert (problems(declared) == ()) == (5 * heartbeat <= election <= 50_000)
