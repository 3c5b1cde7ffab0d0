"""Timed stages of a long command, and the table of what each took."""

import contextlib
import time
from collections.abc import Iterator


class Stages:
    """Announces each stage as it begins, and adds up its wall-clock seconds."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Run a block as the stage `name`; its time is kept even when it fails."""
        print(f"[{len(self.seconds) + 1}/{self.total}] {name}", flush=True)
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = time.perf_counter() - started

    def table(self) -> str:
        """A line for each stage and one for the sum, in seconds."""
        rows = [*self.seconds.items(), ("total", sum(self.seconds.values()))]
        return "\n".join(f"  {name:<28} {seconds:8.1f} s" for name, seconds in rows)
