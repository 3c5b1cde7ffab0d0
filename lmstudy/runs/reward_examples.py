"""What a reward model learns from and is measured on: texts with counts of the ratings, or labels, people gave them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from lmstudy.data.corpus import Corpus
from lmstudy.data.settings import parse
from lmstudy.data.source_ratings import RatedSnippets
from lmstudy.data.source_reviews import Reviews
from lmstudy.errors import StudyError
from lmstudy.preferences.ratings import LEVELS, Ratings, rated_split

LABELS = ("negative", "positive")
"""Of reviews, from worse to better."""
LABELLED = "review"
"""The domain of labelled texts, which have but one."""


@dataclass(frozen=True)
class Rated:
    """The splits of a corpus with what people said of its texts, on a scale of `levels` from worst to best."""

    kind: Literal["rating", "label"]
    levels: tuple[float, ...]
    splits: dict[str, Ratings]


def rated_texts(corpus: Corpus, settings: Mapping[str, Any]) -> Rated:
    """All splits of a prepared corpus; a label counts as the one rating of its text, on a scale of two levels.

    Raises:
        StudyError: nobody rated or labelled the texts.
    """
    source, _ = parse(settings)
    if isinstance(source, RatedSnippets):
        splits = {name: rated_split(settings, name) for name in corpus.splits}
        return Rated("rating", tuple(map(float, LEVELS)), splits)
    if isinstance(source, Reviews) and sorted(source.files) == sorted(LABELS):
        return Rated("label", (0.0, 1.0), {name: _labelled(corpus, source, name) for name in corpus.splits})
    raise StudyError(
        f"data._target_={settings['_target_']}: nobody rated its texts; choose data=rated_snippets, or reviews whose "
        f"data.files are {' and '.join(LABELS)}"
    )


def _labelled(corpus: Corpus, source: Reviews, split: str) -> Ratings:
    rows = corpus.splits[split]
    counts = np.zeros((len(rows), len(LABELS)), dtype=np.int64)
    counts[np.arange(len(rows)), [LABELS.index(source.label(path)) for path in rows["path"]]] = 1
    return Ratings(tuple(rows["id"]), tuple(rows["text"]), (LABELLED,) * len(rows), counts)


def means(levels: tuple[float, ...], texts: Ratings) -> NDArray[np.float64]:
    """[n]: what people said of each text on average."""
    return texts.counts @ np.array(levels) / texts.counts.sum(1)


def by_pairs(counts: NDArray[np.float64]) -> list[list[float]]:
    """Counts [n, 2] of texts as records keep them: times the texts that each is compared with."""
    return (counts * (len(counts) - 1)).round(2).tolist()


def learned_from(rated: Rated, half: Literal["all", "A", "B"], share: float, most: int | None, seed: int) -> Ratings:
    """What is taken of the training split.

    Args:
        half: all; or half of the ratings of the texts of a group, as `lmstudy.preferences.ratings` divides them (a
            label cannot be divided, and stays with its text).
        share: of these texts, drawn by the seed.
        most: ratings of a text, drawn by the seed from those it has; None: all.
    """
    taken = rated.splits["train"]
    if half != "all":
        taken = taken.group(half)
        taken = taken.half(half) if rated.kind == "rating" else taken
        taken = taken.select(taken.counts.sum(1) > 0)
    rng = np.random.default_rng(seed)
    if share < 1:
        taken = taken.select(np.sort(rng.permutation(len(taken))[: max(2, round(share * len(taken)))]))
    if most is None:
        return taken
    totals = taken.counts.sum(1)
    kept = [
        rng.multivariate_hypergeometric(row, min(most, total))
        for row, total in zip(taken.counts, totals.tolist(), strict=True)
    ]
    return Ratings(taken.ids, taken.texts, taken.domains, np.stack(kept))


def fitted(rated: Rated, rewards: NDArray[np.float64], texts: Ratings) -> tuple[float, float]:
    """Slope and offset that bring rewards of unseen texts onto the scale of what people said of them.

    Ratings: least squares against the mean rating. Labels: logistic regression (Platt 1999). Rewards of texts that
    were learned from would not do: they lie too far apart.
    """
    truth = means(rated.levels, texts)
    if rated.kind == "label":
        fit = LogisticRegression(C=WEAKLY).fit(rewards[:, None], truth > 0.5)
        return float(fit.coef_[0, 0]), float(fit.intercept_[0])
    if not rewards.std():  # a model that cannot tell texts apart
        return 0.0, float(truth.mean())
    slope, offset = np.polyfit(rewards, truth, 1)
    return float(slope), float(offset)


WEAKLY = 1e6
"""Inverse of the penalty: as good as none."""
