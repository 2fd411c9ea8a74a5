"""What an object of S3 holds, read as it comes."""

from __future__ import annotations

import io
from typing import Any

from etcd_ops.ec2.aws import answers


class Body(io.RawIOBase):
    """A stream whose end is the object's end: where it breaks off before, reading raises AwsUnavailable."""

    def __init__(self, stream: Any, what: str) -> None:
        """Read on.

        Args:
            stream: botocore's, which compares what came with the length that S3 told.
            what: is read; problems begin with it.
        """
        super().__init__()
        self._stream, self._what = stream, what

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Take the next part.

        Raises:
            AwsUnavailable: the connection ended or stalled, or what came is not what S3 keeps.
        """
        with answers(self._what):
            part = self._stream.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        """Give the connection back."""
        if not self.closed:
            self._stream.close()
        super().close()
