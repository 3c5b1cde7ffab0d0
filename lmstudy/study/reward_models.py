"""The reward models of the study: what each is trained with, what it says of the rated snippets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmstudy.compose import compose_config
from lmstudy.data.corpus import prepare
from lmstudy.errors import StudyError
from lmstudy.preferences.ratings import Ratings
from lmstudy.runs.records import Record
from lmstudy.runs.reward_examples import Rated, rated_texts

OURS: tuple[str, ...] = ()
"""The study's own reward model, from all that there is to learn from: what `lmstudy-reward` trains when it is given
nothing else. All of these are overrides of that command."""
REGRESSION = ("loss=regression",)
TRAINING_SCORER = ("half=A",)
"""What the study trains with (`scorer=sentiment_reward`)."""
STRONG = ("encoder=minilm", "optimizer=adamw_public", "epochs=3", "batch=32", "half=B")
"""The strong grader (`scorer=sentiment_held_out`). It learns from half B alone, since the study judges with it."""
LABELS = ("data=chinese_reviews", "encoder=own", "loss=logistic", "epochs=2")
"""What is trained on labels of Chinese reviews (`scorer=sentiment_zh_reward`)."""
FEWER_TEXTS: Mapping[float, tuple[str, ...]] = {
    0.03: ("share=0.03", "epochs=20"),
    0.1: ("share=0.1", "epochs=10"),
    0.3: ("share=0.3",),
}
"""A share of the texts with all their ratings. Fewer texts make shorter epochs, so there are more of them: the rate of
learning rises for a hundred steps and has to fall again. (Of three per cent, 40 epochs are no better than 20.)"""
ONE_RATING = ("ratings=1",)
"""One person's rating of every text."""


def rated_snippets() -> Rated:
    """The snippets with what people said of them."""
    settings = compose_config("reward", [])["data"]
    return rated_texts(prepare(settings), settings)


def predicted(record: Record, texts: Ratings) -> NDArray[np.float64]:
    """[texts] the rating that a model expects of each, from its record; of a record of baselines [texts, baselines].

    Raises:
        StudyError: the record is of other texts.
    """
    rows: list[Any] = record.samples
    known = {name: values for name, *values in rows}
    try:
        found = np.array([known[one.rpartition("::")[2]] for one in texts.ids], dtype=float)
    except KeyError as missing:
        raise StudyError(f"record {record.name}: it has no prediction for the text {missing}") from None
    return found[:, 0] if found.shape[1] == 1 else found
