"""Tasks that a tiny model learns in seconds."""

import numpy as np

from lmstudy.tasks.base import SPLITS, Example, in_order
from lmstudy.tasks.classification import Classification
from lmstudy.tasks.docstrings import QuestionAnswering
from lmstudy.tasks.translation import Translation

WORDS = ["def", "class", "return", "import", "for", "while", "if", "else"]


def by_split(count, example):
    """`example(split, number, words)` of each split, in their order."""
    return in_order(
        {split: [example(split, i, words) for i, words in enumerate(texts(split, count))] for split in SPLITS}
    )


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
        def example(split, i, words):
            if self.broken is not None and (split, i) == ("train", 0):
                return Example("train0", "def", self.broken)
            return Example(f"{split}{i}", " ".join(words), "yes" if {"for", "while"} & set(words) else "no")

        return by_split(self.count, example)


class Echo(Translation):
    """Write the first word; if `same`, the test's are the validation examples."""

    name = "echo"

    def __init__(self, count: int = 96, repeated: int = 1, same: bool = False) -> None:
        self.count, self.repeated, self.same = count, repeated, same

    def examples(self, cache=None, progress=print):
        valid = texts("valid", self.count)

        def example(split, i, words):
            words = valid[i] if self.same and split == "test" else words
            return Example(f"{split}{i}", " ".join(words * self.repeated), words[0])

        return by_split(self.count, example)


class Find(QuestionAnswering):
    """What stands between "class" and "return"? Two words, in one of ten places."""

    def __init__(self, count: int = 256) -> None:
        self.count = count

    def examples(self, cache=None, progress=print):
        found = {}
        for split in SPLITS:
            rng = np.random.default_rng(SPLITS.index(split))
            found[split] = []
            for i in range(self.count):
                left, answer, right = (
                    [("def", "import", "for", "while")[j] for j in rng.integers(4, size=size)]
                    for size in (rng.integers(5), 2, rng.integers(5))
                )
                source = " ".join([*left, "class", *answer, "return", *right])
                found[split].append(Example(f"{split}{i}", source.replace(" return", "\nreturn"), " ".join(answer)))
        return in_order(found)


class Fields(Translation):
    """Messages with placeholders."""

    name = "fields"

    def __init__(self, count: int = 64) -> None:
        self.count = count

    def examples(self, cache=None, progress=print):
        def example(split, i, words):
            a, b, c, _ = words
            return Example(
                f"{split}{i}", f"{{{a}}} {b} %({a})s {{{c}}} {{{a}}}", f"{{{c}}} %({a})s {b} {{{a}}} {{{a}}}"
            )

        return by_split(self.count, example)
