"""One line of progress: rewritten in place on a terminal, printed once at the end in a log."""

import sys
import time
from types import TracebackType
from typing import Self, TextIO


class ProgressLine:
    """`name   what it is doing   seconds`, for a step that takes a while.

    On a terminal every `update` rewrites the line. Elsewhere only the last state is printed, when the
    block ends, so that a log holds one line a step.
    """

    def __init__(self, name: str, stream: TextIO | None = None) -> None:
        self.name = name
        self.stream = stream if stream is not None else sys.stdout
        self.live = self.stream.isatty()
        self.state = ""

    def __enter__(self) -> Self:
        self.started = time.perf_counter()
        return self

    def update(self, state: str) -> None:
        """Show `state`, for example `cell 3/12`."""
        self.state = state
        if self.live:
            print(f"\r\x1b[2K{self._text()}", end="", file=self.stream, flush=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.state = f"failed at {self.state or 'start'}"
        start = "\r\x1b[2K" if self.live else ""
        print(f"{start}{self._text()}", file=self.stream, flush=True)

    def _text(self) -> str:
        return f"  {self.name:<34} {self.state:<24} {time.perf_counter() - self.started:6.1f} s"
