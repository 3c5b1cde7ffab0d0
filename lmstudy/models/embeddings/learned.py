"""Vectors that are learned from a corpus: what is read of it, and where they are kept."""

import dataclasses
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lmstudy.data.cache import digest, stage
from lmstudy.data.corpus import Corpus
from lmstudy.data.documents import Progress
from lmstudy.data.examples import Ints
from lmstudy.data.store import TokenStore
from lmstudy.errors import StudyError
from lmstudy.folders import cache_folder
from lmstudy.models.embeddings.base import Placement, WordVectors

_ORDER = 0
"""Seed of the order in which documents are read. The first documents of a corpus are of its first packages."""


@dataclass(frozen=True)
class Learned(Placement):
    """What kinds of vectors that are learned from the training split have in common.

    tokens: how much of the split is read; null: all of it.
    min_count: a token seen less often gets no vector.
    seed: of the vectors alone: runs of several seeds begin with the same vectors.
    """

    tokens: int | None = 3_000_000
    min_count: int = 5
    seed: int = 1

    NAME: ClassVar[str]
    VERSION: ClassVar[int]
    """Raised by a change that alters the vectors, so that the cache does not give old ones."""

    def vectors(self, corpus: Corpus, width: int, progress: Progress) -> WordVectors:
        settings = {k: v for k, v in dataclasses.asdict(self).items() if k not in ("frozen", "tied")}
        vocab_size = corpus.tokenizer.get_vocab_size()

        def learn() -> WordVectors:
            return self.learn(sample_documents(corpus, self.tokens), vocab_size, width, progress)

        return kept(self.NAME, {**settings, "version": self.VERSION}, corpus, width, progress, learn)

    def learn(self, documents: Sequence[Ints], vocab_size: int, width: int, progress: Progress) -> WordVectors:
        """Vectors of a vocabulary from the token ids of documents.

        Raises:
            StudyError: the text is too short for these settings, or a package is not installed.
        """
        raise NotImplementedError

    def spread(self, rows: NDArray[np.float32], ids: Ints, vocab_size: int) -> WordVectors:
        """Vectors of the tokens that were seen often enough, in those of the whole vocabulary."""
        return WordVectors(*spread(rows, ids, vocab_size), {f"seen at least {self.min_count} times": len(ids)})


def sample_documents(corpus: Corpus, tokens: int | None) -> list[Ints]:
    """Token ids of training documents in a random order, always the same, until `tokens` are read (None: all).

    The last document is cut to fit.

    Raises:
        StudyError: the corpus has no training split.
    """
    if "train" not in corpus.splits:
        raise StudyError("word vectors are learned from the training split, and no document of the corpus is in it")
    store = TokenStore(corpus.splits["train"])
    order = np.random.default_rng(_ORDER).permutation(len(store))
    ends = np.cumsum(store.lengths(order))
    count = len(order) if tokens is None else min(len(order), int(np.searchsorted(ends, tokens)) + 1)
    documents = [store.tokens(int(index)) for index in order[:count]]
    if tokens is not None and ends[count - 1] > tokens:
        documents[-1] = documents[-1][: len(documents[-1]) - int(ends[count - 1] - tokens)]
    return documents


def kept(
    name: str,
    content: Mapping[str, Any],
    corpus: Corpus,
    width: int,
    progress: Progress,
    learn: Callable[[], WordVectors],
) -> WordVectors:
    """The vectors that `learn` makes, from the cache when they are in it.

    Args:
        name: of the kind of vectors: a stage of the cache and the beginning of the line that says how long it took.
        content: everything that determines the vectors beside the corpus and the width.
    """

    def build(folder: Path) -> None:
        start = time.perf_counter()
        vectors = learn()
        np.save(folder / "matrix.npy", vectors.matrix)
        np.save(folder / "found.npy", vectors.found)
        (folder / "about.json").write_text(json.dumps({"matched": dict(vectors.matched)}), encoding="utf-8")
        progress(f"{name}: {int(vectors.found.sum()):,} vectors in {time.perf_counter() - start:.1f} s")

    key = digest({**content, "kind": name, "corpus": corpus.fingerprint, "width": width})
    folder = stage(cache_folder(), f"vectors-{name}", key, build)
    about = json.loads((folder / "about.json").read_text("utf-8"))
    return WordVectors(np.load(folder / "matrix.npy"), np.load(folder / "found.npy"), about["matched"])


def spread(rows: NDArray[np.float32], ids: Ints, vocab_size: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Rows of some tokens in a matrix of the whole vocabulary: [V, D], 0 elsewhere, and which rows are theirs: [V]."""
    matrix = np.zeros((vocab_size, rows.shape[1]), dtype=np.float32)
    found = np.zeros(vocab_size, dtype=np.bool_)
    matrix[ids], found[ids] = rows, True
    return matrix, found
