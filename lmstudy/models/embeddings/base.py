"""What every kind of word vectors is: settings that yield a vector for each entry of a vocabulary."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lmstudy.data.corpus import Corpus
from lmstudy.data.documents import Progress
from lmstudy.errors import StudyError


@dataclass(frozen=True)
class WordVectors:
    """Vectors of a vocabulary.

    Attributes:
        matrix: [V, D] float32; rows of tokens without a vector are 0.
        found: [V], whether a token has a vector. Special tokens never have one.
        matched: how many were found in each way, such as {"exact": 2900, "lower": 20}; adds up to `found.sum()`.
    """

    matrix: NDArray[np.float32]
    found: NDArray[np.bool_]
    matched: Mapping[str, int]

    def __str__(self) -> str:
        total, found = len(self.found), int(self.found.sum())
        ways = ", ".join(f"{count:,} {way}" for way, count in self.matched.items() if count) or "none"
        return f"vectors: {found:,} of {total:,} tokens found ({ways}), {total - found:,} start at random"


class Embedding(Protocol):
    """Where a model's embedding begins, and whether it is trained. A new one is one class and one YAML."""

    @property
    def frozen(self) -> bool: ...

    @property
    def tied(self) -> bool: ...

    def pinned(self) -> Mapping[str, Any]:
        """Settings that only the world outside the configuration knows, such as the content of a file.

        They are written into the configuration of a run before it is named, so that they are part of its identity
        and a record says what it was trained with.
        """
        ...

    def vectors(self, corpus: Corpus, width: int, progress: Progress) -> WordVectors | None:
        """Vectors of the corpus' vocabulary, `width` numbers each, or None: all tokens start at random.

        The same corpus and settings give the same vectors; what took long is kept in the cache.
        """
        ...


@dataclass(frozen=True)
class Placement:
    """How a model holds its embedding.

    frozen: the embedding is not trained. The output matrix then is a matrix of its own, which is: a frozen output
        would be another experiment.
    tied: one matrix embeds tokens and scores the next one; has no effect on a frozen embedding.
    """

    frozen: bool = False
    tied: bool = True

    def pinned(self) -> Mapping[str, Any]:
        return {}


def check_least(settings: object, least: Mapping[str, float]) -> None:
    """Raises StudyError where a setting is below its least value; None, where allowed, passes."""
    for name, bound in least.items():
        value = getattr(settings, name)
        if value is not None and not value >= bound:
            raise StudyError(f"embedding.{name}={value} must be at least {bound:g}")
