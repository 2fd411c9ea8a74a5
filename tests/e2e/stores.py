"""What a stack's channel lives in, and what can happen to it: away, emptied, rolled back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from tests.servers.s3 import S3Server, client


class Store(Protocol):
    """One channel's objects, from below."""

    def away(self) -> AbstractContextManager[None]:
        """Nobody reaches it for a while."""

    def empty(self) -> None:
        """Everything in it is lost; the place itself stays."""

    def contents(self) -> dict[str, bytes]:
        """Every object, by its name in the channel."""

    def roll_back(self, contents: dict[str, bytes]) -> None:
        """It holds what it held before, and nothing newer."""


class DirectoryStore:
    """A directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @contextmanager
    def away(self) -> Iterator[None]:
        away = self._directory.rename(self._directory.with_name("away"))
        try:
            yield
            assert not self._directory.exists(), "somebody made the channel's directory anew"
        finally:
            away.rename(self._directory)

    def empty(self) -> None:
        for path in self._directory.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def contents(self) -> dict[str, bytes]:
        files = [path for path in self._directory.rglob("*") if path.is_file()]
        return {str(path.relative_to(self._directory)): path.read_bytes() for path in files}

    def roll_back(self, contents: dict[str, bytes]) -> None:
        """In one rename, as restoring a disk's snapshot would."""
        older = self._directory.with_name("older")
        for name, content in contents.items():
            path = older / name
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_bytes(content)
        shutil.copymode(self._directory, older)
        newer = self._directory.rename(self._directory.with_name("newer"))
        older.rename(self._directory)
        shutil.rmtree(newer)


class BucketStore:
    """A prefix of a bucket of a server that the tests run."""

    def __init__(self, server: S3Server, bucket: str, prefix: str) -> None:
        self._server, self._bucket, self._prefix = server, bucket, prefix

    @contextmanager
    def away(self) -> Iterator[None]:
        self._server.kill()
        try:
            yield
        finally:
            self._server.start()

    def empty(self) -> None:
        for name in self._names():
            client(self._server.endpoint).delete_object(Bucket=self._bucket, Key=self._prefix + name)

    def contents(self) -> dict[str, bytes]:
        s3 = client(self._server.endpoint)
        return {
            name: s3.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read() for name in self._names()
        }

    def roll_back(self, contents: dict[str, bytes]) -> None:
        """Object by object, as restoring older versions would."""
        s3 = client(self._server.endpoint)
        for name in set(self._names()) - contents.keys():
            s3.delete_object(Bucket=self._bucket, Key=self._prefix + name)
        for name, content in contents.items():
            s3.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=content)

    def _names(self) -> list[str]:
        found = client(self._server.endpoint).list_objects_v2(Bucket=self._bucket, Prefix=self._prefix)
        return [each["Key"].removeprefix(self._prefix) for each in found.get("Contents", [])]
