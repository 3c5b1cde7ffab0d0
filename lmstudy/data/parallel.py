"""Work spread over processes, results in order."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def processors() -> int:
    """Cores this process may use (a container or a batch system may grant fewer than there are)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ordered_map(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`map(function, items)` over all cores, reading only a few items ahead so that memory stays bounded.

    A single item is not worth a process. Workers are spawned, not forked: the caller may hold threads
    (PyTorch's, Arrow's, the tokenizer's), and a fork can inherit one of their locks for ever.
    """
    source = iter(items)
    first = list(islice(source, 2))
    if len(first) < 2 or processors() == 1:
        yield from map(function, first)
        yield from map(function, source)
        return
    workers = processors()
    context = multiprocessing.get_context("spawn")
    if multiprocessing.get_start_method(allow_none=True) not in (None, *multiprocessing.get_all_start_methods()):
        multiprocessing.set_start_method("spawn", force=True)  # in a worker of joblib: its own way is news to ours
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        waiting: deque[Future[Result]] = deque(pool.submit(function, item) for item in first)
        try:
            for item in source:
                waiting.append(pool.submit(function, item))
                if len(waiting) > 3 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
