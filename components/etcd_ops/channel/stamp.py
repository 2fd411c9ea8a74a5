"""A stamp that makes the bytes of every write unique, whatever is written.

Stores name a version of an object by a hash of its bytes (S3: the ETag). Without a stamp, writing the same
content again would give back an old tag, and a compare-and-swap could not tell "never changed" from "changed
and changed back". The stamp also tells a writer whose answer was lost whether what it finds is its own write.

It is a last line of spaces and tabs: a stamped JSON document is still one for every other reader.
"""

from __future__ import annotations

import re
import secrets

_BITS = 64
_DIGITS = str.maketrans("01", " \t")
_STAMP = re.compile(rb"\n[ \t]{%d}\Z" % _BITS)


def stamped(data: bytes) -> bytes:
    """`data` with a fresh stamp."""
    line = format(secrets.randbits(_BITS), f"0{_BITS}b").translate(_DIGITS)
    return data + b"\n" + line.encode()


def unstamped(body: bytes) -> bytes:
    """What `stamped` was given; `body` itself where it has no stamp, because a person wrote it."""
    return _STAMP.sub(b"", body)
