from __future__ import annotations

import asyncio
from collections.abc import Sequence

from etcd_ops.agent.cluster_version import ClusterVersion
from etcd_ops.model.facts import EndpointFacts

URL = "http://127.0.0.1:2381"


class Answers:
    """A health listener that gives these answers, one after another; the last one for ever."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked = list(answers), 0

    async def cluster_version(self, health_url: str, *, timeout: float) -> str:
        assert (health_url, timeout) == (URL, 1.5)
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def endpoints(*versions: str, downgrading: str = "") -> dict[str, EndpointFacts]:
    return {
        str(number): EndpointFacts(number, 77, 1, healthy=True, version=version, downgrading=downgrading)
        for number, version in enumerate(versions)
    }


def look(answers: Answers, *observations: dict[str, EndpointFacts]) -> Sequence[str]:
    version = ClusterVersion(answers, 1.5)
    return [asyncio.run(version.look(URL, each)) for each in observations]


def test_it_is_asked_for_until_it_is_what_everybody_runs() -> None:
    answers = Answers("", "3.5", "3.6", "3.7")
    new = endpoints("3.6.15", "3.6.15", "3.6.15")
    assert look(answers, new, new, new, new) == ["", "3.5", "3.6", "3.6"]
    assert answers.asked == 3


def test_it_is_asked_for_while_it_may_become_another_one() -> None:
    answers = Answers("3.6", "3.6", "3.6", "3.7")
    same, mixed = endpoints("3.6.15", "3.6.14"), endpoints("3.6.15", "3.7.2")
    assert look(answers, same, same, mixed, endpoints("3.7.2", "3.7.2"), endpoints("3.7.2", "3.7.2")) == [
        "3.6", "3.6", "3.6", "3.6", "3.7",
    ]  # fmt: skip
    falling = Answers("3.7", "3.6")
    assert look(falling, endpoints("3.7.2"), endpoints("3.7.2", downgrading="3.6.0")) == ["3.7", "3.6"]


def test_nothing_is_remembered_while_nobody_answers() -> None:
    answers = Answers("3.6", "")
    assert look(answers, endpoints("3.6.15"), {}) == ["3.6", ""]
