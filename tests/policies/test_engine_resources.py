"""Rules about resources of AWS in the real engine: previews, updates, and analyses of states."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.programs.cache import Cache
from tests.policies.declared import DOCUMENTS, changed
from tests.policies.echoing_plugin import install
from tests.tools.project import STACK, Project
from tools import engine as clone_engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

PACK = str(Path(__file__).resolve().parents[2] / "policies")
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a value in a state that was never known (sdk/go/common/resource/plugin/rpc.go)."""
PROGRAM = """
import json
from pathlib import Path

import pulumi
import pulumi_tls as tls


def value(given):
    return tls.PrivateKey("later", algorithm="ED25519").id.apply(lambda _: False) if given == "later" else given


made = {}
for declared in json.loads(Path("resources.json").read_text()):
    properties = {key: value(given) for key, given in declared["properties"].items()}
    properties |= {key: made[name].id for key, name in declared.get("refers", {}).items() if name in made}
    opts = pulumi.ResourceOptions(protect=declared.get("protect", False))
    made[declared["name"]] = pulumi.CustomResource(declared["type"], declared["name"], properties, opts)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of one cluster's resources, in a backend of its own."""
    made = Project.make(clone_engine.prepare(Cache.of_user()), tmp_path_factory.mktemp("resources") / "project")
    install(made.folder)
    made.write(PROGRAM)
    return made


@pytest.fixture(scope="module")
def state(project: Project) -> dict[str, Any]:
    """The state after an update of the known-good resources, held to production."""
    declare(project)
    told = project.succeed("up", "--yes", "--skip-preview", *held("production"))
    assert "severity" not in told
    exported: dict[str, Any] = json.loads(project.succeed_quietly("stack", "export"))
    return exported


def held(profile: str) -> tuple[str, ...]:
    return ("--policy-pack", PACK, "--policy-pack-config", f"{PACK}/{profile}.json")


def declare(project: Project, **case: Any) -> None:
    resources = changed(case)
    for each in resources:
        for key in DOCUMENTS:
            if isinstance(each["properties"].get(key), dict):
                each["properties"][key] = json.dumps(each["properties"][key])
    (project.folder / "resources.json").write_text(json.dumps(resources))


def analysis(project: Project, *arguments: str) -> tuple[int, dict[str, str]]:
    """The exit status of an analysis, and what every rule that was broken says, without what it requires."""
    done = project.run("policy", "analyze", "--json", *arguments, *held("production"))
    events = [json.loads(line) for line in done.stdout.splitlines()]
    violations = [event["policyEvent"] for event in events if "policyEvent" in event]
    return done.returncode, {each["policyName"]: each["message"].splitlines()[-1] for each in violations}


def test_a_preview_is_refused_and_tells_why(project: Project) -> None:
    declare(
        project,
        set={
            "volume-a-1.encrypted": False,
            "volume-b-1.protect": False,
            "template.metadataOptions.httpTokens": "optional",
            "older-rule.cidrBlocks": ["0.0.0.0/0"],
            "permissions.policy.Statement.0.Action": "s3:*",
        },
        without=["versioning"],
    )
    told = project.fail("preview", *held("production"))
    for violation in (
        "encrypted: the volume is not encrypted; set it to true",
        "protect: the engine would delete it when told to",
        "metadataOptions.httpTokens: requests without a session are answered",
        "cidrBlocks[0]: so large a network is everybody",
        "policy.Statement[0].Action: an action has a wildcard",
        "the bucket is not versioned",
    ):
        assert violation in told


def test_what_is_not_known_yet_passes_a_preview_and_is_refused_in_the_update_before_it_exists(project: Project) -> None:
    declare(project, set={"volume-a-1.encrypted": "later"})
    told = project.succeed("preview", *held("production"))
    assert "can't run policy 'encrypted-volumes'" in told
    told = project.fail("up", "--yes", "--skip-preview", *held("production"))
    assert "encrypted: the volume is not encrypted" in told
    deployed = json.loads(project.succeed_quietly("stack", "export"))["deployment"]["resources"]
    assert not [each for each in deployed if each["urn"].endswith("::volume-a-1")]


@pytest.mark.usefixtures("state")
def test_a_stack_is_analyzed(project: Project) -> None:
    assert analysis(project, "--stack", STACK) == (0, {})


def test_a_state_file_is_analyzed(project: Project, state: dict[str, Any]) -> None:
    file, later = project.folder / "state.json", copy.deepcopy(state)
    for resource in later["deployment"]["resources"]:
        match resource["urn"].rpartition("::")[2]:
            case "volume-a-1":
                resource["inputs"]["availabilityZone"] = "eu-central-1b"
                resource["outputs"]["availabilityZone"] = "eu-central-1b"
                resource["protect"] = False
            case "volume-b-1":
                resource["inputs"]["encrypted"] = UNKNOWN
            case "bucket-policy":
                resource["outputs"]["policy"] = '{"Statement": []}'
    file.write_text(json.dumps(later))
    assert analysis(project, "--file", str(file)) == (
        1,
        {
            "distinct-zones": "availabilityZone: the cluster's volumes are in 2 of at least 3 zones; "
            "declare volumes in further zones",
            "protected-resources": "protect: the engine would delete it when told to; set this resource option",
            "encrypted-volumes": "encrypted: is not known, so that it cannot be judged; "
            "run `pulumi up`, after which it is known",
            "tls-only-buckets": "requests without TLS are answered; deny them, on the bucket and on its objects",
        },
    )
