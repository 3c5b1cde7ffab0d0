"""Endless batches of things of like length, as numbers of the things: rows that are not packed need less padding."""

from collections.abc import Iterator

import numpy as np

from lmstudy.data.examples import Ints

POOL = 20
"""Batches that are sorted by length together: padding falls to a few percent, and a batch still holds a mixture."""


def steps_per_epoch(count: int, size: int) -> int:
    """Batches of at most `size` things that hold all of them."""
    return -(-count // size)


def shuffled(lengths: Ints, size: int, seed: int, first_step: int = 0) -> Iterator[Ints]:
    """Batches of at most `size` of the things, a function of the seed; starting at any step costs nothing.

    An epoch takes everything once. Batches hold things of like length, and come in random order.

    Args:
        lengths: [things] the length of each.
        size: things in a batch.
        seed: the order.
        first_step: number of the first batch, all epochs together.
    """
    epoch, skipped = divmod(first_step, steps_per_epoch(len(lengths), size))
    while True:
        rng = np.random.default_rng([seed, epoch])
        order = rng.permutation(len(lengths))
        pools = [order[start : start + POOL * size] for start in range(0, len(order), POOL * size)]
        ordered = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
        batches = np.array_split(ordered, steps_per_epoch(len(order), size))
        for number in rng.permutation(len(batches))[skipped:]:
            yield batches[number]
        epoch, skipped = epoch + 1, 0
