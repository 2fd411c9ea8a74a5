"""The plugin as a process: found by its console script, talking to one engine, gone when that is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

SCRIPT = Path(sys.executable).with_name("pulumi-resource-etcd")
NOWHERE = "127.46.0.9:1"


@contextmanager
def plugin(*command: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_it_says_its_port_and_serves() -> None:
    with plugin(str(SCRIPT), "--logflow", NOWHERE) as (process, port):
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            assert stub.GetPluginInfo(empty_pb2.Empty()).version
            assert stub.Configure(provider_pb2.ConfigureRequest()).supportsPreview
            schema = stub.GetSchema(provider_pb2.GetSchemaRequest()).schema
            assert "etcd:index:LocalCluster" in schema
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_it_ends_with_the_engine_that_started_it() -> None:
    script = f"{SCRIPT} {NOWHERE} & echo $!; wait"
    with plugin("/bin/sh", "-c", script) as (engine, pid):
        assert engine.stdout is not None
        assert engine.stdout.readline().strip().isdigit()
        engine.kill()
        engine.wait()
        until = time.monotonic() + 20
        while is_running(int(pid)):
            if time.monotonic() > until:
                os.kill(int(pid), signal.SIGKILL)
                pytest.fail("the plugin outlived its engine")
            time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_by_hand_it_says_that_it_is_not_for_the_hand() -> None:
    done = subprocess.run([SCRIPT], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode != 0
    assert "usage: pulumi-resource-etcd" in done.stderr
