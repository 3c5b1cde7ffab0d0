"""Processes of their own, for a contender or a function: their seconds, memory and threads are nobody else's.

A `Worker` builds a contender, works when it is told to, and ends with its parent. `measure` runs one function and ends;
several can begin at the same moment. Both are fresh interpreters that answer over a pipe, ("done", ...) or
("failed", cause), and may start processes themselves, which end with them.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pkgutil
import signal
import sys
import textwrap
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Self

from lmstudy.errors import StudyError

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_START = threading.Lock()
_pipe: Connection | None = None
"""To the parent, in a process that `measure` started."""


class Process:
    """The parent's side. A context manager: the process ends with the block, however that ends.

    Args:
        name: what errors call it.
        serve: the process's side; called with the pipe and `given`.
        threads: of every numerical library in the process.
        given: by pickle.

    Raises (every method): StudyError, naming the process and the last lines of its traceback.
    """

    def __init__(self, name: str, serve: Callable[..., None], threads: int, *given: Any) -> None:
        self.name = name
        context = multiprocessing.get_context("spawn")  # nothing of the parent's state or memory
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, *given))
        with _environment(dict.fromkeys(THREAD_VARIABLES, str(threads))):
            self.process.start()
        theirs.close()  # so that the end of the process is seen as the end of the pipe

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def ask(self, *question: Any) -> Any:
        """Put a question and wait for the answer."""
        with contextlib.suppress(BrokenPipeError):  # why it ended may still be in the pipe
            self.pipe.send(question)
        return self.answer()[1]

    def answer(self) -> tuple[str, Any]:
        """Wait for what it says next: its state, and what goes with it."""
        try:
            state, content = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            self.process.join(5)
            code = self.process.exitcode
            why = "; it was killed, perhaps for lack of memory" if code == -signal.SIGKILL else ""
            raise StudyError(f"{self.name} failed: its process ended with status {code}{why}") from None
        if state == "failed":
            raise StudyError(f"{self.name} failed: {content}")
        return state, content

    def close(self) -> None:
        """End the process, working or not, and all that it started."""
        self.pipe.close()
        with contextlib.suppress(ProcessLookupError):  # it has not come as far as having a group, or all have ended
            os.killpg(self.process.pid or 0, signal.SIGKILL)
        self.process.kill()
        self.process.join()


class Worker(Process):
    """A process for one contender.

    Args:
        name: of the contender.
        factory, settings: see `lmstudy.benchmark.contest.Entry`.
        threads: see `Process`.

    Attributes:
        facts: what the contender says of itself after it was built.
        memory_before: resident bytes of the process before it was built.
    """

    def __init__(self, name: str, factory: str, settings: dict[str, Any], threads: int) -> None:
        super().__init__(f"contender {name}", serve_contender, threads, factory, settings, threads)
        try:
            self.facts, self.memory_before = self.answer()[1]
        except BaseException:
            self.close()
            raise

    def block(self, seconds: float) -> tuple[float, float]:
        """Let it work for at least `seconds` (0: call its `block` once); returns (seconds, units)."""
        return self.ask("block", seconds)

    def finish(self) -> tuple[dict[str, Any], float]:
        """The last words: its facts now, and the peak of its resident memory in bytes. The process then ends."""
        words = self.ask("finish")
        wait([self.process.sentinel], 10)  # by itself, so that libraries can clean up
        return words


def measure(function: str, settings: Mapping[str, Any], threads: int) -> Any:
    """What `function`, a dotted path, returns for keyword arguments in a process of its own.

    Raises:
        StudyError: the function failed; names it and the cause.
    """
    return measure_together(function, [settings], threads)[0]


def measure_together(function: str, settings: Sequence[Mapping[str, Any]], threads: int) -> list[Any]:
    """`measure` in a process for each of `settings`; those that call `wait_for_others` go on at the same moment."""
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(Process(function, serve_function, threads, function, each)) for each in settings]
        answers = [process.answer() for process in running]
        waiting = [number for number, (state, _) in enumerate(answers) if state == "ready"]
        for number in waiting:
            running[number].pipe.send("go")
        for number in waiting:
            answers[number] = running[number].answer()
        return [content for _, content in answers]


def wait_for_others() -> None:
    """Called once by a measured function when all is prepared: returns when every process has come so far."""
    if _pipe is None:
        return  # called directly: there are no others
    _pipe.send(("ready", None))
    _pipe.recv()


def serve_contender(pipe: Connection, factory: str, settings: dict[str, Any], threads: int) -> None:
    """A worker's process: build, then answer until the pipe closes."""
    with _speaking(pipe):
        contender, before = build_contender(factory, settings, threads)
        pipe.send(("done", (contender.facts, before)))
        while (request := pipe.recv())[0] != "finish":
            pipe.send(("done", work(contender, request[1])))
        pipe.send(("done", (contender.facts, peak_bytes())))


def serve_function(pipe: Connection, function: str, settings: Mapping[str, Any]) -> None:
    """The process of a measured function."""
    global _pipe
    _pipe = pipe
    with _speaking(pipe):
        pipe.send(("done", pkgutil.resolve_name(function)(**settings)))


@contextmanager
def _speaking(pipe: Connection) -> Iterator[None]:
    """A process's side of the conversation: what fails in the block is told, and nothing else is on stdout."""
    os.setsid()  # so that it can be ended with all the processes it starts
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    os.dup2(2, 1)  # results alone go to the command's stdout
    sys.stdout = sys.stderr
    try:
        yield
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent is gone
    except BaseException as error:
        text = str(error) if isinstance(error, StudyError) else "".join(traceback.format_exception_only(error))
        pipe.send(("failed", textwrap.shorten(text, 400)))


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """The environment with other values: a spawned process takes it as it is at its start."""
    with _START:
        before = {name: os.environ.get(name) for name in values}
        os.environ.update(values)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def build_contender(factory: str, settings: dict[str, Any], threads: int) -> tuple[Any, float]:
    """A contender, and the resident bytes of this process before it was built."""
    make = pkgutil.resolve_name(factory)  # imports: not counted as the contender's own memory
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(threads)
    before = resident_bytes()
    return make(**settings), before


def work(contender: Any, least: float) -> tuple[float, float]:
    """Call its `block` again and again, for at least so many seconds; returns (seconds, units)."""
    seconds = units = 0.0
    while True:
        start = time.perf_counter()
        done = contender.block()
        spent = time.perf_counter() - start
        if isinstance(done, tuple):
            spent, done = done
        seconds, units = seconds + spent, units + done
        if seconds >= least:
            return seconds, units


def peak_bytes() -> float:
    """The most of this process that was resident at any time: VmHWM on Linux, the system's maximum elsewhere."""
    return _status_bytes().get("VmHWM") or _system_peak()


def resident_bytes() -> float:
    """What is resident now: VmRSS on Linux; elsewhere the maximum so far, which is all the system tells."""
    return _status_bytes().get("VmRSS") or _system_peak()


def status_mib() -> dict[str, float]:
    """Memory of this process in MiB, named as in Linux's /proc/self/status; elsewhere `VmHWM` alone.

    `VmHWM` is the peak of what is resident. It counts pages of memory-mapped files (`RssFile`), which the kernel
    takes back when others need room; `RssAnon` is what the process itself holds.
    """
    held = {name: size for name, size in _status_bytes().items() if name in ("RssAnon", "RssFile")}
    return {name: size / 2**20 for name, size in {"VmHWM": peak_bytes(), **held}.items()}


def _status_bytes() -> dict[str, float]:
    """What Linux tells of this process's memory, in bytes; empty elsewhere."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return {}
    pairs = (line.partition(":")[::2] for line in status.read_text().splitlines())
    return {name: float(value.split()[0]) * 1024 for name, value in pairs if value.endswith(" kB")}


def _system_peak() -> float:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) * (1 if sys.platform == "darwin" else 1024)
