"""A function in a fresh interpreter: its seconds, its peak memory and its threads are its own.

The contest keeps workers that are asked again and again. Here a process does one thing and ends, may start processes
of its own (which daemonic workers may not), and several can begin at the same moment.
"""

import contextlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from lmstudy.benchmark.process_memory import peak_bytes
from lmstudy.benchmark.worker import THREAD_VARIABLES
from lmstudy.errors import StudyError

_channel: TextIO | None = None


def measure(function: str, settings: Mapping[str, Any], threads: int) -> dict[str, Any]:
    """What `function`, a dotted path, returns for keyword arguments; both are of JSON's types.

    Raises:
        StudyError: the function failed; names it and the cause.
    """
    return measure_together(function, [settings], threads)[0]


def measure_together(function: str, settings: Sequence[Mapping[str, Any]], threads: int) -> list[dict[str, Any]]:
    """`measure` in a process for each of `settings`; those that call `wait_for_others` go on at the same moment."""
    with contextlib.ExitStack() as stack:
        running = [_start(function, each, threads, stack) for each in settings]
        messages = [_receive(function, process) for process in running]
        waiting = [number for number, message in enumerate(messages) if "ready" in message]
        for number in waiting:
            stdin = running[number].stdin
            assert stdin is not None
            stdin.write("go\n")
            stdin.flush()
        for number in waiting:
            messages[number] = _receive(function, running[number])
        return [message["result"] for message in messages]


def wait_for_others() -> None:
    """Called once by a measured function when all is prepared: returns when every process has come so far."""
    if _channel is None:
        return  # called directly: there are no others
    _send(_channel, {"ready": True})
    if not sys.stdin.readline():
        raise SystemExit(1)  # the parent is gone


def status_mib() -> dict[str, float]:
    """Memory of this process in MiB, named as in Linux's /proc/self/status; elsewhere `VmHWM` alone.

    `VmHWM` is the peak of what is resident. It counts pages of memory-mapped files (`RssFile`), which the kernel
    takes back when others need room; `RssAnon` is what the process itself holds.
    """
    status = Path("/proc/self/status")
    held = {"VmHWM": peak_bytes() / 2**20}
    if status.is_file():
        pairs = (line.partition(":")[::2] for line in status.read_text().splitlines())
        held |= {name: int(size.split()[0]) / 1024 for name, size in pairs if name in ("RssAnon", "RssFile")}
    return held


def _start(
    function: str, settings: Mapping[str, Any], threads: int, stack: contextlib.ExitStack
) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, function, json.dumps(settings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))},
        start_new_session=True,  # so that it can be ended with all the processes it started
    )
    stack.callback(_end, process)
    return process


def _end(process: "subprocess.Popen[str]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _receive(function: str, process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        status = process.wait()
        why = "; it was killed, perhaps for lack of memory" if status == -signal.SIGKILL else ""
        raise StudyError(f"{function} failed: its process ended with status {status}{why}")
    message = json.loads(line)
    if "error" in message:
        raise StudyError(f"{function} failed: {message['error']}")
    return message


def _send(channel: TextIO, message: Mapping[str, Any]) -> None:
    print(json.dumps(message), file=channel, flush=True)


def serve(function: str, settings: str) -> None:
    """The process's side."""
    global _channel
    _channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not come between the messages
    try:
        message: dict[str, Any] = {"result": pkgutil.resolve_name(function)(**json.loads(settings))}
    except Exception as error:
        message = {"error": traceback.format_exception_only(error)[-1].strip()}
    with contextlib.suppress(BrokenPipeError):  # the parent is gone
        _send(_channel, message)


if __name__ == "__main__":
    # Not `serve` itself: the measured function knows this module by its name, and both need one channel.
    pkgutil.resolve_name("lmstudy.benchmark.fresh_process.serve")(*sys.argv[1:])
