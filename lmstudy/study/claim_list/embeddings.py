"""Claims of the chapter on embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lmstudy.study.claim_list.article import BITS, trained
from lmstudy.study.claims import claim

if TYPE_CHECKING:
    from lmstudy.evaluation.statistics import Estimate
    from lmstudy.study.records import Record

CHAPTER = "notebooks/08_embeddings"


@claim(
    id="embeddings.word2vec_trained",
    chapter=CHAPTER,
    unit=BITS,
    sentence="An embedding that starts from Word2Vec vectors and is trained needs fewer bits per byte than one that "
    "starts at random.",
    holds=lambda e: e.low > 0,
)
def word2vec_trained(records: Sequence[Record]) -> Estimate:
    return _saved(records, "first_model", "embedding_word2vec")


@claim(
    id="embeddings.word2vec_frozen",
    chapter=CHAPTER,
    unit=BITS,
    sentence="Frozen, Word2Vec vectors need fewer bits per byte than random ones.",
    holds=lambda e: e.low > 0,
)
def word2vec_frozen(records: Sequence[Record]) -> Estimate:
    return _saved(records, "embedding_random_frozen", "embedding_word2vec_frozen")


@claim(
    id="embeddings.glove_trained",
    chapter=CHAPTER,
    unit=BITS,
    sentence="An embedding that starts from GloVe vectors and is trained needs fewer bits per byte than one that "
    "starts at random.",
    holds=lambda e: e.low > 0,
)
def glove_trained(records: Sequence[Record]) -> Estimate:
    return _saved(records, "first_model", "embedding_glove")


@claim(
    id="embeddings.random_training",
    chapter=CHAPTER,
    unit=BITS,
    sentence="Training random vectors saves bits per byte against reading them as they are.",
    holds=lambda e: e.low > 0,
)
def random_training(records: Sequence[Record]) -> Estimate:
    return _saved(records, "embedding_random_frozen", "first_model")


def _saved(records: Sequence[Record], reference: str, arm: str) -> Estimate:
    """Bits per byte of a reference minus those of an arm at budget brief, paired by seed and document group."""
    from lmstudy.study.comparisons import differences

    return -differences({name: trained(records, name, "brief") for name in (reference, arm)}, reference)[arm]
