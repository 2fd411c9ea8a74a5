"""When a pod may be deleted, so that the declared one takes its place."""

from __future__ import annotations

from typing import Any

import pytest

from etcd_ops.pod.own_pod import unready


def stateful_set(template: str | None, generation: int = 2, observed: int | None = 2) -> dict[str, Any]:
    annotations = {} if template is None else {"pulumi-etcd.dev/template": template}
    return {
        "metadata": {"name": "c-a-1", "generation": generation},
        "spec": {"template": {"metadata": {"annotations": annotations}}},
        "status": {} if observed is None else {"observedGeneration": observed},
    }


def test_one_that_makes_the_declared_pod_is_ready() -> None:
    assert unready(stateful_set("new"), "new") == ""


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (stateful_set("old"), "makes pods of template old, not of new"),
        (stateful_set(None), "makes pods of template unknown"),
        (stateful_set("new", observed=1), "its controller has not seen that yet"),
        (stateful_set("new", observed=None), "its controller has not seen that yet"),
    ],
)
def test_anything_else_would_make_another_pod(found: dict[str, Any], reason: str) -> None:
    assert reason in unready(found, "new")


def test_annotations_may_be_null() -> None:
    found = stateful_set("new")
    found["spec"]["template"]["metadata"]["annotations"] = None
    assert "unknown" in unready(found, "new")
