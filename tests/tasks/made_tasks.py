"""Tasks that a tiny model learns in seconds."""

import numpy as np

from lmstudy.tasks.base import SPLITS, Example, in_order
from lmstudy.tasks.classification import Classification
from lmstudy.tasks.translation import Translation

WORDS = ["def", "class", "return", "import", "for", "while", "if", "else"]


def texts(split: str, count: int) -> list[list[str]]:
    rng = np.random.default_rng(SPLITS.index(split))
    return [[WORDS[i] for i in rng.integers(len(WORDS), size=4)] for _ in range(count)]


class Loops(Classification):
    """Does a text speak of a loop?"""

    labels = ("no", "yes")
    name = "loops"

    def __init__(self, count: int = 96, broken: str | None = None) -> None:
        self.count, self.broken = count, broken

    def examples(self, cache=None, progress=print):
        found = {
            split: [
                Example(f"{split}{i}", " ".join(words), "yes" if {"for", "while"} & set(words) else "no")
                for i, words in enumerate(texts(split, self.count))
            ]
            for split in SPLITS
        }
        if self.broken is not None:
            found["train"][0] = Example("train0", "def", self.broken)
        return in_order(found)


class Echo(Translation):
    """Write the first word."""

    name = "echo"

    def __init__(self, count: int = 96, repeated: int = 1) -> None:
        self.count, self.repeated = count, repeated

    def examples(self, cache=None, progress=print):
        return in_order(
            {
                split: [
                    Example(f"{split}{i}", " ".join(words * self.repeated), words[0])
                    for i, words in enumerate(texts(split, self.count))
                ]
                for split in SPLITS
            }
        )
