"""How well a score finds the documents that hold a text among others that do not."""

import numpy as np
from numpy.typing import ArrayLike

CHARACTERS = 5
"""Of the runs that texts are compared by, as in the search for near-duplicates."""


def pairs_won(true: ArrayLike, others: ArrayLike) -> tuple[float, int]:
    """Pairs of a true document and another in which the true one scores higher, a tie being half, and all pairs.

    Their ratio is the area under the ROC curve: 1 if each true document scores above all others, .5 if the score says
    nothing.

    Args:
        true: [T] scores of the documents that were to be found.
        others: [O] scores of the others.
    """
    first, second = np.asarray(true, dtype=float)[:, None], np.asarray(others, dtype=float)[None]
    return float((first > second).sum() + (first == second).sum() / 2), first.size * second.size


def overlap(line: str, text: str, characters: int = CHARACTERS) -> float:
    """Share of a line's runs of so many characters that stand in a text, too; of a shorter line, the line itself."""
    runs = {line[at : at + characters] for at in range(max(1, len(line) - characters + 1))}
    return sum(run in text for run in runs) / len(runs)
