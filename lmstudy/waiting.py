"""Work that one process does at a time: the others wait, and say for whom."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from lmstudy.errors import StudyError

NO_WAIT = "LMSTUDY_NO_WAIT"
"""Variable of the environment that `--no-wait` sets: what another process works on is an error."""


@contextmanager
def alone(lock: Path, what: str) -> Iterator[None]:
    """Hold a lock, once no other process does.

    Args:
        lock: a file, whose folder exists. Who holds it stands in a file beside it.
        what: is worked on, for messages.

    Raises:
        StudyError: another process holds it, and this one was told not to wait.
        OSError: the lock cannot be written.
    """
    mine, holder = FileLock(lock), lock.with_name(f"{lock.name}.holder")
    try:
        mine.acquire(timeout=0)
    except Timeout:
        who = _who(holder)
        if os.environ.get(NO_WAIT):
            raise StudyError(f"{what} is being worked on by {who}: wait for it or stop it") from None
        print(f"{what} is being worked on by {who}: waits for it", file=sys.stderr, flush=True)
        mine.acquire()
    try:
        with suppress(OSError):
            holder.write_text(f"process {os.getpid()} on {socket.gethostname()} ({_command()})", encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        mine.release()


def _who(holder: Path) -> str:
    """The process that holds a lock, as far as it said."""
    try:
        return holder.read_text(encoding="utf-8").strip() or "another process"
    except (OSError, ValueError):
        return "another process"


def _command() -> str:
    """What this process does, in a few words."""
    if "ipykernel" in sys.modules and "ipykernel" in sys.argv[0]:
        return "a notebook"
    words = " ".join(" ".join([Path(sys.argv[0]).name, *sys.argv[1:]]).split())
    return words if len(words) <= 120 else f"{words[:117]}..."
