"""What command lines that argparse reads share: paths as typed, and errors in one line."""

from __future__ import annotations

import errno
import sys
import tempfile
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

from lmstudy.errors import StudyError
from lmstudy.overrides import home


def guarded(command: str, act: Callable[[], int | None], interrupted: str = "interrupted") -> int:
    """The exit status of what a command does, whose errors that a user can put right are told in a line.

    Args:
        command: such as "lmstudy-runs".
        act: does it; returns the status, None for 0.
        interrupted: is told at Ctrl-C, where what was interrupted says nothing itself.
    """
    try:
        return act() or 0
    except StudyError as error:
        line, status = str(error), 1
    except KeyboardInterrupt as error:
        line, status = str(error) or interrupted, 130
    except BrokenPipeError:  # nobody reads any more (see `lmstudy.commands.streams`)
        raise
    except OSError as error:
        line, status = said(error), 1
    print(f"{command}: {line}", file=sys.stderr)
    return status


def check_room(runs: Path) -> None:
    """Raises StudyError if nothing can be written to a folder of runs: better before the work than after it."""
    if runs.exists() and not runs.is_dir():
        raise StudyError(f"--runs {runs}: a folder is wanted, and this is a file")
    try:
        runs.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=runs):
            pass
    except OSError as error:
        raise StudyError(f"--runs {runs}: cannot be written to ({error.strerror})") from error


def path_typed(text: str) -> Path:
    """The type of an argument of argparse that names a file or folder; `~` is the home folder."""
    if not text.strip():
        raise ArgumentTypeError("a path is wanted, and none is there")
    try:
        return Path(home(text))
    except StudyError as error:  # argparse would say that the value is invalid, and not why
        raise ArgumentTypeError(str(error)) from error


def said(error: OSError) -> str:
    """An error of the operating system in a line; of a disk without room, with what to do."""
    line = f"{error.filename or ''}: {error.strerror or error}".removeprefix(": ")
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        line += "; make room there and give the same command again: it goes on from what is finished"
    return line
