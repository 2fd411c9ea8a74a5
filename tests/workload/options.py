"""What a workload does, how fast and for how long."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Options:
    """The bounds of a workload.

    Attributes:
        clients: concurrent clients, each with one request in flight.
        rate: requests per second of all clients together.
        keys: registers that the clients put, get, compare-and-swap and delete.
        append_share: share of requests that write an append-only key.
        request_timeout: seconds after which a request's outcome is unknown.
        dwell: seconds after which a client goes on to the next endpoint, though nothing failed.
        max_duration: seconds after which the load ends by itself.
        read_back_timeout: seconds the final read-back may take.
        seed: seed of the request generator.
    """

    clients: int = 5
    rate: float = 20.0
    keys: int = 10
    append_share: float = 0.2
    request_timeout: float = 1.0
    dwell: float = 3.0
    max_duration: float = 1800.0
    read_back_timeout: float = 30.0
    seed: int = 0

    @property
    def interval(self) -> float:
        """Seconds between the requests of one client."""
        return self.clients / self.rate


@dataclasses.dataclass(frozen=True)
class LoadConfig:
    """What the load process is told.

    Attributes:
        connection_file: see `connection`.
        history: the history to create.
        run: a token in every key and value, so that runs against one cluster never meet.
        parent: the process whose end also ends the load.
        options: the bounds.
    """

    connection_file: str
    history: str
    run: str
    parent: int
    options: Options

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def read(cls, path: Path) -> LoadConfig:
        values = json.loads(path.read_text())
        return cls(**{**values, "options": Options(**values["options"])})
