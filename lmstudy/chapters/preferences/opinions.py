"""What the chapter on preferences says of ratings and labels: where single people stand, and what learned them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lmstudy.chapters.preferences.preferences import tau
from lmstudy.data.corpus import Corpus
from lmstudy.evaluation.statistics import wilson
from lmstudy.preferences.ratings import LEVELS, Ratings, Side
from lmstudy.runs.records import Record
from lmstudy.study.reward_models import predicted
from lmstudy.study.shelf import NoRecordsError, Shelf

Floats = NDArray[np.float64]


def otherwise_minded(ratings: Ratings, threshold: float) -> tuple[float, float]:
    """Shares of single ratings that lie on the other side of the threshold than the mean: of good texts, of bad ones.

    A rating above `-threshold` speaks for good, as a mean does.
    """
    good = -ratings.means <= threshold
    likes = -threshold <= LEVELS
    return tuple(  # type: ignore[return-value]
        float(ratings.counts[own][:, other].sum() / ratings.counts[own].sum())
        for own, other in ((good, ~likes), (~good, likes))
    )


def known(shelf: Shelf, models: Mapping[str, Sequence[str]]) -> dict[str, Record]:
    """Reward models by name, of seed 1; those that nobody trained are left out."""
    found = {}
    for name, overrides in models.items():
        with suppress(NoRecordsError):
            found[name] = shelf.rewards(*overrides, seeds=[1])[0]
    return found


def commands(models: Mapping[str, Sequence[str]]) -> str:
    """What to run for models that do not exist, as a line of Markdown."""
    return "; ".join(f"*{name}*: `{' '.join(['lmstudy-reward', *overrides])}`" for name, overrides in models.items())


def verdict_table(opinions: Mapping[str, Floats], pairs: Sequence[tuple[str, str]], threshold: float) -> pd.DataFrame:
    """How far pairs of opinions [texts], on the scale of the ratings, agree about the same texts."""
    rows = {}
    for first, second in pairs:
        good = [opinions[name] >= -threshold for name in (first, second)]
        rows[f"{first} – {second}"] = {
            "texts": len(good[0]),
            "good: first, %": 100 * good[0].mean(),
            "good: second, %": 100 * good[1].mean(),
            "same verdict, %": wilson(float((good[0] == good[1]).sum()), len(good[0])).times(100),
            "τ of texts": tau(opinions[first], opinions[second]),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def opinions(ratings: Ratings, models: Mapping[str, Record]) -> dict[str, Floats]:
    """[texts] mean ratings by people and by halves of them, and what models expect."""
    found: dict[str, Floats] = {"people": ratings.means}
    halves: dict[str, Side] = {"one half of the people": "A", "the other half": "B"}
    found |= {name: ratings.half(side).means for name, side in halves.items()}
    return found | {name: predicted(record, ratings) for name, record in models.items()}


def furthest_apart(ratings: Ratings, first: Floats, second: Floats, longest: int = 160) -> int:
    """The text of at most so many characters about which two opinions differ the most."""
    short = np.array([len(text) <= longest for text in ratings.texts])
    return int(np.where(short, np.abs(first - second), -1).argmax())


def labelled(corpus: Corpus, label: Any, seed: int, longest: int = 40) -> dict[str, str]:
    """One short held-out review of each label."""
    rows = corpus.splits["valid"]
    found: dict[str, list[str]] = {}
    for text, path in zip(rows["text"], rows["path"], strict=True):
        if 12 <= len(text) <= longest:
            found.setdefault(label(path), []).append(text)
    return {name: texts[seed % len(texts)] for name, texts in sorted(found.items())}
