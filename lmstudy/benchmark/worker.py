"""A process for one contender: built on demand, works when told to, ends with its parent.

The parent's side (`Worker`) and the process's side (`serve`) speak over a pipe: the process builds its contender
and answers once, then answers each ("block", seconds), and the final ("finish",). Every answer is
("done", ...) or ("failed", cause).
"""

from __future__ import annotations

import multiprocessing
import os
import pkgutil
import signal
import sys
import textwrap
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from lmstudy.benchmark.process_memory import peak_bytes, resident_bytes
from lmstudy.errors import StudyError

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_START = threading.Lock()


class Worker:
    """The parent's side. A context manager: the process ends with the block, however that ends.

    Args:
        name: what errors call the contender.
        factory, settings: see `lmstudy.benchmark.contest.Entry`.
        threads: of every numerical library in the process.

    Attributes:
        facts: what the contender says of itself after it was built.
        memory_before: resident bytes of the process before it was built.

    Raises (every method): StudyError, naming the contender and the last lines of its traceback.
    """

    def __init__(self, name: str, factory: str, settings: dict[str, Any], threads: int) -> None:
        self.name = name
        context = multiprocessing.get_context("spawn")  # nothing of the parent's state or memory
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, factory, settings, threads), daemon=True)
        with _environment(dict.fromkeys(THREAD_VARIABLES, str(threads))):
            self.process.start()
        theirs.close()  # so that the end of the process is seen as the end of the pipe
        try:
            self.facts, self.memory_before = self._answer()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def block(self, seconds: float) -> tuple[float, float]:
        """Let it work for at least `seconds` (0: call its `block` once); returns (seconds, units)."""
        return self._ask("block", seconds)

    def finish(self) -> tuple[dict[str, Any], float]:
        """The last words: its facts now, and the peak of its resident memory in bytes. The process then ends."""
        words = self._ask("finish")
        self.process.join(10)  # by itself, so that libraries can clean up
        return words

    def close(self) -> None:
        """End the process, working or not."""
        self.pipe.close()
        if self.process.is_alive():
            self.process.terminate()
        self.process.join(10)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()

    def _ask(self, *question: Any) -> Any:
        try:
            self.pipe.send(question)
        except BrokenPipeError:
            self._ended()
        return self._answer()

    def _answer(self) -> Any:
        try:
            state, content = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            self._ended()
        if state == "failed":
            raise StudyError(f"contender {self.name} failed: {content}")
        return content

    def _ended(self) -> Any:
        self.process.join(5)
        code = self.process.exitcode
        why = "; it was killed, perhaps for lack of memory" if code == -signal.SIGKILL else ""
        raise StudyError(f"contender {self.name} failed: its process ended with status {code}{why}") from None


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


def serve(pipe: Connection, factory: str, settings: dict[str, Any], threads: int) -> None:
    """The process's side: build, then answer until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the parent decides
    os.dup2(2, 1)  # results alone go to the command's stdout
    sys.stdout = sys.stderr
    try:
        contender, before = _build(factory, settings, threads)
        pipe.send(("done", (contender.facts, before)))
        while (request := pipe.recv())[0] != "finish":
            pipe.send(("done", _work(contender, request[1])))
        pipe.send(("done", (contender.facts, peak_bytes())))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent is gone
    except BaseException as error:
        pipe.send(("failed", _cause(error)))


def _cause(error: BaseException) -> str:
    """The last lines of the traceback as one, or a StudyError's own words."""
    text = str(error) if isinstance(error, StudyError) else "".join(traceback.format_exception_only(error))
    return textwrap.shorten(text, 400)


def _build(factory: str, settings: dict[str, Any], threads: int) -> tuple[Any, float]:
    make = pkgutil.resolve_name(factory)  # imports: not counted as the contender's own memory
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(threads)
    before = resident_bytes()
    return make(**settings), before


def _work(contender: Any, least: float) -> tuple[float, float]:
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
