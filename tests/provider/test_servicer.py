"""What the servicer takes on for every resource."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar

import grpc
import pytest
from pulumi.runtime.proto import engine_pb2, provider_pb2

from etcd_ops.model.problems import Problem
from pulumi_etcd.provider.resource import Call, Checked, Failed, Live, NotReady
from pulumi_etcd.provider.values import UNKNOWN, Properties
from tests.provider.harness import Client, InitFailed, Refusal, serving

TOKEN = "etcd:index:Probe"
KEY = frozenset({("leaf", "key")})
INPUTS = {"leaf": {"key": "top secret", "cert": "public"}, "size": 3}


class Probe:
    """Does what its input `do` says."""

    replaces: ClassVar[frozenset[str]] = frozenset({"zone"})

    def __init__(self) -> None:
        self.calls: list[Call] = []

    async def check(self, call: Call) -> Checked:
        self.calls.append(call)
        problems = (Problem("a.b", "is wrong", "mend it"), Problem("c", "is too")) if "do" in call.inputs else ()
        return Checked(call.inputs | {"filled": 1}, problems)

    async def drift(self, call: Call) -> Mapping[str, str]:
        return {"running": "it is dead"} if call.state.get("dead") else {}

    async def create(self, call: Call) -> tuple[str, Properties]:
        self.calls.append(call)
        await _do(call)
        return "id", call.inputs | {"computed": UNKNOWN if call.preview else 7}

    async def read(self, call: Call) -> Live | None:
        if call.inputs.get("do") == "none":
            return None
        await _do(call)
        return Live(call.id, call.inputs, call.state)

    async def update(self, call: Call) -> Properties:
        self.calls.append(call)
        await _do(call)
        return call.state | call.inputs

    async def delete(self, call: Call) -> None:
        self.calls.append(call)
        if call.state.get("stuck"):
            raise Failed("it is stuck")


async def _do(call: Call) -> None:
    match call.inputs.get("do"):
        case "speak":
            await call.info("half way")
            await call.warn("beware")
        case "fail":
            raise Failed(Problem("x", "cannot be", "leave it"))
        case "half":
            raise NotReady("id", call.inputs | {"computed": 1}, ("first", "second"))
        case "other":
            raise NotReady("id", call.inputs, ("why",), {"do": "recorded instead"})
        case "wait":
            await call.cancelled.wait()
            raise Failed("cancelled")


async def _with(client: Client, probe: Probe) -> None:
    """Every call once, with a secret among the inputs."""
    inputs, failures = await client.check(INPUTS)
    assert (inputs, failures) == (INPUTS | {"filled": 1}, [])
    id_, outputs = await client.create(INPUTS)
    assert (id_, outputs) == ("id", INPUTS | {"computed": 7})
    assert probe.calls[-1].secrets == KEY
    assert probe.calls[-1].inputs == INPUTS
    assert await client.update("id", outputs, INPUTS | {"size": 4}) == outputs | {"size": 4}
    assert probe.calls[-1].state == outputs
    await client.delete("id", outputs)
    assert probe.calls[-1].state == outputs


def test_resources_see_plain_values_and_secrets_stay_secret() -> None:
    async def body() -> None:
        probe = Probe()
        async with serving({TOKEN: probe}, TOKEN, KEY) as client:
            await _with(client, probe)

    asyncio.run(body())


def test_every_problem_is_a_failure_with_its_path_in_the_text() -> None:
    async def body() -> None:
        async with serving({TOKEN: Probe()}, TOKEN) as client:
            _, failures = await client.check({"do": "x"})
            assert failures == ["a.b: is wrong; mend it", "c: is too"]

    asyncio.run(body())


def test_a_preview_leaves_what_is_computed_unknown() -> None:
    async def body() -> None:
        async with serving({TOKEN: Probe()}, TOKEN) as client:
            assert await client.create({}, preview=True) == ("id", {"computed": UNKNOWN})

    asyncio.run(body())


def test_a_failure_is_told_as_it_is() -> None:
    async def body() -> None:
        async with serving({TOKEN: Probe()}, TOKEN) as client:
            with pytest.raises(Refusal, match=r"^x: cannot be; leave it$") as refusal:
                await client.create({"do": "fail"})
            assert refusal.value.code is grpc.StatusCode.FAILED_PRECONDITION
            with pytest.raises(Refusal, match="it is stuck"):
                await client.delete("id", {"stuck": True})

    asyncio.run(body())


@pytest.mark.parametrize("method", ["create", "update", "read"])
def test_what_exists_but_is_not_ready_is_recorded(method: str) -> None:
    async def body() -> None:
        async with serving({TOKEN: Probe()}, TOKEN) as client:
            inputs = {"do": "half", "size": 1}
            calls: dict[str, Callable[[], Awaitable[object]]] = {
                "create": lambda: client.create(inputs),
                "update": lambda: client.update("id", {}, inputs),
                "read": lambda: client.read("id", inputs, {"old": 1}),
            }
            with pytest.raises(InitFailed) as failed:
                await calls[method]()
            assert (failed.value.id, failed.value.reasons) == ("id", ["first", "second"])
            assert failed.value.inputs == inputs
            assert failed.value.outputs == inputs | {"computed": 1}

    asyncio.run(body())


def test_a_resource_may_record_other_inputs() -> None:
    async def body() -> None:
        async with serving({TOKEN: Probe()}, TOKEN) as client:
            with pytest.raises(InitFailed) as failed:
                await client.read("id", {"do": "other"}, {})
            assert failed.value.inputs == {"do": "recorded instead"}

    asyncio.run(body())


def test_secrets_of_a_failed_initialisation_stay_secret() -> None:
    async def body() -> None:
        async with serving({TOKEN: Probe()}, TOKEN, KEY) as client:
            with pytest.raises(InitFailed) as failed:
                await client.create(INPUTS | {"do": "half"})
            assert failed.value.secrets == KEY

    asyncio.run(body())


def test_what_is_gone_is_gone() -> None:
    async def body() -> None:
        async with serving({TOKEN: Probe()}, TOKEN) as client:
            assert await client.read("id", {"do": "none"}, {}) == ("", {}, {})

    asyncio.run(body())


def test_lines_appear_under_the_resource() -> None:
    async def body() -> None:
        async with serving({TOKEN: Probe()}, TOKEN) as client:
            await client.create({"do": "speak"})
            said = [(each.urn, each.severity, each.message) for each in client.engine.said]
            assert said == [
                (client.urn, engine_pb2.INFO, "half way"),
                (client.urn, engine_pb2.WARNING, "beware"),
            ]

    asyncio.run(body())


def test_cancel_reaches_a_call_under_way() -> None:
    async def body() -> None:
        async with serving({TOKEN: Probe()}, TOKEN) as client:
            work = asyncio.ensure_future(client.create({"do": "wait"}))
            done, _ = await asyncio.wait({work}, timeout=0.2)
            assert not done
            await client.cancel()
            with pytest.raises(Refusal, match="cancelled"):
                await asyncio.wait_for(work, 1)

    asyncio.run(body())


def test_a_diff_is_by_leaf_and_says_what_replaces() -> None:
    kinds = provider_pb2.PropertyDiff

    async def body() -> None:
        async with serving({TOKEN: Probe()}, TOKEN) as client:
            old = {"etcd": {"quota": 1, "mode": "a"}, "zone": "a", "gone": 1}
            new = {"etcd": {"quota": 2, "mode": "b"}, "zone": "b", "more": {"x": 1}}
            answer = await client.diff("id", {}, old, new, ("etcd.mode",))
            assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
            assert {path: each.kind for path, each in answer.detailedDiff.items()} == {
                "etcd.quota": kinds.UPDATE,
                "zone": kinds.UPDATE_REPLACE,
                "gone": kinds.DELETE,
                "more": kinds.ADD,
            }
            assert list(answer.replaces) == ["zone"]
            assert list(answer.diffs) == ["etcd", "gone", "more", "zone"]
            assert not answer.deleteBeforeReplace

    asyncio.run(body())


def test_no_difference_is_none() -> None:
    async def body() -> None:
        async with serving({TOKEN: Probe()}, TOKEN) as client:
            answer = await client.diff("id", {}, INPUTS, INPUTS)
            assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE
            assert client.lines == []

    asyncio.run(body())


def test_drift_is_a_difference_and_is_explained() -> None:
    async def body() -> None:
        async with serving({TOKEN: Probe()}, TOKEN) as client:
            answer = await client.diff("id", {"dead": True}, INPUTS, INPUTS)
            assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
            assert list(answer.detailedDiff) == ["running"]
            assert not answer.detailedDiff["running"].inputDiff
            assert client.lines == ["it is dead"]

    asyncio.run(body())


def test_an_unknown_type_is_refused() -> None:
    async def body() -> None:
        async with serving({}, TOKEN) as client:
            with pytest.raises(Refusal, match="no resource etcd:index:Probe"):
                await client.create({})

    asyncio.run(body())
