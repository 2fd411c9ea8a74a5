"""Whoever runs Pulumi needs no more than the example's Role: a cluster is brought up, changed and destroyed with it."""

from __future__ import annotations

import pytest
import yaml

from tests.kwok.cluster import ZONES, KwokPlane
from tests.kwok.stateful_sets import StatefulSetStack
from tests.servers.roles import give
from tools import ROOT
from tools.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900), pytest.mark.xdist_group("kwok")]
ROLE = ROOT / "examples" / "kubernetes" / "operator-role.yaml"
OPERATOR = "operator"


def allow(stack: StatefulSetStack) -> None:
    """Give the operator the example's Role, in this namespace."""
    role = yaml.safe_load(ROLE.read_text().replace("orders", stack.namespace))
    give(stack.plane, role, OPERATOR)


def test_an_operator_needs_no_more_than_the_role(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory, plane: KwokPlane
) -> None:
    stack = StatefulSetStack(engine, tmp_path_factory.mktemp("operators") / "project", plane)
    stack.kubeconfig = plane.kubeconfig_for(OPERATOR)
    allow(stack)
    with stack.agents():
        stack.place(ZONES)
        stack.spread(ZONES, 3, renewal={"validity_hours": 2000, "window_hours": 500})
        stack.project.succeed("refresh", "--yes", "--skip-preview", "--expect-no-changes")
        stack.project.succeed("destroy", "--yes", "--skip-preview")
    assert not stack.objects("pods")


def test_without_it_nothing_is_made(engine: Engine, tmp_path_factory: pytest.TempPathFactory, plane: KwokPlane) -> None:
    """Proves that the account is asked."""
    stack = StatefulSetStack(engine, tmp_path_factory.mktemp("strangers") / "project", plane)
    stack.kubeconfig = plane.kubeconfig_for(OPERATOR)
    with pytest.raises(AssertionError, match="forbidden"):
        stack.spread(ZONES, 3)
    assert not stack.objects("services")
