"""Fetches the declared agent and lets it prepare this machine. Python 3.9, standard library only.

It is part of every machine's user data: another byte in this file replaces every instance.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import sys
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

CONFIG = Path("/etc/etcd-ops/machine.json")
RELEASES = Path("/opt/etcd-ops/releases")
VOLUME = Path("/var/lib/etcd")
ENABLED = Path("/etc/systemd/system/multi-user.target.wants/etcd-agent.service")
METADATA = "http://169.254.169.254"
ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY = hashlib.sha256(b"").hexdigest()
SECONDS = 10.0
LONGEST_PAUSE = 60.0
CHUNK = 1 << 20

T = TypeVar("T")


class NotYet(Exception):
    """Something is missing that may come; the message says what."""


def main() -> None:
    """Run as a program."""
    if os.path.ismount(VOLUME) and ENABLED.exists():
        say("this machine is prepared already")
        return
    machine = json.loads(CONFIG.read_text())
    program = str(patiently(lambda: release(machine)))
    say(f"lets {program} prepare this machine")
    os.execv(program, [program, "machine", "prepare"])  # noqa: S606


def patiently(attempt: Callable[[], T], sleep: Callable[[float], None] = time.sleep) -> T:
    """The result of an attempt that is repeated for as long as it takes, ever more rarely."""
    pause = 1.0
    while True:
        try:
            return attempt()
        except (NotYet, OSError, ValueError, KeyError, TypeError, tarfile.TarError, EOFError) as problem:
            say(f"tries again in {pause:.0f} s: {type(problem).__name__}: {problem}")
        sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def release(machine: Mapping[str, Any]) -> Path:
    """The program of the declared release, which is fetched where it is not here."""
    with get(machine, machine["channel"].get("prefix", "") + "desired.json") as answer:
        declared = json.load(answer)["body"]["agent"].get("archive", "")
    if not declared:
        raise NotYet("the desired document names no archive of the agent")
    return fetch(declared, lambda: get(machine, machine["artifacts"] + declared))


def fetch(digest: str, opener: Callable[[], Any], releases: Path = RELEASES) -> Path:
    """The program of one release, whose archive is opened where it is not here; a folder that has its name is whole."""
    folder, partial = releases / digest, releases / f"{digest}.partial"
    if (folder / "bin/etcd-ops").exists():
        return folder / "bin/etcd-ops"
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "root").mkdir(parents=True)
    with opener() as answer, (partial / "archive").open("wb") as file:
        save(answer, file, digest)
    unpack(partial / "archive", partial / "root")
    if not os.access(partial / "root/bin/etcd-ops", os.X_OK):
        raise ValueError(f"archive {digest} holds no program bin/etcd-ops")
    os.sync()
    shutil.rmtree(folder, ignore_errors=True)
    (partial / "root").rename(folder)
    shutil.rmtree(partial)
    say(f"fetched release {digest}")
    return folder / "bin/etcd-ops"


def save(answer: Any, file: BinaryIO, digest: str) -> None:
    """Write what is read, if it is what was asked for."""
    found = hashlib.sha256()
    while part := answer.read(CHUNK):
        found.update(part)
        file.write(part)
    if found.hexdigest() != digest:
        raise ValueError(f"artifact has SHA-256 {found.hexdigest()}, not {digest}")


def unpack(archive: Path, folder: Path) -> None:
    """Unpack files, folders and links, none of which leads out of the folder."""
    root = os.path.realpath(folder)
    with tarfile.open(archive, "r:gz") as tar:
        for entry in tar:
            target = os.path.normpath(os.path.join(root, entry.name))  # noqa: PTH118
            if target != root and leads_out(target, entry.linkname if entry.issym() else "", root):
                raise ValueError(f"archive: {entry.name} leads out of it")
            place(tar, entry, Path(target))


def leads_out(target: str, link: str, root: str) -> bool:
    """Whether a file, or what it links to, is not in a folder; whatever is behind another link is taken not to be."""
    parent = os.path.dirname(target)  # noqa: PTH120
    goal = os.path.normpath(os.path.join(parent, link))  # noqa: PTH118
    plain = os.path.realpath(parent) == parent and link in ("", os.path.normpath(link))
    return not plain or not all(each == root or each.startswith(root + os.sep) for each in (target, goal))


def place(tar: tarfile.TarFile, entry: tarfile.TarInfo, target: Path) -> None:
    """Make what an entry describes; what is there already is not replaced."""
    if entry.isdir():
        return target.mkdir(0o755, parents=True, exist_ok=True)
    target.parent.mkdir(0o755, parents=True, exist_ok=True)
    if entry.issym():
        return target.symlink_to(entry.linkname)
    content = tar.extractfile(entry) if entry.isreg() else None
    if content is None:
        raise ValueError(f"archive: {entry.name} is no file, folder or link")
    with content, target.open("xb") as file:
        shutil.copyfileobj(content, file)
    target.chmod(0o755 if entry.mode & 0o100 else 0o644)
    return None


def get(machine: Mapping[str, Any], key: str) -> Any:
    """The body of an object in the cluster's bucket."""
    channel = machine["channel"]
    url, headers = address(channel, key), {"x-amz-content-sha256": EMPTY}
    if channel.get("expectedAccount"):
        headers["x-amz-expected-bucket-owner"] = channel["expectedAccount"]
    signed = sign(url, channel["region"], headers, credentials(), time.gmtime())
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=signed), timeout=SECONDS)  # noqa: S310
    except urllib.error.HTTPError as problem:
        text = problem.read(300).decode(errors="replace")
        raise NotYet(f"{url}: {problem.code} {text}") from None


def address(channel: Mapping[str, Any], key: str) -> str:
    """The URL of an object."""
    path = urllib.parse.quote(key, safe="/-_.~")
    if channel.get("endpointUrl"):
        return f"{channel['endpointUrl'].rstrip('/')}/{channel['bucket']}/{path}"
    suffix = "amazonaws.com.cn" if channel["region"].startswith("cn-") else "amazonaws.com"
    return f"https://{channel['bucket']}.s3.{channel['region']}.{suffix}/{path}"


def sign(
    url: str, region: str, headers: Mapping[str, str], keys: Mapping[str, str], now: time.struct_time
) -> dict[str, str]:
    """The headers of a GET of S3, signed by Signature Version 4."""
    parts = urllib.parse.urlsplit(url)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", now)
    signed = {**headers, "host": parts.netloc, "x-amz-date": stamp}
    if keys.get("Token"):
        signed["x-amz-security-token"] = keys["Token"]
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    request = "\n".join(["GET", parts.path or "/", "", lines, names, EMPTY])
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    text = "\n".join([ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{keys['SecretAccessKey']}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    credential = f"{keys['AccessKeyId']}/{scope}"
    signed["authorization"] = f"{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return signed


def credentials() -> dict[str, str]:
    """Of the instance's role, by the second version of the metadata service."""
    token = metadata("api/token", "PUT", {"X-aws-ec2-metadata-token-ttl-seconds": "300"})
    headers = {"X-aws-ec2-metadata-token": token}
    path = "meta-data/iam/security-credentials/"
    role = metadata(path, "GET", headers).split()[0]
    found: dict[str, str] = json.loads(metadata(path + role, "GET", headers))
    return found


def metadata(path: str, method: str, headers: Mapping[str, str]) -> str:
    """An answer of the metadata service, which no proxy is asked for."""
    base = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or METADATA
    url = f"{base.rstrip('/')}/latest/{path}"
    request = urllib.request.Request(url, headers=dict(headers), method=method)  # noqa: S310
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=SECONDS) as answer:
        text: str = answer.read().decode()
    return text


def say(text: str) -> None:
    """Tell the journal and the console."""
    print(f"etcd-bootstrap: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
