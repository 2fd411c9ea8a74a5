"""The checker accepts good hand-made histories, and rejects each bad one for the right reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.workload import checker
from tests.workload.requests import Expectation, Request, Version
from tests.workload.simulated import Scenario

Script = Callable[[Scenario], None]


def judged(script: Script, directory: Path, **settings: Any) -> dict[str, Any]:
    scenario = Scenario()
    script(scenario)
    return checker.judge(scenario.finish(directory / "history.jsonl"), **settings)


def every_operation(s: Scenario) -> None:
    s.do("get")
    s.do("cas", value="a", expect=Expectation(revision=0))
    s.do("put", value="b")
    s.do("cas", value="c", expect=Expectation(value="b"))
    s.do("cas", value="d", expect=Expectation(value="b"))
    s.do("get")
    s.do("delete")
    s.do("delete")
    s.do("put", key="y", value="e")
    s.do("append", key="append/1", value="f")
    s.do("get")


def concurrent_reads_may_differ(s: Scenario) -> None:
    s.do("put", value="a")
    writing = s.history.invoke(Request("put", "x", "b"))
    early = s.history.invoke(Request("get", "x"), process=1)
    before = s.etcd.apply(Request("get", "x"))
    answer = s.etcd.apply(Request("put", "x", "b"))
    s.do("get")
    s.history.ok(early, before)
    s.history.ok(writing, answer)


def unknown_write_takes_effect_late(s: Scenario) -> None:
    s.do("put", value="a")
    request = Request("put", "x", "b")
    s.history.unknown(s.history.invoke(request, process=1))
    s.do("get")
    s.do("get")
    s.etcd.apply(request)
    s.do("get")
    s.do("put", value="c")


def unknown_write_never_takes_effect(s: Scenario) -> None:
    s.do("put", value="a")
    s.history.unknown(s.history.invoke(Request("put", "x", "b"), process=1))
    s.history.invoke(Request("cas", "x", "c", Expectation(value="a")), process=2)
    s.do("get")


def unknown_delete_takes_effect(s: Scenario) -> None:
    s.do("put", value="a")
    s.history.unknown(s.history.invoke(Request("delete", "x"), process=1))
    s.do("get")
    s.etcd.apply(Request("delete", "x"))
    s.do("get")


def unknown_append_takes_effect(s: Scenario) -> None:
    request = Request("append", "append/1", "a")
    s.history.unknown(s.history.invoke(request))
    s.etcd.apply(request)


def refused_write_has_no_effect(s: Scenario) -> None:
    s.do("put", value="a")
    s.history.fail(s.history.invoke(Request("put", "x", "b")))
    s.do("get")


GOOD: list[Script] = [
    every_operation,
    concurrent_reads_may_differ,
    unknown_write_takes_effect_late,
    unknown_write_never_takes_effect,
    unknown_delete_takes_effect,
    unknown_append_takes_effect,
    refused_write_has_no_effect,
]


@pytest.mark.parametrize("narrow", [True, False])
@pytest.mark.parametrize("script", GOOD)
def test_a_good_history_is_accepted(script: Script, narrow: bool, tmp_path: Path) -> None:
    verdict = judged(script, tmp_path, narrow=narrow)
    assert verdict["ok"], checker.explain(verdict)
    assert verdict["operations"] > 0 or verdict["unknown"] > 0


def stale_read(s: Scenario) -> None:
    s.do("put", value="a")
    old = s.do("get")
    s.do("put", value="b")
    s.claim("get", old)


def stale_read_at_a_fresh_revision(s: Scenario) -> None:
    s.do("put", value="a")
    old = s.do("get")
    s.do("put", value="b")
    s.claim("get", s.answer(old.observed))


def lost_acknowledged_write(s: Scenario) -> None:
    s.do("put", value="a")
    s.claim("put", s.answer(revision=3, blind=True), value="b")
    s.etcd.revision = 3
    s.do("get")


def lost_append(s: Scenario) -> None:
    s.do("put", value="a")
    s.claim("append", s.answer(revision=3, blind=True), key="append/1", value="b")
    s.etcd.revision = 3


def double_swap(s: Scenario) -> None:
    s.do("put", value="a")
    expect = Expectation(value="a")
    s.do("cas", value="b", expect=expect)
    won = s.answer(Version("a", 2), revision=4, swapped=True)
    s.claim("cas", won, value="c", expect=expect)
    s.etcd.revision = 4


def swap_that_must_fail(s: Scenario) -> None:
    s.do("put", value="a")
    won = s.answer(Version("a", 2), revision=3, swapped=True)
    s.claim("cas", won, value="b", expect=Expectation(revision=7))
    s.etcd.revision = 3


def swap_that_must_succeed(s: Scenario) -> None:
    s.do("put", value="a")
    s.claim("cas", s.answer(Version("a", 2)), value="b", expect=Expectation(revision=2))


def revision_goes_backwards(s: Scenario) -> None:
    s.do("put", value="a")
    s.do("put", key="y", value="b")
    s.claim("get", s.answer(Version("a", 2), revision=2))


def write_revision_goes_backwards(s: Scenario) -> None:
    s.do("put", value="a")
    s.do("put", value="b")
    s.etcd.revision = 1
    s.do("put", key="y", value="c")


def two_writes_at_one_revision(s: Scenario) -> None:
    first = s.history.invoke(Request("put", "x", "a"))
    second = s.history.invoke(Request("put", "y", "b"), process=1)
    s.history.ok(first, s.answer(revision=2, blind=True))
    s.history.ok(second, s.answer(revision=2, blind=True))
    s.etcd.revision = 2


def value_from_nowhere(s: Scenario) -> None:
    s.do("put", value="a")
    s.claim("get", s.answer(Version("ghost", 2)))


def value_from_nowhere_in_the_read_back(s: Scenario) -> None:
    s.do("append", key="append/1", value="a")
    s.etcd.apply(Request("append", "append/2", "ghost"))


def value_of_another_key(s: Scenario) -> None:
    s.do("put", value="a")
    s.claim("get", s.answer(Version("a", 2)), key="y")


def refused_write_seen(s: Scenario) -> None:
    s.history.fail(s.history.invoke(Request("put", "x", "a")))
    s.etcd.apply(Request("put", "x", "a"))
    s.do("get")


def unknown_write_seen_then_gone(s: Scenario) -> None:
    s.do("put", value="a")
    request = Request("put", "x", "b")
    s.history.unknown(s.history.invoke(request, process=1))
    before = s.etcd.versions["x"]
    s.etcd.apply(request)
    s.do("get")
    s.claim("get", s.answer(before))


def value_seen_before_its_write(s: Scenario) -> None:
    s.claim("get", s.answer(Version("a", 2), revision=2))
    s.do("put", value="a")


def value_at_two_revisions(s: Scenario) -> None:
    s.do("put", value="a")
    s.do("put", key="y", value="b")
    s.claim("get", s.answer(Version("a", 3)))


def unknown_value_at_two_revisions(s: Scenario) -> None:
    s.history.unknown(s.history.invoke(Request("put", "x", "a"), process=1))
    s.claim("get", s.answer(Version("a", 2), revision=3))
    s.claim("get", s.answer(Version("a", 3), revision=3))
    s.etcd.revision = 3


def failed_swap_seen(s: Scenario) -> None:
    s.do("put", value="a")
    s.do("cas", value="b", expect=Expectation(value="z"))
    s.claim("get", s.answer(Version("b", 2)))


def unknown_swap_seen_that_could_not_match(s: Scenario) -> None:
    s.do("put", value="a")
    s.history.unknown(s.history.invoke(Request("cas", "x", "b", Expectation(value="z")), process=1))
    s.etcd.apply(Request("put", "x", "b"))
    s.do("get")


def write_no_newer_than_a_delete(s: Scenario) -> None:
    s.do("put", value="a")
    s.do("delete")
    s.claim("put", s.answer(blind=True), value="b")


def write_no_newer_than_before_an_unknown_delete(s: Scenario) -> None:
    s.do("put", value="a")
    s.history.unknown(s.history.invoke(Request("delete", "x"), process=1))
    s.claim("get", s.answer())
    s.claim("put", s.answer(blind=True), value="b")


def answer_older_than_what_it_found(s: Scenario) -> None:
    s.do("put", key="y", value="a")
    writing = s.history.invoke(Request("put", "x", "b"), process=1)
    s.claim("get", s.answer(Version("b", 3), revision=2))
    s.history.ok(writing, s.etcd.apply(Request("put", "x", "b")))


def write_no_newer_than_what_it_found(s: Scenario) -> None:
    s.history.unknown(s.history.invoke(Request("put", "x", "a"), process=1))
    s.claim("delete", s.answer(Version("a", 2), revision=2))
    s.etcd.revision = 2


def another_cluster_answers(s: Scenario) -> None:
    s.do("put", value="a")
    s.claim("get", dataclasses.replace(s.answer(Version("a", 2)), cluster="c2"))


def deleted_key_comes_back(s: Scenario) -> None:
    s.do("put", value="a")
    s.do("delete")
    s.claim("get", s.answer(Version("a", 2)))


BAD: list[tuple[Script, set[str]]] = [
    (stale_read, {"linearizability", "revisions"}),
    (stale_read_at_a_fresh_revision, {"linearizability", "revisions"}),
    (lost_acknowledged_write, {"linearizability", "revisions"}),
    (lost_append, {"read-back"}),
    (double_swap, {"linearizability", "revisions"}),
    (swap_that_must_fail, {"linearizability"}),
    (swap_that_must_succeed, {"linearizability"}),
    (revision_goes_backwards, {"revisions"}),
    (write_revision_goes_backwards, {"revisions"}),
    (two_writes_at_one_revision, {"revisions"}),
    (value_from_nowhere, {"linearizability", "values"}),
    (value_from_nowhere_in_the_read_back, {"values"}),
    (value_of_another_key, {"linearizability", "values"}),
    (refused_write_seen, {"linearizability", "values"}),
    (unknown_write_seen_then_gone, {"linearizability"}),
    (value_seen_before_its_write, {"linearizability", "values", "revisions"}),
    (value_at_two_revisions, {"linearizability", "values"}),
    (unknown_value_at_two_revisions, {"linearizability", "values"}),
    (failed_swap_seen, {"linearizability", "values"}),
    (unknown_swap_seen_that_could_not_match, {"linearizability"}),
    (write_no_newer_than_a_delete, {"linearizability", "revisions"}),
    (write_no_newer_than_before_an_unknown_delete, {"linearizability", "revisions"}),
    (answer_older_than_what_it_found, {"linearizability", "revisions"}),
    (write_no_newer_than_what_it_found, {"linearizability", "revisions"}),
    (another_cluster_answers, {"revisions"}),
    (deleted_key_comes_back, {"linearizability", "revisions"}),
]


@pytest.mark.parametrize("narrow", [True, False])
@pytest.mark.parametrize(("script", "checks"), BAD)
def test_a_bad_history_is_rejected(script: Script, checks: set[str], narrow: bool, tmp_path: Path) -> None:
    verdict = judged(script, tmp_path, narrow=narrow)
    assert not verdict["ok"]
    assert {problem["check"] for problem in verdict["problems"]} == checks


def test_a_write_of_unknown_outcome_has_the_revision_it_was_seen_at(tmp_path: Path) -> None:
    def older_than_what_preceded_it(s: Scenario) -> None:
        s.etcd.revision = 2
        s.do("put", value="a")
        s.history.unknown(s.history.invoke(Request("put", "x", "b"), process=1))
        s.claim("get", s.answer(Version("b", 2)))

    verdict = judged(older_than_what_preceded_it, tmp_path)
    assert {problem["check"] for problem in verdict["problems"]} == {"linearizability", "revisions"}


def test_a_missing_read_back_is_rejected(tmp_path: Path) -> None:
    scenario = Scenario()
    every_operation(scenario)
    verdict = checker.judge(scenario.history.write(tmp_path / "history.jsonl"))
    assert [problem["check"] for problem in verdict["problems"]] == ["read-back"]


def test_a_rejected_history_is_explained(tmp_path: Path) -> None:
    picture = tmp_path / "bad.html"
    verdict = judged(stale_read, tmp_path, visualization=picture)
    assert verdict["bad_key"]["key"] == "x"
    assert verdict["bad_key"]["linearized"] == 3
    assert verdict["visualization"] == str(picture)
    assert "<html" in picture.read_text().lower()
    text = checker.explain(verdict)
    assert "the revision went backwards: 2 after 3" in text
    assert "#4 process 0 get x -> found a@2 -> revision 2" in text


def test_a_search_beyond_the_time_has_no_verdict(tmp_path: Path) -> None:
    def flapping_among_open_writes(s: Scenario) -> None:
        for number in range(40):
            s.history.unknown(s.history.invoke(Request("put", "x", f"open{number}"), process=number))
        for revision, number in enumerate((0, 1, 0), start=2):
            s.claim("get", s.answer(Version(f"open{number}", 2 + number), revision=revision))

    verdict = judged(flapping_among_open_writes, tmp_path, narrow=False, timeout=0.5)
    assert verdict["timed_out"]
    assert not verdict["ok"]
    assert verdict["problems"] == []
    assert "no verdict" in checker.explain(verdict)
    assert judged(flapping_among_open_writes, tmp_path)["bad_key"]["key"] == "x"


@pytest.mark.parametrize("good", [True, False])
def test_narrowing_makes_many_open_writes_quick(good: bool, tmp_path: Path) -> None:
    def all_seen(s: Scenario) -> None:
        requests = [Request("put", "x", f"open{number}") for number in range(40)]
        for number, request in enumerate(requests):
            s.history.unknown(s.history.invoke(request, process=number))
        for request in requests:
            s.etcd.apply(request)
            s.do("get")
        if not good:
            s.claim("get", s.answer(Version("open0", 2)))

    assert judged(all_seen, tmp_path, narrow=False, timeout=1.0)["timed_out"]
    verdict = judged(all_seen, tmp_path, timeout=10.0)
    assert not verdict["timed_out"]
    assert verdict["ok"] == good


def test_a_line_cut_off_by_a_kill_is_left_out(tmp_path: Path) -> None:
    scenario = Scenario()
    every_operation(scenario)
    path = scenario.finish(tmp_path / "history.jsonl")
    with path.open("a") as history:
        history.write('{"event":"invoke","id":99,"op":"pu')
    assert checker.judge(path)["ok"]


GET = '{"event":"invoke","id":1,"op":"get","key":"x","time":10}'


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        '{"event":"surprise"}',
        '{"event":"ok","id":7,"time":1}',
        '{"event":"invoke","id":1,"op":"watch","key":"x","time":1}',
        GET + '\n{"event":"ok","id":1,"time":12,"revision":1}',
        GET + '\n{"event":"fail","id":1,"time":9}',
        GET + '\n{"event":"fail","id":1,"time":12}\n{"event":"ok","id":1,"time":13,"observed":null}',
        GET + "\n" + GET,
        "\n".join(f'{{"event":"invoke","id":{n},"op":"append","key":"x","value":"a","time":1}}' for n in (1, 2)),
    ],
)
def test_what_is_no_history_is_refused(line: str, tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(checker.UnusableHistory, match=r"history\.jsonl:"):
        checker.judge(path)
