"""A closed vocabulary of words: how much of a held-out text it cannot say, which a byte-level tokenizer always can."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lmstudy.data.segmentation import Segmentation, words
from lmstudy.errors import StudyError


class Unknown(NamedTuple):
    """Held-out words outside of a vocabulary of the most frequent training words."""

    size: int
    """Words in the vocabulary: as many as asked for, or all of the training text if they are fewer."""
    running: float
    """Share of the words of the held-out text, each as often as it occurs."""
    distinct: float
    """Share of the different words of the held-out text."""
    texts: float
    """Share of the held-out texts that hold at least one such word."""


def out_of_vocabulary(
    training: Iterable[str], held_out: Iterable[str], sizes: Sequence[int], segmentation: Segmentation | None = None
) -> list[Unknown]:
    """What vocabularies of the most frequent words leave unknown, one result a size.

    Words and single symbols are the units (`lmstudy.data.segmentation.words`), case matters, and of words equally
    frequent the one seen first comes first.

    Raises:
        StudyError: the training texts or the held-out texts hold no word, or a size is below 1.
    """
    known = Counter(word for text in training for word in words(text, segmentation))
    texts = [Counter(found) for text in held_out if (found := words(text, segmentation))]
    for name, there in (("training", known), ("held-out", texts)):
        if not there:
            raise StudyError(f"the {name} texts hold no word: there is no vocabulary to measure")
    if min(sizes) < 1:
        raise StudyError(f"a vocabulary of {min(sizes)} words is empty; sizes start at 1")
    ranked = [word for word, _ in known.most_common()]
    return [_unknown(set(ranked[:size]), texts) for size in sizes]


def _unknown(vocabulary: set[str], texts: Sequence[Counter[str]]) -> Unknown:
    together: Counter[str] = Counter()
    for text in texts:
        together.update(text)
    missing = {word: number for word, number in together.items() if word not in vocabulary}
    return Unknown(
        size=len(vocabulary),
        running=sum(missing.values()) / together.total(),
        distinct=len(missing) / len(together),
        texts=sum(not text.keys() <= vocabulary for text in texts) / len(texts),
    )
