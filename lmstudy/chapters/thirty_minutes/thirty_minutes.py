"""Half an hour in Chinese: the model that the notebook trains, or that is published, and tables of its judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.evaluation.statistics import Estimate, wilson
from lmstudy.parameters import Kind
from lmstudy.runs.finished import Finished, load_run
from lmstudy.runs.folders import models_folder
from lmstudy.runs.pretraining import open_run, train
from lmstudy.runs.records import Record
from lmstudy.show.numbers import number

MODEL = "reviews"
"""The name of the published model."""
PER_CENT = 100.0
Judge = Callable[[Sequence[str]], Sequence[bool]]
"""Says of each text whether it is negative."""


def _yes_or_no(value: Any) -> bool:
    if str(value).lower() not in ("true", "false"):
        raise ValueError
    return str(value).lower() == "true"


YES_OR_NO = Kind("True or False is wanted", _yes_or_no)


def trained(config: Mapping[str, Any], anew: bool = False) -> Finished:
    """The model of a configuration of `lmstudy-train`: as it is published, or trained here.

    Args:
        config: resolved.
        anew: train it here, even if it is published. A run that is finished in the folder of runs is not repeated.

    Raises:
        StudyError: the configuration or the machine is at fault, or a published file is damaged.
    """
    run = open_run(config)
    published = models_folder() / f"{MODEL}-{run.id}"
    if published.exists() and not anew:
        return load_run(published)
    train(config)
    return load_run(run.folder)


def told(record: Record) -> str:
    """Sentences: how large the model is, and how long it was trained where."""
    metrics, hardware = record.metrics, record.hardware
    config: Any = record.config
    return (
        f"The model has {number(metrics['parameters'] / 1e6)} million parameters. In {config['budget']['steps']:,} "
        f"steps it was taught {number(metrics['train/tokens'] / 1e6)} million tokens. Training and evaluation took "
        f"{number(record.wall_seconds / 60, 2)} minutes, on {hardware['cpu']} with {hardware['cores']} cores."
    )


LABELS = POSITIVE, NEGATIVE = "positive", "negative"


def counts(reviews: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How many reviews of each label there are in each split, and how many characters they have together."""
    return pd.DataFrame(
        {
            split: {
                **{f"{label} reviews": int((rows["label"] == label).sum()) for label in LABELS},
                "characters": int(rows["text"].str.len().sum()),
            }
            for split, rows in reviews.items()
        }
    ).T


def lexicon() -> Judge:
    """Calls a text negative where the words of the study's Chinese lexicon are so in the mean."""
    config = compose_config("generate", ["run=none", "scorer=sentiment_zh_lexicon"])
    scorer = build(config["scorer"], "scorer")
    return lambda texts: [scorer.mean(text) < 0 for text in texts]


def right(rows: pd.DataFrame, judges: Mapping[str, Judge]) -> pd.DataFrame:
    """Per cent of labelled reviews on which each judge agrees with the label, of all and of each label."""
    found = {}
    for name, judge in judges.items():
        told = np.asarray(judge(rows["text"].tolist())) == (rows["label"] == NEGATIVE).to_numpy()
        found[name] = {"right, %": _share(told)}
        found[name] |= {f"on {one} reviews, %": _share(told[(rows["label"] == one).to_numpy()]) for one in LABELS}
    return pd.DataFrame.from_dict(found, orient="index", dtype=object)


def negative(texts: Mapping[str, Sequence[str]], judges: Mapping[str, Judge]) -> pd.DataFrame:
    """Per cent of texts that each judge calls negative, with 95 % intervals of the texts alone: a row for each name."""
    return pd.DataFrame(
        {f"by the {name}, %": {of: _share(judge(own)) for of, own in texts.items()} for name, judge in judges.items()},
        dtype=object,
    )


def _share(found: Sequence[bool]) -> Estimate:
    return wilson(sum(map(bool, found)), len(found)).times(PER_CENT)
