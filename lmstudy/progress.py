"""Lines of progress: rewritten in place on a terminal, each printed once, at its end, in a log."""

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
            self.state = _failed(self.state)
        start = "\r\x1b[2K" if self.live else ""
        print(f"{start}{self._text()}", file=self.stream, flush=True)

    def _text(self) -> str:
        return _line(self.name, self.state, self.started)


class ProgressLines:
    """A `ProgressLine` for each of several steps that go on at the same time.

    On a terminal those that go on are rewritten in place, below those that have ended.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream if stream is not None else sys.stdout
        self.live = self.stream.isatty()
        self._going: dict[str, tuple[str, float]] = {}
        self._shown = 0

    def begin(self, name: str) -> None:
        """A step begins; its seconds count from now."""
        self._going[name] = ("", time.perf_counter())
        self._draw()

    def update(self, name: str, state: str) -> None:
        """Show `state` of a step that goes on."""
        self._going[name] = (state, self._going[name][1])
        self._draw()

    def end(self, name: str, failed: bool = False) -> None:
        """A step has ended; its last state stays."""
        state, started = self._going.pop(name)
        self._draw(_line(name, _failed(state) if failed else state, started))

    def _draw(self, *ended: str) -> None:
        going = [_line(name, *step) for name, step in self._going.items()] if self.live else []
        if self.live and self._shown:
            print(f"\x1b[{self._shown}A\x1b[J", end="", file=self.stream)
        self._shown = len(going)
        for line in (*ended, *going):
            print(line, file=self.stream)
        self.stream.flush()


def _line(name: str, state: str, started: float) -> str:
    return f"  {name:<34} {state:<24} {time.perf_counter() - started:6.1f} s"


def _failed(state: str) -> str:
    return f"failed at {state or 'start'}"
