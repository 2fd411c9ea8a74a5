"""A cluster that somebody else started, and the stack that takes it over, on any platform."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.e2e.project import Project
from tests.etcd.authority import Authority
from tests.workload.workload import Workload


class Origin(Protocol):
    """Three members that no agent keeps."""

    @property
    def declared(self) -> dict[str, Any]:
        """The members as a migration names them."""

    def start_anew(self, name: str, initial: str, state: str) -> None:
        """End a member if it runs, and start it on an empty data directory.

        Args:
            name: the member's.
            initial: its `initial-cluster`.
            state: its `initial-cluster-state`.
        """


@dataclass
class Migrated:
    """The origin, the stack that takes it over, and how clients reach both."""

    origin: Origin
    stack: Project
    slots: Sequence[str]
    connection: Path

    @property
    def names(self) -> tuple[str, ...]:
        """Of the origin's members."""
        return tuple(self.origin.declared)

    def migration(self, phase: str, keep: tuple[str, ...] = ()) -> dict[str, Any]:
        """The argument."""
        return {"phase": phase, "members": self.origin.declared, "keep": list(keep)}

    def up(self, phase: str, keep: tuple[str, ...] = ()) -> None:
        """Declare how far it goes, and bring the stack up."""
        self.stack.up(migration=self.migration(phase, keep))

    def join(self, joined: int) -> None:
        """Let ours join until at least so many do, whether or not all of them have."""
        self.stack.declare(migration=self.migration("join"))
        with self.stack.running("up", "--yes", "--skip-preview", "--stack", "e2e"):
            self.stack.eventually(lambda: len(self.voters & set(self.slots)) >= joined, f"{joined} of ours joined")

    def bring_back(self, names: Iterable[str]) -> None:
        """Start members that were removed with what `etcd-ops migrate plan` tells, on empty data directories."""
        self.stack.declare(migration=self.migration("return"))
        with self.stack.running("up", "--yes", "--skip-preview", "--stack", "e2e") as up:
            for name in sorted(names):
                self.stack.eventually(lambda name=name: self.learner == name, f"{name} is added")  # type: ignore[misc]
                rejoin = json.loads(self.stack.ops("migrate", "plan", "--json", expect=None).output)["rejoin"]
                assert rejoin["name"] == name
                self.origin.start_anew(name, rejoin["initial_cluster"], rejoin["initial_cluster_state"])
            assert up.wait(240) == 0

    @property
    def learner(self) -> str:
        """Name of the origin's learner, by its peer URL: one that has not started has none of its own."""
        urls = {url for each in self.stack.listed() if each["role"] == "learner" for url in each["peer_urls"]}
        return next((name for name, each in self.origin.declared.items() if each["peer_url"] in urls), "")

    @property
    def voters(self) -> set[str]:
        """The same as seen by whoever answers; nobody where no quorum does."""
        found = self.stack.ops("members", "--json", expect=None)
        listed = json.loads(found.output) if found.status == 0 else []
        return {each["name"] for each in listed if each["role"] == "voter"}

    @property
    def members(self) -> set[str]:
        """Names of the voters, as etcd has them."""
        return {each["name"] for each in self.stack.listed() if each["role"] == "voter"}

    def looks_first(self) -> None:
        """Agents on empty volumes join nobody, and the plan says that nothing stands against it."""
        self.stack.up(migration=self.migration("join"), mode="observe-only")
        assert self.members == set(self.names)
        plan = json.loads(self.stack.ops("migrate", "plan", "--json").output)
        assert [each for each in plan["preconditions"] if each["verdict"] != "ok"] == []
        assert [each["change"] for each in plan["steps"]] == ["add", "promote"] * 3 + ["hand-over"] + ["remove"] * 3

    def goes_forward(self, load: Workload) -> None:
        """To a cluster that is like any other."""
        self.stack.declare(mode="active")
        with load.mark("join"):
            self.up("join")
        assert self.members == {*self.names, *self.slots}
        identity = self.stack.status()["cluster_id"]
        refused = self.stack.pulumi("destroy", "--yes", "--skip-preview", "--stack", "e2e", expect=None)
        assert refused.status != 0 and "phase leave" in refused.output
        self.up("join")
        with load.mark("take-over"):
            self.up("take-over")
        assert "phase take-over is complete" in self.stack.ops("migrate", "run").output
        assert self.members == set(self.slots)
        self.stack.up(migration=None)
        self.stack.wait_in_order()
        assert self.stack.status()["cluster_id"] == identity
        load.wait_for(acknowledged=20)

    def goes_back_from_every_step(self, load: Workload) -> None:
        """Before the first removal by leaving, even where ours lead; after it, old members are brought in first."""
        for joined in (1, 2, 3):
            self.join(joined)
            with load.mark(f"back from {joined}"):
                self.up("leave")
            assert self.members == set(self.names)
        for kept in (self.names[1:], self.names[2:], ()):
            self.up("take-over", keep=kept)
            assert self.members == {*kept, *self.slots}
            refused = self.stack.preview(fails=True, migration=self.migration("leave"))
            assert "migration.phase" in refused.output and "phase return" in refused.output
            self.bring_back(set(self.names) - set(kept))
            assert self.members == {*self.names, *self.slots}
        self.up("take-over", keep=self.names)
        assert self.members == {*self.names, *self.slots} and self.stack.leader() in self.slots
        self.up("leave")
        assert self.members == set(self.names)
        load.wait_for(acknowledged=20)


def given(authority: Authority) -> dict[str, str]:
    """The argument for an authority that was made elsewhere."""
    return {"cert_pem": authority.certificate_pem.decode(), "private_key_pem": authority.key_pem.decode()}
