"""Runs one Pulumi program, in its folder: `python run_program.py SETTINGS-JSON PROGRAM [ARGUMENT...]`."""

import asyncio
import json
import logging
import os
import runpy
import signal
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

try:
    import pulumi
    import pulumi.runtime
except ImportError:
    traceback.print_exc()
    sys.exit(f"the Pulumi SDK is not installed for {sys.executable}: install the project's requirements.txt")

REPORTED = 32
"""Exit status: the user has been told already."""

INTERRUPTED = 130

MONITOR_GONE = "resource monitor shut down"
"""The SDK's error when the engine has ended the deployment, having said why."""


def user_traceback(program: str, problem: BaseException) -> str:
    """The traceback from the program's own first frame on."""
    frames = traceback.extract_tb(problem.__traceback__)
    own = [frame.filename.startswith(program) for frame in frames]
    shown = frames[own.index(True) :] if any(own) else frames
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(shown)]
    return "".join(lines + traceback.format_exception_only(type(problem), problem))


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """Ends at once: the engine cancels with SIGINT, perhaps more than once, and waits for nothing."""
    os._exit(INTERRUPTED)


def run(settings: dict[str, Any], program: str) -> int:
    """Runs the program against the engine; returns the exit status."""
    pulumi.runtime.set_all_config(pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env())
    pulumi.runtime.configure(pulumi.runtime.Settings(**settings))
    # A failed program leaves futures that nobody awaited.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    pool = ThreadPoolExecutor(max(settings["parallel"], 1) * 4)
    loop.set_default_executor(pool)
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: run_main(program)))
    except pulumi.RunError as problem:
        pulumi.log.error(str(problem))
        return 1
    except Exception as problem:  # noqa: BLE001 (whatever a program raises is the user's news)
        return report(program, problem)
    finally:
        pool.shutdown(wait=True)
        loop.close()
    return 0


def run_main(program: str) -> None:
    """Runs the program's file, or the `__main__.py` of its folder."""
    runpy.run_path(program, run_name="__main__")


def report(program: str, problem: Exception) -> int:
    """Tells the user a program's error; returns the exit status."""
    if str(problem) != MONITOR_GONE:
        trace = user_traceback(str(Path(program).absolute()), problem)
        pulumi.log.error(f"Program failed with an unhandled exception:\n{trace}")
    return REPORTED


if __name__ == "__main__":
    signal.signal(signal.SIGINT, interrupt)
    sys.argv = sys.argv[1:]
    chosen = json.loads(sys.argv.pop(0))
    # The program finds its own modules, and not this file's neighbours.
    sys.path[0] = str(Path.cwd())
    sys.exit(run(chosen, sys.argv[0]))
