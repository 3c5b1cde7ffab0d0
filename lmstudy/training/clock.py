"""A run's clock: what its wall time went into, over all sessions that a kill or Ctrl-C cut it into."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Generic, TypeVar

PARTS = {
    "starting": "the network, its trainer and loggers are built, a checkpoint is read",
    "data": "documents are read, judged and packed into batches to learn from",
    "compiling": "graphs are traced, and compiled or taken from the cache",
    "steps": "training steps, and logging them",
    "validation": "held-out documents while training",
    "evaluation": "held-out documents at the end, of every split",
    "samples": "texts are written, and judged",
    "saving": "checkpoints, weights and the record",
}
"""The parts of a run's time, in their order, and what each means."""

Batch = TypeVar("Batch")


class Clock:
    """Always in exactly one part, so that the parts add up to the whole.

    Args:
        part: one of `PARTS`, which it is in at first.
        time: tells seconds, from any moment on.
    """

    def __init__(self, part: str = "starting", time: Callable[[], float] = perf_counter) -> None:
        self._time = time
        self._spent = dict.fromkeys(PARTS, 0.0)
        self._part, self._since = part, time()

    def enter(self, part: str) -> str:
        """From now on time goes into this part; returns the one that it went into before."""
        now = self._time()
        self._spent[self._part] += now - self._since
        before, self._part, self._since = self._part, part, now
        return before

    @contextmanager
    def within(self, part: str) -> Iterator[None]:
        """Time goes into this part meanwhile, and then into the part of before again."""
        before = self.enter(part)
        try:
            yield
        finally:
            self.enter(before)

    def add(self, parts: Mapping[str, float]) -> None:
        """Count seconds of parts that another clock has measured."""
        for part, seconds in parts.items():
            self._spent[part] += seconds

    @property
    def spent(self) -> dict[str, float]:
        """Seconds in each of `PARTS` until now."""
        self.enter(self._part)
        return dict(self._spent)

    @contextmanager
    def notices_compilation(self) -> Iterator[None]:
        """Meanwhile, time in which PyTorch compiles is the part "compiling".

        PyTorch itself says when it begins and when it is done, in the middle of a step or of a validation. So this is
        all that tracing and compiling cost, of backward graphs and with reading a cache, and nothing else.
        """
        from torch._dynamo.callback import callback_handler

        before = []

        def begin(what: Any) -> None:
            before.append(self.enter("compiling"))

        def end(what: Any) -> None:
            self.enter(before.pop())

        callback_handler.register_start_callback(begin)
        callback_handler.register_end_callback(end)
        try:
            yield
        finally:
            with suppress(ValueError):  # PyTorch's compiler was reset meanwhile, and has forgotten them
                callback_handler.remove_start_callback(begin)
                callback_handler.remove_end_callback(end)


@dataclass
class TimedBatches(Generic[Batch]):
    """The same batches; waiting for one of them is the part "data"."""

    batches: Iterable[Batch]
    clock: Clock

    def __iter__(self) -> Iterator[Batch]:
        with self.clock.within("data"):
            batches = iter(self.batches)
        while True:
            with self.clock.within("data"):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch
