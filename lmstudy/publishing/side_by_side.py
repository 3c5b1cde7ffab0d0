"""Several notebooks at a time: a process each, for papermill finds a kernel by a variable of the environment."""

import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from lmstudy.data.parallel import processors
from lmstudy.errors import StudyError
from lmstudy.progress import ProgressLines
from lmstudy.publishing.parameters import read_notebook

AT_ONCE = 2
"""Notebooks that run at a time, if there are as many cores: each kernel holds about a gigabyte."""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
GRACE_S = 15.0
"""Seconds in which interrupted notebooks have to end their kernels, all together."""


@dataclass(frozen=True)
class Job:
    """A notebook to execute; the fields are the arguments of `papermill.run_notebook`."""

    path: Path
    output: Path
    parameters: Mapping[str, Any]
    metadata: Callable[[list[str]], Mapping[str, Any]]
    """Goes to another process, and so must be picklable."""


def run_jobs(jobs: Sequence[Job], at_once: int | None = None) -> None:
    """Execute notebooks, the slowest first.

    They share the cores: variables of the environment that are not set tell each kernel how many threads it may use.
    One that fails stops no other. One that needs a run which another is making waits for it. When this process is
    interrupted or dies, all kernels end.

    Args:
        jobs: in the order of the book.
        at_once: how many run at a time, at most as many as there are cores; None: `AT_ONCE`.

    Raises:
        StudyError: some failed; the message is that of each.
    """
    at_once = max(1, min(len(jobs), AT_ONCE if at_once is None else at_once, processors()))
    threads = max(1, processors() // at_once)
    variables = {name: str(threads) for name in THREADS if name not in os.environ} if at_once > 1 else {}
    ordered = sorted(jobs, key=lambda job: -seconds_before(job.output))
    failures = _run(ordered, at_once, variables)
    if failures:
        count = f"{len(failures)} notebooks failed:\n\n" if len(failures) > 1 else ""
        raise StudyError(count + "\n\n".join(failures[name] for name in sorted(failures)))


def seconds_before(output: Path) -> float:
    """How long a notebook took when its output was made; infinite where nobody knows."""
    try:
        return float(read_notebook(output).metadata.papermill.duration)
    except (StudyError, AttributeError, TypeError):  # no output, or of another make
        return float("inf")


def _run(jobs: Sequence[Job], at_once: int, variables: Mapping[str, str]) -> dict[str, str]:
    """Why each notebook that failed did, by its name."""
    context = multiprocessing.get_context("spawn")
    waiting, failures, lines = deque(jobs), dict[str, str](), ProgressLines()
    going: dict[Any, tuple[Job, BaseProcess]] = {}  # by the pipe that a process speaks through
    try:
        while waiting or going:
            while waiting and len(going) < at_once:
                job = waiting.popleft()
                here, there = context.Pipe(duplex=False)
                started = context.Process(target=_work, args=(job, dict(variables), there))
                started.start()
                going[here] = job, started
                there.close()
                lines.begin(job.path.name)
            for pipe in wait(list(going)):
                job, process = going[pipe]
                kind, text = _said(pipe, job, process)
                if kind == "state":
                    lines.update(job.path.name, text)
                    continue
                if kind == "failed":
                    failures[job.path.name] = text
                lines.end(job.path.name, failed=kind == "failed")
                process.join()
                del going[pipe]
    finally:
        _end([process for _, process in going.values()])
    return failures


def _said(pipe: Any, job: Job, process: BaseProcess) -> tuple[str, str]:
    """What a process says next: "state", "ended" or "failed", and more of it."""
    try:
        kind, text = pipe.recv()
        return kind, text
    except EOFError:  # it could not even say why
        process.join()
        return "failed", f"{job.path}: its process died (exit status {process.exitcode})"


def _end(processes: Sequence[BaseProcess]) -> None:
    """End what still runs: each process first ends its kernel."""
    for process in processes:
        process.terminate()
    end = time.monotonic() + GRACE_S
    for process in processes:
        process.join(max(0.0, end - time.monotonic()))
        if process.is_alive():
            process.kill()  # its kernel notices, and ends itself
            process.join()


def _work(job: Job, variables: Mapping[str, str], pipe: Connection) -> None:
    """What a process of its own does: say each state of a notebook, and at last whether it has ended or failed."""
    signal.signal(signal.SIGTERM, _interrupted)
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C goes to all processes of a terminal: one of them decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.update(variables)
    try:
        from lmstudy.publishing.papermill import run_notebook

        run_notebook(job.path, job.output, job.parameters, job.metadata, lambda state: pipe.send(("state", state)))
        pipe.send(("ended", ""))
    except StudyError as error:
        pipe.send(("failed", str(error)))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception:
        pipe.send(("failed", f"{job.path}:\n{traceback.format_exc()}"))


def _interrupted(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the kernel is ended once, and in peace
    raise KeyboardInterrupt


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
