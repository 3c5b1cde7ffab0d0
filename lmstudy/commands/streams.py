"""Standard output and error as they may be: not UTF-8, or closed by whoever was reading, as `head -1` does."""

import atexit
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NoReturn


def settle() -> None:
    """From now on, characters that a terminal lacks are printed as escapes, and a closed pipe is no error."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # what took their place may not be a text stream
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    usual = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, BrokenPipeError):
            _to_nowhere()
        else:
            usual(kind, error, trace)

    sys.excepthook = hook
    atexit.register(_flushed)


def leave_quietly() -> NoReturn:
    """Nobody reads any more: the status is that of a program which the closed pipe has ended."""
    _to_nowhere()
    raise SystemExit(128 + signal.SIGPIPE)


def _flushed() -> None:
    """What is still buffered is written; Python itself would complain about a closed pipe when it ends."""
    try:
        sys.stdout.flush()
    except (BrokenPipeError, ValueError):
        _to_nowhere()
    except OSError as error:  # such as a disk without room: what was printed last is lost
        print(f"{Path(sys.argv[0]).name}: standard output: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(1)  # this is the end, and a status can be given in no other way


def _to_nowhere() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            os.dup2(nowhere, stream.fileno())
