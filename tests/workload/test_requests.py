"""What the clients ask for."""

from __future__ import annotations

from collections import Counter

from tests.workload.options import Options
from tests.workload.requests import Answer, Expectation, Request, Requests, Version
from tests.workload.simulated import SimulatedEtcd


def test_every_kind_is_asked_for_and_no_value_twice() -> None:
    requests, etcd = Requests(Options(keys=3), "run"), SimulatedEtcd()
    drawn, swapped = [], Counter[bool]()
    for _ in range(2000):
        request = requests.draw()
        answer = etcd.apply(request)
        requests.learn(request, answer)
        drawn.append(request)
        if request.operation == "cas":
            swapped[answer.swapped] += 1
    kinds = Counter(request.operation for request in drawn)
    assert min(kinds.values()) > 100
    assert 300 < kinds["append"] < 500
    values = [request.value for request in drawn if request.value]
    assert len(values) == len(set(values))
    appended = [request.key for request in drawn if request.operation == "append"]
    assert len(appended) == len(set(appended))
    assert all("run" in request.key for request in drawn)
    assert swapped[True] > 100


def test_a_swap_expects_what_was_seen_last() -> None:
    requests = Requests(Options(keys=1, append_share=0.0), "run")
    requests.learn(Request("get", requests.registers[0]), Answer(9, "c", "m", observed=Version("seen", 7)))
    drawn = [requests.draw() for _ in range(200)]
    expected = {request.expect for request in drawn if request.operation == "cas"}
    assert expected == {Expectation(revision=7), Expectation(value="seen")}


def test_a_swap_of_a_key_not_seen_expects_its_absence() -> None:
    requests = Requests(Options(keys=1, append_share=0.0), "run")
    requests.learn(Request("delete", requests.registers[0]), Answer(9, "c", "m", observed=Version("seen", 7)))
    drawn = [requests.draw() for _ in range(200)]
    assert {request.expect for request in drawn if request.operation == "cas"} == {Expectation(revision=0)}
